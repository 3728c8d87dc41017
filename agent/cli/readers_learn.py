"""``gate-agent readers learn``: the same cards at two readers, and the settings that fit both.

Rules kept here:
- the first reader is the one whose numbers the roster has: the one at which cards are issued;
- a pair is one card at the first reader, then at the second; whatever else is held is said, and
  nothing is taken for what it may not be;
- card numbers are shown on this terminal only.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.readers_live import Live, known, refuse_running
from agent.cli.readers_told import Troubles, meaning
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.errors import GateError
from agent.settings import Settings, load
from drivers.wire.credential import Agreement, Form, agree, hint

_LOOK_S = 1.0
_DEFAULTS = {"matching": "exact", "byte_order": "as_read", "keep": "all", "as_scheme": ""}


class _Pairs:
    """Asks for cards and takes them, at the first reader and then at the second."""

    def __init__(self, live: Live, first: str, second: str, patience_s: float) -> None:
        self._live = live
        self._first = first
        self._second = second
        self._patience_s = patience_s
        self._last = ""
        self._troubles = Troubles(lambda line: self._once(f"  {line}"))
        self.taken: list[tuple[str, str]] = []

    def take(self, number: int, cards: int) -> None:
        """One more pair; raises GateError when no card comes in time."""
        first, second = self._first, self._second
        _say(f"card {number} of {cards}: hold it to {first}")
        one = two = ""
        while not two:
            tap = self._tap(second if one else first)
            read = str(tap.credential)
            if tap.reader == first:
                one = self._begun(read, one)
            elif read in (pair[1] for pair in self.taken):
                self._once(f"  {second} reads the card before, {read}: hold the other one")
            elif one:
                two = read
            else:
                self._once(f"  that was {second}: hold the card to {first} before")
        _say(f"  {second} reads {two}")
        self.taken.append((one, two))

    def _begun(self, read: str, one: str) -> str:
        """The number at the first reader; a card that lies there is read over and over."""
        if read in (pair[0] for pair in self.taken):
            self._once(f"  {self._first} reads {read}, which was taken already: hold another card")
            return one
        if read != one:
            _say(f"  {self._first} reads {read}; now hold the same card to {self._second}")
        return read

    def _tap(self, wanted: str) -> CardRead:
        until = time.monotonic() + self._patience_s
        while time.monotonic() < until:
            event = self._live.next(min(until, time.monotonic() + _LOOK_S))
            self._troubles.look(self._live.health())
            if isinstance(event, CardRead):
                return event
            if isinstance(event, FrameFaulted):
                why = meaning(event.reason)
                told = f"{event.reason} ({why})" if why else event.reason
                self._once(f"  {event.reader} sent what is no card: {told}")
            elif isinstance(event, ReaderLost | ReaderFound):
                self._troubles.heard(event.reader, event.detail)
                self._once(f"  {event.reader}: {event.detail}")
        raise GateError(f"no card came to {wanted} within {self._patience_s:g} s")

    def _once(self, line: str) -> None:
        """Say it, unless it was said just now."""
        if line != self._last:
            self._last = line
            _say(line)


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@options.config
@options.as_json
@click.option("--cards", type=click.IntRange(1, 20), default=2, show_default=True,
              help="How many cards to hold; kinds that differ tell more.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(1, 3600), default=120.0, show_default=True,
              help="How long to wait for each.")  # fmt: skip
@click.argument("first")
@click.argument("second")
def learn(
    first: str, second: str, *, config_path: Path, as_json: bool, cards: int, seconds: float
) -> None:
    """Hold cards to FIRST, then to SECOND, and see the settings that make both the same.

    FIRST is the reader at which cards are issued, so that the roster has its numbers. Both are
    names of the configuration; the gate must not be running.
    """
    settings = load(config_path)
    if first == second:
        raise click.UsageError("two readers are needed: the names are the same")
    for name in (first, second):
        known(settings, name)
    refuse_running(settings)
    with Live(settings, (first, second)) as live:
        pairs = _Pairs(live, first, second, seconds)
        for number in range(cards):
            pairs.take(number + 1, cards)
    found = agree(pairs.taken)
    if as_json:
        click.echo(json.dumps(_told(settings, first, second, pairs.taken, found)))
    elif found:
        for line in _lines(settings, first, second, found, len(pairs.taken)):
            click.echo(line)
    if not found:
        why = hint(pairs.taken) or (
            "they have no 24 bits in common: one of them is set to another format, or was held "
            "another card"
        )
        _say(f"no settings make these two readers show the same card: {why}")
        sys.exit(1)


def _settings_of(form: Form, matching: str = "exact") -> dict[str, str]:
    return {
        "matching": matching,
        "byte_order": form.byte_order,
        "keep": form.keep,
        "as_scheme": form.scheme,
    }


def _changes(settings: Settings, name: str, wanted: dict[str, str]) -> dict[str, str]:
    """The keys to be written for a reader: those that are, or were, no default."""
    now = {key: str(getattr(settings.readers[name], key)) for key in wanted}
    return {
        key: word
        for key, word in wanted.items()
        if word != _DEFAULTS[key] or now[key] != _DEFAULTS[key]
    }


def _proposal(settings: Settings, first: str, second: str, one: Agreement) -> dict[str, Any]:
    matching = str(settings.readers[first].matching)
    return {
        first: _changes(settings, first, _settings_of(one.first, matching)),
        second: _changes(settings, second, _settings_of(one.second, one.match)),
    }


def _told(
    settings: Settings,
    first: str,
    second: str,
    pairs: Sequence[tuple[str, str]],
    found: Sequence[Agreement],
) -> dict[str, Any]:
    told: dict[str, Any] = {"cards": [list(pair) for pair in pairs], "bits": 0, "readers": {}}
    if found:
        told |= {"bits": found[0].bits, "readers": _proposal(settings, first, second, found[0])}
    return told


def _lines(
    settings: Settings, first: str, second: str, found: Sequence[Agreement], cards: int
) -> Iterator[str]:
    best = found[0]
    yield f"{second} finds what {first} put into the roster; {best.bits} bits are compared:"
    yield from _yaml(_proposal(settings, first, second, best))
    if best.bits == 24:
        yield (
            "24 bits are few: of 34 estates with 1,000 cards each there is one in which two cards "
            "have the same number, and are denied as ambiguous"
        )
    if not best.first.plain:
        yield f"cards that {first} put into the roster in another form must be issued anew"
        other = next((one for one in found if one.first.plain), None)
        if other is not None:
            yield f"where that cannot be, {other.bits} bits can be compared without it:"
            yield from _yaml(_proposal(settings, first, second, other))
    if cards == 1:
        yield "one card leaves room for chance: try again with another one"


def _yaml(proposal: dict[str, dict[str, str]]) -> Iterator[str]:
    yield "readers:"
    for name, keys in proposal.items():
        yield f"  {name}:" + ("" if keys else "  # as it is")
        for key, word in keys.items():
            # An empty scheme is none: the line goes.
            yield f"    {key}: {word}" if word else f"    # without {key}:"
