"""Load on both lanes, and the proof that nothing moved a relay that the journal does not know.

Rules kept here:
- every lane has a thread of its own that taps and sends cars, by a seeded chance;
- a tap at a gate whose daemon is dead goes to nobody: that is how it is at a real gate;
- the proof takes the simulated gate's trace as the truth about relays, and the journal as it lies
  on the disk as the truth about what was written.
"""

import json
import random
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from agent.core.entries import StoredEntry
from agent.errors import DeviceError
from drivers.sim import SimClient
from tests.patience import LIMIT_S
from tests.rigs.cards import Card, digits, residents
from tests.rigs.house import (
    GRANTED,
    LANES,
    ORDERED,
    STARTED,
    House,
    Life,
    Stroke,
    strokes,
)

CARDS = 300
SOON_MS = 1500
STALL_MS = 30_000
"""A machine that stands still may keep a pulse so long from its entry."""
EDGE_NS = 100_000_000
PROTECTED = "gate.arm.protected.v1"


def load_cards() -> list[Card]:
    """The cards of both lanes; those of the second lane begin at ``CARDS`` + 1."""
    return residents(len(LANES) * CARDS)


class Load:
    """Taps and cars at both lanes, as a context. ``taps`` counts those that were sent."""

    def __init__(self, rig: House, seed: int, pause_s: tuple[float, float] = (0.05, 0.15)) -> None:
        self._rig = rig
        self._seed = seed
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._tap, args=(lane,), name=f"load-{lane}", daemon=True)
            for lane in LANES
        ]
        self.taps = 0
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the taps; safe to call twice."""
        self._ended.set()
        for thread in self._threads:
            thread.join(LIMIT_S)
            assert not thread.is_alive(), "the load does not end"
        assert not self.faults, self.faults

    def _tap(self, lane: str) -> None:
        chance = random.Random(f"{self._seed} {lane}")  # noqa: S311 - reproducible on purpose
        first = 1 + CARDS * LANES.index(lane)
        number = 0
        with SimClient(self._rig.gate.folder / "run" / "sim.sock") as sim:
            while not self._ended.wait(chance.uniform(*self._pause_s)):
                number = (number + 1) % CARDS
                card = digits(first + number if chance.random() < 0.9 else 0xBAD00000 + number)
                try:
                    sim.tap_em4100(f"{lane}-rdm", card)
                    self.taps += 1
                    if chance.random() < 0.2 and not sim.arms()[lane]["cars"]:
                        sim.drive(lane, "car", polite=True, enter_ms=20, under_ms=60)
                except DeviceError as fault:
                    if "nobody reads it" not in str(fault):
                        self.faults.append(str(fault))
                        return


class Proof(NamedTuple):
    """What was seen: pulses that entries explain, and pulses by which the interlock protected."""

    granted: int
    protective: int


def prove(rig: House) -> Proof:
    """Every pulse to open has an entry of its own, written by the process that pulsed, before it.

    A second pulse for one tap finds no entry and fails, and so does a pulse for a grant of an
    earlier run. The only other pulses allowed are those of the interlock: they come at once after
    an edge of the lane's loop, or are told of as such.
    """
    records, entries = rig.sim.trace(), rig.entries()
    by_pid = _opening(entries, rig.lives)
    acts = [(one.subject, one.uptime_ms) for one in entries if one.type == PROTECTED]
    granted = protective = 0
    for lane in LANES:
        edges = [
            one.ns
            for one in records
            if one.kind == "pin" and one.pin == rig.input(lane) and one.level == 0
        ]
        unused = {
            pid: sorted(ms for at, ms in opening if at == lane) for pid, opening in by_pid.items()
        }
        for stroke in strokes(records, rig.relay(lane)):
            assert stroke.who in by_pid, f"process {stroke.who} opened {lane}"
            if _take(unused[stroke.who], stroke):
                granted += 1
            else:
                on_ms = stroke.on_ns // 1_000_000
                near = [ns for ns in edges if 0 <= stroke.on_ns - ns < EDGE_NS]
                told = (f"lane/{lane}" == of and abs(ms - on_ms) < SOON_MS for of, ms in acts)
                assert near or any(told), (
                    f"{lane} was opened at {stroke.on_ns} ns: nothing says why"
                )
                protective += 1
    return Proof(granted, protective)


def _opening(
    entries: Sequence[StoredEntry], lives: Sequence[Life]
) -> dict[int, list[tuple[str, int]]]:
    """What each process wrote that opens, as (lane, uptime in ms).

    A daemon that was killed before it wrote has nothing.
    """
    assert len({life.pid for life in lives}) == len(lives), "a process id came twice: run it again"
    found: dict[int, list[tuple[str, int]]] = {life.pid: [] for life in lives}
    writer = 0
    for one in entries:
        if one.type == STARTED:
            writer = next(life.pid for life in lives if life.saw(one.uptime_ms))
        told = json.loads(one.data)
        if one.type == GRANTED or (one.type == ORDERED and told["order"] == "open"):
            found[writer].append((told["lane"], one.uptime_ms))
    return found


def _take(unused: list[int], stroke: Stroke) -> bool:
    """Use up the entry that led to this pulse; False when there is none.

    It is the oldest of the last moments; where there is none, the last of those before.
    """
    on_ms = stroke.on_ns // 1_000_000
    unused[:] = [ms for ms in unused if ms >= on_ms - STALL_MS]
    soon = [ms for ms in unused if on_ms - SOON_MS <= ms <= on_ms]
    before = [ms for ms in unused if ms < on_ms - SOON_MS]
    if found := soon[:1] or before[-1:]:
        unused.remove(found[0])
    return bool(found)
