"""What must agree at the end of a morning: script, journal, relays, cars, and the centre.

Rules kept here:
- pure: evidence in, findings out; nothing is looked up, so that each check can be shown to fail;
- what could not be checked is said to be not checked, never to be right.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.entries import EntryType, StoredEntry
from agent.demo.centre import Received
from agent.demo.pulses import MS, RelayWire, disagreements, odd_lengths, pulses, wanted
from agent.store.verify import Verdict
from agent.uplink.envelope import envelope
from drivers.sim.board import Record

_ANSWERS = {EntryType.ACCESS_GRANTED, EntryType.ACCESS_DENIED, EntryType.ACCESS_REFERRED}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tap leads to. ``said``: granted, a reason or a duty; ``card``: empty if unknown."""

    lane: str
    card: str
    said: str

    def __str__(self) -> str:
        return f"{self.card or 'unknown card'} at {self.lane}: {self.said}"


@dataclass(frozen=True, slots=True)
class Lane:
    """What the simulated gate says of a lane at the end."""

    passed: int
    hits: int
    cars: int


@dataclass(frozen=True, slots=True)
class AtCentre:
    """What the centre has, and up to which sequence it has to have everything (``upto``).

    ``outages``: monotonic ns when the line was cut and when it was restored.
    """

    events: Sequence[Received]
    upto: int
    gaps: Sequence[tuple[int, int]]
    unreadable: int
    outages: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is compared. ``centre`` is None where no broker ran.

    ``code`` is the daemon's exit code, None while it still runs. ``before`` is the last entry of
    the day before, which nobody played on this hardware.
    """

    source: str
    entries: Sequence[StoredEntry]
    verdict: Verdict
    expected: Sequence[Answer]
    trace: Sequence[Record]
    relays: Sequence[RelayWire]
    lanes: Mapping[str, Lane]
    centre: AtCentre | None
    code: int | None = None
    before: int = 0

    @property
    def played(self) -> Sequence[StoredEntry]:
        """The entries of the morning."""
        return [entry for entry in self.entries if entry.sequence > self.before]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. ``holds`` is None when it could not be made; ``detail`` says what was seen."""

    name: str
    holds: bool | None
    detail: str


def check(evidence: Evidence) -> list[Finding]:
    """Make every check, in the order in which they are shown."""
    found = [one(evidence) for one in (_journal, *_AT_THE_GATE)]
    for name, one in _AT_THE_CENTRE.items():
        if evidence.centre is None:
            found.append(Finding(name, None, "not checked: no mosquitto"))
        else:
            found.append(_judged(name, *one(evidence, evidence.centre)))
    if evidence.code is not None:
        faults = [f"its exit code is {evidence.code}"] if evidence.code else []
        found.append(_judged("the daemon stopped in order", faults, "exit code 0"))
    return found


def _judged(name: str, faults: Sequence[str], fine: str) -> Finding:
    if not faults:
        return Finding(name, True, fine)
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return Finding(name, False, "; ".join(faults[:_SHOWN]) + more)


def _journal(evidence: Evidence) -> Finding:
    verdict, entries = evidence.verdict, evidence.entries
    faults = []
    if not verdict.ok:
        faults.append(f"entry {verdict.bad}: {verdict.what}")
    if [entry.sequence for entry in entries] != list(range(1, len(entries) + 1)):
        faults.append("its numbers do not run from 1 without a hole")
    fine = f"{verdict.checked} entries up to the daemon's head"
    return _judged("the journal verifies", faults, fine)


def _answers(evidence: Evidence) -> Finding:
    given: dict[str, list[Answer]] = {lane: [] for lane in evidence.lanes}
    for entry in evidence.played:
        if entry.type in _ANSWERS:
            data = json.loads(entry.data)
            said = str(data.get("reason") or data.get("duty") or "granted")
            given[data["lane"]].append(Answer(data["lane"], str(data.get("card", "")), said))
    faults = []
    for lane, answers in given.items():
        script = [answer for answer in evidence.expected if answer.lane == lane]
        longest = max(len(script), len(answers))
        for number in range(longest):
            want = str(script[number]) if number < len(script) else "nothing"
            have = str(answers[number]) if number < len(answers) else "nothing"
            if want != have:
                faults.append(f"tap {number + 1} at {lane}: {have}, and the script says {want}")
    fine = f"{len(evidence.expected)} taps, as the script wants them"
    return _judged("every tap has its one answer", faults, fine)


def _movements(evidence: Evidence) -> Finding:
    asked = list(wanted(evidence.played))
    faults: list[str] = []
    count = 0
    for relay in evidence.relays:
        moved = pulses(evidence.trace, relay)
        count += len(moved)
        faults += disagreements(asked, moved, relay)
    known = {relay.name for relay in evidence.relays}
    faults += [f"entry {want.sequence}: no relay {want.relay}" for want in asked
               if want.relay not in known]  # fmt: skip
    fine = f"{count} pulses and {len(asked)} causes, one to one"
    return _judged("relays and journal agree", faults, fine)


