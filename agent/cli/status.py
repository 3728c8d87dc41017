"""``gate-agent status``: the health of every part, in one place."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.control.client import ControlClient
from agent.settings.here import load

_COLOUR = {"ok": "green", "degraded": "yellow", "down": "red", "unknown": "yellow"}
TOLD = frozenset({"published", "confirmed", "backlog"})
"""How far the centre has come is told also when it has nothing yet."""

_EMERGENCIES = {
    "fire": "FIRE: every arm is kept up, nothing closes (gate-agent fire-reset)",
    "lockdown": "LOCKDOWN: entry only (gate-agent lift-lockdown)",
}


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
    emergency = next((lane["emergency"] for lane in told["lanes"]), "none")
    if emergency != "none":
        click.echo(click.style(f"  {_EMERGENCIES[emergency]}", fg="red", bold=True))
    for lane in told["lanes"]:
        click.echo(f"  lane {lane['lane']}: {', '.join(lane_words(lane))}")
    width = max(len(part["part"]) for part in told["parts"])
    for part in told["parts"]:
        word = click.style(f"{part['condition']:8}", fg=_COLOUR[part["condition"]])
        counts = ", ".join(count_words(part["counters"]))
        more = f"  ({counts})" if counts else ""
        click.echo(f"  {part['part']:{width}}  {word}  {part['detail']}{more}")


def count_words(counters: Mapping[str, int]) -> Iterator[str]:
    """A part's counters in words; what is 0 is left out unless that is news (`TOLD`)."""
    for name, count in counters.items():
        if count or name in TOLD:
            yield f"{name[:-2]} {count} s" if name.endswith("_s") else f"{name} {count}"


def lane_words(lane: Mapping[str, Any]) -> Iterator[str]:
    """A lane in words; what is not wired, or as it always is, is left out."""
    position, proof = lane["position"], lane["proof"]
    yield f"arm {position} ({proof})" if proof == "assumed" else f"arm {position}"
    if lane["mode"] not in {"normal", lane["emergency"], position}:
        yield lane["mode"].replace("_", " ")
    for sensor in ("approach", "loop", "exit"):
        if sensor == "loop" or lane[sensor] != "none":
            yield f"{sensor} {lane[sensor]}"
    if lane["waiting"]:
        yield f"{lane['waiting']} waiting"
    if lane["alarm"] != "none":
        yield f"open too long: {lane['alarm'].replace('_', '-')}"
    yield from lane["faults"]
    if lane["text"]:
        yield f"text {lane['text']!r}"
