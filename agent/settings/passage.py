"""The models of a lane: its arm or door, its sensors, buttons and signals.

Rules kept here:
- a lane has an arm or a door, never both; what both have in common is asked of the lane;
- a role is the part of an id behind the lane: ``in-1.open``, ``in-1.loop``, ``in-1.button-stop``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from agent.core.model import Direction
from agent.core.plan import Blocked, Drive, RightOfWay
from agent.settings.mixes import Many, OrFalse
from agent.settings.pins import (
    ContactPin,
    HornPin,
    InputPin,
    LampPin,
    OutputPin,
    StrikePin,
    TestPin,
)
from agent.settings.places import Device, Place
from agent.settings.strict import Strict
from agent.settings.values import Id, OneOf, Span, Text, Truth, Whole
from agent.settings.words import Charset, Language

STEP = ("1 s", "1 days")
DEVICE = r"[A-Za-z0-9_][A-Za-z0-9_:=,.-]{0,99}"
PASSES = OneOf(RightOfWay, "Who goes first in a two-way lane with one arm")


@dataclass(frozen=True, slots=True)
class Ladder(Strict):
    """What happens while it stands open for no reason; each time counts from then on."""

    pre_alarm: Annotated[timedelta, Span("When to warn", *STEP)] | None = None
    alarm: Annotated[timedelta, Span("When it is an alarm", *STEP)] | None = None
    escalate: Annotated[
        tuple[Annotated[timedelta, Span("When to call louder", *STEP)], ...], Many()
    ] = ()


def _ladder() -> Ladder:
    minutes = [timedelta(minutes=count) for count in (1, 2, 5, 15)]
    return Ladder(minutes[0], minutes[1], tuple(minutes[2:]))


@dataclass(frozen=True, slots=True)
class Arm(Strict):
    """The relays of one arm, and what it may do by itself."""

    open: OutputPin
    close: OutputPin | None = None
    stop: OutputPin | None = None
    closes_itself: Annotated[
        bool, Truth("The operator lowers the arm by itself, with sensors of its own")
    ] = False
    travel: Annotated[
        timedelta, Span("The longest that the arm takes from end to end", "500 ms", "1 min")
    ] = timedelta(seconds=10)
    retries: Annotated[
        int, Whole("How often a movement that failed is tried again", 0, 10, "a number of tries")
    ] = 3
    when_blocked: Annotated[
        Blocked, OneOf(Blocked, "What is left while a safety input is not clear")
    ] = Blocked.STAY_OPEN
    open_too_long: Annotated[Ladder | None, OrFalse()] = field(default_factory=_ladder)

    def outputs(self) -> Mapping[str, OutputPin]:
        """The relays that are wired, by role."""
        roles = {"open": self.open, "close": self.close, "stop": self.stop}
        return {role: pin for role, pin in roles.items() if pin is not None}


@dataclass(frozen=True, slots=True)
class Door(Strict):
    """A door that people push open while its strike is released."""

    strike: StrikePin
    open_too_long: Annotated[Ladder | None, OrFalse()] = field(default_factory=_ladder)

    def outputs(self) -> Mapping[str, OutputPin]:
        """The strike as the relay ``open``."""
        strike = self.strike
        return {"open": OutputPin(strike.pin, pulse=strike.pulse, active=strike.active)}


@dataclass(frozen=True, slots=True)
class Inputs(Strict):
    """What tells where vehicle and arm are. What is not wired is left out."""

    approach: InputPin | None = None
    loop: InputPin | None = None
    exit: InputPin | None = None
    safety: Annotated[tuple[InputPin, ...], Many()] = ()
    opened: InputPin | None = None
    closed: InputPin | None = None

    def wired(self) -> Mapping[str, InputPin]:
        """The inputs that are wired, by role; safety inputs are ``safety``, ``safety-2``, …"""
        found = {"approach": self.approach, "loop": self.loop, "exit": self.exit}
        for number, pin in enumerate(self.safety, 1):
            found["safety" if number == 1 else f"safety-{number}"] = pin
        found |= {"opened": self.opened, "closed": self.closed}
        return {role: pin for role, pin in found.items() if pin is not None}

    def tests(self) -> Mapping[str, TestPin]:
        """How safety inputs are tested, by the role of the input."""
        return {role: pin.test for role, pin in self.wired().items() if pin.test is not None}


@dataclass(frozen=True, slots=True)
class Buttons(Strict):
    """Buttons that are wired to the Pi. ``close`` is held, all others are pressed.

    ``call`` is the visitor's: it calls whom `intercom` says.
    """

    open: ContactPin | None = None
    close: ContactPin | None = None
    stop: ContactPin | None = None
    exit: ContactPin | None = None
    call: ContactPin | None = None

    def wired(self) -> Mapping[str, ContactPin]:
        """The buttons that are wired, by role: ``button-open``, …"""
        found = {"open": self.open, "close": self.close, "stop": self.stop, "exit": self.exit}
        found["call"] = self.call
        return {f"button-{role}": pin for role, pin in found.items() if pin is not None}


@dataclass(frozen=True, slots=True)
class Display(Strict):
    """A line of text on a serial port, eight data bits, no parity, one stop bit."""

    port: Annotated[Path, Device("Device, such as /dev/ttyUSB2, or run:NAME")]
    baud: Annotated[int, Whole("Speed of the line", 300, 921_600, "bits a second")] = 9_600
    encoding: Annotated[Charset, OneOf(Charset, "How the display takes its characters")] = (
        Charset.GB18030
    )
    columns: Annotated[
        int, Whole("How wide it is; a Chinese character takes two", 4, 80, "columns")
    ] = 20


@dataclass(frozen=True, slots=True)
class Signals(Strict):
    """What tells the people in the lane."""

    red: LampPin | None = None
    green: LampPin | None = None
    horn: HornPin | None = None
    display: Display | None = None

    def outputs(self) -> Mapping[str, OutputPin]:
        """Lamps and horn that are wired, by role."""
        found: dict[str, OutputPin] = {}
        for role, lamp in (("red", self.red), ("green", self.green)):
            if lamp is not None:
                found[role] = OutputPin(lamp.pin, Drive.MAINTAINED, active=lamp.active)
        if self.horn is not None:
            found["horn"] = OutputPin(self.horn.pin, pulse=self.horn.pulse, active=self.horn.active)
        return found


@dataclass(frozen=True, slots=True)
class Voice(Strict):
    """A loudspeaker that says what happens, from recordings; `gate-agent voice` lists them."""

    sounds: Annotated[Path, Place("Folder of the recordings, one WAV for each moment")]
    device: Annotated[
        str, Text("Device of ALSA, as aplay -L tells it", DEVICE, "such as plughw:1,0 or default")
    ] = "default"
    language: Annotated[Language, OneOf(Language, "In which language they are recorded")] = (
        Language.ZH
    )


@dataclass(frozen=True, slots=True)
class LaneZones(Strict):
    """From where to where vehicles go; in a two-way lane in the direction in."""

    from_: Annotated[str, Id("outside, inside, or a key of zones:")]
    to: Annotated[str, Id("outside, inside, or a key of zones:")]


def test_role(number: int) -> str:
    """The role of the lane's test output, counted from 0: ``test``, ``test-2``, …"""
    return "test" if number == 0 else f"test-{number + 1}"


