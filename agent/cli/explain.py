"""``gate-agent explain`` and ``gate-agent reasons``: the table of access, asked and printed."""

import json
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.house import reach
from agent.core.access import RULES, UNWRITABLE, Duty
from agent.core.model import CardProof
from agent.settings.here import load


@click.command()
@click.argument("card")
@click.option("--lane", required=True, help="The lane where it would be held.")
@click.option("--at", default="", help="Local time, such as '2026-11-22 07:30'; default: now.")
@click.option("--direction", type=click.Choice(["in", "out"]), help="For a two-way lane.")
@click.option(
    "--proof",
    type=click.Choice([each.value for each in CardProof]),
    help="What the card proves; default: what is asked of it.",
)
@options.config
@options.as_json
def explain(
    card: str,
    lane: str,
    at: str,
    direction: str | None,
    proof: str | None,
    config_path: Path,
    as_json: bool,
) -> None:
    """Why would CARD (a label, or scheme:HEX) pass or not? Moves nothing, writes nothing."""
    with reach(load(config_path), make=False) as ask:
        told = ask("explain", card=card, lane=lane, at=at, direction=direction, proof=proof)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        show_answer(told)


@click.command()
@options.as_json
def reasons(as_json: bool) -> None:
    """Print every reason and duty; the first that applies decides."""
    rows = [
        {
            "rank": rank,
            "answer": "referred" if isinstance(rule.answer, Duty) else "denied",
            "reason": rule.answer.value,
            "asks": rule.asks,
            "says": rule.says,
        }
        for rank, rule in enumerate((*RULES, UNWRITABLE), 1)
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['rank']:2}  {row['answer']:8}  {row['reason']:22}  {row['says']}")
    click.echo("    granted   when none of these applies")


def show_answer(told: dict[str, Any]) -> None:
    """Print what `agent.core.explain` says."""
    who = f"{told['card']} ({told['kind']}, {told['status']})" if "card" in told else "no card"
    click.echo(f"{who} at lane {told['lane']}, {told['direction']}, {told['local']}")
    click.echo(f"clock {told['clock']}")
    if "proof" in told:
        click.echo(f"proof {told['proof']}")
    for step in told["steps"]:
        mark = "✗" if step["result"] == "decides" else "✓"
        click.echo(f"  {mark} {step['asks']}" + (f"  → {step['rule']}" if mark == "✗" else ""))
    colour = {"granted": "green", "denied": "red", "referred": "yellow"}[told["decision"]]
    click.echo(click.style(told["decision"], fg=colour) + f": {told['says']}")
    if told.get("marks"):
        click.echo(f"marked: {', '.join(told['marks'])}")
