"""A call in the gate's memory, and the one table of what may become of it.

Rules kept here:
- a call waits, rings, is answered and ends, and nothing else; what has ended is forgotten;
- one line of sound: one call at a time rings or talks, the others wait;
- numbers, names and what was typed never show in a text of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.call_keys import Typed
from agent.core.ids import CallId, LaneId, LineId
from agent.core.plan_calls import Party

NO_LINE = LineId("")
WAITING = 4
"""So many calls wait at most."""


class State(StrEnum):
    """Where a call is in its life."""

    WAITING = "waiting"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Trigger(StrEnum):
    """What happens to a call."""

    RING = "ring"
    ANSWER = "answer"
    END = "end"


TABLE: Mapping[tuple[State, Trigger], State] = {
    (State.WAITING, Trigger.RING): State.RINGING,
    (State.WAITING, Trigger.END): State.ENDED,
    (State.RINGING, Trigger.RING): State.RINGING,
    (State.RINGING, Trigger.ANSWER): State.ANSWERED,
    (State.RINGING, Trigger.END): State.ENDED,
    (State.ANSWERED, Trigger.END): State.ENDED,
}
"""What is not here does not happen: an answered call rings nobody else, an ended one is over."""


class Origin(StrEnum):
    """Who began a call: the visitor (button or screen), the guard, or somebody who calls us."""

    BUTTON = "button"
    SCREEN = "screen"
    GUARD = "guard"
    INCOMING = "incoming"


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    CANCELLED = "cancelled"
    LOST = "lost"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Leg:
    """One number to be called. Without a number the booth's screen alone rings.

    ``entry`` is the line of the directory, ``position`` the place of the number in it, from 1.
    """

    party: Party
    ring_ns: int
    number: str = field(default="", repr=False)
    entry: str = ""
    name: str = field(default="", repr=False)
    unit: str = field(default="", repr=False)
    position: int = 1
    may_open: bool = False

    @property
    def who(self) -> str:
        """Who acts when this one presses a key."""
        return f"directory/{self.entry}" if self.entry else f"call/{self.party}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``cause`` is the id of the entry that began it, ``alarm`` of that of its alarm.

    ``at`` is the leg that is called, ``line`` the intercom's line of it, empty where there is none.
    ``rang_ns``: since when that leg rings; ``answered_ns``: since when somebody talks.
    """

    call: CallId
    state: State
    origin: Origin
    began_ns: int
    cause: str
    lane: LaneId | None = None
    legs: tuple[Leg, ...] = ()
    at: int = -1
    line: LineId = NO_LINE
    rang_ns: int | None = None
    answered_ns: int | None = None
    alarm: str = ""
    answer: str = ""
    opened: bool = False
    typed: Typed = field(default_factory=Typed)

    @property
    def leg(self) -> Leg:
        """Who is called or talks, of a call that does not wait; else raises IndexError."""
        return self.legs[self.at]

    @property
    def subject(self) -> str:
        """What entries of this call are about."""
        return "intercom" if self.lane is None else f"lane/{self.lane}"

    def may(self, trigger: Trigger) -> bool:
        """Does the table know what becomes of it?"""
        return (self.state, trigger) in TABLE

    def moved(self, trigger: Trigger) -> "Call":
        """The call after this; raises KeyError for what the table does not know."""
        return replace(self, state=TABLE[self.state, trigger])


@dataclass(frozen=True, slots=True)
class Calls:
    """Every call of the gate. ``refused`` callers since the last entry, made at ``told_ns``."""

    active: Call | None = None
    waiting: tuple[Call, ...] = ()
    refused: int = 0
    told_ns: int | None = None

    @property
    def all(self) -> tuple[Call, ...]:
        """The one that rings or talks first, then those that wait, in their order."""
        return self.waiting if self.active is None else (self.active, *self.waiting)

    def find(self, call: str) -> Call | None:
        """The call with this id."""
        return next((each for each in self.all if each.call == call), None)

    def on_line(self, line: LineId) -> Call | None:
        """The call that has this line."""
        return next((each for each in self.all if line and each.line == line), None)

    def put(self, call: Call) -> "Calls":
        """The same calls, this one as it is now."""
        if self.active is not None and self.active.call == call.call:
            return replace(self, active=call)
        changed = tuple(call if each.call == call.call else each for each in self.waiting)
        return replace(self, waiting=changed)
