"""``gate-agent run``: the daemon."""

from pathlib import Path

import click

from agent import logs
from agent.cli import options
from agent.settings import FaultySettingsError, Loading


@click.command()
@options.config
def run(config_path: Path) -> None:
    """Run the gate until SIGTERM. Refuses to start on any fault of the configuration."""
    logs.start()
    loading = Loading(config_path)
    # Only here: a child reads the settings meanwhile, and both take half a second.
    from agent.app import Daemon  # noqa: PLC0415
    from agent.keys import FaultyKeyError  # noqa: PLC0415

    try:
        Daemon(loading.result()).run()
    except FaultyKeyError:
        _tell_all(config_path)
        raise


def _tell_all(config_path: Path) -> None:
    """Name every key at fault with its line, instead of the first; FaultySettingsError."""
    # Only here: what reads the settings is 10 MB, and this process is at its end.
    from agent.key_check import look  # noqa: PLC0415
    from agent.settings.reading import examine  # noqa: PLC0415

    faults = look(examine(config_path).keys, daemon=True).faults
    if not all(fault.warning for fault in faults):
        raise FaultySettingsError(faults)
