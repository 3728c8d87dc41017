"""What a step has to know beyond its own state; loaded by the loop with indexed look-ups."""

from dataclasses import dataclass
from datetime import datetime

from agent.core.ids import LaneId, PassageId
from agent.core.model import Card


@dataclass(frozen=True, slots=True)
class OpenPassage:
    """A grant of an earlier run that has no end in the journal yet."""

    passage: PassageId
    lane: LaneId
    sequence: int
    card: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one step. Only what the event needs is filled.

    ``stream`` and ``next_sequence`` are what the first entry of this step will get, so that
    identifiers can name it. ``local`` is the gate's local time, naive, when the event happened, and
    ``now_ns`` the monotonic time at which the step is made.
    """

    stream: str
    next_sequence: int
    local: datetime
    cards: tuple[Card, ...] = ()
    open_passages: tuple[OpenPassage, ...] = ()
    now_ns: int = 0
