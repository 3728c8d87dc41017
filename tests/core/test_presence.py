from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import presence
from agent.core.access import Passback
from agent.core.effects import AnswerOrder, StartTimer
from agent.core.entries import Entry, EntryType
from agent.core.events import ClockJudged, ClockStepped, Event, Started, Stopping, TimerFired
from agent.core.facts import Facts, Presence
from agent.core.ids import OrderId, ReaderId, ZoneId
from agent.core.model import CardKind, ClockQuality, Direction
from agent.core.orders import Order
from agent.core.plan import INSIDE, OUTSIDE, GatePlan, PassbackMode, SignalPlan, ZonePlan
from tests.core.builders import DESK_READER, SECOND, WALL_US, WEDNESDAY, a_card, moment
from tests.core.zones import (
    AT_IN,
    AT_OUT,
    CARS,
    DOWN,
    FOUR,
    GARAGE,
    IN_1,
    RAMP,
    UP,
    draft,
    ended,
    estate,
    facts,
    seen,
    zone,
)

HARD, SOFT, TIMED = PassbackMode.HARD, PassbackMode.SOFT, PassbackMode.TIMED
ENTERING, LEAVING = (OUTSIDE, INSIDE), (INSIDE, OUTSIDE)
DOUBTED = moment(0, ClockQuality.ESTIMATED)


# Where a reader leads to, and what has to be known for that


@pytest.mark.parametrize(
    ("reader", "wanted"), [(AT_IN, INSIDE), (UP, INSIDE), (DOWN, None), (AT_OUT, None)]
)
def test_a_reader_leads_to_a_zone(reader: ReaderId, wanted: ZoneId | None) -> None:
    found = presence.ahead(estate(zone(HARD)), reader)
    assert (None if found is None else found.zone) == wanted


def test_without_zones_or_at_a_desk_nothing_is_ahead() -> None:
    assert presence.ahead(estate(), AT_IN) is None
    assert presence.ahead(estate(zone(HARD)), DESK_READER) is None


@pytest.mark.parametrize(
    ("plan", "asks"),
    [
        (None, (False, False)),
        (zone(), (False, False)),
        (zone(SOFT), (True, False)),
        (zone(bays=3), (False, False)),
        (zone(refuse_when_full=CARS), (False, False)),
        (zone(bays=3, refuse_when_full=CARS), (False, True)),
    ],
)
def test_nothing_is_asked_that_nothing_needs(
    plan: ZonePlan | None, asks: tuple[bool, bool]
) -> None:
    assert (presence.asks_presence(plan), presence.asks_counts(plan)) == asks


def test_counts_are_shown_where_a_display_and_bays_are() -> None:
    plan = estate(zone(bays=3))
    assert not presence.shows_counts(plan)
    lanes = {**plan.lanes, IN_1: replace(plan.lanes[IN_1], signals=SignalPlan(text=True))}
    assert presence.shows_counts(replace(plan, lanes=lanes))
    assert not presence.shows_counts(replace(plan, lanes=lanes, zones={}))


def test_the_zones_of_a_gate() -> None:
    assert presence.zones(estate(ZonePlan(GARAGE))) == [GARAGE, OUTSIDE, INSIDE]


# Anti-passback


def asked(
    plan: GatePlan,
    last: Presence | None,
    way: tuple[ZoneId, ZoneId] = ENTERING,
    *,
    kind: CardKind = CardKind.RESIDENT,
    at: Any = None,
    passing: bool = False,
) -> Passback:
    card = a_card(kind=kind)
    return presence.passback(plan, way, card, last, at or moment(0), passing=passing)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (PassbackMode.OFF, Passback.NONE),
        (SOFT, Passback.MARKED),
        (HARD, Passback.REFUSED),
        (TIMED, Passback.REFUSED),
    ],
)
def test_a_second_entry_without_an_exit(mode: PassbackMode, wanted: Passback) -> None:
    assert asked(estate(zone(mode)), seen()) is wanted
    assert asked(estate(), seen()) is Passback.NONE


