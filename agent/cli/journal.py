"""``gate-agent journal``: prove it, read it, find in it, take it out."""

import json
import secrets
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from agent.cli import options
from agent.cli.retention import cut, rebuild
from agent.control.client import ControlClient, NotRunningError
from agent.core.entries import StoredEntry
from agent.errors import GateError
from agent.settings import Settings
from agent.settings.here import load
from agent.store import export as exports
from agent.store.reading import Reading
from agent.store.search import Search
from agent.store.verify import verify as verify_journal

_US = 1_000_000


@click.group()
def journal() -> None:
    """Verify, read, search, export and cut the journal; only a cut takes anything away."""


journal.add_command(cut)
journal.add_command(rebuild)


@journal.command()
@click.option("--anchor", default="", metavar="SEQ:HASH", help="A head that was published.")
@options.config
@options.as_json
def verify(anchor: str, config_path: Path, as_json: bool) -> None:
    """Prove that no entry was changed, removed or reordered, and that none is missing at the end.

    With an anchor (from the topic `status`, or `gate-agent status`) a removed end is found too.
    """
    path = load(config_path).paths.ledger
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        verdict = verify_journal(
            path,
            _anchor(anchor),
            lambda done, whole: progress.update(task, completed=done, total=whole),
        )
    if as_json:
        told = asdict(verdict) | {"ok": verdict.ok, "anchor": verdict.anchor}
        click.echo(json.dumps(told | {"head": verdict.head.hex()}, ensure_ascii=False))
    elif verdict.ok:
        click.echo(f"{verdict.checked} entries, {verdict.first} to {verdict.last}: all as written")
        click.echo(f"anchor {verdict.anchor}")
    else:
        click.echo(f"entry {verdict.bad}: {verdict.what}", err=True)
        click.echo(f"{verdict.checked} entries before it are as written", err=True)
        click.echo(f"what to do: {verdict.advice}", err=True)
    if not verdict.ok:
        sys.exit(1)


@journal.command()
@click.option("-n", "count", default=20, show_default=True, help="How many entries.")
@options.config
@options.as_json
def tail(count: int, config_path: Path, as_json: bool) -> None:
    """Show the last entries."""
    settings = load(config_path)
    with Reading.open(settings.paths.ledger) as reading:
        _show(reading, reading.tail(count), settings, as_json=as_json)


@journal.command()
@click.option("--card", default="", help="A label, or scheme:HEX.")
@click.option("--person", default="", help="Part of a name, unit, department or company.")
@click.option("--plate", default="", help="Part of a number plate.")
@click.option("--lane", default="", help="A lane.")
@click.option("--type", "kind", default="", help="A type, or how it begins: gate.access.")
@click.option("--since", default="", help="Local time: 2026-11-22 or 2026-11-22 07:30.")
@click.option("--until", default="", help="Local time, included.")
@click.option("--limit", default=100, show_default=True, help="The newest, at most so many.")
@options.config
@options.as_json
def search(
    card: str, person: str, plate: str, lane: str, kind: str, since: str, until: str,
    limit: int, config_path: Path, as_json: bool,
) -> None:  # fmt: skip
    """Find entries; all conditions that are given must hold."""
    settings = load(config_path)
    first, last = _moment(since, settings), _moment(until, settings, whole_day=True)
    what = Search(card, person, plate, lane, kind, first, last)
    with Reading.open(settings.paths.ledger) as reading:
        found = reading.search(what, limit)
        _show(reading, found, settings, as_json=as_json)
    if not found:
        click.echo("nothing found", err=True)


