"""``gate-agent relays-safe``: every relay to its exit level, after a crash."""

from pathlib import Path

import click

from agent.app import output_specs
from agent.cli import options
from agent.settings import load
from drivers.gpio import relays_safe as bring_to_safety
from drivers.pin_factory import open_factory


@click.command("relays-safe")
@options.config
def relays_safe(config_path: Path) -> None:
    """Bring every configured relay to its exit level and end.

    A pulse relay is switched off. A maintained relay stays as it is: letting go of it would drop
    the arm on whoever is under it. The service runs this after a crash.
    """
    settings = load(config_path)
    factory = open_factory(settings.gpio.backend.value, settings.gpio.socket)
    for output, on in bring_to_safety(factory, output_specs(settings)).items():
        state = "not driven" if on is None else "on" if on else "off"
        click.echo(f"{output}: {state}")
