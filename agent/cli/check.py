"""``gate-agent check`` and ``gate-agent schema``: the settings before the gate depends on them.

Rules kept here:
- all faults at once, in the order of the file; nothing is opened, moved or written;
- a TLS file that is not on this machine is a note and no fault: the gate works without its uplink,
  and a file of settings may be checked on another machine;
- exit 0: the daemon will take this file; 1: it will not.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from agent.settings.faults import FaultySettingsError, tell
from agent.settings.models import Settings
from agent.settings.reading import read
from agent.settings.schema import json_schema
from agent.settings.summary import as_json, summary


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_object", is_flag=True, help="One JSON object, for machines.")
def check(file: Path, as_object: bool) -> None:
    """Check the settings in FILE and name every fault with its line."""
    try:
        settings = read(file)
    except FaultySettingsError as error:
        if as_object:
            faults = [fault.as_json() for fault in error.faults]
            _print({"file": str(file), "ok": False, "faults": faults, "summary": None})
        else:
            click.echo(tell(error.faults))
        sys.exit(1)
    if as_object:
        _print({"file": str(file), "ok": True, "faults": [], "summary": as_json(settings)})
        return
    click.echo(f"{file}: no fault\n")
    for line in summary(settings):
        click.echo(line)
    for note in _notes(settings):
        click.echo(note)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the settings, for editors."""
    click.echo(json_schema(), nl=False)


def _notes(settings: Settings) -> Iterator[str]:
    passes = settings.qr_passes.keys if settings.qr_passes is not None else {}
    for name, key in passes.items():
        if not os.path.lexists(key.file):
            yield f"note: qr_passes.keys.{name}: {key.file} is not there, or not for you to see"
    tls = settings.uplink.tls if settings.uplink is not None else None
    if tls is None:
        return
    for name, place in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)):
        # Credentials are there only while the service runs.
        if place is None or place.is_relative_to("/run/credentials"):
            continue
        if not os.path.lexists(place):
            yield f"note: uplink.tls.{name}: {place} is not there, or not for you to see"


def _print(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
