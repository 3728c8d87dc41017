"""event: from the commit of an event to the centre that has seen it.

Method. The daemon stands before a simulated gate and tells a private mosquitto; the centre is two
processes of their own (`agent.bench.seen`), one for the events, one for the states of the lanes.
Tags are held to the readers, and each is granted. That an entry was committed shows in its first
effect, the level of the relay at the other end of the pin socket; when the centre has seen the
event of that grant, it notes the time. Both are the machine's monotonic clock.

First while a long journal waits for the broker: the grants come behind it, as they happened, but
the state of their lane comes at once, and is what is timed besides. Then with nothing waiting, then
while a client has the journal told again. The floor is a bare paho publisher in a process of its
own that sends as many bytes through the same broker to the same centre.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.bench import asks, commands, says, seen, site, tap
from agent.bench.broker import a_mosquitto
from agent.bench.child import a_child
from agent.bench.figures import Figures, percentile
from agent.bench.journal import grow
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate
from agent.store.ledger import Ledger
from drivers.sim.board import Record

LANES = tap.LANES
ROUND = 3 * LANES
EVERY_MS = 30
_ROOT = "gate/v1/bench/bench"
_FLOOR = "bench/floor"
_BYTES = 640
"""About what the event of a grant has."""
_LATE_NS = 50_000_000
_LIMIT_S = 60.0


@dataclass(slots=True)
class Notes:
    """What the centre has noted: its file is read as far as it was written."""

    file: Path
    events: list[tuple[int, int]] = field(default_factory=list)
    states: dict[str, list[int]] = field(default_factory=dict)
    floor: list[float] = field(default_factory=list)
    read: int = 0

    def look(self) -> None:
        """Read on: grants as (sequence, ns), states as ns by lane, the floor's times in µs."""
        with self.file.open("rb") as lines:
            lines.seek(self.read)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self.read += len(line)
                self._take(line.decode().split(" "))

    def _take(self, parts: Sequence[str]) -> None:
        ns, topic, number = int(parts[0]), parts[1], int(parts[2])
        kind, _, lane = topic.removeprefix(f"{_ROOT}/").partition("/")
        if topic == _FLOOR:
            self.floor.append((ns - number) / 1000)
        elif kind == "evt" and number:
            self.events.append((number, ns))
        elif kind == "state":
            self.states.setdefault(lane, []).append(ns)


@dataclass(slots=True)
class Bench:
    """The gate, its centre, and the taps so far."""

    gate: SimulatedGate
    side: tap.Side
    notes: Notes
    views: Notes
    before: int
    """The grants that were in the journal before."""
    given: list[tuple[str, int]] = field(default_factory=list)
    """Lane and commit of every grant since, in order."""

    def taps(self, count: int) -> None:
        """Tags at one lane after the other; raises GateError when one moves no relay."""
        first, due = len(self.given), time.monotonic()
        for number in range(first, first + count):
            due += EVERY_MS / 1000
            time.sleep(max(0.0, due - time.monotonic()))
            self.side.tap(number)
        self.side.rest()
        records = self.side.sim.trace(None, self.side.seen)
        self.side.seen += len(records)
        lanes = {self.side.pin(number): f"in-{number % LANES + 1}" for number in range(LANES)}
        on = [(lanes[it.pin], it.ns) for it in records if it.pin in lanes and self._on(it)]
        if len(on) != count:
            raise GateError(f"{count} tags moved {len(on)} relays: the machine has no time")
        self.given += sorted(on, key=lambda each: each[1])

    def _on(self, record: Record) -> bool:
        return record.kind == "pin" and record.level == self.side.on

    def seen(self) -> Sequence[float]:
        """µs from each commit to the centre; waits until it has seen all of them."""

        def all_of_them() -> bool:
            self.notes.look()
            return len(self.notes.events) >= self.before + len(self.given)

        site.wait(all_of_them, "the centre does not see all grants", _LIMIT_S)
        events = sorted(set(self.notes.events))[self.before :]
        commits = [ns for _, ns in self.given]
        return [(ns - at) / 1000 for (_, ns), at in zip(events, commits, strict=True)]

    def states(self) -> Sequence[float]:
        """µs from each commit to the state of its lane that the centre saw then.

        The relay's level may come to the simulated gate a little later than the state to the
        centre: then it came at once.
        """
        found = []
        self.views.look()
        for lane, at in self.given:
            after = [ns for ns in self.views.states.get(lane, ()) if ns > at - _LATE_NS]
            if not after:
                raise GateError(f"the state of lane {lane} never came to the centre")
            found.append(max(1.0, (after[0] - at) / 1000))
        return found


