"""What the relays did, read from the simulated gate's trace, and what they should have done.

Rules kept here:
- whole traces are compared, both ways: every movement has its entry, every entry its movement;
- a relay is on while its pin is an output at the active level; a floating pin switches nothing;
- what protects acts before its entry is written, all else after it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.core.entries import EntryType, StoredEntry
from drivers.sim.board import Record

MS = 1_000_000
ANSWER_MS = 2_000
"""How long after its entry a relay may begin to move, and how long before it a protective one."""

_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class RelayWire:
    """A relay of a lane (``role``: open, close, stop), its pin, and how long its pulse is."""

    lane: str
    role: str
    pin: int
    active_low: bool
    pulse_ms: int

    @property
    def name(self) -> str:
        """As the daemon calls it."""
        return f"{self.lane}.{self.role}"


@dataclass(frozen=True, slots=True)
class Pulse:
    """A relay was on. Monotonic ns; ``end_ns`` is None while it still is."""

    start_ns: int
    end_ns: int | None

    @property
    def ms(self) -> float | None:
        """How long, None while it lasts."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / MS

    def meets(self, other: "Pulse") -> bool:
        """Whether both were on at one time."""
        mine = _FOREVER if self.end_ns is None else self.end_ns
        theirs = _FOREVER if other.end_ns is None else other.end_ns
        return self.start_ns < theirs and other.start_ns < mine


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry that moves a relay. ``early``: the relay moved before the entry was written."""

    sequence: int
    relay: str
    why: str
    at_ms: int
    early: bool = False

    def explains(self, pulse: Pulse) -> bool:
        """Whether this pulse may be the one."""
        after_ms = pulse.start_ns / MS - self.at_ms
        # The entry's time is cut to whole milliseconds.
        return (-ANSWER_MS if self.early else -1) <= after_ms <= ANSWER_MS


def pulses(trace: Iterable[Record], relay: RelayWire) -> list[Pulse]:
    """Every time that the relay was on, in order."""
    found: list[Pulse] = []
    start: int | None = None
    for record in trace:
        if record.kind != "pin" or record.pin != relay.pin:
            continue
        on = record.function == "output" and (record.level == 0) is relay.active_low
        if on and start is None:
            start = record.ns
        elif not on and start is not None:
            found.append(Pulse(start, record.ns))
            start = None
    if start is not None:
        found.append(Pulse(start, None))
    return found


def wanted(entries: Sequence[StoredEntry]) -> Iterator[Wanted]:
    """Every movement of a relay that the journal asks for, in order.

    The arm goes up for each grant, each order and each protective act; it goes down when the last
    open passage of its lane has ended, unless the end is one of an earlier run.
    """
    open_passages: dict[str, set[str]] = {}
    closed_at: dict[str, int] = {}
    for entry in entries:
        data = json.loads(entry.data)
        lane, at = str(data.get("lane", "")), entry.uptime_ms
        passages = open_passages.setdefault(lane, set())
        match entry.type:
            case EntryType.ACCESS_GRANTED:
                passages.add(data["passage"])
                yield Wanted(entry.sequence, f"{lane}.open", "granted", at)
            case EntryType.ARM_ORDERED if "refused" not in data:
                kind = str(data["order"])
                if kind == "open":
                    passages.add(data["passage"])
                if kind == "close":
                    closed_at[lane] = entry.time_us
                why = f"{kind} ordered"
                yield Wanted(entry.sequence, f"{lane}.{kind}", why, at, early=kind == "stop")
            case EntryType.ARM_PROTECTED:
                yield Wanted(entry.sequence, str(data["output"]), "protected", at, early=True)
            case EntryType.PASSAGE_ENDED:
                passages.discard(data["passage"])
                moves = data["outcome"] in ("passed", "no_entry", "unobserved")
                # An ordered close ends the passages that wait, and moves the arm itself.
                if moves and not passages and closed_at.get(lane) != entry.time_us:
                    yield Wanted(entry.sequence, f"{lane}.close", "passage ended", at)


def disagreements(asked: Sequence[Wanted], moved: Sequence[Pulse], relay: RelayWire) -> list[str]:
    """Where entries and movements of one relay do not fit one to one; empty when they do."""
    told = []
    left = [want for want in asked if want.relay == relay.name]
    for pulse in moved:
        match_ = next((want for want in left if want.explains(pulse)), None)
        if match_ is None:
            told.append(f"{relay.name} moved at {pulse.start_ns // MS} ms, and no entry says why")
        else:
            left.remove(match_)
    told.extend(f"entry {want.sequence} ({want.why}) moved no {relay.name}" for want in left)
    return told


def odd_lengths(moved: Sequence[Pulse], relay: RelayWire) -> list[str]:
    """Pulses shorter than half of what was configured, or longer than twice of it.

    A busy machine lets the simulated gate note an edge late, so nothing narrower can be asked here.
    """
    return [
        f"{relay.name} was on for {pulse.ms:.0f} ms instead of {relay.pulse_ms} ms"
        for pulse in moved
        if pulse.ms is not None and not 0.5 * relay.pulse_ms <= pulse.ms <= 2 * relay.pulse_ms
    ]
