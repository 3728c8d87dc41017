"""tags: what a long-range reader costs that reads 500 tags a second.

Method. The gate of `agent.bench.tap` has a long-range reader beside the serial one of its first
lane, simulated by `drivers.sim.uhf` with the protocol r2000, which does not end a round before the
gate asks for the next. Twenty tags that nobody knows stand in its field and are read in turn.

Taps at the serial readers are timed as in `tap`, in blocks that alternate: the floor is the same
gate whose long-range reader goes its rounds with nothing in its field. The processor's time is that
of the daemon, all its threads, and `reads` is what the reader's own counter says, over the blocks
with tags; what it takes beyond the floor's is shared out among the reads.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.bench import process, site, tap
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate
from drivers.sim.uhf import UhfSim

RATE = 500
TAGS = 20
_READER = "tags"
_SETTLE_S = 1.0
_EVERY_S = 0.1


@dataclass(slots=True)
class Blocks:
    """What was measured over all blocks of one kind; times of taps in microseconds."""

    taps: list[float] = field(default_factory=list)
    seconds: float = 0
    cpu_s: float = 0
    reads: int = 0


def run(place: Place, taps: int = 1000) -> Figures:
    """Measure ``taps`` taps with and without tags; raises GateError when a tap is lost."""
    where = place.sub("gate")
    link = where.sockets / _READER
    with (
        site.a_gate(where, _settings(), site.with_cards(tap.LANES * tap.BLOCK)) as gate,
        UhfSim(link, "r2000", rate=RATE) as reader,
    ):
        site.start(gate)
        side = tap.ours(gate)
        tap.block(side, 0, min(tap.BLOCK, taps), _EVERY_S)
        alone, loaded = Blocks(), Blocks()
        for first in range(0, taps, tap.BLOCK):
            count = min(tap.BLOCK, taps - first)
            for kind, tags in ((alone, 0), (loaded, TAGS)):
                reader.show(*((f"E280117000000200{n:08X}", -60 + n) for n in range(tags)))
                time.sleep(_SETTLE_S)
                _measure(gate, side, kind, first, count)
        tapped = _counters(gate)["taps"]
    return _figures(alone, loaded, tapped)


def _settings() -> site.Page:
    page = dict(site.page(tap.LANES, sensors=False))
    lanes = {name: dict(lane) for name, lane in page["lanes"].items()}
    lanes["in-1"]["readers"] = [*lanes["in-1"]["readers"], _READER]
    far = {"driver": "uhf", "protocol": "r2000", "port": f"run:{_READER}", "quiet": "5 min"}
    return {**page, "lanes": lanes, "readers": {**page["readers"], _READER: far}}


def _measure(gate: SimulatedGate, side: tap.Side, kind: Blocks, first: int, count: int) -> None:
    pid, reads = site.pid(gate), _counters(gate)["reads"]
    began, cpu_s = time.monotonic(), process.cpu_s(pid)
    kind.taps += tap.block(side, first, count, _EVERY_S)
    kind.cpu_s += process.cpu_s(pid) - cpu_s
    kind.seconds += time.monotonic() - began
    kind.reads += _counters(gate)["reads"] - reads


def _counters(gate: SimulatedGate) -> Mapping[str, int]:
    """Those of the long-range reader; GateError when it is not there."""
    with gate.control() as client:
        parts = client.ask("status")["parts"]
    part = next(it for it in parts if it["part"] == f"reader {_READER}")
    if part["condition"] != "ok":
        raise GateError(f"the simulated long-range reader is {part['condition']}: {part['detail']}")
    found: Mapping[str, int] = part["counters"]
    return found


def _figures(alone: Blocks, loaded: Blocks, tapped: int) -> Figures:
    if not loaded.reads:
        raise GateError("the long-range reader read nothing: nothing was measured")
    floor, share = alone.cpu_s / alone.seconds, loaded.cpu_s / loaded.seconds
    a_read = (share - floor) * loaded.seconds / loaded.reads
    return {
        "rate": loaded.reads / loaded.seconds,
        "taps": float(tapped),
        "read_us": max(0.0, a_read * 1e6),
        "cpu_percent": share * 100,
        "floor_cpu_percent": floor * 100,
        **_times("", loaded.taps),
        **_times("floor_", alone.taps),
        "ratio_p50": percentile(loaded.taps, 0.5) / percentile(alone.taps, 0.5),
        "ratio_p99": percentile(loaded.taps, 0.99) / percentile(alone.taps, 0.99),
    }


def _times(name: str, taps: Sequence[float]) -> Figures:
    return {f"{name}p50_us": percentile(taps, 0.5), f"{name}p99_us": percentile(taps, 0.99)}
