"""fleet: many gates and one broker; what a gate costs it, and how they come back after its restart.

Method. The gates are real ledgers and real uplinks, all in this process; the broker is a private
mosquitto; the centre is a process of its own (`agent.bench.hearer`) that counts. Every event is
counted there: one that is missing in the end is an error, not a figure.

The broker's processor time is read before and after passages that all gates write and the centre
hears; it counts one event in and once out, with its PUBACKs; and again with a second centre, to
which the same events go out as well. The floor is the same number of events
of a single gate. Memory is what the broker has grown by when all gates are connected.

Then the broker is stopped, every gate writes some more, and after a while it is started again. It
counts from the moment that it listens until each gate has a session. All ledgers lie on one disk
here, and every gate commits its session before it connects: that is a part of the time.
"""

import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.bench import hearer, process, site
from agent.bench.broker import Mosquitto, a_mosquitto
from agent.bench.child import a_child, says
from agent.bench.figures import Figures, percentile
from agent.bench.gates import ESTATE, EVENTS, Gates, Member, some_gates
from agent.bench.place import Place
from agent.errors import GateError

OUTAGE_S = 8.0
_LIMIT_S = 120.0
_LOOK_S = 0.02
_FEW = 5
"""Passages of every gate while the broker is away."""


@dataclass(slots=True)
class Centre:
    """What the centre has heard, and what it has to hear."""

    child: subprocess.Popen[bytes]
    expected: int = 0
    again: int = 0

    def hears(self, more: int) -> None:
        """Wait until it has heard so many more; raises GateError when some are missing."""
        self.expected += more
        received = missing = -1
        ends = time.monotonic() + _LIMIT_S
        while received < self.expected or missing:
            line = says(self.child, max(0.0, ends - time.monotonic()))
            if not line:
                raise GateError("the centre of the fleet has ended: run it by hand to see why")
            received, self.again, missing = (int(each) for each in line.split())
        if received > self.expected:
            raise GateError(f"{received} events were heard, {self.expected} were written")


def run(place: Place, gates: int = 200, events: int = 100) -> Figures:
    """Connect ``gates`` gates, each with some ``events`` events, and restart the broker."""
    passages = -(-events // EVENTS)
    names = [f"gate-{number:03}" for number in range(1, gates + 1)]
    with (
        a_mosquitto(place.folder, keeps=True) as broker,
        a_child(hearer.__name__, str(broker.port), ESTATE, "centre") as child,
    ):
        centre = Centre(child)
        with some_gates(place.sub("all").folder, names, broker.port) as fleet:
            before = process.resident_mb(broker.pid)
            _connect(fleet)
            grown = process.resident_mb(broker.pid) - before
            centre.hears(fleet.write(1))
            cost_us = _cost(broker, fleet, passages, centre)
            with a_child(hearer.__name__, str(broker.port), ESTATE, "second", "late") as other:
                both_us = _cost(broker, fleet, passages, centre, Centre(other))
            back = _restart(broker, fleet, centre)
        with some_gates(place.sub("one").folder, ["one"], broker.port) as floor:
            _connect(floor)
            centre.hears(floor.write(1))
            floor_us = _cost(broker, floor, passages * gates, centre)
    busiest = max(Counter(int(moment) for moment in back).values())
    return {
        "gates": gates,
        "broker_us": cost_us,
        "centre_us": max(0.0, both_us - cost_us),
        "floor_us": floor_us,
        "ratio": cost_us / floor_us,
        "gate_kb": grown * 1024 / gates,
        "back_p50_s": percentile(back, 0.5),
        "back_last_s": max(back),
        "busiest_share": busiest / gates,
    }


def _connect(gates: Gates) -> None:
    gates.start()
    site.wait(
        lambda: all(member.connected for member in gates.members),
        "not every gate finds the broker",
        _LIMIT_S,
    )


def _cost(broker: Mosquitto, gates: Gates, passages: int, *centres: Centre) -> float:
    """Microseconds of the broker's processor for each event that the gates tell the centres."""
    before = process.cpu_s(broker.pid)
    events = gates.write(passages)
    for centre in centres:
        centre.hears(events)
    return (process.cpu_s(broker.pid) - before) * 1e6 / events


def _restart(broker: Mosquitto, gates: Gates, centre: Centre) -> Sequence[float]:
    """When each gate was back, in seconds; the centre has heard everything then."""
    sessions = {member.name: member.counter("session") for member in gates.members}
    broker.stop()
    events = gates.write(_FEW)
    time.sleep(OUTAGE_S)
    broker.start()
    began = time.monotonic()
    back: list[float] = []
    away = list(gates.members)
    while away:
        moment = time.monotonic() - began
        here = [each for each in away if _again(each, sessions[each.name])]
        back += [moment] * len(here)
        away = [each for each in away if each not in here]
        if moment > _LIMIT_S:
            raise GateError(f"{len(away)} gates did not come back within {_LIMIT_S:g} s")
        time.sleep(_LOOK_S)
    centre.hears(events)
    return back


def _again(member: Member, session: int) -> bool:
    """Does it have a session after this one?"""
    return member.connected and member.counter("session") > session
