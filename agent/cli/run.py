"""``gate-agent run``: the daemon."""

from pathlib import Path

import click

from agent import logs
from agent.app import Daemon
from agent.cli import options
from agent.settings import load


@click.command()
@options.config
def run(config_path: Path) -> None:
    """Run the gate until SIGTERM. Refuses to start on any fault of the configuration."""
    logs.start()
    Daemon(load(config_path)).run()
