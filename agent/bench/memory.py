"""memory: resident memory of the daemon, with an empty journal, with a long one, and warm.

Method. VmRSS from /proc, with four lanes, loops and limit switches, readers on their lines, the
control socket, and the uplink, connected where mosquitto is installed. Before each reading a card
is tapped at every lane and its passage ends, and everything that was told to the broker has been
acknowledged. The journal is grown by the real ledger, in big transactions, while the daemon is
down; the last tenth of it, at most 20,000 entries, is still to be sent when the daemon comes back.

A daemon that has just come back has read little of its ledger. So cards that nobody knows are then
tapped, each an entry, until what it keeps of the ledger's pages is as much as it may keep; that
takes some 5,000 (docs/memory.md).
"""

from contextlib import ExitStack
from functools import partial
from itertools import count, islice

from agent.app import open_ledger
from agent.bench import process, site
from agent.bench.broker import a_broker, program
from agent.bench.figures import Figures
from agent.bench.journal import grow
from agent.bench.place import Place
from agent.simulate import SimulatedGate

LANES = 4
_BACKLOG = 20_000
_STRANGER = 1_000_000
_AT_ONCE = 50
_LIMIT_S = 60.0


def run(place: Place, entries: int = 1_000_000, live: int = 12_000) -> Figures:
    """Read the memory, append ``entries`` entries, read it again, and after ``live`` more."""
    with ExitStack() as stack:
        broker = program() is not None
        port = stack.enter_context(a_broker(place.folder)) if broker else 1
        settings = site.page(LANES, sensors=True, port=port)
        gate = stack.enter_context(site.a_gate(place.sub("gate"), settings, site.with_cards(1000)))
        idle = _resident(gate, broker)
        with open_ledger(gate.settings) as ledger:
            grow(ledger, entries)
            ledger.save_published(ledger.head().sequence - min(_BACKLOG, entries // 10))
        after = _resident(gate, broker)
        warm = _resident(gate, broker, live)
    return {"idle_mb": idle, "after_mb": after, "warm_mb": warm}


def _resident(gate: SimulatedGate, broker: bool, live: int = 0) -> float:
    site.start(gate)
    _tap_strangers(gate, live)
    for lane in range(1, LANES + 1):
        gate.sim.client.tap_em4100(site.reader(lane), site.digits(lane))
        gate.sim.client.wait(lane=f"in-{lane}", arm="up")
    for lane in range(1, LANES + 1):
        gate.sim.client.wait(lane=f"in-{lane}", arm="down")

    def told() -> bool:
        counters = site.uplink(gate)["counters"]
        return bool(counters["published"]) and not counters["backlog"]

    if broker:
        site.wait(told, "the uplink does not come to the end of the journal", _LIMIT_S)
    found = process.resident_mb(site.pid(gate))
    gate.stop()
    return found


def _tap_strangers(gate: SimulatedGate, entries: int) -> None:
    """Until the daemon has written so many entries more."""
    strangers = count(_STRANGER)
    with gate.control() as client:

        def reached(sequence: int) -> bool:
            return int(client.ask("status")["head"]["sequence"]) >= sequence

        now = int(client.ask("status")["head"]["sequence"])
        for ends in range(now + _AT_ONCE, now + entries + 1, _AT_ONCE):
            for number in islice(strangers, _AT_ONCE):
                gate.sim.client.tap_em4100(site.reader(number % LANES + 1), site.digits(number))
            site.wait(partial(reached, ends), "not every tap is written down", _LIMIT_S, 0.01)
