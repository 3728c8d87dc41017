"""``gate-agent check`` and ``gate-agent schema``: the settings before the gate depends on them.

Rules kept here:
- all faults at once, in the order of the file, those of keys among them; nothing is moved or
  written;
- what the gate works without is a warning, what cannot be looked at from here is a note,
  and so is a certificate that ends soon;
- exit 0: the daemon will take this file; 1: it will not.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from agent.key_check import Findings, look
from agent.settings.faults import Fault, counted, tell
from agent.settings.reading import examine
from agent.settings.schema import json_schema
from agent.settings.summary import as_json, summary

_ELSEWHERE = (
    "Keys that are not on this machine: is the file for another one, gate-agent check --no-files "
    "looks at the settings alone."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_object", is_flag=True, help="One JSON object, for machines.")
@click.option(
    "--no-files",
    is_flag=True,
    help="Do not open key files and certificates: the file is for another machine.",
)
def check(file: Path, *, as_object: bool, no_files: bool) -> None:
    r"""Check the settings in FILE and name every fault with its line.

    Keys, passwords and certificates that FILE names are opened too, and never shown.

    \b
    fault    the gate does not start; the exit status is 1
    warning  the gate starts, and a part of it does not work
    note     could not be looked at: a file that you may not read, or a
             credential, which is there only while the service runs;
             or a certificate that ends within 30 days
    """
    read = examine(file)
    found = Findings() if no_files else look(read.keys)
    told = sorted([*read.faults, *found.faults], key=_order)
    good = all(fault.warning for fault in told)
    settings = read.settings if good else None
    if as_object:
        _print(
            {
                "file": str(file),
                "ok": good,
                "faults": _plain(fault for fault in told if not fault.warning),
                "warnings": _plain(fault for fault in told if fault.warning),
                "notes": _plain(found.notes),
                "summary": None if settings is None else as_json(settings),
            }
        )
    elif settings is None:
        click.echo(tell(told))
        _echo_notes(found)
    else:
        unopened = "; keys and certificates were not opened" if no_files and read.keys else ""
        click.echo(f"{file}: {counted(told)}{unopened}\n")
        for line in summary(settings):
            click.echo(line)
        if told:
            click.echo("\n" + "\n\n".join(map(str, told)))
        _echo_notes(found)
    sys.exit(0 if good else 1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the settings, for editors."""
    click.echo(json_schema(), nl=False)


def _order(fault: Fault) -> tuple[int, int, str]:
    return fault.line, fault.column, fault.path


def _echo_notes(found: Findings) -> None:
    if found.absent:
        click.echo(f"\n{_ELSEWHERE}")
    for note in found.notes:
        click.echo(f"note: {note.path}: {note.problem}")


def _plain(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    return [fault.as_json() for fault in faults]


def _print(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