def _lengths(evidence: Evidence) -> Finding:
    faults: list[str] = []
    lasted: list[float] = []
    for relay in evidence.relays:
        moved = pulses(evidence.trace, relay)
        faults += odd_lengths(moved, relay)
        lasted += [pulse.ms for pulse in moved if pulse.ms is not None]
    fine = f"{min(lasted):.0f} to {max(lasted):.0f} ms" if lasted else "there was none"
    return _judged("every pulse has its length", faults, fine)


def _exclusion(evidence: Evidence) -> Finding:
    faults = []
    for lane in evidence.lanes:
        up, down = (
            [pulse for relay in evidence.relays if (relay.lane, relay.role) == (lane, role)
             for pulse in pulses(evidence.trace, relay)]
            for role in ("open", "close")
        )  # fmt: skip
        faults += [
            f"open and close of {lane} were on together at {one.start_ns // MS} ms"
            for one in up
            if any(one.meets(other) for other in down)
        ]
    return _judged("open and close exclude each other", faults, "in no lane")


def _rest(evidence: Evidence) -> Finding:
    faults = [
        f"{relay.name} is still on"
        for relay in evidence.relays
        if any(pulse.end_ns is None for pulse in pulses(evidence.trace, relay))
    ]
    return _judged("no relay is on at the end", faults, f"{len(evidence.relays)} relays at rest")


def _passages(evidence: Evidence) -> Finding:
    begun: set[str] = set()
    ended: list[str] = []
    passed = dict.fromkeys(evidence.lanes, 0)
    for entry in evidence.played:
        data = json.loads(entry.data)
        if entry.type == EntryType.PASSAGE_ENDED:
            ended.append(data["passage"])
            passed[data["lane"]] += data["outcome"] == "passed"
        elif "passage" in data:
            begun.add(data["passage"])
    faults = [f"passage {one} has no end" for one in sorted(begun.difference(ended))]
    faults += [f"passage {one} ended, and never began" for one in sorted(set(ended) - begun)]
    faults += [f"passage {one} ended twice" for one in sorted(set(ended)) if ended.count(one) > 1]
    for lane, seen in evidence.lanes.items():
        if passed[lane] != seen.passed:
            faults.append(
                f"{seen.passed} cars went through {lane}, the journal says {passed[lane]}"
            )
        if seen.cars:
            faults.append(f"{seen.cars} cars are still at {lane}")
    fine = f"{len(begun)} passages, {sum(passed.values())} cars through"
    return _judged("every passage ended, once", faults, fine)


def _unhurt(evidence: Evidence) -> Finding:
    faults = [f"an arm hit something {lane.hits} times at {name}"
              for name, lane in evidence.lanes.items() if lane.hits]  # fmt: skip
    return _judged("nobody was hit by an arm", faults, "no arm touched anything")


def _complete(evidence: Evidence, centre: AtCentre) -> tuple[list[str], str]:
    del evidence
    have = [event.sequence for event in centre.events]
    faults = [f"{first} to {last} did not come in their turn" for first, last in centre.gaps]
    if centre.unreadable:
        faults.append(f"{centre.unreadable} lines could not be read")
    missing = sorted(set(range(1, centre.upto + 1)).difference(have))
    if missing:
        faults.append(f"missing: {', '.join(map(str, missing[:5]))}")
    if have != sorted(have):
        faults.append("they came out of order")
    if len(set(have)) != len(have):
        faults.append("some were counted twice")
    return faults, f"1 to {centre.upto}, each once, in order"


def _same_bytes(evidence: Evidence, centre: AtCentre) -> tuple[list[str], str]:
    kept = {entry.sequence: entry for entry in evidence.entries}
    faults = []
    for event in centre.events:
        entry = kept.get(event.sequence)
        if entry is None:
            faults.append(f"{event.sequence} is at the centre and not in the journal")
        elif envelope(entry, evidence.source) != event.line:
            faults.append(f"{event.sequence} differs from the journal")
    return faults, "what was stored is what came"


def _outage(evidence: Evidence, centre: AtCentre) -> tuple[list[str], str]:
    came = {event.sequence: event.ns for event in centre.events}
    faults, late = [], 0
    for cut_ns, restored_ns in centre.outages:
        written = [e.sequence for e in evidence.played
                   if cut_ns < e.uptime_ms * MS < restored_ns]  # fmt: skip
        if not written:
            faults.append("nothing happened while the line was cut")
        faults += [
            f"{sequence} was written in the outage and did not come after it"
            for sequence in written
            if came.get(sequence, 0) <= restored_ns
        ]
        late += len(written)
    if not centre.outages:
        faults.append("the line was never cut")
    seconds = sum(restored - cut for cut, restored in centre.outages) / 1e9
    return faults, f"{late} entries of {seconds:.0f} s came afterwards"


_AT_THE_GATE: tuple[Callable[[Evidence], Finding], ...] = (
    _answers,
    _movements,
    _lengths,
    _exclusion,
    _rest,
    _passages,
    _unhurt,
)
_AT_THE_CENTRE: Mapping[str, Callable[[Evidence, AtCentre], tuple[list[str], str]]] = {
    "the centre has every entry": _complete,
    "the centre has the same bytes": _same_bytes,
    "the outage was replayed": _outage,
}
