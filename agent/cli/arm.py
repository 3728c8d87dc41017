"""``gate-agent open, close, stop``: the arm by hand, through the running daemon."""

import secrets
from pathlib import Path

import click

from agent.cli import options
from agent.control.client import ControlClient
from agent.errors import GateError
from agent.settings import load


def _order(config_path: Path, kind: str, lane: str, reason: str, actor: str) -> None:
    settings = load(config_path)
    order_id = f"cli-{secrets.token_hex(8)}"
    args = {"lane": lane, "reason": reason}
    with ControlClient(settings.paths.control) as client:
        answer = client.ask("order", order_id=order_id, kind=kind, args=args, actor=actor)
    if answer["status"] != "done":
        raise GateError(f"{answer['status']} ({answer['code']}): {answer['detail']}")
    click.echo(answer["detail"])


_name = click.option("--name", "actor", default="", help="Who orders it, for the record.")
_why = click.option("--reason", default="", help="Why, for the record.")


@click.command("open")
@click.argument("lane")
@click.option("--reason", required=True, help="Why: opening by hand always needs a reason.")
@_name
@options.config
def open_(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Open LANE by hand. The arm goes down again after the vehicle, or after its time."""
    _order(config_path, "open", lane, reason, actor)


@click.command()
@click.argument("lane")
@_why
@_name
@options.config
def close(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Close LANE. Refused while something stands in the way, or nobody knows."""
    _order(config_path, "close", lane, reason, actor)


@click.command()
@click.argument("lane")
@_why
@_name
@options.config
def stop(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Stop the arm of LANE at once."""
    _order(config_path, "stop", lane, reason, actor)
