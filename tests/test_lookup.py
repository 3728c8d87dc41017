"""What is looked up before a step, and what is not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.core.effects import StartTimer
from agent.core.entries import Entry, EntryType
from agent.core.events import (
    CardRead,
    ClockJudged,
    ClockStepped,
    Event,
    InputChanged,
    OrderReceived,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.facts import Facts, Mode, Presence
from agent.core.gate import Gate
from agent.core.ids import InputId, OrderId, ZoneId
from agent.core.orders import Order
from agent.core.plan import INSIDE, GatePlan, PassbackMode, SignalPlan, ZonePlan
from agent.errors import StoreError
from agent.lookup import Lookup
from tests.core.builders import DESK_READER, WEDNESDAY, a_card, credential, moment
from tests.core.zones import AT_IN, AT_OUT, CARS, FOUR, IN_1, ended, estate, seen, zone
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import HandClock, TracedJournal

HARD = zone(PassbackMode.HARD)
BAYS = zone(bays=2, refuse_when_full=CARS)


class Counting(MemoryJournal):
    """Notes every question about a projection."""

    def __init__(self) -> None:
        super().__init__([a_card("A"), a_card("B")])
        self.asked: list[str] = []
        raised = Entry(EntryType.EMERGENCY_RAISED, "gate", moment(0), {"emergency": "lockdown"})
        amnesty = Entry(EntryType.PRESENCE_FORGIVEN, "zone/inside", moment(-9), {"zone": "inside"})
        self.append([amnesty, ended("passed", card="A", kind="vehicle"), raised], moment(0))

    def presence(self, card: str) -> Presence | None:
        self.asked.append(f"presence {card}")
        return super().presence(card)

    def zone_counts(self) -> Mapping[ZoneId, int]:
        self.asked.append("counts")
        return super().zone_counts()

    def amnesties(self) -> Mapping[ZoneId, int]:
        self.asked.append("amnesties")
        return super().amnesties()

    def modes(self) -> Sequence[Mode]:
        self.asked.append("modes")
        return super().modes()


def known(plan: GatePlan, event: Event) -> tuple[Facts, list[str]]:
    journal = Counting()
    facts = Lookup(plan, journal, HandClock(moment(3)), UTC).facts(event, 2)
    return facts, journal.asked


def tap(label: str = "A", reader: str = AT_IN) -> CardRead:
    return CardRead(type(AT_IN)(reader), credential(label), moment(1))


def order(kind: str, **args: str) -> OrderReceived:
    return OrderReceived(Order(OrderId("o"), "Li", "cli", kind, args), moment(1))


@pytest.mark.parametrize(
    ("plan", "event", "asked"),
    [
        (estate(), tap(), []),
        (estate(HARD), tap(), ["presence A"]),
        (estate(HARD), tap("X"), []),
        (estate(HARD), tap(reader=AT_OUT), []),
        (estate(HARD), tap(reader=DESK_READER), []),
        (estate(BAYS), tap(), ["counts"]),
        (estate(BAYS), tap(reader=AT_OUT), []),
        (estate(HARD), Started(moment(0)), ["modes"]),
        (estate(replace(HARD, amnesty=FOUR)), Started(moment(0)), ["modes", "amnesties"]),
        (estate(replace(HARD, amnesty=FOUR)), ClockJudged(True, moment(0)), ["amnesties"]),
        (estate(replace(HARD, amnesty=FOUR)), ClockStepped(5, moment(0)), ["amnesties"]),
        (
            estate(replace(HARD, amnesty=FOUR)),
            TimerFired("amnesty:inside", moment(0)),
            ["amnesties"],
        ),
        (estate(replace(HARD, amnesty=FOUR)), TimerFired("wait:in-1", moment(0)), []),
        (estate(), order("amnesty", card="A"), ["presence A", "counts"]),
        (estate(BAYS), order("zone.count", zone="inside"), ["presence ", "counts"]),
        (estate(HARD), order("open", lane="in-1"), []),
    ],
)
def test_only_what_the_event_needs_is_asked(plan: GatePlan, event: Event, asked: list[str]) -> None:
    assert known(plan, event)[1] == asked


def test_what_was_found_stands_in_the_facts() -> None:
    both = replace(HARD, bays=2, refuse_when_full=CARS)
    facts, _ = known(estate(both), tap())
    assert facts.cards == (a_card("A"),)
    assert facts.presence == Presence("A", INSIDE, seen(minutes_ago=0).since_us)
    assert facts.counts == {"inside": 1}
    assert (facts.next_sequence, facts.now_ns) == (6, moment(3).mono_ns)
    started, _ = known(estate(replace(HARD, amnesty=FOUR)), Started(moment(0)))
    assert [mode.name for mode in started.modes] == ["lockdown"]
    assert started.amnesties == {"inside": moment(-9).wall_us}


def test_a_display_that_shows_free_bays_needs_them_at_every_step() -> None:
    plan = estate(ZonePlan(INSIDE, bays=2))
    lanes = {**plan.lanes, IN_1: replace(plan.lanes[IN_1], signals=SignalPlan(text=True))}
    assert known(plan, Started(moment(0)))[1] == ["modes"]
    facts, asked = known(replace(plan, lanes=lanes), TimerFired("wait:in-1", moment(0)))
    assert (facts.counts, asked) == ({"inside": 1}, ["counts"])


def test_the_local_time_is_that_of_the_event() -> None:
    east = timezone(timedelta(hours=8))
    facts = Lookup(estate(), Counting(), HandClock(moment(60)), east).facts(tap(), 0)
    assert facts.local == WEDNESDAY + timedelta(hours=8, seconds=1)
    assert isinstance(facts.local, datetime)
    assert facts.local.tzinfo is None


def unreadable(plan: GatePlan) -> tuple[Lookup, TracedJournal]:
    """A look-up whose journal has been read once and cannot be read now."""
    journal = TracedJournal(Counting(), [])
    lookup = Lookup(plan, journal, HandClock(moment(0)), UTC)
    lookup.facts(Stopping("", moment(0)), 0)
    journal.unreadable = True
    return lookup, journal


def test_what_is_only_shown_is_as_it_was_read_last() -> None:
    plan = estate(BAYS)
    lane = replace(plan.lanes[IN_1], signals=SignalPlan(text=True))
    lookup, journal = unreadable(replace(plan, lanes={**plan.lanes, IN_1: lane}))
    level = InputChanged(InputId("loop"), True, 1, moment(1))
    assert lookup.facts(level, 0).counts == {INSIDE: 1}
    journal.unreadable = False
    journal.append([ended("passed", card="B", kind="vehicle")], moment(1))
    assert lookup.facts(level, 0).counts == {INSIDE: 2}


def test_what_decides_is_read_or_nothing_is_decided() -> None:
    lookup, _ = unreadable(estate(BAYS))
    count = Order(OrderId("o-1"), "Li", "cli", "zone.count", {"zone": INSIDE})
    for event in (
        CardRead(AT_IN, credential("A"), moment(1)),
        OrderReceived(count, moment(1)),
        Started(moment(1)),
    ):
        with pytest.raises(StoreError):
            lookup.facts(event, 0)


class Uncounted(Counting):
    """The counts alone cannot be read."""

    def zone_counts(self) -> Mapping[ZoneId, int]:
        raise StoreError("the disk is sick")


def test_nobody_is_let_into_bays_that_cannot_be_counted() -> None:
    lookup = Lookup(estate(BAYS), Uncounted(), HandClock(moment(0)), UTC)
    with pytest.raises(StoreError, match="sick"):
        lookup.facts(CardRead(AT_IN, credential("A"), moment(1)), 0)
    assert lookup.facts(CardRead(AT_OUT, credential("A"), moment(1)), 0).counts == {}


def test_an_amnesty_that_cannot_be_looked_up_waits_for_the_next_look() -> None:
    plan = estate(zone(PassbackMode.HARD, amnesty=FOUR))
    lookup, journal = unreadable(plan)
    fired = TimerFired(f"amnesty:{INSIDE}", moment(60))
    facts = lookup.facts(fired, 0)
    assert facts.amnesties == {INSIDE: moment(60).wall_us}
    step = Gate(plan).step(Gate(plan).first_state(), fired, facts)
    assert step.entries == (), "nobody is forgiven for that"
    assert [type(effect) for effect in step.effects] == [StartTimer]
    journal.unreadable = False
    assert lookup.facts(fired, 0).amnesties == {INSIDE: moment(-9).wall_us}
