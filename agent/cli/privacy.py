"""``gate-agent privacy``: what the gate knows of people, and how it forgets."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from agent.cli import options
from agent.cli.house import reach
from agent.cli.retention import span, trusted_now
from agent.settings import Settings
from agent.settings.here import load
from agent.settings.units import write_duration
from agent.store.reading import Reading


@click.group()
def privacy() -> None:
    """See how old the personal data of the journal is, and erase it."""


@privacy.command()
@options.config
@options.as_json
def status(config_path: Path, as_json: bool) -> None:
    """Count the personal fields, and say what the next erasure takes."""
    settings = load(config_path)
    with Reading.open(settings.paths.ledger) as reading:
        fields = reading.counts()["personal"]
        found = reading.rows(
            "SELECT time_us FROM entries WHERE sequence = (SELECT min(id) >> 5 FROM personal)"
        )
        old = reading.erasable(_before_us(settings, ""))
    oldest = found[0]["time_us"] if found else None
    if as_json:
        told = {"fields": fields, "oldest_us": oldest, "entries": old.entries, "old": old.fields}
        click.echo(json.dumps(told))
        return
    click.echo(f"{fields} personal fields in the journal")
    if oldest is not None:
        at = datetime.fromtimestamp(oldest / 1e6, ZoneInfo(settings.timezone))
        click.echo(f"the oldest are of {at:%Y-%m-%d}")
    kept = write_duration(settings.privacy.erase_after)
    click.echo(f"{old.fields} of {old.entries} entries are older than {kept} and over")


@privacy.command()
@click.option("--older-than", default="", help="Default: privacy.erase_after in the settings.")
@click.option("--dry-run", is_flag=True, help="Only say how much that is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--name", "actor", default="", help="Who orders it, for the record.")
@options.config
def erase(older_than: str, dry_run: bool, yes: bool, actor: str, config_path: Path) -> None:
    """Erase the personal fields of what is over and old; the journal still verifies.

    Open visits, deposits that are held, bans in force and open calls keep theirs. A running gate
    does this by itself once a day.
    """
    settings = load(config_path)
    before_us = _before_us(settings, older_than)
    with Reading.open(settings.paths.ledger) as reading:
        found = reading.erasable(before_us)
    click.echo(f"{found.fields} personal fields of {found.entries} entries")
    if dry_run or not found.entries:
        return
    if not yes:
        click.confirm("erase them for good?", abort=True)
    after = entries = fields = 0
    with reach(settings, make=False) as ask:
        while True:
            done = ask("privacy.erase", before_us=before_us, after=after, actor=actor)
            entries, fields, after = (
                entries + done["entries"],
                fields + done["fields"],
                done["after"],
            )
            if not after:
                break
    click.echo(f"erased: {fields} fields of {entries} entries")


def _before_us(settings: Settings, older_than: str) -> int:
    age = span(older_than) if older_than else settings.privacy.erase_after
    return int((trusted_now(settings) - age).timestamp() * 1_000_000)
