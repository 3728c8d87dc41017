"""``gate-agent status``: the health of every part, in one place."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.control.client import ControlClient
from agent.settings import load

_COLOUR = {"ok": "green", "degraded": "yellow", "down": "red", "unknown": "yellow"}


@click.command()
@options.config
@options.as_json
def status(config_path: Path, as_json: bool) -> None:
    """Show how every part of the running gate is. Exit code 1 when a part is down."""
    with ControlClient(load(config_path).paths.control) as client:
        told = client.ask("status")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)
    if any(part["condition"] == "down" for part in told["parts"]):
        sys.exit(1)


def _show(told: dict[str, Any]) -> None:
    head = told["head"]
    click.echo(f"gate {told['estate']}/{told['gate']}, journal at {head['sequence']}")
    for lane in told["lanes"]:
        waiting = f", {lane['waiting']} waiting" if lane["waiting"] else ""
        click.echo(f"  lane {lane['lane']}: arm {lane['position']}, loop {lane['loop']}{waiting}")
    width = max(len(part["part"]) for part in told["parts"])
    for part in told["parts"]:
        word = click.style(f"{part['condition']:8}", fg=_COLOUR[part["condition"]])
        counts = ", ".join(f"{name} {count}" for name, count in part["counters"].items() if count)
        more = f"  ({counts})" if counts else ""
        click.echo(f"  {part['part']:{width}}  {word}  {part['detail']}{more}")
