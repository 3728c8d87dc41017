"""replay: a long backlog from the journal to the broker, beside a bare loop.

Method. The journal is grown by the real ledger; then the real daemon is started and finds its
broker (a private mosquitto without a subscriber). The rate is taken from what the daemon says of
its uplink, asked every 50 ms: from the first answer that counts an event as published to the one
that counts all. Floor, daemon, floor, daemon over the same rows: the better of each two is taken.
"""

import sqlite3
import time

from agent.bench import bare, process, site
from agent.bench.broker import a_broker
from agent.bench.child import a_child, says
from agent.bench.figures import Figures
from agent.bench.journal import grow
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate

WINDOW = 20
_LIMIT_S = 300.0
_ASK_S = 0.05


def run(place: Place, events: int = 200_000, rounds: int = 2) -> Figures:
    """Replay ``events`` events ``rounds`` times each way; raises GateError when it gets stuck."""
    rates: list[float] = []
    bare_rates: list[float] = []
    peak = 0.0
    with a_broker(place.folder) as port:
        settings = site.page(4, sensors=True, port=port)
        with site.a_gate(place.sub("gate"), settings, lambda it: grow(it, events)) as gate:
            for _ in range(rounds):
                bare_rates.append(_bare(gate, port, events))
                rate, high = _ours(gate, events)
                rates.append(rate)
                peak = max(peak, high)
                _forget(gate)
    rate, bare_rate = max(rates), max(bare_rates)
    return {"rate": rate, "bare_rate": bare_rate, "ratio": rate / bare_rate, "peak_mb": peak}


def _bare(gate: SimulatedGate, port: int, events: int) -> float:
    path = str(gate.settings.paths.ledger)
    with a_child(bare.__name__, path, str(port), str(events), str(WINDOW)) as child:
        return events / float(says(child, _LIMIT_S) or "inf")


def _ours(gate: SimulatedGate, events: int) -> tuple[float, float]:
    """Events a second, and the daemon's highest resident memory in MB."""
    gate.start()
    ends = time.monotonic() + _LIMIT_S
    first: tuple[float, int] | None = None
    while True:
        now, published = time.monotonic(), int(site.uplink(gate)["counters"]["published"])
        if first is None and published:
            first = (now, published)
        if first is not None and published >= events:
            break
        if now > ends:
            raise GateError(f"only {published} of {events} events went out in {_LIMIT_S:g} s")
        time.sleep(_ASK_S)
    high = process.peak_mb(site.pid(gate))
    gate.stop()
    if now == first[0]:
        raise GateError(f"{events} events are too few to be measured: take more with --events")
    return (published - first[1]) / (now - first[0]), high


def _forget(gate: SimulatedGate) -> None:
    """Let the next daemon believe that the broker has nothing yet."""
    with sqlite3.connect(gate.settings.paths.ledger) as ledger:
        ledger.execute("UPDATE state SET published = 0")
    ledger.close()
