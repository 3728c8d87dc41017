"""``gate-agent intercom``: baresip's configuration out of the gate's, and a test call."""

import time
from pathlib import Path

import click

from agent import intercom_config, recordings
from agent.cli import options
from agent.cli.intercom_test import test
from agent.settings.here import load

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
    settings = load(config_path)
    made = intercom_config.files(settings)
    record = None if settings.intercom is None else settings.intercom.record
    intercom_config.write(out, made, None if record is None else record.directory)
    click.echo(f"{' and '.join(made)} of baresip are in {out}")


@intercom.command()
@options.config
def tidy(config_path: Path) -> None:
    """Delete recorded calls that are older than intercom.record.keep. A timer does it every day."""
    settings = load(config_path)
    record = None if settings.intercom is None else settings.intercom.record
    if record is None:
        click.echo("calls are not recorded: nothing is deleted")
        return
    gone, left = recordings.tidy(record.directory, record.keep, time.time())
    click.echo(f"{gone} files of recorded calls deleted, {left} are left in {record.directory}")
