"""All benchmarks by name, and one run of some of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.bench import (
    command,
    decision,
    decode,
    event,
    fleet,
    memory,
    replay,
    safety,
    screen,
    search,
    start,
    tags,
    tap,
    written,
)
from agent.bench.broker import MISSING, program
from agent.bench.figures import Figures
from agent.bench.place import Place


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; the defaults are those that the aims are meant for."""

    taps: int = 1000
    edges: int = 300
    events: int = 200_000
    starts: int = 5
    entries: int = 1_000_000
    live: int = 12_000
    passages: int = 300
    cards: int = 500_000
    movements: int = 1_000_000
    rounds: int = 200
    seen: int = 300
    backlog: int = 50_000
    commands: int = 300
    gates: int = 200
    frames: int = 5_000


@dataclass(frozen=True, slots=True)
class Result:
    """Figures by benchmark, and why a benchmark was left out."""

    figures: Mapping[str, Figures]
    left_out: Mapping[str, str]


RUNS: Mapping[str, Callable[[Place, Sizes], Figures]] = {
    "tap": lambda place, sizes: tap.run(place, sizes.taps),
    "safety": lambda place, sizes: safety.run(place, sizes.edges),
    "replay": lambda place, sizes: replay.run(place, sizes.events),
    "start": lambda place, sizes: start.run(place, sizes.starts),
    "memory": lambda place, sizes: memory.run(place, sizes.entries, sizes.live),
    "bytes": lambda place, sizes: written.run(place, sizes.passages),
    "decision": lambda place, sizes: decision.run(place, sizes.cards),
    "decode": lambda place, sizes: decode.run(place, sizes.frames),
    "search": lambda place, sizes: search.run(place, sizes.movements),
    "screen": lambda place, sizes: screen.run(place, sizes.movements, sizes.rounds, sizes.taps),
    "event": lambda place, sizes: event.run(place, sizes.seen, sizes.backlog),
    "command": lambda place, sizes: command.run(place, sizes.commands),
    "fleet": lambda place, sizes: fleet.run(place, sizes.gates),
    "tags": lambda place, sizes: tags.run(place, sizes.taps),
}

BY_BROKER = frozenset({"replay", "event", "command", "fleet"})
"""What cannot be measured where no mosquitto is installed."""


def run(
    names: Sequence[str],
    place: Place,
    sizes: Sizes,
    tell: Callable[[str], None] = lambda _: None,
    mosquitto: Callable[[], str | None] = program,
) -> Result:
    """Run these, one after the other; raises GateError when one of them cannot be measured.

    ``tell`` hears the name before each; ``mosquitto`` says where the broker's program is.
    """
    figures: dict[str, Figures] = {}
    left_out: dict[str, str] = {}
    for name in names:
        if name in BY_BROKER and mosquitto() is None:
            left_out[name] = MISSING
            continue
        tell(name)
        figures[name] = RUNS[name](place.sub(name), sizes)
    return Result(figures, left_out)
