"""``gate-agent readers watch``: what a reader says, live; what an unknown one speaks, and how fast.

Rules kept here:
- a configured reader is opened as the gate would open it, a port only to listen;
- of an unknown port every speed is tried in turn, one card each, until protocol and speed are sure;
- nothing is sent to a port but the harmless questions of `drivers.wire.identify`, and only with
  ``--ask``;
- card numbers are shown on this terminal only;
- exit 0: a card or a protocol was recognised; 1: nothing was; 2: the call is wrong.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.readers_live import Live, known, refuse_running
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.numbers import form_of
from agent.settings import load
from drivers.listening import Line
from drivers.plugged import names_of
from drivers.wire.credential import printed
from drivers.wire.frame import Fault
from drivers.wire.guess import BAUDS, Certainty, Guess, bits_of_lines, guess
from drivers.wire.identify import QUESTIONS, Question, who
from drivers.wire.registry import EVERY, Options, make_decoder
from drivers.wire.uhf_families import FAMILIES

_LINE = "line"
_AMBIGUOUS, _H10302 = "wiegand-37", "h10302"
_LOOK_S = 0.5
_ANSWER_S = 0.6
_TRIES = 3
"""So many bursts are heard at one speed before the next is tried, where something fits."""


class _Told:
    """Shows what was heard, in words or as JSON; counts the cards."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.cards = 0

    def say(self, line: str) -> None:
        """For people only."""
        click.echo(line, err=True)

    def row(self, row: Mapping[str, object], line: str) -> None:
        """One finding."""
        click.echo(json.dumps(row) if self._as_json else line)
        sys.stdout.flush()

    def card(self, reader: str, credential: str, looked_up: str) -> None:
        """One card."""
        self.cards += 1
        numbers = printed(credential.partition(":")[2])
        row = {"reader": reader, "credential": credential, "looked_up": looked_up}
        other = f", looked up as {looked_up}" if looked_up != credential else ""
        decimal = f"{numbers['8H10D']} or {numbers['2.4H.3.5D']}"
        self.row(
            row | {"printed": numbers}, f"{reader}: card {credential}{other} (printed {decimal})"
        )

    def more(self, reader: str, event: CardRead) -> None:
        """What kind of card it was and what it proved, where the reader can tell that."""
        if event.note:
            row = {"reader": reader, "proof": event.proof.value, "note": event.note}
            self.row(row, f"{reader}: proof {event.proof.value}; {event.note}")

    def fault(self, reader: str, reason: str, raw: bytes) -> None:
        """Bytes that are no frame."""
        row = {"reader": reader, "fault": reason, "raw": raw.hex().upper()}
        self.row(row, f"{reader}: {reason}: {raw.hex(' ').upper()}")


class _End:
    """When it is over: after so many cards, after so many seconds, or never by itself."""

    def __init__(self, cards: int | None, seconds: float | None) -> None:
        self._cards = cards
        self.at = time.monotonic() + (seconds if seconds is not None else 86_400.0 * 365)

    def over(self, cards: int) -> bool:
        """Is it?"""
        return time.monotonic() >= self.at or (self._cards is not None and cards >= self._cards)


@click.command()
@options.config
@options.as_json
@click.option("--baud", type=click.IntRange(300, 921_600), help="Try this speed only.")
@click.option("--protocol", type=click.Choice(list(EVERY)), help="Do not guess: it is this.")
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
    ask: bool,
    count: int | None,
    seconds: float | None,
) -> None:
    """Show what a reader says, as it says it; guess what an unknown one speaks.

    PORT is a device such as /dev/ttyUSB0: hold cards to the reader until its protocol and speed
    are found. READER is a name of the configuration; the gate must not be running then.
    """
    told, end = _Told(as_json), _End(count, seconds)
    found = False
    try:
        if what.startswith("/"):
            with Line(what, baud or BAUDS[0]) as line:
                found = _port(line, baud, protocol, told, end, ask=ask)
        elif baud or protocol or ask:
            raise click.UsageError("--baud, --protocol and --ask are for a port (/dev/...)")
        else:
            _reader(config_path, what, told, end)
    except KeyboardInterrupt:
        click.echo(err=True)
    sys.exit(0 if found or told.cards else 1)


def _reader(config_path: Path, name: str, told: _Told, end: _End) -> None:
    """A configured reader, as the gate would hear it."""
    settings = load(config_path)
    known(settings, name)
    refuse_running(settings)
    form = form_of(settings.readers[name])
    with Live(settings, (name,)) as live:
        while not end.over(told.cards):
            event = live.next(end.at)
            if isinstance(event, CardRead):
                read = str(event.credential)
                told.card(name, read, form.text(read))
                told.more(name, event)
            elif isinstance(event, FrameFaulted):
                told.fault(name, event.reason, event.raw)
            elif isinstance(event, ReaderFound | ReaderLost):
                told.say(f"{name}: {event.detail}")


def _port(
    line: Line, baud: int | None, protocol: str | None, told: _Told, end: _End, *, ask: bool
) -> bool:
    """A port of which nothing needs to be known; True when something was recognised."""
    if ask:
        answers = _asked(line, (baud,) if baud else ())
        for question, speed in answers:
            _tell_answer(line.port, question, speed, told)
        if not answers:
            told.say(f"nothing on {line.port} answers to a question")
        return bool(answers)
    if protocol is None:
        settled = _guessed(line, (baud,) if baud else BAUDS, told, end)
        if settled is None:
            return False
        _live(line, settled, told, end)
    else:
        line.turn(baud or BAUDS[0])
        chosen = Guess(protocol, baud or BAUDS[0], 0, 0, Certainty.SURE)
        _live(line, chosen, told, end)
        return False
    return True


