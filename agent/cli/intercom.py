"""``gate-agent intercom``: baresip's configuration out of the gate's, and a test call."""

from pathlib import Path

import click

from agent import intercom_config
from agent.cli import options
from agent.cli.intercom_test import test
from agent.settings import load

DIRECTORY = "/run/gate-intercom"


@click.group()
def intercom() -> None:
    """The intercom: baresip, told by the gate."""


intercom.add_command(test)


@intercom.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=DIRECTORY,
    show_default=True,
    help="Where baresip reads it (baresip -f).",
)
@options.config
def configure(out: Path, config_path: Path) -> None:
    """Write the files config and accounts for baresip. The service does it at every start."""
    made = intercom_config.files(load(config_path))
    intercom_config.write(out, made)
    click.echo(f"{' and '.join(made)} of baresip are in {out}")
