"""``gate-agent roster``: cards in and out, all or nothing."""

import itertools
import json
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress

from agent import transfer
from agent.cli import options
from agent.cli.house import reach
from agent.errors import GateError
from agent.settings import load
from agent.store import roster_csv
from agent.store.reading import Reading

_SHOWN = 200


@click.group()
def roster() -> None:
    """Import, list and export cards; block and unblock one."""


@roster.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--encoding", default="utf-8-sig", help="Such as gb18030 for Chinese Excel.")
@options.config
def import_(file: Path, encoding: str, config_path: Path) -> None:
    """Replace the roster by the cards of FILE (CSV): all of them, or none.

    The gate works on with the old roster until the new one is whole.
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
                count = transfer.send(
                    ask, found, lambda done: progress.update(staging, completed=done)
                )
    if found.faults:
        for fault in found.faults[:_SHOWN]:
            click.echo(f"{file}: {fault}", err=True)
        more = len(found.faults) - _SHOWN
        if more > 0:
            click.echo(f"… and {more} more", err=True)
        raise GateError(f"{file} has {len(found.faults)} faults: nothing was imported")
    click.echo(f"{count} cards rule from now on")


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
        for card in itertools.islice(wanted, limit):
            told = {
                "label": card.label,
                "credential": str(card.credential),
                "kind": card.kind.value,
                "status": card.status.value,
                "holder": card.holder,
                "unit": card.unit or card.department,
                "plate": card.plate,
            }
            if as_json:
                click.echo(json.dumps(told, ensure_ascii=False))
            else:
                click.echo("  ".join(f"{value:14}" for value in told.values()).rstrip())


@roster.command()
@click.argument("file", type=click.File("w", encoding="utf-8-sig", lazy=True))
@options.config
def export(file: TextIO, config_path: Path) -> None:
    """Write the roster to FILE (CSV; - for standard output). Importing it again changes nothing."""
    with Reading.open(load(config_path).paths.ledger) as reading:
        count = roster_csv.write(file, reading.roster_rows())
    click.echo(f"{count} cards", err=True)


@roster.command()
@click.argument("label")
@click.option("--lost", is_flag=True, help="Reported lost, not only blocked.")
@options.config
def block(label: str, lost: bool, config_path: Path) -> None:
    """Refuse the card LABEL from now on."""
    _change(config_path, label, "lost" if lost else "blocked")


@roster.command()
@click.argument("label")
@options.config
def unblock(label: str, config_path: Path) -> None:
    """Let the card LABEL be good again."""
    _change(config_path, label, "active")


def _change(config_path: Path, label: str, status: str) -> None:
    with reach(load(config_path)) as ask:
        told = ask("roster.status", label=label, status=status)
    click.echo(f"{told['card']}: {told['was']} → {told['status']}")