@pytest.mark.parametrize("last", [None, seen(OUTSIDE), seen(forgiven=True), seen(ZoneId("gone"))])
def test_nobody_is_held_up_who_is_not_inside(last: Presence | None) -> None:
    assert asked(estate(zone(HARD)), last) is Passback.NONE


def test_it_looks_at_its_own_zone_and_at_its_own_kinds() -> None:
    plan = estate(zone(HARD, kinds=CARS))
    assert asked(plan, seen()) is Passback.NONE
    assert asked(plan, seen(), kind=CardKind.VEHICLE) is Passback.REFUSED
    # The way out leads to a zone where nothing is configured.
    assert asked(plan, seen(OUTSIDE), LEAVING, kind=CardKind.VEHICLE) is Passback.NONE
    out_too = estate(ZonePlan(OUTSIDE, passback=HARD))
    assert asked(out_too, seen(GARAGE), LEAVING) is Passback.NONE
    assert asked(out_too, seen(OUTSIDE), LEAVING) is Passback.REFUSED


@pytest.mark.parametrize("mode", [SOFT, HARD, TIMED])
def test_nobody_is_denied_on_a_guess(mode: PassbackMode) -> None:
    plan = estate(zone(mode))
    assert asked(plan, seen(assumed=True)) is Passback.MARKED
    assert asked(plan, seen(), at=DOUBTED) is Passback.MARKED
    assert asked(plan, seen(), at=DOUBTED, passing=True) is Passback.MARKED


def test_a_time_that_is_not_known_marks_where_times_are_compared_and_only_there() -> None:
    assert asked(estate(zone(TIMED)), seen(trusted=False)) is Passback.MARKED
    assert asked(estate(zone(HARD)), seen(trusted=False)) is Passback.REFUSED


@pytest.mark.parametrize(
    ("minutes", "wanted"),
    [
        (9.99, Passback.REFUSED),
        (10, Passback.NONE),
        (100_000, Passback.NONE),
        # One of the two clocks was wrong, whatever they said.
        (-5, Passback.MARKED),
    ],
)
def test_timed_denies_for_some_time(minutes: float, wanted: Passback) -> None:
    assert asked(estate(zone(TIMED)), seen(minutes_ago=minutes)) is wanted


def test_an_untrusted_clock_never_says_that_the_time_is_over() -> None:
    assert asked(estate(zone(TIMED)), seen(minutes_ago=100), at=DOUBTED) is Passback.MARKED


def test_a_grant_that_is_being_used_is_a_way_in() -> None:
    assert asked(estate(zone(HARD)), None, passing=True) is Passback.REFUSED
    assert asked(estate(zone(SOFT)), None, passing=True) is Passback.MARKED
    assert asked(estate(zone()), None, passing=True) is Passback.NONE
    assert asked(estate(zone(HARD, kinds=CARS)), None, passing=True) is Passback.NONE


def test_who_went_on_into_the_garage_is_still_inside() -> None:
    plan = estate(zone(HARD), ZonePlan(GARAGE, passback=HARD))
    assert asked(plan, seen(GARAGE)) is Passback.REFUSED
    # From the garage it is no second entry, wherever it was seen last.
    up = (GARAGE, INSIDE)
    assert asked(plan, seen(GARAGE), up) is Passback.NONE
    assert asked(plan, seen(OUTSIDE), up) is Passback.NONE
    assert asked(plan, seen(INSIDE), up) is Passback.REFUSED
    # Into the garage one comes from inside only: who was outside came in unseen.
    assert asked(plan, seen(OUTSIDE), (INSIDE, GARAGE)) is Passback.NONE


def test_a_garage_with_a_way_of_its_own_is_another_place() -> None:
    plan = estate(zone(HARD))
    street = replace(plan.lanes[IN_1], lane=RAMP, direction=Direction.BOTH, to_zone=GARAGE)
    both = replace(plan, lanes={**plan.lanes, street.lane: street})
    assert asked(both, seen(GARAGE)) is Passback.NONE


