"""``gate-agent osdp``: keys of the secure channel.

Rules kept here:
- a key is written into a file that only its owner can read, and never over another one;
- a key is shown nowhere; on standard output only where somebody takes it from there.
"""

import os
import sys
from pathlib import Path

import click

from drivers.osdp_keys import make_key

_NEXT = """\
{place} holds a new key. Next:
1. let the gate read it: chown gate-agent: {place}
   and write under the reader: key: {{file: {place}}}
   (or hand it over as a credential: docs/readers/osdp.md);
2. put the reader into its install mode, as its maker says;
3. write secure: install under the reader and restart the agent; gate-agent status says when the
   key is in the reader;
4. write secure: required, and restart the agent. Keep a copy of the key off this machine."""


@click.group()
def osdp() -> None:
    """OSDP readers on RS-485."""


@osdp.command()
@click.argument("file", metavar="FILE|-")
def key(file: str) -> None:
    r"""Make a key for the secure channel of one reader, 32 hexadecimal digits.

    \b
    FILE is made, readable by its owner only; - writes the key to standard output, for a pipe:
      gate-agent osdp key - | systemd-creds encrypt --name=in-1-osdp - in-1-osdp.cred
    """
    text = f"{make_key().hex()}\n"
    if file == "-":
        if sys.stdout.isatty():
            raise click.UsageError("a key does not belong on a screen: give a file, or a pipe")
        click.echo(text, nl=False)
        return
    place = Path(file).absolute()
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        problem = f"{place} is there already: a reader may have that key; give another name"
        raise click.UsageError(problem) from None
    except FileNotFoundError:
        problem = f"{place} cannot be made: there is no directory {place.parent}"
        raise click.UsageError(problem) from None
    except OSError as error:
        raise click.UsageError(f"{place} cannot be made: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
    click.echo(_NEXT.format(place=place))
