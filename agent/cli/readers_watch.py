"""``gate-agent readers watch``: what a reader says, live; what an unknown one speaks, and how fast.

Rules kept here:
- a configured reader is opened as the gate would open it, a port only to listen;
- what its health says is told as well: a reader that is silent is not left unexplained;
- a call that cannot be meant so is refused before anything is opened;
- exit 0: a card or a protocol was recognised; 1: nothing was; 2: the call is wrong.
"""

import difflib
import re
import sys
import time
from pathlib import Path

import click

from agent.cli import options
from agent.cli.decode import known_protocol
from agent.cli.readers_live import Live, known, refuse_running
from agent.cli.readers_port import ask as ask_port
from agent.cli.readers_port import find_out, live, notes
from agent.cli.readers_told import End, Told, Troubles
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.numbers import form_of
from agent.settings import load
from agent.settings.reader_common import USUAL_BAUDS
from drivers.listening import Line
from drivers.wire.frame import Decoder
from drivers.wire.guess import BAUDS
from drivers.wire.registry import CUSTOM, Options, make_decoder

_LOOK_S = 1.0
_PORT_NAME = re.compile("tty[A-Z].*|serial[0-9]|rfcomm[0-9]+")


@click.command()
@options.config
@options.as_json
@click.option("--baud", type=click.IntRange(300, 921_600), help="Try this speed only.")
@click.option("--protocol", callback=known_protocol, metavar="NAME",
              help="Do not guess: it is this (gate-agent decode --list).")  # fmt: skip
@click.option("--format", "written", default="", metavar="LAYOUT",
              help="What the bits are, for wiegand-custom (as in the settings).")  # fmt: skip
@click.option("--ask", is_flag=True, help="Ask readers that speak only when asked; sets nothing.")
@click.option("--count", type=click.IntRange(1), help="End after so many cards.")
@click.option("--seconds", type=click.FloatRange(0.1), help="End after so many seconds.")
@click.argument("what", metavar="PORT|READER")
def watch(
    what: str,
    *,
    config_path: Path,
    as_json: bool,
    baud: int | None,
    protocol: str | None,
    written: str,
    ask: bool,
    count: int | None,
    seconds: float | None,
) -> None:
    """Show what a reader says, as it says it; guess what an unknown one speaks.

    PORT is a device such as /dev/ttyUSB0: hold cards to the reader until its protocol and speed
    are found. READER is a name of the configuration; the gate must not be running then.
    """
    told, end = Told(as_json=as_json), End(count, seconds)
    found = False
    if "/" not in what:
        _no_port(what, baud, protocol, written, ask=ask)
        _reader(config_path, what, told, end)
    else:
        decoder = _decoder(protocol, written, ask=ask)
        if baud is not None and baud not in USUAL_BAUDS:
            (near, *_) = difflib.get_close_matches(str(baud), map(str, USUAL_BAUDS), 1, 0.0)
            told.say(f"{baud} is a speed that hardly any reader has: is {near} meant?")
        with Line(what, baud or BAUDS[0]) as line:
            for note in notes(what):
                told.say(note)
            if ask:
                found = ask_port(line, (baud,) if baud else (), told)
            elif decoder is None:
                found = find_out(line, (baud,) if baud else (), told, end)
            else:
                line.turn(baud or BAUDS[0])
                told.say(f"listening on {what} at {baud or BAUDS[0]} for {protocol} (Ctrl-C ends)")
                live(line, decoder, told, end)
    sys.exit(0 if found or told.cards else 1)


def _no_port(what: str, baud: int | None, protocol: str | None, written: str, *, ask: bool) -> None:
    """Raise click.UsageError for a reader's name that is none, or that has options of a port."""
    if _PORT_NAME.fullmatch(what) or Path("/dev", what).exists():
        problem = f"a port is written with its whole path: /dev/{what}"
        raise click.UsageError(problem)
    if baud or protocol or written or ask:
        raise click.UsageError("--baud, --protocol, --format and --ask are for a port (/dev/...)")


def _decoder(protocol: str | None, written: str, *, ask: bool) -> Decoder | None:
    """Of the protocol that was named; raises click.UsageError when that cannot be."""
    if ask and protocol is not None:
        raise click.UsageError("--ask finds the protocol out: leave out --protocol")
    if protocol == CUSTOM and not written:
        problem = f"{CUSTOM} needs --format: the layout of the bits (docs/readers/wiegand.md)"
        raise click.UsageError(problem)
    if protocol is None:
        if written:
            raise click.UsageError(f"--format needs --protocol {CUSTOM}")
        return None
    try:
        return make_decoder(protocol, Options(format=written))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _reader(config_path: Path, name: str, told: Told, end: End) -> None:
    """A configured reader, as the gate would hear it; until the end or Ctrl-C."""
    settings = load(config_path)
    known(settings, name)
    refuse_running(settings)
    form = form_of(settings.readers[name])
    troubles = Troubles(told.say)
    told.say(f"watching {name} (Ctrl-C ends)")
    try:
        with Live(settings, (name,)) as readers:
            while not end.over(told.cards):
                event = readers.next(min(end.at, time.monotonic() + _LOOK_S))
                troubles.look(readers.health())
                if isinstance(event, CardRead):
                    read = str(event.credential)
                    told.card(name, read, form.text(read))
                    told.more(name, event)
                elif isinstance(event, FrameFaulted):
                    told.fault(name, event.reason, event.raw)
                elif isinstance(event, ReaderFound | ReaderLost):
                    troubles.heard(name, event.detail)
                    told.say(f"{name}: {event.detail}")
    except KeyboardInterrupt:
        told.say("")