MOMENTS = st.builds(
    moment,
    st.integers(-7200, 7200),
    st.sampled_from(ClockQuality),
)


@given(
    st.sampled_from(PassbackMode),
    st.sampled_from([OUTSIDE, INSIDE, GARAGE]),
    st.sampled_from([ENTERING, LEAVING, (INSIDE, GARAGE), (GARAGE, INSIDE)]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    MOMENTS,
)
def test_only_what_was_seen_and_is_timed_by_good_clocks_denies(
    mode: PassbackMode,
    where: ZoneId,
    way: tuple[ZoneId, ZoneId],
    flags: tuple[bool, bool, bool],
    at: Any,
) -> None:
    assumed, forgiven, trusted = flags
    last = seen(where, assumed=assumed, forgiven=forgiven, trusted=trusted)
    plan = estate(*(ZonePlan(each, passback=mode, within_ns=60 * SECOND) for each in way))
    if asked(plan, last, way, at=at) is Passback.REFUSED:
        assert mode in (HARD, TIMED)
        assert at.quality.trusted
        assert not assumed
        assert not forgiven
        assert where != way[0]
        assert mode is HARD or trusted


# Bays


@pytest.mark.parametrize(
    ("plan", "kind", "vehicles", "coming", "wanted"),
    [
        (zone(bays=3, refuse_when_full=CARS), CardKind.VEHICLE, 3, 0, True),
        (zone(bays=3, refuse_when_full=CARS), CardKind.VEHICLE, 2, 0, False),
        (zone(bays=3, refuse_when_full=CARS), CardKind.VEHICLE, 2, 1, True),
        (zone(bays=3, refuse_when_full=CARS), CardKind.VEHICLE, -7, 2, False),
        (zone(bays=3, refuse_when_full=CARS), CardKind.RESIDENT, 9, 0, False),
        (zone(refuse_when_full=CARS), CardKind.VEHICLE, 9, 0, False),
        (None, CardKind.VEHICLE, 9, 0, False),
    ],
)
def test_a_full_zone(
    plan: ZonePlan | None, kind: CardKind, vehicles: int, coming: int, wanted: bool
) -> None:
    assert presence.full(plan, kind, {INSIDE: vehicles}, coming) is wanted


@pytest.mark.parametrize(("vehicles", "free"), [(0, 3), (2, 1), (3, 0), (5, 0), (-2, 3)])
def test_free_bays_are_never_below_nothing(vehicles: int, free: int) -> None:
    assert presence.free(zone(bays=3), {INSIDE: vehicles}) == free
    assert presence.free(zone(), {INSIDE: vehicles}) is None


def test_the_counts_after_what_is_being_written() -> None:
    entries = [
        ended("passed"),
        ended("forced", vehicles=2),
        Entry(EntryType.AGENT_STARTED, "agent", moment(0)),
        ended("passed", **{"from": INSIDE, "to": GARAGE}),
    ]
    assert presence.counts_after({INSIDE: 5}, entries) == {INSIDE: 7, GARAGE: 1}
    counted = Entry(EntryType.ZONE_COUNTED, "z", moment(0), {"zone": INSIDE, "count": 2})
    carded = ended("passed", card="A", passage="p-2")
    assert presence.counts_after({INSIDE: 5}, [carded, counted]) == {INSIDE: 2}


# Orders


def order(kind: str, **args: str) -> Order:
    return Order(OrderId("o-1"), "Li", "cli", kind, {"reason": "asked", **args})


def did(wanted: Order, known: Facts | None = None) -> tuple[Entry | None, AnswerOrder]:
    plan = estate(zone(HARD, bays=3))
    known = known or facts()
    out = draft(plan, known)
    presence.ordered(plan, wanted, known, out)
    (answer,) = out.effects
    assert isinstance(answer, AnswerOrder)
    assert len(out.entries) <= 1
    return (out.entries[0] if out.entries else None), answer


@pytest.mark.parametrize(
    ("args", "subject", "whose"),
    [
        ({}, "zones", "everybody"),
        ({"zone": "garage"}, "zone/garage", "everybody in zone garage"),
        ({"card": "A"}, "card/A", "card A"),
    ],
)
def test_an_amnesty_is_written_with_who_and_why(
    args: dict[str, str], subject: str, whose: str
) -> None:
    entry, answer = did(order("amnesty", **args), facts(presence=seen()))
    assert entry is not None
    assert (entry.type, entry.subject) == (EntryType.PRESENCE_FORGIVEN, subject)
    assert entry.data == {**args, "origin": "cli", "reason": "asked"}
    assert (entry.actor, entry.cause) == ("Li", "o-1")
    assert (answer.status, answer.code) == ("done", 200)
    assert answer.detail == f"forgiven: {whose}"


def test_a_count_is_written_with_what_it_was() -> None:
    entry, answer = did(order("zone.count", zone="inside", count="2"), facts(counts={INSIDE: -4}))
    assert entry is not None
    assert (entry.type, entry.subject) == (EntryType.ZONE_COUNTED, "zone/inside")
    assert entry.data == {
        "zone": "inside",
        "count": 2,
        "was": -4,
        "origin": "cli",
        "reason": "asked",
    }
    assert answer.detail == "zone inside: 2 vehicles, 3 bays"


@pytest.mark.parametrize(
    ("wanted", "code", "word"),
    [
        (order("amnesty", reason=" "), 422, "reason"),
        (order("zone.count", reason=""), 422, "reason"),
        (order("amnesty", zone="inside", card="A"), 422, "not for both"),
        (order("amnesty", zone="cellar"), 404, "the zones are inside, outside, garage"),
        (order("amnesty", card="B"), 404, "'B'"),
        (order("zone.count", zone="cellar", count="1"), 404, "the zones are"),
        (order("zone.count", count="1"), 404, "the zones are"),
        (order("zone.count", zone="garage", count="1"), 422, "no bays"),
        (order("zone.count", zone="inside"), 422, "not a number"),
        (order("zone.count", zone="inside", count="-1"), 422, "not a number"),
        (order("zone.count", zone="inside", count="٣"), 422, "not a number"),
        (order("zone.count", zone="inside", count="100000"), 422, "0 to 99999"),
        (order("zone.count", zone="inside", count="9" * 5000), 422, "0 to 99999"),
    ],
)
def test_what_cannot_be_ordered(wanted: Order, code: int, word: str) -> None:
    entry, answer = did(wanted)
    assert entry is None
    assert (answer.status, answer.code) == ("rejected", code)
    assert word in answer.detail


def test_a_zone_of_the_settings_without_bays_is_not_counted() -> None:
    plan = estate(ZonePlan(GARAGE, passback=HARD))
    out = draft(plan, facts())
    presence.ordered(plan, order("zone.count", zone="garage", count="1"), facts(), out)
    assert [effect.code for effect in out.effects if isinstance(effect, AnswerOrder)] == [422]


# Amnesty by the time of day

DAILY = zone(HARD, amnesty=FOUR)
DAY_US = 24 * 3600 * 1_000_000


def look(local: datetime, at: Any = None, last_us: int | None = None) -> tuple[list[Entry], float]:
    """What is written at this local time, and after how many seconds it is looked at again."""
    plan = estate(DAILY, ZonePlan(GARAGE))
    known = facts(local, amnesties={} if last_us is None else {INSIDE: last_us})
    out = draft(plan, known, at)
    presence.timer(plan, INSIDE, known, out)
    (timer,) = out.effects
    assert isinstance(timer, StartTimer)
    assert timer.key == "amnesty:inside"
    return out.entries, (timer.at_ns - out.at.mono_ns) / 1e9


def test_at_its_time_of_day_presence_is_forgiven_once() -> None:
    four = WEDNESDAY.replace(hour=4)
    yesterday = WALL_US - DAY_US
    (entry,), again = look(four, last_us=yesterday)
    assert (entry.type, entry.subject) == (EntryType.PRESENCE_FORGIVEN, "zone/inside")
    assert entry.data == {"zone": "inside", "at": "04:00"}
    assert again == 3600
    assert look(four + timedelta(minutes=30), last_us=WALL_US - 1_700_000_000)[0] == []
    assert look(four, last_us=WALL_US)[0] == []


def test_before_its_time_it_waits_for_an_hour_at_most() -> None:
    early = WEDNESDAY.replace(hour=3, minute=59, second=59, microsecond=500_000)
    assert look(early, last_us=WALL_US - DAY_US + 500_000) == ([], 0.5)
    assert look(WEDNESDAY.replace(hour=5), last_us=WALL_US - 3_600_000_000) == ([], 3600)


def test_what_was_missed_is_made_up_for() -> None:
    # Off from before four until noon; or never before; or stamped by a clock that was ahead.
    for last_us in (WALL_US - 9 * 3_600_000_000, None, 0, WALL_US + 1):
        entries, _ = look(WEDNESDAY, last_us=last_us)
        assert len(entries) == 1


def test_a_clock_that_is_not_trusted_forgives_nothing() -> None:
    entries, again = look(WEDNESDAY, DOUBTED)
    assert entries == []
    assert again == 3600


def test_the_start_looks_at_every_zone_that_has_a_time() -> None:
    plan = estate(DAILY, ZonePlan(GARAGE), ZonePlan(OUTSIDE, amnesty=FOUR))
    out = draft(plan, facts())
    presence.started(plan, facts(), out, "the-start")
    assert [entry.subject for entry in out.entries] == ["zone/inside", "zone/outside"]
    assert {entry.cause for entry in out.entries} == {"the-start"}
    keys = [effect.key for effect in out.effects if isinstance(effect, StartTimer)]
    assert keys == ["amnesty:inside", "amnesty:outside"]
    assert presence.forgives_daily(plan)
    assert not presence.forgives_daily(estate(zone(HARD)))


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (Started(moment(0)), True),
        (ClockJudged(True, moment(0)), True),
        (ClockStepped(5, moment(0)), True),
        (TimerFired("amnesty:inside", moment(0)), True),
        (TimerFired("wait:in-1", moment(0)), False),
        (Stopping("SIGTERM", moment(0)), False),
    ],
)
def test_when_the_time_of_day_is_looked_at(event: Event, wanted: bool) -> None:
    assert presence.may_be_due(event) is wanted


@given(st.integers(0, 86_399), st.integers(0, 86_399), st.integers(1, 72))
def test_a_day_has_one_amnesty_whenever_it_is_looked_at(due: int, first: int, hours: int) -> None:
    midnight = WEDNESDAY.replace(hour=0)
    plan = estate(zone(HARD, amnesty=(midnight + timedelta(seconds=due)).time()))
    now, ends = (
        midnight + timedelta(seconds=first),
        midnight + timedelta(seconds=first, hours=hours),
    )
    began, last_us, times = now, WALL_US + int((now - WEDNESDAY).total_seconds()) * 1_000_000, []
    while now <= ends:
        at = moment((now - WEDNESDAY).total_seconds())
        known = facts(now, amnesties={INSIDE: last_us})
        out = draft(plan, known, at)
        presence.timer(plan, INSIDE, known, out)
        if out.entries:
            times.append(now)
            last_us = at.wall_us
        (timer,) = out.effects
        assert isinstance(timer, StartTimer)
        now += timedelta(microseconds=(timer.at_ns - at.mono_ns) // 1000)
    wanted = [
        midnight + timedelta(days=day, seconds=due)
        for day in range(5)
        if began < midnight + timedelta(days=day, seconds=due) <= ends
    ]
    assert times == wanted
