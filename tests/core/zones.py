"""A gate with zones: the street, the estate inside it, and a garage inside that."""

from dataclasses import replace
from datetime import datetime, time
from typing import Any

from agent.core.draft import Draft
from agent.core.entries import Entry, EntryType
from agent.core.facts import Facts, Presence
from agent.core.ids import LaneId, ReaderId, ZoneId
from agent.core.model import CardKind, Direction, Moment
from agent.core.plan import INSIDE, OUTSIDE, GatePlan, LanePlan, PassbackMode, ReaderPlan, ZonePlan
from tests.core.builders import BARE, DESK_READER, WALL_US, WEDNESDAY, gate_plan, moment

GARAGE = ZoneId("garage")
IN_1, IN_2, OUT_1, RAMP = LaneId("in-1"), LaneId("in-2"), LaneId("out-1"), LaneId("ramp")
AT_IN, AT_IN_2, AT_OUT = ReaderId("at-in"), ReaderId("at-in-2"), ReaderId("at-out")
DOWN, UP = ReaderId("down"), ReaderId("up")
MINUTE_NS = 60_000_000_000


def passage(lane: LaneId, direction: Direction) -> LanePlan:
    return LanePlan(lane, direction, BARE, 15_000_000_000)


def zone(mode: PassbackMode = PassbackMode.OFF, **more: Any) -> ZonePlan:
    """The zone inside, where anti-passback works like this."""
    return replace(ZonePlan(INSIDE, passback=mode, within_ns=10 * MINUTE_NS), **more)


def estate(*zones: ZonePlan) -> GatePlan:
    """Two lanes in, one out, and a two-way ramp from inside to the garage."""
    ramp = replace(passage(RAMP, Direction.BOTH), from_zone=INSIDE, to_zone=GARAGE)
    lanes = (
        passage(IN_1, Direction.IN),
        passage(IN_2, Direction.IN),
        passage(OUT_1, Direction.OUT),
        ramp,
    )
    readers = (
        ReaderPlan(AT_IN, lane=IN_1),
        ReaderPlan(AT_IN_2, lane=IN_2),
        ReaderPlan(AT_OUT, lane=OUT_1),
        ReaderPlan(DOWN, lane=RAMP),
        ReaderPlan(UP, lane=RAMP, side=Direction.OUT),
        gate_plan().readers[DESK_READER],
    )
    return replace(
        gate_plan(),
        lanes={each.lane: each for each in lanes},
        readers={each.reader: each for each in readers},
        zones={each.zone: each for each in zones},
    )


def seen(where: ZoneId = INSIDE, minutes_ago: float = 1, card: str = "A", **more: bool) -> Presence:
    return Presence(card, where, WALL_US - int(minutes_ago * 60e6), **more)


def facts(local: datetime = WEDNESDAY, **more: Any) -> Facts:
    return replace(Facts("s1", 1, local, now_ns=moment(0).mono_ns), **more)


def draft(plan: GatePlan, known: Facts, at: Moment | None = None) -> Draft:
    return Draft(plan, known, at or moment(0))


def ended(outcome: str, **data: object) -> Entry:
    """A vehicle's passage from the street to the inside, unless ``data`` says otherwise."""
    told: dict[str, object] = {
        "lane": IN_1,
        "passage": "p-1",
        "outcome": outcome,
        "direction": "in",
        "from": OUTSIDE,
        "to": INSIDE,
        "vehicles": 1,
    }
    return Entry(EntryType.PASSAGE_ENDED, f"lane/{IN_1}", moment(0), told | data)


FOUR = time(4, 0)
CARS = frozenset({CardKind.VEHICLE, CardKind.VISITOR_VEHICLE})
