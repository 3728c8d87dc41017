"""``gate-agent relays-safe``: every relay to its exit level, after a crash."""

import os
from pathlib import Path

import click

from agent.cli import options
from agent.errors import SettingsError
from agent.remembered import Relays, recall, relays_of
from agent.settings import load
from drivers.gpio import relays_safe as bring_to_safety
from drivers.pin_factory import open_factory

_STATE = "/var/lib/gate-agent"


@click.command("relays-safe")
@options.config
def relays_safe(config_path: Path) -> None:
    """Bring every configured relay to its exit level and end.

    A pulse relay is switched off. A maintained relay stays as it is: letting go of it would drop
    the arm on whoever is under it. The service runs this after a crash. If the configuration has
    a fault by now, the relays of the last start are taken.
    """
    relays = _relays(config_path)
    factory = open_factory(relays.backend, relays.socket)
    for output, on in bring_to_safety(factory, relays.outputs).items():
        state = "not driven" if on is None else "on" if on else "off"
        click.echo(f"{output}: {state}")


def _relays(config_path: Path) -> Relays:
    try:
        return relays_of(load(config_path))
    except SettingsError as fault:
        state = Path(os.environ.get("STATE_DIRECTORY", _STATE))
        click.echo(f"{fault}\ntaking the relays of the last start, from {state}", err=True)
        return recall(state)
