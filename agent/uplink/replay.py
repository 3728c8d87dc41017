"""Replay on demand: what a client missed, told again in chunks, behind everything that is live.

Rules kept here:
- an event in a chunk is byte for byte what was published on `evt`; one that is not there is said,
  never passed over;
- a chunk goes only while nothing live waits, and no sooner than `EVERY_S` after the one before;
- an answer ends at what the journal held when it was asked for, and in any case after ``limit``
  events or a look at `SCAN_IN_ALL` entries: ``nextfrom`` says where to go on;
- the answers of one client come one after the other, those of several take turns;
- what waits is bounded, and what finds no room for `PATIENCE_S` is given up with a reply.

What may be asked is read in `agent.uplink.wanted`; a chunk is ``{events, last, nextfrom}``, see
docs/contract.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from agent.core.commands import ACCEPTED, DONE, FAILED, REJECTED, Reply
from agent.core.entries import StoredEntry
from agent.errors import GateError
from agent.ports import Head
from agent.uplink.envelope import envelope
from agent.uplink.feed import JournalReader
from agent.uplink.wanted import Wanted, WantedError, wanted

CHUNK_EVENTS = 50
CHUNK_BYTES = 32 * 1024
EVERY_S = 0.1
SCAN = 100
SCAN_EVERY_S = 0.02
SCAN_IN_ALL = 20_000
PER_CLIENT = 4
IN_ALL = 32
PATIENCE_S = 600.0

_LONGEST_END = len(b'],"last":false,"nextfrom":9223372036854775807}')
_AROUND = len(b'{"events":[') + _LONGEST_END


class _Chunk(Enum):
    """What became of a look at some more entries."""

    LOOKING = auto()
    FULL = auto()
    LAST = auto()


@dataclass(slots=True)
class _Request:
    """Where an answer stands: ``at`` is looked at next, everything below ``sent`` has gone out."""

    client: str
    cmd_id: str
    wanted: Wanted
    at: int
    sent: int
    left: int
    looked: int = 0
    told: int = 0
    events: list[bytes] = field(default_factory=list)
    size: int = 0
    moved_s: float | None = None


class _EndedError(Exception):
    """The answer cannot go on; carries the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.detail)
        self.reply = reply


