"""The gate as it was configured, in the core's own words. Built once by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from agent.core.ids import AgentId, DeskId, EstateId, InputId, LaneId, OutputId, ReaderId, ZoneId
from agent.core.model import CardKind, Direction, Matching
from agent.core.plan_books import BooksPlan
from agent.core.plan_calls import CallsPlan

OUTSIDE = ZoneId("outside")
INSIDE = ZoneId("inside")


class Drive(StrEnum):
    """How an output works: a short pulse, or held for as long as the arm is to stay up."""

    PULSE = "pulse"
    MAINTAINED = "maintained"


@dataclass(frozen=True, slots=True)
class Relay:
    """One output of a lane. ``pulse_ms`` counts only for pulse drive."""

    output: OutputId
    drive: Drive
    pulse_ms: int = 500


class ArmKind(StrEnum):
    """What is moved: a barrier arm, or a door with a strike that people push open."""

    BARRIER = "barrier"
    DOOR = "door"


class Blocked(StrEnum):
    """What is left when a safety input stays not clear: nothing, or the guard's held button."""

    STAY_OPEN = "stay_open"
    DEAD_MAN = "dead_man"


class Button(StrEnum):
    """What a wired button asks for. ``close`` is held (dead-man), all others are pressed.

    ``call`` is the visitor's: it moves nothing and calls somebody.
    """

    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    EXIT = "exit"
    CALL = "call"


class RightOfWay(StrEnum):
    """Which direction of a two-way lane goes first when both want to."""

    FIRST = "first"
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Ladder:
    """What happens while an arm or door stands open too long; ns since it could have closed.

    ``pre_alarm_ns`` warns, ``alarm_ns`` alarms, each of ``escalate_ns`` calls louder; after the
    last one it stays an alarm and no more is said. None, or empty: that step is left out.
    """

    pre_alarm_ns: int | None = None
    alarm_ns: int | None = None
    escalate_ns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorTest:
    """How a safety sensor is tested before every closing (EN 12453, test of the device).

    While ``output`` is on, a sound sensor reports ``active`` within ``within_ms``, and clear again
    within the same time after it is off.
    """

    output: OutputId
    within_ms: int = 200


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """The relays and inputs of one arm. What is None is not wired, and nothing is claimed of it.

    ``approach`` lies before the arm in the direction of a lane in (on the outer side of a two-way
    lane), ``loop`` under it, ``exit`` behind it. ``safety`` holds every input that forbids closing,
    the loop under the arm among them. ``closes_itself``: the operator has its own logic and no
    relay can close it. ``travel_ns`` is the longest time from end to end, either way. ``retries``:
    how often a movement that did not reach its end, or was reversed, is tried again by itself.
    """

    open: Relay
    close: Relay | None = None
    stop: Relay | None = None
    loop: InputId | None = None
    safety: tuple[InputId, ...] = ()
    opened: InputId | None = None
    closed: InputId | None = None
    approach: InputId | None = None
    exit: InputId | None = None
    buttons: Mapping[Button, InputId] = field(default_factory=dict)
    tests: Mapping[InputId, SensorTest] = field(default_factory=dict)
    kind: ArmKind = ArmKind.BARRIER
    closes_itself: bool = False
    travel_ns: int = 10_000_000_000
    when_blocked: Blocked = Blocked.STAY_OPEN
    retries: int = 3
    ladder: Ladder = field(default_factory=Ladder)


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """Lamps, horn and text line of one lane; ``text`` says that a display is wired."""

    red: OutputId | None = None
    green: OutputId | None = None
    horn: OutputId | None = None
    horn_ms: int = 1_000
    text: bool = False


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A passage with one arm. Times in nanoseconds of the monotonic clock.

    ``open_for_ns``: how long a grant waits for its vehicle before the arm goes down again; without
    a loop, how long the arm stays up. ``from_zone`` and ``to_zone`` are meant in the direction in;
    a lane out leads from ``to_zone`` to ``from_zone``. ``right_of_way`` counts for two-way lanes.
    """

    lane: LaneId
    direction: Direction
    arm: ArmPlan
    open_for_ns: int
    from_zone: ZoneId = OUTSIDE
    to_zone: ZoneId = INSIDE
    right_of_way: RightOfWay = RightOfWay.FIRST
    signals: SignalPlan = field(default_factory=SignalPlan)

    def zones(self, direction: Direction) -> tuple[ZoneId, ZoneId]:
        """From where to where a passage in this direction leads."""
        if direction is Direction.OUT:
            return self.to_zone, self.from_zone
        return self.from_zone, self.to_zone


class PassbackMode(StrEnum):
    """How a second entry without an exit is taken: denied, marked, or denied for some time."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"
    TIMED = "timed"


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A zone that lanes lead to.

    ``bays`` counts vehicles (None: not counted); a full zone refuses ``refuse_when_full`` kinds.
    ``kinds`` are those that anti-passback looks at; ``within_ns`` is the time of TIMED; ``amnesty``
    is the local time of day at which everybody's presence in this zone is forgiven.
    """

    zone: ZoneId
    bays: int | None = None
    refuse_when_full: frozenset[CardKind] = frozenset()
    passback: PassbackMode = PassbackMode.OFF
    within_ns: int = 0
    kinds: frozenset[CardKind] = frozenset()
    amnesty: time | None = None


@dataclass(frozen=True, slots=True)
class EmergencyPlan:
    """Inputs of the whole gate: the fire contact, and the lockdown button."""

    fire: InputId | None = None
    lockdown: InputId | None = None


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """A reader at a lane (with the side it faces) or at a desk; exactly one of both is set.

    ``needs_proof``: a card that shows no more than its number is good for nothing here.
    """

    reader: ReaderId
    lane: LaneId | None = None
    desk: DeskId | None = None
    side: Direction = Direction.IN
    matching: Matching = Matching.EXACT
    quiet_ns: int = 3_000_000_000
    needs_proof: bool = False


@dataclass(frozen=True, slots=True)
class DuressPlan:
    """The code (digits, in no text) that calls for help, and how near to a card it is typed."""

    pin: str = field(repr=False)
    within_ns: int


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Everything the core has to know of one gate.

    ``clock_pass``: the card kinds that pass, marked, while the clock cannot be trusted; all others
    are referred to the guard. ``proved``: the card kinds that have to prove themselves everywhere.
    """

    estate: EstateId
    agent: AgentId
    lanes: Mapping[LaneId, LanePlan]
    readers: Mapping[ReaderId, ReaderPlan]
    holidays: frozenset[date] = frozenset()
    clock_pass: frozenset[CardKind] = field(
        default_factory=lambda: frozenset({CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE})
    )

    zones: Mapping[ZoneId, ZonePlan] = field(default_factory=dict)
    emergency: EmergencyPlan = field(default_factory=EmergencyPlan)
    books: BooksPlan = field(default_factory=BooksPlan)
    calls: CallsPlan | None = None
    proved: frozenset[CardKind] = frozenset()
    duress: DuressPlan | None = None

    @property
    def source(self) -> str:
        """The gate's name in events, as the envelope of the MQTT contract has it."""
        return f"/gate/v1/{self.estate}/{self.agent}"
