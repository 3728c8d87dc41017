"""``gate-agent contract``: the documents of the contract with a centre, made and checked.

Rules kept here:
- nothing is written over what was published before unless it only adds to it, or ``--anyway``;
- exit 0: written, or nothing differs; 1: something differs, or may not be changed; 2: wrong call.
"""

import sys
from pathlib import Path

import click

from agent.contract.changes import changes
from agent.contract.documents import differences, read_schemas, schemas, write

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--out", type=FOLDER, help="Write the documents into this folder.")
@click.option("--check", "known", type=FOLDER, help="Say what in this folder is not current.")
@click.option("--anyway", is_flag=True, help="Write also what is no mere addition: a new major.")
def contract(out: Path | None, known: Path | None, *, anyway: bool) -> None:
    """AsyncAPI document, JSON Schemas and examples of everything said over MQTT."""
    if (out is None) == (known is None):
        raise click.UsageError("say either --out FOLDER or --check FOLDER")
    if out is not None:
        _write(out, anyway=anyway)
    elif known is not None:
        _check(known)


def _write(folder: Path, *, anyway: bool) -> None:
    broken = [] if anyway else changes(read_schemas(folder), schemas())
    if broken:
        _tell(broken)
        click.echo("nothing was written: inside a major only additions are made", err=True)
        sys.exit(1)
    click.echo(f"{write(folder)} files written to {folder}")


def _check(folder: Path) -> None:
    said = differences(folder)
    broken = changes(read_schemas(folder), schemas())
    _tell(said + [f"not an addition: {each}" for each in broken])
    if said or broken:
        click.echo(f"make it current: gate-agent contract --out {folder}", err=True)
        sys.exit(1)
    click.echo(f"{folder} is current")


def _tell(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)
