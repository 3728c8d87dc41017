"""One connection to baresip: what is asked, what is answered, and which call is whose.

Rules kept here:
- every line that was asked for is told of to its end;
- one call goes out at a time: the next number is dialled when the line before is closed;
- whatever baresip has on when the connection begins is hung up before anything else;
- an answer that does not come in `ANSWER_S` is a connection that is gone.

baresip 1.0 gives a call its id when it rings, and hangs up the current line only: a line is made
the current one and hung up in one piece.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.core.events import Turn, Why
from agent.core.ids import LaneId, LineId
from drivers.wire.baresip import (
    Answered,
    Decoder,
    Fault,
    Listed,
    Message,
    Told,
    encode,
    listed,
    registered,
)

ANSWER_S = 10.0
ALIVE_S = 10.0
CAME = 8
"""So many calls come in at once at most; more are turned away here."""
KEYS_PER_SECOND = 10

Sounds = Mapping[LaneId | None, tuple[str, str]]
"""By lane: source and player of the sound, each as baresip names it (``alsa,plughw:1,0``)."""
Wish = tuple[str, LineId, str, LaneId | None]
"""What is wanted (``dial``, ``accept``, ``hangup``) of which line; a number, the caller's lane."""

_CLEARINGS = 10
_PAST = 32
_ADDRESS = re.compile(r"[!-~]{1,200}")
_RINGS = frozenset({"CALL_RINGING", "CALL_PROGRESS"})
_KEYS = frozenset("0123456789*#ABCD")
_FULL = "baresip keeps calls that nobody can end: restart it"


@dataclass(slots=True)
class _Line:
    """A line that somebody waits for. ``call`` is baresip's id, empty before it rings."""

    line: LineId
    outgoing: bool
    number: str = field(default="", repr=False)
    peer: str = field(default="", repr=False)
    call: str = ""
    up: bool = False


class GoneError(Exception):
    """The connection cannot be used any more; says why."""


class Tell(Protocol):
    """Who is told of a line."""

    def __call__(
        self, line: LineId, turn: Turn, *, key: str = "", peer: str = "", why: Why = Why.HUNG_UP
    ) -> None:
        """Something happened to it."""


