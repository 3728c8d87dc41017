"""bytes: what a whole passage costs the device, from the tap to the arm that is down again.

Method. ``write_bytes`` in /proc/PID/io counts, for the process that made them dirty, the pages that
the kernel has to bring to the device: the write-ahead log, and what checkpoints bring into the
ledger. It is read before the first passage and after the daemon has stopped in order, which makes
the last checkpoint: so every byte that the passages cause is counted, and besides them that of
stopping. What the file system writes for itself (its own journal) is not counted by the kernel for
a process. Cars drive through several lanes at once, but every step is a transaction of its own.
No broker is configured: how often the uplink's cursor is saved, at most once a second, depends on
how long a passage takes, and each time costs a page or two of 4 KB besides.
"""

import os
import signal
from collections.abc import Callable
from itertools import count

from agent.bench import process, site
from agent.bench.figures import Figures
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate

LANES = 4
_LIMIT_S = 20


def run(place: Place, passages: int = 300) -> Figures:
    """Drive that many cars through (rounded up to whole rounds of the lanes)."""
    rounds = -(-passages // LANES)
    page = site.page(LANES, sensors=True, open_for="5 s")
    with site.a_gate(place.sub("gate"), page, site.with_cards(1000)) as gate:
        site.start(gate)
        number = count(1)
        _round(gate, lambda: next(number))
        before = process.written_bytes(site.pid(gate))
        for _ in range(rounds):
            _round(gate, lambda: next(number))
        with gate.control() as client:
            left = [lane for lane in client.ask("status")["lanes"] if lane["waiting"]]
        if left:
            raise GateError("some passages have not ended: the figure would be too small")
        written = _ended(gate) - before
    return {"per_passage": written / (rounds * LANES)}


def _round(gate: SimulatedGate, number: Callable[[], int]) -> None:
    """One car through every lane."""
    sim = gate.sim.client
    for lane in range(1, LANES + 1):
        card = number()
        sim.tap_em4100(site.reader(lane), site.digits(card % 1000 + 1))
        sim.drive(f"in-{lane}", f"car {card}", enter_ms=20, under_ms=100)
    for lane in range(1, LANES + 1):
        sim.wait(_LIMIT_S * 1000, lane=f"in-{lane}", cars=0)
        sim.wait(_LIMIT_S * 1000, lane=f"in-{lane}", arm="down")
        _settle(gate, lane)


def _settle(gate: SimulatedGate, lane: int) -> None:
    """Wait until the daemon knows that the arm is down."""

    def closed() -> bool:
        with gate.control() as client:
            view = client.ask("status")["lanes"][lane - 1]
        return bool(view["position"] == "closed") and not view["waiting"]

    site.wait(closed, "the daemon does not see the arm down", _LIMIT_S, 0.01)


def _ended(gate: SimulatedGate) -> int:
    """Stop the daemon in order; what it has written when it has ended but is not yet reaped."""
    daemon = site.pid(gate)
    os.kill(daemon, signal.SIGTERM)
    os.waitid(os.P_PID, daemon, os.WEXITED | os.WNOWAIT)
    written = process.written_bytes(daemon)
    gate.stop()
    return written
