"""Cards out of the falling edges of two wires: D0 falls for a 0, D1 for a 1.

By the SIA's Access Control Standard for the Wiegand reader interface (AC-01) both wires rest high
and a pulse is 20 to 100 µs low, with 200 µs to 20 ms from one to the next. Readers in the field
keep to 2 ms or so; there is no end mark: silence ends a card.

Rules kept here:
- only the times of the edges count (`Edge.ns`, of one monotonic clock), never when they are heard:
  edges that come late and together are the same cards;
- `flush` takes the time up to which everything was heard;
- two edges nearer than `CLOSEST_NS` are no pulses of a reader: the whole card is a fault, as it is
  when edges were lost on the way;
- a card of more than `MOST` edges is a fault as well; what follows of it is dropped;
- four or eight bits that can be a key of a keypad (four, or four and their complement) are a key.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.wiegand import Meaning, judge

GAP_NS: Final = 25_000_000
CLOSEST_NS: Final = 100_000
MOST: Final = 256

_KEYS: Final = "0123456789*#"
_NIBBLE: Final = 4


class Edge(NamedTuple):
    """One wire fell: ``wire`` 0 for D0, 1 for D1."""

    ns: int
    wire: int


class Edges:
    """Collects the edges of one reader and gives its cards.

    ``name`` is the protocol, for the frames. ``gap_ns`` of silence end a card.
    """

    def __init__(self, name: str, form: Meaning, gap_ns: int = GAP_NS) -> None:
        self._name = name
        self._form = form
        self._gap_ns = gap_ns
        self._edges: list[Edge] = []
        self._last_ns = 0
        self._lost = False

    @property
    def due_ns(self) -> int | None:
        """When the card that has begun ends, if nothing more comes; None when none has."""
        return self._last_ns + self._gap_ns if self._edges or self._lost else None

    def feed(self, edges: Iterable[Edge]) -> list[Frame | Fault]:
        """Take the next edges; gives the cards that their times end."""
        found: list[Frame | Fault] = []
        for edge in edges:
            found += self.flush(edge.ns)
            if len(self._edges) <= MOST:
                self._edges.append(edge)
            self._last_ns = max(self._last_ns, edge.ns) if self._begun else edge.ns
        return found

    def lose(self, now: int) -> list[Frame | Fault]:
        """Edges went missing at ``now``: the card that has begun, or begins now, is none."""
        found = self.flush(now)
        self._last_ns = max(self._last_ns, now) if self._begun else now
        self._lost = True
        return found

    def flush(self, now: int) -> list[Frame | Fault]:
        """Every edge up to ``now`` was fed: gives the card that silence has ended."""
        due = self.due_ns
        if due is None or now < due:
            return []
        edges, lost = sorted(self._edges), self._lost
        self._edges, self._lost = [], False
        return [self._card(edges, lost=lost)]

    @property
    def _begun(self) -> bool:
        return len(self._edges) > 1 or self._lost

    def _card(self, edges: list[Edge], *, lost: bool) -> Frame | Fault:
        bits = "".join(str(edge.wire) for edge in edges)
        raw = bits.encode()
        if lost:
            detail = "pulses were lost between the pins and us: the machine was too busy, or noise"
            return Fault(Reason.EDGES_LOST, raw, detail)
        if len(edges) > MOST:
            detail = f"more than {MOST} pulses without a pause: noise, or a wire that floats"
            return Fault(Reason.TOO_LONG, raw, detail)
        near = _nearest(edges)
        if near is not None:
            return Fault(Reason.TOO_CLOSE, raw, near)
        key = _key(bits) if len(bits) != self._form.bits else ""
        if key:
            return Frame(self._name, f"key:{key}", {"bits": len(bits)}, raw)
        one = judge(self._name, self._form, bits, raw, {})
        if isinstance(one, Fault) and len(bits) > 1 and len(set(bits)) == 1:
            return _one_wire(one, bits)
        return one


def _nearest(edges: list[Edge]) -> str | None:
    """What two edges that are too close tell; None when there are none."""
    for earlier, later in pairwise(edges):
        if later.ns - earlier.ns < CLOSEST_NS:
            apart = f"{(later.ns - earlier.ns) / 1000:.0f} µs"
            if earlier.wire != later.wire:
                return f"D0 and D1 fell within {apart}: crosstalk, or no common ground"
            return f"D{later.wire} fell twice within {apart}: ringing on a long cable, or noise"
    return None


def _key(bits: str) -> str:
    """The key of a keypad that these bits are; empty when they are none."""
    value = int(bits[-_NIBBLE:], 2)
    if len(bits) == 2 * _NIBBLE and int(bits[:_NIBBLE], 2) == value ^ 0xF:
        bits = bits[_NIBBLE:]
    return _KEYS[value] if len(bits) == _NIBBLE and value < len(_KEYS) else ""


def _one_wire(fault: Fault, bits: str) -> Fault:
    """No card is all 0 or all 1: the other wire is silent."""
    here, other = ("D0", "D1") if bits[0] == "0" else ("D1", "D0")
    detail = f"{len(bits)} pulses on {here} and none on {other}: is the wire of {other} broken?"
    return Fault(fault.reason, fault.raw, detail, fault.fields)
