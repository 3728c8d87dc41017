"""``gate-agent roster``: cards in and out, all or nothing."""

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress

from agent import transfer
from agent.cli import options
from agent.cli.house import reach
from agent.errors import GateError
from agent.settings.here import load
from agent.store import roster_csv
from agent.store.reading import Reading

_SHOWN = 200
_NAMED = 20
_LISTED = ("label", "credential", "kind", "status", "holder", "unit", "plate")


@click.group()
def roster() -> None:
    """Import, list and export cards; block and unblock one."""


@roster.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--encoding", default="utf-8-sig", help="Such as gb18030 for Chinese Excel.")
@click.option("--allow-empty", is_flag=True, help="FILE may have no cards: nobody passes then.")
@options.config
def import_(file: Path, encoding: str, allow_empty: bool, config_path: Path) -> None:
    """Replace the roster by the cards of FILE (CSV): all of them, or none.

    The gate works on with the old roster until the new one is whole. With a column phones, the
    residents' lines of the directory follow; without it the directory stays as it is.
    """
    settings = load(config_path)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        reading = progress.add_task("reading", total=None)
        found = roster_csv.read(
            file,
            settings.lanes,
            encoding,
            lambda line: progress.update(reading, completed=line) if not line % 1000 else None,
        )
        if not found.faults:
            staging = progress.add_task("staging", total=len(found.glued))
            with reach(settings) as ask:
                # Here the ledger is there, even if it is the first roster.
                with Reading.open(settings.paths.ledger) as reader:
                    was = reader.counts()["cards"]
                sent = transfer.send(
                    ask,
                    found,
                    lambda done: progress.update(staging, completed=done),
                    allow_empty=allow_empty,
                )
    if found.faults:
        for fault in found.faults[:_SHOWN]:
            click.echo(f"{file}: {fault}", err=True)
        more = len(found.faults) - _SHOWN
        if more > 0:
            click.echo(f"… and {more} more", err=True)
        faults = transfer.counted(len(found.faults), "fault")
        raise GateError(f"{file} has {faults}: nothing was imported")
    click.echo(f"was {transfer.counted(was, 'card')}, now {sent.cards}")
    for line in _drawer(found, sent):
        click.echo(line)
    if sent.directory is not None:
        click.echo(_followed(sent.directory))


def _drawer(found: roster_csv.RosterFile, sent: transfer.Sent) -> Iterable[str]:
    """What is to be known of the cards that visitors are given."""
    if found.laid:
        cards = transfer.counted(found.laid, "card")
        yield f"no status, so in stock: {cards} of visitors or contractors; a visit gives them out"
    if found.loose:
        cards = transfer.counted(found.loose, "visitor's card")
        yield f"active, so open without a visit: {cards}; status stock lays them into the drawer"
    if sent.kept:
        names = ", ".join(sent.kept[:_NAMED])
        more = f" and {len(sent.kept) - _NAMED} more" if len(sent.kept) > _NAMED else ""
        yield f"left in stock, as visitors have them just now: {names}{more}"


def _followed(told: Mapping[str, int]) -> str:
    residents = transfer.counted(told["residents"], "resident")
    changes = f"{transfer.counted(told['put'], 'line')} new or changed, {told['dropped']} gone"
    return (
        f"directory: {residents} with numbers, {changes}, {told['kept']} by hand left as they are"
    )


@roster.command("list")
@click.option("--status", default="", help="Only cards with this status.")
@click.option("--kind", default="", help="Only cards of this kind.")
@click.option("--limit", default=50, show_default=True, help="How many at most.")
@options.config
@options.as_json
def list_(status: str, kind: str, limit: int, config_path: Path, as_json: bool) -> None:
    """List cards of the roster."""
    with Reading.open(load(config_path).paths.ledger) as reading:
        wanted = (
            card
            for card in reading.cards()
            if (not status or card.status == status) and (not kind or card.kind == kind)
        )
        listed = 0
        for card in itertools.islice(wanted, limit):
            told = (
                card.label,
                str(card.credential),
                card.kind.value,
                card.status.value,
                card.holder,
                card.unit or card.department,
                card.plate,
            )
            if as_json:
                row = dict(zip(_LISTED, told, strict=True))
                click.echo(json.dumps(row, ensure_ascii=False))
            else:
                if not listed:
                    click.echo(_line(_LISTED))
                click.echo(_line(told))
            listed += 1
    if not listed:
        click.echo("no cards", err=True)


@roster.command()
@click.argument("file", type=click.File("w", encoding="utf-8-sig", lazy=True))
@options.config
def export(file: TextIO, config_path: Path) -> None:
    """Write the roster to FILE (CSV; - for standard output). Importing it again changes nothing."""
    with Reading.open(load(config_path).paths.ledger) as reading:
        count = roster_csv.write(file, reading.roster_rows())
    click.echo(transfer.counted(count, "card"), err=True)


@roster.command()
@click.argument("label")
@click.option("--lost", is_flag=True, help="Reported lost, not only blocked.")
@options.config
def block(label: str, lost: bool, config_path: Path) -> None:
    """Refuse the card LABEL from now on."""
    _change(config_path, label, "lost" if lost else "blocked")


@roster.command()
@click.argument("label")
@click.option("--found", is_flag=True, help="It was lost, and its holder has it again.")
@options.config
def unblock(label: str, found: bool, config_path: Path) -> None:
    """Let the card LABEL be good again."""
    _change(config_path, label, "active", found=found)


def _change(config_path: Path, label: str, status: str, *, found: bool = False) -> None:
    with reach(load(config_path)) as ask:
        told = ask("roster.status", label=label, status=status, found=found)
    if told["was"] == told["status"]:
        click.echo(f"{told['card']} is {told['status']} already")
    else:
        click.echo(f"{told['card']}: {told['was']} → {told['status']}")


def _line(values: Iterable[str]) -> str:
    return "  ".join(f"{value:14}" for value in values).rstrip()
