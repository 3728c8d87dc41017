"""The model of a Wiegand reader on two pins, and the format of its cards.

Rules kept here:
- a format that cannot be used is refused with the character that is wrong;
- which protocol has a format, and which needs one, is told by `agent.settings.rules_wiegand`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from agent.core.model import Direction, Matching
from agent.settings.faults import UnfitError, listed, nearest
from agent.settings.pins import PIN, RESISTOR, LampPin
from agent.settings.reader_common import MATCHING, QUIET, SIDE
from agent.settings.reader_form import Formed
from agent.settings.units import write_duration
from agent.settings.values import Check, OneOf, Span, kind_of
from agent.settings.words import Pull, WiegandProtocol
from drivers.wire.wiegand_format import LONGEST_TEXT, NAMED, FormatError, Layout, meaning


@dataclass(frozen=True, slots=True)
class WiegandFormat(Check):
    """A format by name or as written; see `drivers.wire.wiegand_format`."""

    says: str

    def fit(self, value: object) -> str:
        """The text as it stands, if it is a format."""
        names = listed(NAMED)
        if not isinstance(value, str):
            problem = f"a format must stand here, not {kind_of(value)}"
            raise UnfitError(problem, f"{names}, or a layout such as PFFFFFFFFCCCCCCCCCCCCCCCCP")
        try:
            meaning(value)
        except FormatError as error:
            named = nearest(value.strip(), NAMED)
            allowed = f"{error.allowed}; or {names}" if named else error.allowed
            raise UnfitError(error.problem, allowed, named) from None
        return value

    def schema(self) -> dict[str, Any]:
        """A string of some lines."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}


FORMAT = WiegandFormat("h10302 or h10304 for wiegand-37; layout and parities for wiegand-custom")


def format_told(protocol: str, written: str) -> str:
    """The protocol with its format, to stand in a line of the summary."""
    if not written:
        return protocol
    form = meaning(written)
    if not isinstance(form, Layout):
        return f"{protocol} as {written.strip().upper()}"
    seen = "" if form.shows_swap else ", swapped wires CANNOT be noticed"
    return f"{protocol} ({form.told()}{seen})"


@dataclass(frozen=True, slots=True)
class WiegandReader(Formed):
    """A reader whose two data wires end at pins of the Pi, behind a level shifter."""

    driver: Literal["wiegand"]
    d0: Annotated[int, PIN]
    d1: Annotated[int, PIN]
    protocol: Annotated[WiegandProtocol, OneOf(WiegandProtocol, "How many bits the cards have")]
    format: Annotated[str, FORMAT] = ""
    pull: Annotated[Pull, RESISTOR] = Pull.UP
    gap: Annotated[timedelta, Span("Silence that ends a card", "5 ms", "200 ms")] = timedelta(
        milliseconds=25
    )
    green: LampPin | None = None
    buzzer: LampPin | None = None
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=3)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None

    @property
    def place(self) -> str:
        """Where it is wired."""
        return f"GPIO{self.d0}/GPIO{self.d1}"

    def told(self) -> str:
        """What an installer looks for, on one line."""
        pull = "no resistor" if self.pull is Pull.NONE else f"pulled {self.pull}"
        words = [f"D0 GPIO{self.d0}, D1 GPIO{self.d1}, {pull}"]
        words.append(format_told(self.protocol.value, self.format))
        words.append(f"a card ends after {write_duration(self.gap)}")
        for name, lamp in (("green", self.green), ("buzzer", self.buzzer)):
            words += [f"{name} GPIO{lamp.pin}"] if lamp is not None else []
        return ", ".join(words)
