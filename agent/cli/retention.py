"""``gate-agent journal cut`` and ``rebuild``: what is done with a journal that has grown old.

What is heavy is done in this process, with a handle that cannot write; the gate itself, running or
not, is only asked for slices of a few milliseconds.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from agent.cli import options
from agent.cli.house import Ask, reach
from agent.errors import GateError
from agent.settings import Settings
from agent.settings.faults import UnfitError
from agent.settings.here import load
from agent.settings.units import parse_duration
from agent.store import archive as archives
from agent.store.carry import Key
from agent.store.consumers import least
from agent.store.endmark import EndMark, sign
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt
from agent.store.retention import Plan, boundary, left_behind, plan
from drivers.clock import SystemClock

_AT_ONCE = 200
_SHOWN = 20
_ROUNDS = 5


@click.command()
@click.option("--keep", default="", help="How much stays; default: retention: in the settings.")
@click.option(
    "--archive", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A directory for what is cut off, compressed, without personal data.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--name", "actor", default="", help="Who orders it, for the record.")
@options.config
def cut(
    keep: str, archive: Path | None, dry_run: bool, yes: bool, actor: str, config_path: Path
) -> None:
    """Remove whole months that are older than the journal is kept, below a signed end mark.

    What is in force (open visits, held deposits, bans …) is written down anew first. Nothing goes
    that the broker does not have yet, or that a consumer named in the settings has not confirmed.
    `journal verify` still holds afterwards.
    """
    settings = load(config_path)
    kept = span(keep) if keep else settings.retention
    now = trusted_now(settings)
    before_us = boundary(now, kept, ZoneInfo(settings.timezone))
    with Reading.open(settings.paths.ledger) as reading, _progress("reading") as progress:
        limit, why = _limit(settings, reading)
        wanted = plan(reading, before_us, limit, progress)
        first = reading.ends()[0]
    if limit is not None and limit <= (first - 1 if wanted is None else wanted.through):
        click.echo(f"nothing beyond entry {limit} may go: {why}")
    since = datetime.fromtimestamp(before_us / 1e6, ZoneInfo(settings.timezone))
    if wanted is None:
        click.echo(f"nothing before {since:%Y-%m-%d} may go")
        with reach(settings, make=False) as ask:
            _finish(settings, ask)
        return
    click.echo(
        f"{wanted.entries} entries up to {wanted.through}, written before {since:%Y-%m-%d}; "
        f"{len(wanted.carry)} rows are in force and are carried, {len(wanted.drop)} are over"
    )
    if dry_run:
        return
    if not yes:
        click.confirm("cut them off?", abort=True)
    with reach(settings, make=False) as ask:
        _cut(settings, ask, wanted, archive, actor)
    click.echo(f"cut: the journal begins at entry {wanted.through + 1}")


def _cut(settings: Settings, ask: Ask, wanted: Plan, folder: Path | None, actor: str) -> None:
    digest = ""
    with Reading.open(settings.paths.ledger) as reading:
        if folder is not None:
            file, digest = archives.write(reading, folder, wanted.through)
            click.echo(f"archived in {file}, SHA-256 {digest}")
        drop = _carried(reading, ask, wanted)
        (stream,) = reading.rows("SELECT stream FROM streams WHERE id = (SELECT stream FROM state)")
    made_us = SystemClock(assume_synced=settings.clock.assume_synced).now().wall_us
    mark = EndMark(
        settings.estate, settings.gate, stream["stream"], wanted.through, wanted.hash, made_us
    )
    key, signature = sign(mark, settings.paths.state / "cut.key")
    ask(
        "journal.cut",
        sequence=mark.sequence,
        hash=mark.hash.hex(),
        made_us=made_us,
        key=key.hex(),
        signature=signature.hex(),
        entries=wanted.entries,
        archive=digest,
        actor=actor,
    )
    for part in _parts(drop):
        ask("journal.drop", keys=part, before_us=wanted.before_us)
    while ask("journal.trim"):
        pass


def _carried(reading: Reading, ask: Ask, wanted: Plan) -> Sequence[Key]:
    """Carry until nothing is left to carry; gives what is to be dropped afterwards."""
    carry = list(wanted.carry)
    for _ in range(_ROUNDS):
        for part in _parts(carry):
            ask("journal.carry", keys=part)
        carry, drop = left_behind(reading, wanted.through, wanted.before_us)
        if not carry:
            return drop
    raise GateError(
        f"{len(carry)} rows of the books cannot be carried: nothing was cut; please report what "
        "`gate-agent journal rebuild --compare` says"
    )


def _finish(settings: Settings, ask: Ask) -> None:
    """An earlier cut may have been interrupted."""
    while ask("journal.trim"):
        pass
    with Reading.open(settings.paths.ledger) as reading:
        found = reading.rows("SELECT max(sequence) AS last, max(made_us) AS made_us FROM cuts")
        if found[0]["last"] is None:
            return
        before_us = found[0]["made_us"]
        drop = left_behind(reading, found[0]["last"], before_us)[1]
    for part in _parts(drop):
        ask("journal.drop", keys=part, before_us=before_us)


@click.command()
@click.option("--compare", is_flag=True, help="Only compare; 1 is the exit code if they differ.")
@options.config
def rebuild(compare: bool, config_path: Path) -> None:
    """Make the books (visits, deposits, presence …) anew from the journal and compare.

    Where they differ they are made anew, at once in a gate that does not run, otherwise at its next
    start.
    """
    settings = load(config_path)
    with (
        Reading.open(settings.paths.ledger) as reading,
        Rebuilt(reading) as rebuilt,
        _progress("reading") as progress,
    ):
        rebuilt.catch_up(progress)
        found = rebuilt.differences()
        entries = rebuilt.entries
    for each in found[:_SHOWN]:
        click.echo(each.says())
    if len(found) > _SHOWN:
        click.echo(f"… and {len(found) - _SHOWN} more rows")
    if not found:
        click.echo(f"the books are what the journal makes of its {entries} entries")
        return
    if compare:
        click.echo(f"{len(found)} rows are not what the journal makes", err=True)
        sys.exit(1)
    with reach(settings, make=False) as ask:
        done = ask("journal.rebuild")
    if done < 0:
        click.echo("they are made anew when the gate starts next: systemctl restart gate-agent")
    else:
        click.echo(f"made anew from {done} entries")


def span(text: str) -> timedelta:
    """A duration such as ``186 days``; raises GateError."""
    try:
        return parse_duration(text)
    except UnfitError as fault:
        raise GateError(f"{text!r} is not a duration: write 186 days or 2 years") from fault


def trusted_now(settings: Settings) -> datetime:
    """The time, by a clock that can be believed; raises GateError."""
    now = SystemClock(assume_synced=settings.clock.assume_synced).now()
    if not now.quality.trusted:
        raise GateError(
            f"the clock is {now.quality.value}: nothing is removed by dates until it can be "
            "believed; see clock: in the settings, or the machine's time server"
        )
    return datetime.fromtimestamp(now.wall_us / 1e6, UTC)


def _limit(settings: Settings, reading: Reading) -> tuple[int | None, str]:
    """The last entry that the centre has, and who has no more; None where there is no centre."""
    if settings.uplink is None:
        return None, ""
    (row,) = reading.rows("SELECT published FROM state")
    published = int(row["published"])
    slowest = least(reading, settings.uplink.consumers)
    if slowest is not None and slowest[0] < published:
        return slowest[0], f"{slowest[1]} has confirmed no more (uplink.consumers)"
    return published, "the broker has no more"


def _parts(keys: Sequence[Key]) -> list[Sequence[Key]]:
    return [keys[n : n + _AT_ONCE] for n in range(0, len(keys), _AT_ONCE)]


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done: progress.update(task, completed=done)