class Replay:
    """Answers requests of clients from a handle of its own on the journal, within one session.

    ``journal`` opens that handle when it is first needed; ``source`` is the agent's; no chunk is
    longer than ``max_bytes``. All methods belong to one thread; times are monotonic, in seconds.
    """

    def __init__(
        self, journal: Callable[[], JournalReader], source: str, max_bytes: int = CHUNK_BYTES
    ) -> None:
        self._open = journal
        self._reader: JournalReader | None = None
        self._source = source
        self._room = max_bytes - _AROUND
        self._usual = min(max_bytes, CHUNK_BYTES) - _AROUND
        self._clients: dict[str, deque[_Request]] = {}
        self._finished: list[tuple[str, str, Reply]] = []
        self._next_s = 0.0

    def ask(self, client: str, cmd_id: str, args: Mapping[str, object], head: Head) -> Reply:
        """Take a request: accepted, or rejected with 409, 410, 422 or 429.

        Asked again while it is being answered, it is accepted again and answered once.
        """
        waiting = self._clients.get(client, ())
        if any(request.cmd_id == cmd_id for request in waiting):
            return Reply(ACCEPTED, duplicate=True)
        try:
            found = wanted(args, head)
        except WantedError as refused:
            return Reply(REJECTED, refused.code, refused.result, str(refused))
        if len(waiting) >= PER_CLIENT or sum(map(len, self._clients.values())) >= IN_ALL:
            detail = "too many replays are waiting: ask again when one of yours has ended"
            return Reply(REJECTED, 429, detail=detail)
        first = found.first
        request = _Request(client, cmd_id, found, at=first, sent=first, left=found.limit)
        self._clients.setdefault(client, deque()).append(request)
        return Reply(ACCEPTED)

    def due(self, now_s: float, idle: bool) -> float | None:
        """When `chunk` is to be called next; None while nothing is asked for, or live waits."""
        self._give_up(now_s)
        return self._next_s if idle and self._clients else None

    def chunk(self, now_s: float) -> tuple[str, str, bytes] | None:
        """The client, its ``cmd_id`` and the payload of the next chunk, when it is due.

        None when it is not, and when not enough was found yet among those that were looked at.
        """
        if now_s < self._next_s or not self._clients:
            return None
        request = next(iter(self._clients.values()))[0]
        request.moved_s, self._next_s = now_s, now_s + SCAN_EVERY_S
        try:
            state = self._look(request)
        except _EndedError as ended:
            self._end(request, ended.reply)
            return None
        except GateError as fault:
            self._shut()
            self._end(request, _failed(request, str(fault)))
            return None
        if state is _Chunk.LOOKING:
            return None
        self._next_s = now_s + EVERY_S
        payload = _payload(request, last=state is _Chunk.LAST)
        if state is _Chunk.LAST:
            self._end(request, _done(request))
        else:
            request.events, request.size, request.sent = [], 0, request.at
            self._clients[request.client] = self._clients.pop(request.client)
        return request.client, request.cmd_id, payload

    def finished(self) -> list[tuple[str, str, Reply]]:
        """The requests whose answers have ended since the last call, each with its reply."""
        finished, self._finished = self._finished, []
        return finished

    def close(self) -> None:
        """The session is over: let go of the journal and of what is not answered yet.

        Who did not hear `done` asks again.
        """
        self._clients.clear()
        self._finished.clear()
        self._shut()

    # --- one request ------------------------------------------------------------------------------

    def _look(self, request: _Request) -> _Chunk:
        """Look at some more entries and keep those that are wanted."""
        while request.at <= request.wanted.last:
            rows = self._rows(request)
            if not rows:
                if request.events:
                    return _Chunk.FULL
                raise _EndedError(self._missing(request))
            for row in rows:
                if not self._take(request, row):
                    return _Chunk.FULL
                if not request.left or request.looked == SCAN_IN_ALL:
                    return _Chunk.LAST
                if len(request.events) == CHUNK_EVENTS:
                    return _Chunk.FULL if request.at <= request.wanted.last else _Chunk.LAST
            if len(rows) == SCAN:
                return _Chunk.LOOKING
        return _Chunk.LAST

    def _take(self, request: _Request, row: StoredEntry) -> bool:
        """Take one entry into the chunk, if it is wanted; False when there is no room for it."""
        types = request.wanted.types
        if types is None or row.type in types:
            event = envelope(row, self._source)
            size = request.size + len(event) + bool(request.events)
            if request.events and size > self._usual:
                return False
            if size > self._room:
                detail = (
                    f"event {row.sequence} needs a chunk of {size + _AROUND} bytes, the broker"
                    f" takes {self._room + _AROUND}: raise its limit"
                )
                raise _EndedError(_failed(request, detail))
            request.events.append(event)
            request.size = size
            request.told += 1
            request.left -= 1
        request.at = row.sequence + 1
        request.looked += 1
        return True

    def _rows(self, request: _Request) -> list[StoredEntry]:
        """The entries from where the request stands up to the first hole."""
        if self._reader is None:
            self._reader = self._open()
        most = SCAN if request.wanted.types is not None else CHUNK_EVENTS
        limit = min(most, request.wanted.last - request.at + 1)
        rows = self._reader.after(request.at - 1, limit)
        whole = 0
        while whole < len(rows) and rows[whole].sequence == request.at + whole:
            whole += 1
        return rows[:whole]

    def _missing(self, request: _Request) -> Reply:
        beginning = [] if self._reader is None else self._reader.after(0, 1)
        if beginning and beginning[0].sequence > request.at:
            detail = "retention has removed what was asked for: ask from `firstseq` on"
            return Reply(FAILED, 410, {"firstseq": beginning[0].sequence}, detail)
        return _failed(
            request,
            f"the journal has no entry {request.at}: run `gate-agent journal verify`",
        )

    def _give_up(self, now_s: float) -> None:
        for waiting in list(self._clients.values()):
            request = waiting[0]
            if request.moved_s is None:
                request.moved_s = now_s
            elif now_s - request.moved_s > PATIENCE_S:
                detail = f"what is live left no room for {PATIENCE_S:.0f} s: ask again later"
                self._end(request, _failed(request, detail))

    def _end(self, request: _Request, reply: Reply) -> None:
        waiting = self._clients.pop(request.client)
        waiting.popleft()
        if waiting:
            self._clients[request.client] = waiting
        if not self._clients:
            self._shut()
        self._finished.append((request.client, request.cmd_id, reply))

    def _shut(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _nextfrom(request: _Request) -> int | None:
    return request.at if request.at <= request.wanted.last else None


def _done(request: _Request) -> Reply:
    return Reply(DONE, result={"events": request.told, "nextfrom": _nextfrom(request)})


def _failed(request: _Request, detail: str) -> Reply:
    return Reply(FAILED, 503, {"nextfrom": request.sent}, detail)


def _payload(request: _Request, *, last: bool) -> bytes:
    after = _nextfrom(request)
    return b'{"events":[%b],"last":%b,"nextfrom":%b}' % (
        b",".join(request.events),
        b"true" if last else b"false",
        b"null" if after is None else b"%d" % after,
    )
