"""The model of a PN532 module on a serial line.

Rule kept here: only what a module has; its line is always 115200 after power-on, so that speed is
there for adapters that change it.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from agent.core.model import Direction, Matching
from agent.settings.places import Device
from agent.settings.reader_common import MATCHING, QUIET, SIDE, speed_told
from agent.settings.reader_form import Formed
from agent.settings.reader_secure import Authenticate
from agent.settings.values import OneOf, Whole
from agent.settings.words import CardTypes


@dataclass(frozen=True, slots=True)
class Pn532Reader(Formed):
    """A PN532 module, switched to HSU."""

    driver: Literal["pn532"]
    port: Annotated[Path, Device("Device, such as /dev/ttyAMA0, or run:NAME")]
    baud: Annotated[int, Whole("Speed of the line", 9_600, 921_600, "bits a second")] = 115_200
    cards: Annotated[CardTypes, OneOf(CardTypes, "Types of ISO 14443 that are looked for")] = (
        CardTypes.A
    )
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=3)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None
    authenticate: Authenticate | None = None

    @property
    def place(self) -> str:
        """Where it is plugged in."""
        return str(self.port)

    def told(self) -> str:
        """What an installer looks for, on one line."""
        types = "A and B" if self.cards is CardTypes.BOTH else self.cards.upper()
        asks = "" if self.authenticate is None else f", {self.authenticate.told()}"
        return f"{self.port}, PN532, {speed_told(self.baud)}, cards of type {types}{asks}"
