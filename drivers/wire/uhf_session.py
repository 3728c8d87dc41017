"""The talk with a long-range reader: what to send next, and the tags that come of it.

Rules kept here:
- first the reader is asked what it is and told what is wanted, then its inventory is kept going: at
  the end of a round it is told to go on, and after a silence it is asked whether it is there;
- a reader that does not answer the first question `TRIES` times is lost: `Session.lost` says why;
- a refusal ends nothing: it is kept in `Session.problems` until the reader does as it is told;
- times are monotonic nanoseconds from outside; nothing here waits, and nothing grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from drivers.wire.frame import Fault
from drivers.wire.uhf import EVERYBODY, FAILED, Ask, Cutter, Family, Heard, Reply, Tag

ANSWER_NS = 500_000_000
TRIES = 4
SILENT = 3
"""So many rounds in a row without a word are a fault, where each is asked for."""
PAUSE_NS = 300_000_000
"""Before a round that the reader has refused is asked for again."""

_ROUND = "inventory"
_FLUSH_NS = Cutter.silence_ms * 1_000_000
_KEPT = 300


@dataclass(slots=True)
class Outcome:
    """What came of some bytes, or of some time: bytes to send, tags seen, and faults."""

    send: bytes = b""
    tags: list[Tag] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    frames: int = 0


class Session:
    """One talk with one reader: begin it once. See the rules of this module."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._cutter = Cutter(family)
        self._asks: Sequence[Ask] = ()
        self._at = 0
        self._tries = 0
        self._turn = 0
        self._silent = 0
        self._sent = b""
        self._due_ns = 0
        self._round_ns: int | None = None
        self._heard_ns = 0
        self._bytes = 0
        self._strange = bytearray()
        self._told = ""
        self.facts: dict[str, object] = {}
        self.problems: dict[str, str] = {}
        self.restarts = 0
        self.present = False
        self.lost = ""

    @property
    def due_ns(self) -> int:
        """When `wake` is to be called, if no bytes come before."""
        due = self._due_ns if self._round_ns is None else min(self._due_ns, self._round_ns)
        return min(due, self._heard_ns + _FLUSH_NS) if self._cutter.pending else due

    @property
    def unknown(self) -> bytes:
        """The first bytes that no frame was found in: what another family may make of them."""
        return bytes(self._strange)

    def begin(self, now_ns: int) -> bytes:
        """What to send first."""
        self._heard_ns = now_ns
        return self._ask(self._family.setup(), now_ns)

    def end(self) -> bytes:
        """What to send last."""
        return self._family.farewell()

    def feed(self, data: bytes, now_ns: int) -> Outcome:
        """Bytes came."""
        self._heard_ns = now_ns
        self._bytes += len(data)
        return self._take(self._cutter.feed(data), now_ns)

    def wake(self, now_ns: int) -> Outcome:
        """Time has passed."""
        late = self._cutter.pending and now_ns - self._heard_ns >= _FLUSH_NS
        done = self._take(self._cutter.flush() if late else [], now_ns)
        if self._round_ns is not None and now_ns >= self._round_ns:
            done.send += self._round(now_ns)
        elif now_ns >= self._due_ns and not done.send:
            done.send += self._overdue(now_ns)
        return done

    def _take(self, found: Sequence[object], now_ns: int) -> Outcome:
        done = Outcome()
        for one in found:
            if isinstance(one, Fault):
                done.faults.append(one)
                self._strange += one.raw[: _KEPT - len(self._strange)]
            elif isinstance(one, Heard) and self._meant(one):
                done.frames += 1
                done.tags += one.reply.tags
                done.send += self._answer(one.reply, now_ns)
        return done

    def _meant(self, one: Heard) -> bool:
        """Whether a frame is the reader's: two-wire adapters give back what was sent."""
        ours = self._family.address in (EVERYBODY, one.reply.address)
        return ours and not one.reply.told and one.raw != self._sent

    def _answer(self, reply: Reply, now_ns: int) -> bytes:
        if self._at < len(self._asks):
            return self._answered(self._asks[self._at], reply, now_ns)
        self._due_ns = now_ns + self._silence_ns()
        self._silent = 0
        if reply.refused:
            self.problems[_ROUND] = reply.refused
        elif reply.over or reply.tags:
            self.problems.pop(_ROUND, None)
        if not reply.over:
            return b""
        if not reply.refused:
            return self._round(now_ns)
        self._round_ns = now_ns + PAUSE_NS
        return b""

    def _answered(self, ask: Ask, reply: Reply, now_ns: int) -> bytes:
        failed = bool(reply.refused) and reply.command == FAILED
        if reply.command != ask.answer and not failed:
            self._told = reply.refused or self._told
            return b""
        self.present = True
        self.facts.update(reply.facts)
        if reply.refused:
            self.problems[ask.what] = reply.refused
        else:
            self.problems.pop(ask.what, None)
        return self._next(now_ns)

    def _ask(self, asks: Sequence[Ask], now_ns: int) -> bytes:
        self._asks, self._at, self._round_ns = asks, -1, None
        return self._next(now_ns)

    def _next(self, now_ns: int) -> bytes:
        """The next command that is needed, or the first round."""
        self._at += 1
        self._tries = 0
        while self._at < len(self._asks):
            sets = self._asks[self._at].sets
            if sets is None or self.facts.get(sets[0]) != sets[1]:
                return self._again(now_ns)
            self._at += 1
        return self._round(now_ns)

    def _again(self, now_ns: int) -> bytes:
        self._tries += 1
        self._due_ns = now_ns + ANSWER_NS
        self._sent = self._asks[self._at].send
        return self._sent

    def _round(self, now_ns: int) -> bytes:
        self._round_ns = None
        self._due_ns = now_ns + self._silence_ns()
        self._sent = self._family.inventory(self._turn)
        self._turn += 1
        return self._sent

    def _overdue(self, now_ns: int) -> bytes:
        if self._at >= len(self._asks):
            self.restarts += 1
            self._silent += 1
            if self._silent >= SILENT and not self._family.farewell():
                self.problems[_ROUND] = "it does not answer that"
            return self._ask(self._family.revive(), now_ns)
        if self._tries < TRIES:
            return self._again(now_ns)
        if self._at:
            self.problems[self._asks[self._at].what] = "it does not answer that"
            return self._next(now_ns)
        self._due_ns = now_ns + ANSWER_NS
        self.lost = self._why()
        return b""

    def _why(self) -> str:
        name = self._family.name
        if self.present:
            return "the reader fell silent: has it lost its power, or its cable?"
        if self._told:
            return self._told
        if not self._bytes:
            return (
                f"nothing answers as a {name} reader: has it power, are its lines the right way "
                "round (TX to RX, A to A), do baud and address fit?"
            )
        if self._strange:
            return f"what comes is not {name}: another protocol, or the wrong baud"
        return f"bytes come, but no answer of a {name} reader: is its address right?"

    def _silence_ns(self) -> int:
        scan = self.facts.get("scan_ms")
        return self._family.silence_ns + (scan * 1_000_000 if isinstance(scan, int) else 0)