@journal.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", default="", help="Local time: 2026-11-22 or 2026-11-22 07:30.")
@click.option("--until", default="", help="Local time, included.")
@click.option("--name", "actor", default="", help="Who makes it, for the seal.")
@options.config
def export(file: Path, since: str, until: str, actor: str, config_path: Path) -> None:
    """Write the journal to FILE: CSV if it ends in .csv, JSON Lines if in .jsonl.

    The file holds personal data in the clear: keep it accordingly. Beside it lies its seal, with
    the SHA-256 of the file and the head of the journal: see `journal check`.
    """
    settings = load(config_path)
    what = Search(since=_moment(since, settings), until=_moment(until, settings, whole_day=True))
    with (
        Reading.open(settings.paths.ledger) as reading,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("exporting", total=reading.counts()["entries"])
        rows = progress.track(reading.export(what), task_id=task)
        about = " ".join(
            part for part in (since and f"since {since}", until and f"until {until}") if part
        )
        seal = exports.write(reading, file, rows, exports.ENTRY_COLUMNS, actor, about)
    click.echo(f"{seal.rows} entries in {file}")
    click.echo(f"sealed: SHA-256 {seal.sha256}, head {seal.head}")
    _note(settings, seal, actor)


@journal.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.config
def check(file: Path, config_path: Path) -> None:
    """Prove that an exported FILE is what was sealed, and that its head is one of this journal."""
    seal = exports.check(file)
    sequence, _, digest = seal.head.partition(":")
    with Reading.open(load(config_path).paths.ledger) as reading:
        found = reading.rows("SELECT hash FROM entries WHERE sequence = ?", (int(sequence),))
    if found and found[0]["hash"].hex() != digest:
        raise GateError(
            f"{file} is whole, but entry {sequence} of this journal is not the head that was "
            "sealed: it is the export of another journal"
        )
    click.echo(f"{seal.rows} entries of {seal.estate}/{seal.gate}, made {seal.made}: as sealed")
    if not found and int(sequence):
        click.echo(f"entry {sequence} is not in this journal any more: the head was not compared")


def _note(settings: Settings, seal: exports.Seal, actor: str) -> None:
    """Write down that records left the gate, where a daemon can."""
    told = {"file": seal.file, "sha256": seal.sha256, "rows": seal.rows, "head": seal.head}
    order: dict[str, object] = {
        "order_id": f"cli-{secrets.token_hex(8)}",
        "kind": "evidence.export",
    }
    order |= {"args": {}, "form": {**told, "about": seal.about[:200]}, "actor": actor}
    try:
        with ControlClient(settings.paths.control) as client:
            answer = client.ask("order", **order)
    except NotRunningError:
        click.echo("no daemon runs, so this export is not noted in the journal", err=True)
        return
    if answer["status"] != "done":
        raise GateError(f"the export was made, but not noted in the journal: {answer['detail']}")


def _show(
    reading: Reading, entries: Iterable[StoredEntry], settings: Settings, *, as_json: bool
) -> None:
    zone = ZoneInfo(settings.timezone)
    for entry in entries:
        data = json.loads(entry.data)
        personal = reading.personal(entry.sequence)
        if as_json:
            row = {**entry._asdict(), "data": data, "personal": personal}
            click.echo(json.dumps(row, ensure_ascii=False))
            continue
        at = datetime.fromtimestamp(entry.time_us / _US, zone)
        what = entry.type.removeprefix("gate.").removesuffix(".v1")
        hidden = ("commitments", "cardref", "lane")
        told = {key: value for key, value in data.items() if key not in hidden} | personal
        words = " ".join(f"{key}={value}" for key, value in told.items())
        by = f" by {entry.actor}" if entry.actor else ""
        click.echo(
            f"{entry.sequence:>7}  {at:%Y-%m-%d %H:%M:%S}  {what:18} {entry.subject:12}{by} {words}"
        )


def _anchor(text: str) -> tuple[int, bytes] | None:
    if not text:
        return None
    sequence, colon, digest = text.partition(":")
    try:
        anchor = int(sequence), bytes.fromhex(digest)
    except ValueError:
        anchor = 0, b""
    if not colon or anchor[0] < 1 or len(anchor[1]) != 32:
        raise GateError(
            f"{text!r} is not an anchor: write the sequence, a colon and 64 hexadecimal digits, "
            "such as headseq and headhash of the topic status"
        )
    return anchor


def _moment(text: str, settings: Settings, *, whole_day: bool = False) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise GateError(f"{text!r} is not a local time: write 2026-11-22 07:30") from fault
    if whole_day and len(text) == len("2026-11-22"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return int(moment.replace(tzinfo=ZoneInfo(settings.timezone)).timestamp() * _US)
