"""``gate-agent check`` and ``gate-agent schema``: the settings before the gate depends on them.

Rules kept here:
- all faults at once, in the order of the file; nothing is opened, moved or written;
- exit 0: the daemon will take this file; 1: it will not.
"""

import json
import sys
from pathlib import Path

import click

from agent.settings.faults import FaultySettingsError, tell
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


@click.command()
def schema() -> None:
    """Print the JSON Schema of the settings, for editors."""
    click.echo(json_schema(), nl=False)


def _print(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