def run(place: Place, taps: int = 300, backlog: int = 50_000) -> Figures:
    """Measure ``taps`` grants alone and beside a replay, and as many as fit behind ``backlog``."""
    key = place.folder / "key"
    commands.make_key(key)
    with a_mosquitto(place.folder, keeps=True) as broker:
        port = broker.port
        page = commands.served(site.page(LANES, sensors=False, port=port), key)
        # Two of them: what waits for one connection is passed on in order, events before states.
        events = (str(port), str(place.folder / "events"), f"{_ROOT}/evt", _FLOOR)
        views = (str(port), str(place.folder / "states"), f"{_ROOT}/state/+")
        with (
            site.a_gate(place.sub("gate"), page, _filled(backlog)) as gate,
            a_child(seen.__name__, *events),
            a_child(seen.__name__, *views),
        ):
            notes = Notes(place.folder / "events"), Notes(place.folder / "states")
            bench = Bench(gate, tap.ours(gate), *notes, -(-backlog // 4))
            broker.pause()
            site.start(gate)
            broker.resume()
            behind, states = _behind(bench)
            bench.taps(ROUND)
            from_here = len(bench.given)
            _all(bench, taps)
            alone = bench.seen()[from_here:]
            with a_child(says.__name__, str(port), _FLOOR, str(taps), str(EVERY_MS), str(_BYTES)):
                _floor(bench.notes, taps)
            from_here = len(bench.given)
            with a_child(asks.__name__, str(port), _ROOT, commands.CLIENT):
                _all(bench, taps)
                beside = bench.seen()[from_here:]
            floor = bench.notes.floor
    return {
        **_pair("alone", alone),
        **_pair("floor", floor),
        "ratio_p50": percentile(alone, 0.5) / percentile(floor, 0.5),
        "ratio_p99": percentile(alone, 0.99) / percentile(floor, 0.99),
        **_pair("replay", beside),
        **_pair("state", states),
        "behind_p50_ms": percentile(behind, 0.5) / 1000,
        "behind_p99_ms": percentile(behind, 0.99) / 1000,
    }


def _filled(backlog: int) -> Callable[[Ledger], None]:
    def fill(ledger: Ledger) -> None:
        site.with_cards(LANES * tap.BLOCK)(ledger)
        grow(ledger, backlog)

    return fill


def _behind(bench: Bench) -> tuple[Sequence[float], Sequence[float]]:
    """Events and states of the grants that were given while the backlog lasted, in µs."""

    def waiting() -> int:
        return int(site.uplink(bench.gate)["counters"]["backlog"])

    whole = waiting()
    site.wait(lambda: waiting() < whole, "the gate does not find the broker", _LIMIT_S, 0.002)
    lasted, left = 0, True
    while left:
        bench.taps(LANES)
        left = bool(waiting())
        lasted = len(bench.given) if left else lasted
    lasted = lasted or len(bench.given)
    return bench.seen()[:lasted], bench.states()[:lasted]


def _all(bench: Bench, taps: int) -> None:
    for first in range(0, taps, ROUND):
        bench.taps(min(ROUND, taps - first))


def _floor(notes: Notes, count: int) -> None:
    def all_of_them() -> bool:
        notes.look()
        return len(notes.floor) >= count

    site.wait(all_of_them, "the centre does not see all that the floor sends", _LIMIT_S)


def _pair(name: str, values: Sequence[float]) -> Figures:
    return {f"{name}_p{n}_us": percentile(values, n / 100) for n in (50, 99)}