class Talk:
    """One connection, from its opening to its end. Belongs to the thread.

    ``clear``: whatever was on before is hung up, and wishes are taken.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        tell: Tell,
        ready: Callable[[], None],
        counts: dict[str, int],
        answer_s: float = ANSWER_S,
        alive_s: float = ALIVE_S,
        sounds: Sounds | None = None,
    ) -> None:
        self._sounds = sounds or {}
        self._answer_s, self._alive_s = answer_s, alive_s
        self.decoder = Decoder()
        self.lines: dict[LineId, _Line] = {}
        self.clear = False
        self.registered: bool | None = None
        self._send = send
        self._tell = tell
        self._ready = ready
        self._counts = counts
        self._waiting: deque[tuple[LineId, str, LaneId | None]] = deque()
        self._asked: dict[str, Callable[[Answered, float], None]] = {}
        self._since: dict[str, float] = {}
        self._past: deque[str] = deque(maxlen=_PAST)
        self._tokens = 0
        self._alive = 0.0
        self._clearings = 0
        self._key_second, self._keys = 0.0, 0

    def begin(self, now: float) -> None:
        """See what is on from before."""
        self._alive = now
        self._ask("listcalls", "", self._cleared, now)

    def leave(self, now: float) -> None:
        """The agent ends: nobody could end these calls any more."""
        for _ in self.lines:
            self._ask("hangup", "", _ignored, now)

    @property
    def waits(self) -> bool:
        """Is there an answer still to come?"""
        return bool(self._since)

    def all(self) -> list[LineId]:
        """Every line that somebody waits for."""
        return [*self.lines, *(each[0] for each in self._waiting)]

    def due(self, now: float) -> float:
        """When to look again."""
        oldest = min(self._since.values(), default=now + self._answer_s)
        return min(oldest + self._answer_s, self._alive + self._alive_s)

    def look(self, now: float) -> None:
        """Is baresip alive? Raises GoneError when it is not."""
        if any(now - since >= self._answer_s for since in self._since.values()):
            raise GoneError(f"baresip has not answered for {self._answer_s:g} s: it hangs")
        if now - self._alive >= self._alive_s:
            self._alive = now
            self._ask("reginfo", "", self._registered, now)

    def want(self, wish: Wish, now: float) -> None:
        """A wish of the gate."""
        what, line, number, lane = wish
        if what == "dial":
            self._dial(line, number, lane, now)
        elif line in self.lines:
            known = self.lines[line]
            if what == "accept":
                self._sound(lane, now)
            self._ask(
                "listcalls", "", lambda told, then: self._choose(what, known, told, then), now
            )
        else:
            self._waiting = deque(each for each in self._waiting if each[0] != line)

    def take(self, message: Message, now: float) -> None:
        """What baresip says. Raises GoneError for what cannot be understood at all."""
        match message:
            case Fault(detail, fatal):
                self._counts["faults"] += 1
                if fatal:
                    raise GoneError(detail)
            case Answered(token):
                self._since.pop(token, None)
                self._asked.pop(token, _ignored)(message, now)
            case Told(_, _, outgoing) if outgoing is not None and self.clear:
                self._told(message, now)

    def _sound(self, lane: LaneId | None, now: float) -> None:
        """Speak and hear at this lane from now on."""
        if self._sounds:
            source, player = self._sounds.get(lane, self._sounds[None])
            self._ask("ausrc", source, self._switched, now)
            self._ask("auplay", player, self._switched, now)

    def _switched(self, told: Answered, _now: float) -> None:
        """It says that it is well also of a sound that it does not have."""
        if "no such" in told.text:
            self._counts["faults"] += 1

    def _dial(self, line: LineId, number: str, lane: LaneId | None, now: float) -> None:
        if _ADDRESS.fullmatch(number) is None:
            self._tell(line, Turn.ENDED, why=Why.UNREACHABLE)
        elif any(known.outgoing for known in self.lines.values()):
            self._waiting.append((line, number, lane))
        else:
            self._counts["dialled"] += 1
            self.lines[line] = _Line(line, outgoing=True, number=number)
            self._sound(lane, now)
            self._ask("dial", number, lambda told, _: self._dialled(line, told), now)

    def _dialled(self, line: LineId, told: Answered) -> None:
        if not told.ok and line in self.lines:
            self._over(self.lines[line], Why.UNREACHABLE)

    def _told(self, told: Told, now: float) -> None:
        line = self._line(told, now)
        if line is None:
            return
        if told.peer:
            line.peer = told.peer
        if told.kind in _RINGS:
            self._tell(line.line, Turn.RANG)
        elif told.kind == "CALL_ESTABLISHED" and not line.up:
            line.up = True
            self._tell(line.line, Turn.ANSWERED)
        elif told.kind == "CALL_DTMF_START" and told.detail in _KEYS and self._slow(now):
            self._counts["keys"] += 1
            self._tell(line.line, Turn.KEY, key=told.detail)
        elif told.kind == "CALL_CLOSED":
            self._over(line, _why(told.detail, up=line.up))
            self._go_on(now)

    def _line(self, told: Told, now: float) -> _Line | None:
        """The line that this is about; a new one for somebody who calls us."""
        if told.call in self._past:
            return None
        for line in self.lines.values():
            if told.call and line.call == told.call:
                return line
        if told.outgoing:
            for line in self.lines.values():
                if line.outgoing and not line.call:
                    line.call = told.call
                    return line
        elif told.kind == "CALL_INCOMING" and told.call:
            self._came(told, now)
        return None

    def _came(self, told: Told, now: float) -> None:
        self._counts["came"] += 1
        line = _Line(LineId(f"in-{told.call}"), outgoing=False, peer=told.peer, call=told.call)
        self.lines[line.line] = line
        if sum(not each.outgoing for each in self.lines.values()) > CAME:
            self._counts["turned_away"] += 1
            self.want(("hangup", line.line, "", None), now)
        else:
            self._tell(line.line, Turn.CALLED, peer=told.peer)

    def _choose(self, what: str, line: _Line, told: Answered, now: float) -> None:
        """Make the line the current one, and then do it, both in one piece."""
        if line.line not in self.lines:
            return
        found = _found(line, listed(told.text))
        if found is None:
            self._over(line, Why.HUNG_UP)
            self._go_on(now)
            return
        self._ask("line", str(found.number), _ignored, now)
        self._ask(what, "", _ignored, now)

    def _over(self, line: _Line, why: Why) -> None:
        if self.lines.pop(line.line, None) is not None:
            if line.call:
                self._past.append(line.call)
            self._tell(line.line, Turn.ENDED, why=why)

    def _go_on(self, now: float) -> None:
        if self._waiting and not any(known.outgoing for known in self.lines.values()):
            line, number, lane = self._waiting.popleft()
            self._dial(line, number, lane, now)

    def _cleared(self, told: Answered, now: float) -> None:
        """Hang up what is on from before, until nothing is."""
        left = len(listed(told.text))
        if not left:
            self.clear = True
            self._ready()
            self._ask("reginfo", "", self._registered, now)
            return
        self._clearings += 1
        if self._clearings > _CLEARINGS:
            raise GoneError(_FULL)
        for number in range(left, 0, -1):
            self._ask("line", str(number), _ignored, now)
            self._ask("hangup", "", _ignored, now)
        self._ask("listcalls", "", self._cleared, now)

    def _registered(self, told: Answered, _now: float) -> None:
        self.registered = registered(told.text)

    def _slow(self, now: float) -> bool:
        """Nobody presses so many keys in a second: more are noise, or somebody who tries."""
        if now - self._key_second >= 1.0:
            self._key_second, self._keys = now, 0
        self._keys += 1
        return self._keys <= KEYS_PER_SECOND

    def _ask(
        self, command: str, params: str, then: Callable[[Answered, float], None], now: float
    ) -> None:
        self._tokens += 1
        token = f"g{self._tokens}"
        self._asked[token], self._since[token] = then, now
        self._send(encode(command, params, token))


def _found(line: _Line, calls: list[Listed]) -> Listed | None:
    """The call of this line: by its state, and where that is not enough by the other side."""
    if line.up:
        same = [call for call in calls if call.state == "ESTABLISHED"]
    elif line.outgoing:
        same = [call for call in calls if call.state not in ("ESTABLISHED", "INCOMING")]
    else:
        same = [call for call in calls if call.state == "INCOMING"]
    named = [call for call in same if call.peer in (line.peer, line.number)]
    return next(iter(named or (same if len(same) == 1 else [])), None)


def _why(detail: str, *, up: bool) -> Why:
    """Why a call was closed, by baresip's words for it."""
    if detail.startswith(("486", "600")):
        return Why.BUSY
    if detail.startswith("603"):
        return Why.REFUSED
    if "reset by" in detail:
        return Why.HUNG_UP
    return Why.SILENT if up else Why.UNREACHABLE


def _ignored(_told: Answered, _now: float) -> None:
    """What was answered does not matter: an event follows."""