def _guessed(line: Line, bauds: Sequence[int], told: _Told, end: _End) -> Guess | None:
    """Listen at one speed after the other until it is sure; the best that there is at the end."""
    heard: dict[int, list[bytes]] = {baud: [] for baud in bauds}
    place = tries = 0
    _turn(line, bauds[0], told)
    while not end.over(0):
        burst = line.burst(min(_LOOK_S, max(0.0, end.at - time.monotonic())))
        if not burst:
            continue
        baud = bauds[place]
        heard[baud].append(burst)
        told.say(f"  {len(burst)} bytes: {burst[:24].hex(' ').upper()}")
        found = guess(heard)
        if found and found[0].certainty is Certainty.SURE:
            _tell_guess(line.port, found[0], told, heard)
            if found[0].baud != baud:
                line.turn(found[0].baud)
            return found[0]
        tries += 1
        if tries >= _TRIES or not any(one.baud == baud for one in found):
            place, tries = (place + 1) % len(bauds), 0
            _turn(line, bauds[place], told)
        else:
            told.say("  one card is not enough: hold another one")
    found = guess(heard)
    for one in found[:3]:
        _tell_guess(line.port, one, told, heard)
    if not found:
        said = "nothing was said" if not any(heard.values()) else "nothing fits what was said"
        told.say(f"{said}: does the reader speak only when asked (--ask)? is it powered?")
    return None


def _turn(line: Line, baud: int, told: _Told) -> None:
    line.turn(baud)
    told.say(f"listening on {line.port} at {baud}: hold a card to the reader")


def _live(line: Line, settled: Guess, told: _Told, end: _End) -> None:
    """Show cards as they come."""
    checksum = Options(checksum="ignore" if settled.ignore else "strict")
    decoder = make_decoder(settled.protocol, checksum)
    while not end.over(told.cards):
        burst = line.burst(min(_LOOK_S, max(0.0, end.at - time.monotonic())))
        for one in (*decoder.feed(burst), *(decoder.flush() if burst else ())):
            if isinstance(one, Fault):
                told.fault(line.port, one.reason, one.raw)
            elif one.credential:
                told.card(line.port, one.credential, one.credential)


def _asked(line: Line, bauds: Sequence[int]) -> Sequence[tuple[Question, int]]:
    """Every question at every speed that its reader may have, until one is answered."""
    for baud in bauds or dict.fromkeys(baud for one in QUESTIONS for baud in one.bauds):
        sends = dict.fromkeys(one.send for one in QUESTIONS if bauds or baud in one.bauds)
        answers = [one for send in sends for one in _answers(line, baud, send)]
        if answers:
            return [(one, baud) for one in answers]
    return []


def _answers(line: Line, baud: int, send: bytes) -> Sequence[Question]:
    line.turn(baud)
    line.send(send)
    return who(send, line.burst(_ANSWER_S, _ANSWER_S / 4))


def _tell_answer(port: str, question: Question, baud: int, told: _Told) -> None:
    settings: dict[str, Any] = {"driver": question.driver, "port": _stable(port)}
    settings |= {"protocol": question.protocol} if question.protocol else {}
    settings["baud"] = baud
    name = question.protocol or question.driver
    row = {"port": port, "answers": name, "settings": settings}
    told.row(row, "\n".join([f"{name} answers at {baud}", *_yaml(settings)]))


def _tell_guess(port: str, one: Guess, told: _Told, heard: Mapping[int, Sequence[bytes]]) -> None:
    settings: dict[str, Any] = {
        "driver": "uhf" if one.protocol in FAMILIES else "serial",
        "port": _stable(port),
        "protocol": one.protocol,
        "baud": one.baud,
    }
    settings |= {"checksum": "ignore"} if one.ignore else {}
    settings |= {"format": _H10302} if one.protocol == _AMBIGUOUS else {}
    row = {
        "port": port,
        "protocol": one.protocol,
        "baud": one.baud,
        "certainty": one.certainty.value,
        "cards": one.cards,
        "swapped": one.swapped,
        "settings": settings,
    }
    how = f"{one.protocol} at {one.baud}: {one.certainty.value}, from {one.cards} different cards"
    lines = [how, *_yaml(settings)]
    if one.swapped:
        lines.insert(1, "the wires D0 and D1 are swapped: change them over")
    if one.protocol == _AMBIGUOUS:
        lines.append(f"37 bits are {_H10302} or h10304: compare with the number on the card")
    bits = bits_of_lines(heard[one.baud]) if one.protocol == _LINE else 0
    if bits:
        lines.append(
            f"each line is {bits} bits: protocol wiegand-custom, with the format of your cards "
            "(docs/readers/wiegand.md)"
        )
    told.row(row, "\n".join(lines))


def _yaml(settings: Mapping[str, Any]) -> Iterator[str]:
    yield "readers:"
    yield "  NAME:"
    for key, value in settings.items():
        yield f"    {key}: {value}"


def _stable(port: str) -> str:
    """The name that stays, or what was given."""
    return next(names_of(Path(port)), port)
