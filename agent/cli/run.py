"""``gate-agent run``: the daemon."""

from pathlib import Path

import click

from agent import logs
from agent.cli import options
from agent.settings import Loading


@click.command()
@options.config
def run(config_path: Path) -> None:
    """Run the gate until SIGTERM. Refuses to start on any fault of the configuration."""
    logs.start()
    loading = Loading(config_path)
    # Only here: a child reads the settings meanwhile, and both take half a second.
    from agent.app import Daemon  # noqa: PLC0415

    Daemon(loading.result()).run()
