"""What ``gate-agent readers`` shows: cards, faults and findings, in words or as JSON.

Rules kept here:
- what a reader says goes to standard output, what is said to the installer to standard error;
- a fault is told in words that say what to look at, beside its name and its bytes;
- what health says of a reader is told once it has stood for a while, and once;
- card numbers are shown on this terminal only.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from agent.cli.as_credential import printed_on
from agent.core.events import CardRead
from agent.ports import Condition, Health
from drivers.plugged import names_of
from drivers.wire.frame import Reason

MEANINGS: Mapping[Reason, str] = {
    Reason.BAD_CHECKSUM: "the checksum is wrong: noise, or another speed",
    Reason.BAD_PADDING: "the bits beyond the card are not 0: another format or protocol",
    Reason.BAD_PARITY: "a parity is wrong: noise, or another format",
    Reason.D0_D1_SWAPPED: "D0 and D1 are swapped: change the two wires over",
    Reason.EDGES_LOST: "pulses were lost: the machine was too busy, or the line rings",
    Reason.INCOMPLETE: "a part of the pass is missing: show it again, flat and whole",
    Reason.NO_END: "a frame began and did not end: noise, or another protocol",
    Reason.NO_MATCH: "it has the form of no card: look at pattern or format",
    Reason.NO_START: "bytes outside of frames: noise, another speed or protocol",
    Reason.NON_HEX: "not hexadecimal digits: noise, another speed or protocol",
    Reason.NON_HEX_CHECKSUM: "the checksum is not hexadecimal digits: noise, or another speed",
    Reason.NOT_A_KEY: "neither a key nor a card: another speed or protocol",
    Reason.NOT_A_NUMBER: "not decimal digits: noise, or another encoding or protocol",
    Reason.NOT_TEXT: "not text: another speed, or a protocol of packed bytes",
    Reason.TOO_CLOSE: "pulses too close together: a ringing cable, or no common ground",
    Reason.TOO_LARGE: "the number does not fit: another protocol",
    Reason.TOO_LONG: "longer than a card: another protocol, or no line end is sent",
    Reason.TOO_SHORT: "shorter than a card: a part was lost, or another protocol",
    Reason.WRONG_LENGTH: "not as long as a card: a broken wire, or another format",
}
"""What an installer is told of a fault whose own sentence is not there."""

_UNWELL = (Condition.DOWN, Condition.DEGRADED)
_STANDS_S = 1.5


def meaning(reason: str) -> str:
    """What this fault says, and what to look at; empty for one that explains itself."""
    return MEANINGS.get(Reason(reason), "") if reason in set(Reason) else ""


class Told:
    """Shows what was heard, in words or as JSON; counts the cards, and answers to questions."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.cards = 0
        self.answers = 0

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
        row: dict[str, object] = {
            "reader": reader,
            "credential": credential,
            "looked_up": looked_up,
        }
        line = f"{reader}: card {credential}"
        line += f", looked up as {looked_up}" if looked_up != credential else ""
        numbers = printed_on(credential)
        if numbers:
            row["printed"] = numbers
            line += f" (printed {numbers['8H10D']} or {numbers['2.4H.3.5D']})"
        self.row(row, line)

    def more(self, reader: str, event: CardRead) -> None:
        """What kind of card it was and what it proved, where the reader can tell that."""
        if event.note:
            row = {"reader": reader, "proof": event.proof.value, "note": event.note}
            self.row(row, f"{reader}: proof {event.proof.value}; {event.note}")
        if event.shown is not None:
            fault = event.shown.fault.value if event.shown.fault is not None else ""
            says = f"this gate would deny it: {fault}" if fault else "its signature is good here"
            row = {"reader": reader, "pass": event.shown.label, "fault": fault}
            self.row(row, f"{reader}: {event.shown.label}: {says}")

    def fault(self, reader: str, reason: str, raw: bytes, detail: str = "") -> None:
        """Bytes that are no frame; ``detail`` in place of what is usually said of the reason."""
        says = detail or meaning(reason)
        row = {"reader": reader, "fault": reason, "raw": raw.hex().upper(), "detail": says}
        words = f"{reason} ({says})" if says else reason
        self.row(row, f"{reader}: {words}: {raw.hex(' ').upper()}".rstrip(": "))


class End:
    """When it is over: after so many cards, after so many seconds, or never by itself."""

    def __init__(self, cards: int | None, seconds: float | None) -> None:
        self._cards = cards
        self.at = time.monotonic() + (seconds if seconds is not None else 86_400.0 * 365)

    def over(self, cards: int) -> bool:
        """Is it?"""
        return time.monotonic() >= self.at or (self._cards is not None and cards >= self._cards)


class Troubles:
    """What health says of readers that are not well, to be looked at about once a second.

    ``clock_s`` gives monotonic seconds.
    """

    def __init__(
        self, say: Callable[[str], None], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._clock_s = clock_s
        self._said: dict[str, str] = {}
        self._since: dict[str, tuple[str, float]] = {}

    def heard(self, reader: str, detail: str) -> None:
        """An event has said this already, and was shown."""
        self._said[reader] = _kind(detail)

    def look(self, healths: Mapping[str, Health]) -> None:
        """Say what has stood for a while and was not said just before."""
        now = self._clock_s()
        for reader, health in healths.items():
            kind = _kind(health.detail) if health.condition in _UNWELL else ""
            was, since = self._since.get(reader, ("", now))
            if kind != was:
                self._since[reader] = (kind, now)
                if not kind:
                    self._said.pop(reader, None)
            elif kind and now - since >= _STANDS_S and self._said.get(reader) != kind:
                self._said[reader] = kind
                self._say(f"{reader}: {health.detail}")


def _kind(detail: str) -> str:
    """The sentence without its numbers, which may count."""
    return re.sub(r"\d+", "0", detail)


def settings_lines(settings: Mapping[str, Any]) -> Iterator[str]:
    """Lines for the configuration, of one reader."""
    yield "readers:"
    yield "  NAME:"
    for key, value in settings.items():
        yield f"    {key}: {value}"


def stable(port: str) -> str:
    """The name that stays, or what was given."""
    return next(names_of(Path(port)), port)