@dataclass(frozen=True, slots=True)
class Lane(Strict):
    """A passage with one arm, or with one door."""

    direction: Annotated[Direction, OneOf(Direction, "Which way the lane is used")]
    readers: tuple[Annotated[str, Id("A key of readers:")], ...]
    arm: Arm | None = None
    door: Door | None = None
    name: Annotated[str, Text("What people call the lane")] = ""
    open_for: Annotated[
        timedelta,
        Span("How long a grant waits for its vehicle; how long the arm is up", "1 s", "10 min"),
    ] = timedelta(seconds=15)
    zones: LaneZones | None = None
    right_of_way: Annotated[RightOfWay, PASSES] = RightOfWay.FIRST
    inputs: Inputs = field(default_factory=Inputs)
    buttons: Buttons = field(default_factory=Buttons)
    signals: Signals = field(default_factory=Signals)
    voice: Voice | None = None

    def relays(self) -> Mapping[str, OutputPin]:
        """What moves the arm, or releases the door, by role."""
        if self.arm is not None:
            return self.arm.outputs()
        return self.door.outputs() if self.door is not None else {}

    def outputs(self) -> Mapping[str, OutputPin]:
        """Every output of the lane by role: relays or strike, lamps, horn, tests of sensors."""
        found = {**self.relays(), **self.signals.outputs()}
        tests = list(self.inputs.tests().values())
        for number, pin in enumerate(self.test_pins()):
            same = [test for test in tests if test.pin == pin]
            longest = max(test.within for test in same)
            found[test_role(number)] = OutputPin(pin, pulse=longest, active=same[0].active)
        return found

    def test_pins(self) -> tuple[int, ...]:
        """The pins that test sensors, each once: several sensors may share one."""
        return tuple(dict.fromkeys(test.pin for test in self.inputs.tests().values()))

    def wired(self) -> Mapping[str, InputPin | ContactPin]:
        """Every input of the lane by role, buttons included."""
        return {**self.inputs.wired(), **self.buttons.wired()}

    @property
    def travel(self) -> timedelta:
        """The longest from end to end; a door has none, its strike is let go instead."""
        return self.arm.travel if self.arm is not None else timedelta(0)
