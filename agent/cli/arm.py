"""``gate-agent open, close, stop, …``: the arm of a lane by hand, through the running daemon."""

from pathlib import Path

import click

from agent.cli import options
from agent.cli.ordering import WHEN, may_say_why, name, says_why, send

_lane = click.argument("lane")


@click.command("open")
@_lane
@says_why
@click.option("--for", "released", default="", help="In a lockdown: the name of who is let out.")
@name
@options.config
def open_(lane: str, reason: str, released: str, actor: str, config_path: Path) -> None:
    """Open LANE by hand. The arm goes down again after the vehicle, or after its time."""
    send(config_path, "open", {"lane": lane, "reason": reason, "for": released}, actor)


@click.command()
@_lane
@click.option("--count", type=click.IntRange(1, 50), default=1, help="How many vehicles pass.")
@may_say_why
@name
@options.config
def priority(lane: str, count: int, reason: str, actor: str, config_path: Path) -> None:
    """Open LANE for an ambulance, fire engine or convoy: nothing is asked, all is written down."""
    send(config_path, "priority", {"lane": lane, "count": str(count), "reason": reason}, actor)


@click.command()
@_lane
@may_say_why
@name
@options.config
def close(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Close LANE. Refused while something stands in the way, or nobody knows."""
    send(config_path, "close", {"lane": lane, "reason": reason}, actor)


@click.command()
@_lane
@may_say_why
@name
@options.config
def stop(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Stop the arm of LANE at once."""
    send(config_path, "stop", {"lane": lane, "reason": reason}, actor)


@click.command("hold-open")
@_lane
@says_why
@click.option("--until", default="", metavar="TIME", help=f"Local time: {WHEN}.")
@name
@options.config
def hold_open(lane: str, reason: str, until: str, actor: str, config_path: Path) -> None:
    """Hold LANE open until it is released, also over a restart."""
    send(config_path, "hold_open", {"lane": lane, "reason": reason, "until": until}, actor)


@click.command("release-hold")
@_lane
@may_say_why
@name
@options.config
def release_hold(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """End the holding of LANE: it closes when nothing is in the way."""
    send(config_path, "release_hold", {"lane": lane, "reason": reason}, actor)


@click.command("clear-fault")
@_lane
@says_why
@name
@options.config
def clear_fault(lane: str, reason: str, actor: str, config_path: Path) -> None:
    """Put the arm of LANE back to work after a fault. Look at it first: nothing moves by this."""
    send(config_path, "fault.clear", {"lane": lane, "reason": reason}, actor)
