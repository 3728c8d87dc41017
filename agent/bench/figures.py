"""The figures: what is promised under which name, and what is aimed at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.wire.registry import EVERY

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one benchmark. ``most`` or ``least`` is the aim, None where there is none."""

    name: str
    says: str
    unit: str = ""
    most: float | None = None
    least: float | None = None

    def aim(self) -> str:
        """The aim in words."""
        if self.most is not None:
            return f"at most {self.most:g} {self.unit}".rstrip()
        return "" if self.least is None else f"at least {self.least:g} {self.unit}".rstrip()

    def met(self, value: float) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.most is not None:
            return value <= self.most
        return None if self.least is None else value >= self.least


TABLE: Mapping[str, Sequence[Figure]] = {
    "tap": (
        Figure("p50_us", "last byte on the line to relay on, commit included, median", "µs"),
        Figure("p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("floor_p50_us", "the floor: the same way without a decision, median", "µs"),
        Figure("floor_p99_us", "the floor, one in a hundred is slower", "µs"),
        Figure("ratio_p50", "median over the floor's", "times", most=1.25),
        Figure("ratio_p99", "slowest hundredth over the floor's", "times", most=2),
    ),
    "safety": (
        Figure("stop_p50_us", "edge of a safety input to the close relay let go, median", "µs"),
        Figure("stop_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("lift_p50_us", "edge of a safety input to the open relay on, median", "µs"),
        Figure("lift_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("floor_p50_us", "the floor: an edge answered without a thought, median", "µs"),
        Figure("floor_p99_us", "the floor, one in a hundred is slower", "µs"),
        Figure("ratio_p50", "median of the lift over the floor's", "times", most=3),
        Figure("ratio_p99", "slowest hundredth of the lift over the floor's", "times", most=3),
    ),
    "replay": (
        Figure("rate", "events from the journal to the broker, cursor kept durable", "a second"),
        Figure("bare_rate", "the floor: a bare loop over the same rows", "a second"),
        Figure("ratio", "rate over the floor's", "times", least=1),
        Figure("peak_mb", "highest resident memory of the daemon", "MB", most=50),
    ),
    "start": (Figure("seconds", "from exec to READY=1", "s", most=1),),
    "memory": (
        Figure("idle_mb", "resident, everything configured, empty journal", "MB", most=50),
        Figure("after_mb", "resident, with the long journal", "MB", most=50),
        Figure("warm_mb", "the same, after many entries of its own", "MB", most=50),
    ),
    "bytes": (
        Figure("per_passage", "written to the device, tap to closed arm", "bytes", most=30_000),
    ),
    "decision": (
        Figure("p50_us", "look-up, facts and step, median", "µs"),
        Figure("p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("import_s", "import of the whole roster, with taps in between", "s"),
    ),
    "decode": (
        *(
            figure
            for name in EVERY
            for figure in (
                Figure(f"{name}_us", "bytes of a frame to the frame", "µs"),
                Figure(f"{name}_per_s", "the same", "frames a second"),
                Figure(f"{name}_floor_us", "the floor: a bare loop over the same bytes", "µs"),
            )
        ),
        Figure("slowest_per_s", "frames of the slowest of them", "a second", least=1000),
        Figure("ratio", "a frame of each, all together, over the floors", "times", most=40),
    ),
    "search": (
        Figure("name_p50_us", "two characters of a name, 50 movements, median", "µs"),
        Figure("name_p90_us", "the same, one in ten is slower", "µs"),
        Figure("plate_p50_us", "three characters of a plate, median", "µs"),
        Figure("plate_p90_us", "the same, one in ten is slower", "µs"),
        Figure("unit_p50_us", "one unit, median", "µs"),
        Figure("unit_p90_us", "the same, one in ten is slower", "µs"),
        Figure("floor_p50_us", "the floor: a whole name by a plain index, median", "µs"),
        Figure("floor_p90_us", "the floor, one in ten is slower", "µs"),
        Figure("ratio", "slowest of the three medians over the floor's", "times", most=10),
        Figure("fill_s", "filling of the index from the whole journal", "s"),
        Figure("size_mb", "the index on the disk", "MB"),
    ),
    "screen": (
        Figure("floor_p50_ms", "the floor: the Health page, which reads no ledger, median", "ms"),
        Figure("floor_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("gate_p50_ms", "the Gate page while five pages watch, median", "ms"),
        Figure("gate_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("visitor_out_p50_ms", "Visitor out, median", "ms"),
        Figure("visitor_out_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("deposits_p50_ms", "Deposits, median", "ms"),
        Figure("deposits_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("inside_p50_ms", "Inside, median", "ms"),
        Figure("inside_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("search_p50_ms", "Search for two characters of a name: form and page, median", "ms"),
        Figure("search_p99_ms", "the same, one in a hundred is slower", "ms"),
        Figure("pages_ratio", "slowest of the five medians over the floor's", "times"),
        Figure("tap_alone_p50_us", "last byte to relay on while nobody watches, median", "µs"),
        Figure("tap_alone_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("tap_watched_p50_us", "last byte to relay on while five pages watch, median", "µs"),
        Figure("tap_watched_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("tap_ratio_p50", "median while watched over that while not", "times"),
        Figure("tap_ratio_p99", "slowest hundredth while watched over that while not", "times"),
        Figure("console_mb", "resident memory of the console", "MB", most=60),
    ),
    "event": (
        Figure("alone_p50_us", "commit of an event until the centre has seen it, median", "µs"),
        Figure("alone_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("floor_p50_us", "the floor: a bare publisher to the same centre, median", "µs"),
        Figure("floor_p99_us", "the floor, one in a hundred is slower", "µs"),
        Figure("ratio_p50", "median over the floor's", "times", most=3),
        Figure("ratio_p99", "slowest hundredth over the floor's", "times", most=3),
        Figure("replay_p50_us", "an event while a client has the journal replayed, median", "µs"),
        Figure("replay_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("state_p50_us", "behind a backlog: the state of the lane, median", "µs"),
        Figure("state_p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("behind_p50_ms", "behind a backlog: the event, in its turn, median", "ms"),
        Figure("behind_p99_ms", "the same, one in a hundred is slower", "ms"),
    ),
    "command": (
        Figure("p50_us", "publish of a signed command to relay on, commit included, median", "µs"),
        Figure("p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("floor_p50_us", "the floor: the same way without a look at it, median", "µs"),
        Figure("floor_p99_us", "the floor, one in a hundred is slower", "µs"),
        Figure("ratio_p50", "median over the floor's", "times", most=3),
        Figure("ratio_p99", "slowest hundredth over the floor's", "times", most=3),
    ),
    "fleet": (
        Figure("gates", "gates at one broker"),
        Figure("broker_us", "the broker's processor for an event, in and out to one centre", "µs"),
        Figure("centre_us", "of that, for each further centre that it goes out to", "µs"),
        Figure("floor_us", "the floor: the same number of events of one gate", "µs"),
        Figure("ratio", "of many gates over the floor's", "times", most=2),
        Figure("gate_kb", "memory of the broker for each gate", "KB", most=64),
        Figure("back_p50_s", "after a restart of the broker until a gate is back, median", "s"),
        Figure("back_last_s", "until the last one is back", "s", most=30),
        Figure("busiest_share", "share of the gates that come in the busiest second", most=0.5),
    ),
    "tags": (
        Figure("rate", "tags that a long-range reader read and the gate took in", "a second"),
        Figure("taps", "taps that came of them: one, the strongest tag", "", most=1),
        Figure("read_us", "the daemon's processor for a read, beyond the floor", "µs"),
        Figure("cpu_percent", "the daemon's processor meanwhile, taps included", "%"),
        Figure("floor_cpu_percent", "the floor: the same with nothing in the field", "%"),
        Figure("p50_us", "last byte at a serial reader to relay on meanwhile, median", "µs"),
        Figure("p99_us", "the same, one in a hundred is slower", "µs"),
        Figure("floor_p50_us", "the floor: the same with nothing in the field, median", "µs"),
        Figure("floor_p99_us", "the floor, one in a hundred is slower", "µs"),
        Figure("ratio_p50", "median over the floor's", "times", most=1.25),
        Figure("ratio_p99", "slowest hundredth over the floor's", "times", most=2),
    ),
}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of them lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
