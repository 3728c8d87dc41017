"""What the calls of this gate go by: whom a lane calls and for how long, and what a key means.

Rules kept here:
- numbers and the PIN are for nobody's eyes: they never show in a text of these;
- times are ns of the monotonic clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.ids import LaneId

SECOND = 1_000_000_000


class Party(StrEnum):
    """Who is called."""

    BOOTH = "booth"
    UNIT = "unit"
    CONTROL = "control"
    DEPARTMENT = "department"
    EMERGENCY = "emergency"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lane's plan.

    ``number`` is a SIP address or a number to dial; without one the booth's screen alone rings. A
    unit's numbers stand in the directory. ``ring_ns`` holds the time of each number in turn, the
    last one also for all that follow. ``may_open``: its open key moves the arm.
    """

    party: Party
    number: str = field(default="", repr=False)
    unit: str = field(default="", repr=False)
    ring_ns: tuple[int, ...] = (20 * SECOND,)
    may_open: bool = True


@dataclass(frozen=True, slots=True)
class Keys:
    """What key presses mean. Without ``decline`` nobody declines by key; ``pin`` follows ``open``.

    After ``wrong`` presses that mean nothing no key counts any more in that call.
    """

    open: str = "5"
    decline: str = "0"
    pin: str = field(default="", repr=False)
    wrong: int = 5


@dataclass(frozen=True, slots=True)
class CallsPlan:
    """The intercom of the gate.

    ``dial`` makes an address of a number that is none (``{number}`` stands for its digits);
    ``control`` are the addresses of the control room, whose calls are taken at the lane ``home``;
    ``quiet`` are the hours (`agent.core.windows`) at which a unit is not to be called. A call that
    nobody answered is an alarm after ``alarm_ns`` and ends after ``rings_ns``; one that was
    answered ends after ``talk_ns``. ``recorded``: what is said is kept by the intercom.
    """

    lanes: Mapping[LaneId, tuple[Step, ...]] = field(default_factory=dict)
    dial: str = "{number}"
    control: tuple[str, ...] = field(default=(), repr=False)
    home: LaneId | None = None
    quiet: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Keys = field(default_factory=Keys)
    ring_ns: tuple[int, ...] = (20 * SECOND,)
    alarm_ns: int = 60 * SECOND
    rings_ns: int = 180 * SECOND
    talk_ns: int = 600 * SECOND
    recorded: bool = False
