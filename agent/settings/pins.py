"""The models of single pins: relays, lamps, contacts, sensors.

Rules kept here:
- a default is what is wired most often: relay boards that switch at low, dry contacts to ground;
- what protects people is told by its level: ``active`` means occupied, pressed, reached, alarm.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from agent.core.plan import Drive
from agent.settings.strict import Strict
from agent.settings.values import OneOf, Span, Whole
from agent.settings.words import Level, OnExit, Pull

PIN = Whole("GPIO number (BCM), not the number of the header", 0, 27, "a GPIO number (BCM)")
ON = OneOf(Level, "Level that switches it on")
QUIET = Span("How long a level must last to count", "0 ms", "2 s")
RESISTOR = OneOf(Pull, "Resistor inside the Pi")


@dataclass(frozen=True, slots=True)
class OutputPin(Strict):
    """A relay. ``pulse`` counts only for pulse drive."""

    pin: Annotated[int, PIN]
    drive: Annotated[Drive, OneOf(Drive, "pulse: a short contact; maintained: held")] = Drive.PULSE
    pulse: Annotated[timedelta, Span("How long the contact closes", "50 ms", "10 s")] = timedelta(
        milliseconds=500
    )
    active: Annotated[Level, OneOf(Level, "Level that switches the relay on")] = Level.LOW
    on_exit: Annotated[OnExit, OneOf(OnExit, "keep for maintained open outputs, else off")] = (
        OnExit.OFF
    )


@dataclass(frozen=True, slots=True)
class StrikePin(Strict):
    """The strike of a door; ``pulse`` is how long it can be pushed open after a grant."""

    pin: Annotated[int, PIN]
    pulse: Annotated[timedelta, Span("How long the door can be pushed", "500 ms", "1 min")] = (
        timedelta(seconds=5)
    )
    active: Annotated[Level, OneOf(Level, "Level that releases the strike")] = Level.LOW


@dataclass(frozen=True, slots=True)
class LampPin(Strict):
    """A lamp, through a relay."""

    pin: Annotated[int, PIN]
    active: Annotated[Level, ON] = Level.LOW


@dataclass(frozen=True, slots=True)
class HornPin(Strict):
    """A horn, through a relay; ``pulse`` is one sound of it."""

    pin: Annotated[int, PIN]
    pulse: Annotated[timedelta, Span("How long it sounds at each step", "50 ms", "10 s")] = (
        timedelta(seconds=1)
    )
    active: Annotated[Level, ON] = Level.LOW


@dataclass(frozen=True, slots=True)
class PairPin(Strict):
    """The second contact of a supervised pair; it always says the opposite of the first."""

    pin: Annotated[int, PIN]
    active: Annotated[Level, OneOf(Level, "Level while the first contact is active")] | None = None


@dataclass(frozen=True, slots=True)
class TestPin(Strict):
    """What makes a sensor report an obstacle for a moment, so that it proves to be sound."""

    __test__ = False  # pytest collects classes by this kind of name

    pin: Annotated[int, PIN]
    active: Annotated[Level, OneOf(Level, "Level that tests the sensor")] = Level.LOW
    within: Annotated[timedelta, Span("How soon the sensor answers", "10 ms", "900 ms")] = (
        timedelta(milliseconds=200)
    )


@dataclass(frozen=True, slots=True)
class ContactPin(Strict):
    """A button or an alarm contact."""

    pin: Annotated[int, PIN]
    active: Annotated[Level, OneOf(Level, "Level that means pressed, or alarm")] = Level.LOW
    pull: Annotated[Pull, RESISTOR] = Pull.UP
    debounce: Annotated[timedelta, QUIET] = timedelta(milliseconds=50)
    pair: PairPin | None = None


@dataclass(frozen=True, slots=True)
class MainsPin(ContactPin):
    """The contact of a relay that the mains power holds; a cut wire reads as a power cut."""

    active: Annotated[Level, OneOf(Level, "Level while the mains power is there")] = Level.LOW
    debounce: Annotated[timedelta, QUIET] = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class InputPin(Strict):
    """A loop, a beam or a switch. ``test`` belongs to safety inputs only."""

    pin: Annotated[int, PIN]
    active: Annotated[Level, OneOf(Level, "Level that means occupied, or reached")] = Level.LOW
    pull: Annotated[Pull, RESISTOR] = Pull.UP
    debounce: Annotated[timedelta, QUIET] = timedelta(milliseconds=50)
    pair: PairPin | None = None
    longest: (
        Annotated[timedelta, Span("Active for longer than that is a fault", "1 s", "1 days")] | None
    ) = None
    test: TestPin | None = None
