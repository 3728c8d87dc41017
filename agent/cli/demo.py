"""``gate-agent demo``: a whole gate in software."""

import sys

import click
from rich.console import Console

from agent.demo.show import run


@click.command()
@click.option("--once", is_flag=True, help="Play the morning without questions, check, and exit.")
@click.option("--menu", is_flag=True, help="Skip the morning: tap cards by hand at once.")
@click.option("--keep", is_flag=True, help="Leave the folder with ledger and logs behind.")
def demo(once: bool, menu: bool, keep: bool) -> None:
    """A morning at the gate: no hardware, no root, no broker needed.

    The daemon is the real one; arms, cars and readers are simulated. At the end journal, relays
    and centre are compared; the exit code is 1 when they do not agree.
    """
    if once and menu:
        raise click.UsageError("--once asks nothing, so it has no menu: give one of both")
    try:
        sys.exit(run(Console(), once=once, menu=menu, keep=keep))
    except KeyboardInterrupt:
        sys.exit(130)
