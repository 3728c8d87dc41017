"""``gate-agent bench``: this machine measured as a gate."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from agent.bench.figures import TABLE
from agent.bench.place import a_place, machine
from agent.bench.suite import RUNS, Result, Sizes, run
from agent.cli import options

_SIZES = Sizes()


@click.command()
@click.argument("name", type=click.Choice(list(RUNS)), required=False)
@options.as_json
@click.option(
    "--dir",
    "where",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A directory on the disk to be measured; the working directory if not given.",
)
@click.option("--taps", default=_SIZES.taps, show_default=True, help="tap, screen, tags: of each.")
@click.option("--edges", default=_SIZES.edges, show_default=True, help="safety: edges of each.")
@click.option("--events", default=_SIZES.events, show_default=True, help="replay: the backlog.")
@click.option("--starts", default=_SIZES.starts, show_default=True, help="start: how often.")
@click.option("--entries", default=_SIZES.entries, show_default=True, help="memory: the journal.")
@click.option("--live", default=_SIZES.live, show_default=True, help="memory: by itself.")
@click.option("--passages", default=_SIZES.passages, show_default=True, help="bytes: how many.")
@click.option("--cards", default=_SIZES.cards, show_default=True, help="decision: the roster.")
@click.option("--movements", default=_SIZES.movements, show_default=True, help="search, screen.")
@click.option("--rounds", default=_SIZES.rounds, show_default=True, help="screen: of all pages.")
@click.option("--seen", default=_SIZES.seen, show_default=True, help="event: of each way.")
@click.option("--backlog", default=_SIZES.backlog, show_default=True, help="event: what waits.")
@click.option("--commands", default=_SIZES.commands, show_default=True, help="command: of each.")
@click.option("--gates", default=_SIZES.gates, show_default=True, help="fleet: at one broker.")
@click.option("--frames", default=_SIZES.frames, show_default=True, help="decode: of each.")
def bench(name: str | None, as_json: bool, where: Path | None, **sizes: int) -> None:
    """Measure one thing, or all of those that can be named.

    The daemon is the real one, in front of the simulated gate. Times stand beside a floor that was
    measured in the same run, on the same disk.
    """
    err = Console(stderr=True)
    with a_place(where) as place, err.status("measuring") as status:
        about = machine(place.folder.parent)
        result = run(
            list(RUNS) if name is None else [name],
            place,
            Sizes(**sizes),
            lambda each: status.update(f"measuring: {each}"),
        )
    if as_json:
        click.echo(json.dumps(_told(result)))
    else:
        _show(result, about)


def _told(result: Result) -> dict[str, object]:
    told: dict[str, object] = {
        name: {key: round(value, 3) for key, value in figures.items()}
        for name, figures in result.figures.items()
    }
    if result.left_out:
        told["left_out"] = dict(result.left_out)
    return told


def _show(result: Result, about: Sequence[str]) -> None:
    width = max(shutil.get_terminal_size().columns, 80)
    console = Console(width=None if Console().is_terminal else width)
    table = Table(title="gate-agent bench", caption="\n".join(about), caption_justify="left")
    table.add_column("")
    table.add_column("figure", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("aim")
    table.add_column("what it is", overflow="fold")
    for name, figures in result.figures.items():
        for number, figure in enumerate(TABLE[name]):
            value = figures[figure.name]
            good = figure.met(value)
            colour = {None: "", True: "green", False: "red"}[good]
            mark = {None: "", True: " ✓", False: " ✗"}[good]
            table.add_row(
                "" if number else name,
                figure.name,
                f"[{colour}]{_number(value)}[/]" if colour else _number(value),
                figure.aim() + mark,
                f"{figure.says} ({figure.unit})" if figure.unit else figure.says,
                end_section=number == len(TABLE[name]) - 1,
            )
    console.print(table)
    for name, why in result.left_out.items():
        console.print(f"{name} was left out: {why}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 10 else f"{value:.1f}"
