"""What a step has to know beyond its own state; loaded by the loop with indexed look-ups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.core.ids import LaneId, PassageId, ZoneId
from agent.core.model import Card
from agent.core.needs import Rows


@dataclass(frozen=True, slots=True)
class OpenPassage:
    """A grant of an earlier run that has no end in the journal yet."""

    passage: PassageId
    lane: LaneId
    sequence: int
    card: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Where a card was last seen to go. ``since_us`` is wall time in µs since 1970 UTC.

    ``assumed``: no sensor saw the passage. ``forgiven``: it counts for nobody's denial any more.
    ``trusted``: the clock could be trusted then.
    """

    card: str
    zone: ZoneId
    since_us: int
    assumed: bool = False
    forgiven: bool = False
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Mode:
    """What was in force when the last run ended: ``fire``, ``lockdown`` or ``hold:{lane}``.

    ``until_us`` is wall time in µs since 1970 UTC, 0 for no end. ``cause`` is the id of the entry.
    """

    name: str
    since_us: int
    until_us: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one step. Only what the event needs is filled.

    ``stream`` and ``next_sequence`` are what the first entry of this step will get, so that
    identifiers can name it. ``local`` is the gate's local time, naive, when the event happened, and
    ``now_ns`` the monotonic time at which the step is made. ``presence`` is that of the one card
    that was shown, ``counts`` the vehicles in every counted zone, ``modes`` what an earlier run
    left in force (with `Started` only). ``rows`` are those of the books that the event needs.
    """

    stream: str
    next_sequence: int
    local: datetime
    cards: tuple[Card, ...] = ()
    open_passages: tuple[OpenPassage, ...] = ()
    now_ns: int = 0
    presence: Presence | None = None
    counts: Mapping[ZoneId, int] = field(default_factory=dict)
    modes: tuple[Mode, ...] = ()
    amnesties: Mapping[ZoneId, int] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
