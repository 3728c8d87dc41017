"""``gate-agent print``: a receipt once more, or a line that proves the printer."""

from pathlib import Path

import click

from agent.cli import options
from agent.control.client import ControlClient
from agent.settings.here import load


@click.command("print")
@click.argument("receipt", type=click.IntRange(1), required=False)
@click.option("--again", is_flag=True, help="Say on it that it is a copy.")
@click.option("--test", is_flag=True, help="A few words instead of a receipt.")
@options.config
def print_(receipt: int | None, again: bool, test: bool, config_path: Path) -> None:
    """Print the RECEIPT with this number on the printer of the booth, through the running daemon.

    It is taken at once and printed when there is paper; gate-agent status tells how the printer is.
    """
    if (receipt is None) is not test:
        raise click.UsageError("give the number of a receipt, or --test")
    told = {"test": True} if test else {"receipt": receipt, "again": again}
    with ControlClient(load(config_path).paths.control) as client:
        waiting = client.ask("print", **told)["waiting"]
    click.echo(f"on its way: {waiting} waiting for the printer")
