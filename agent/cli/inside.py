"""``gate-agent inside, amnesty, count``: who is inside, and what sets the books of that right."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.house import reach
from agent.cli.ordering import send
from agent.settings.here import load

_NAMED = ("plate", "holder", "unit", "department")


@click.command()
@click.option("--zone", default="", help="Only this zone.")
@click.option("--names", is_flag=True, help="Names in full; otherwise they are masked.")
@options.config
@options.as_json
def inside(zone: str, names: bool, config_path: Path, as_json: bool) -> None:
    """List who and which vehicle is inside, since when, and how many bays are free.

    With ? after the time nobody saw the passage: it is assumed.
    """
    with reach(load(config_path), make=False) as ask:
        told = ask("inside", zone=zone, names=names)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for each in told["zones"]:
        click.echo(_zone(each))
        for row in told["inside"]:
            if row["zone"] == each["zone"]:
                click.echo(_row(row))


@click.command()
@click.option("--zone", default="", help="Everybody in this zone; default: everybody.")
@click.option("--card", default="", help="Only the card with this label.")
@click.option("--reason", required=True, help="Why, for the record.")
@click.option("--name", "actor", default="", help="Who orders it, for the record.")
@options.config
def amnesty(zone: str, card: str, reason: str, actor: str, config_path: Path) -> None:
    """Forget where cards were seen last, so that anti-passback denies nobody for it."""
    send(config_path, "amnesty", {"zone": zone, "card": card, "reason": reason}, actor)


@click.command()
@click.argument("zone")
@click.argument("vehicles", type=click.IntRange(0))
@click.option("--reason", required=True, help="Why, for the record.")
@click.option("--name", "actor", default="", help="Who counted, for the record.")
@options.config
def count(zone: str, vehicles: int, reason: str, actor: str, config_path: Path) -> None:
    """Set how many VEHICLES are in ZONE, after somebody has counted them."""
    args = {"zone": zone, "count": str(vehicles), "reason": reason}
    send(config_path, "zone.count", args, actor)


def _zone(zone: Mapping[str, Any]) -> str:
    told = f"{zone['zone']}: {zone['cards']} {'card' if zone['cards'] == 1 else 'cards'}"
    if zone["bays"] is None:
        return told
    state = f"{zone['free']} free" if zone["free"] else "full"
    return f"{told}, {zone['vehicles']} vehicles in {zone['bays']} bays, {state}"


def _row(row: Mapping[str, Any]) -> str:
    when = row["since"][:16].replace("T", " ") + ("?" if row["assumed"] else " ")
    told = [row[name] for name in _NAMED if row.get(name)]
    odd = [] if row["clock"] == "trusted" else ["clock not trusted"]
    odd += ["forgiven"] if row["forgiven"] else []
    told += [f"({', '.join(odd)})"] if odd else []
    who = "  ".join(told)
    return f"  {row['card']:14} {row['kind']:15} {when} {row['lane']:8} {who}".rstrip()
