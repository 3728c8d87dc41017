"""``gate-agent lockdown, lift-lockdown, fire-reset``: emergencies of the whole gate, by hand."""

from pathlib import Path

import click

from agent.cli import options
from agent.cli.ordering import name, says_why, send


@click.command()
@says_why
@name
@options.config
def lockdown(reason: str, actor: str, config_path: Path) -> None:
    """Entry only: whoever wants out is referred to the guard (open LANE --for NAME)."""
    send(config_path, "lockdown", {"reason": reason}, actor)


@click.command("lift-lockdown")
@says_why
@name
@options.config
def lift_lockdown(reason: str, actor: str, config_path: Path) -> None:
    """End the lockdown. Refused while its button is pressed."""
    send(config_path, "lift_lockdown", {"reason": reason}, actor)


@click.command("fire-reset")
@says_why
@name
@options.config
def fire_reset(reason: str, actor: str, config_path: Path) -> None:
    """End the fire alarm: arms may close again. Refused while the fire input is active."""
    send(config_path, "fire_reset", {"reason": reason}, actor)
