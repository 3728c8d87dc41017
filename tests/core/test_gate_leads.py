"""Every event is led to the noun that it is about, and to no other."""

from dataclasses import replace
from datetime import time

import pytest

from agent.core import bars, books, notes
from agent.core.arm import State
from agent.core.draft import Admit
from agent.core.effects import AnswerOrder, ShowVerdict, StartTimer, Verdict
from agent.core.entries import EntryType
from agent.core.events import (
    CardRead,
    ClockJudged,
    ClockStepped,
    Event,
    InputChanged,
    OrderReceived,
    OutputFaulted,
    Protected,
    ReaderLost,
    SensorsTested,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.gate_state import put
from agent.core.ids import InputId, OrderId, OutputId, ReaderId
from agent.core.model import CardKind, Direction
from agent.core.orders import Order
from agent.core.plan import INSIDE, ReaderPlan, ZonePlan
from tests.core.builders import DESK_READER, LANE, LOOP, READER, credential, moment
from tests.core.drafts import a_draft
from tests.core.whole import OUT, RAMP, WholeGate, lamps, moves, whole

NOW = moment(0)


def an_order(kind: str, **args: str) -> OrderReceived:
    return OrderReceived(Order(OrderId("o-1"), "Li", "cli", kind, {"lane": LANE, **args}), NOW)


@pytest.mark.parametrize(
    ("event", "admits"),
    [
        (CardRead(READER, credential("A"), NOW), True),
        (CardRead(DESK_READER, credential("A"), NOW), False),
        (an_order("open"), True),
        (an_order("priority"), True),
        (an_order("hold_open"), True),
        (an_order("close"), False),
        (an_order("stop"), False),
        (an_order("release_hold"), False),
        (an_order("fault.clear"), False),
        (an_order("lockdown"), False),
        (an_order("lift_lockdown"), False),
        (an_order("fire_reset"), False),
        (an_order("amnesty"), False),
        (an_order("dance"), False),
        (InputChanged(InputId("in-1.button-open"), True, 1, NOW), True),
        (InputChanged(InputId("in-1.button-exit"), True, 1, NOW), False),
        (InputChanged(InputId("gate.fire"), True, 1, NOW), False),
        (TimerFired(f"wait:{LANE}", NOW), False),
        (Protected("fire", OutputId("open"), None, NOW), False),
        (OutputFaulted(OutputId("open"), "stuck", NOW), False),
        (SensorsTested(LANE, (), NOW), False),
        (ReaderLost(READER, "unplugged", NOW), False),
        (Started(NOW), False),
        (Stopping("SIGTERM", NOW), False),
    ],
)
def test_what_may_let_somebody_in_and_has_to_be_written_first(event: Event, admits: bool) -> None:
    assert WholeGate().gate.admits(event) is admits


def test_a_card_at_a_desk_is_led_to_no_lane() -> None:
    gate = WholeGate().begin()
    before = gate.state
    step = gate.card("A", DESK_READER)
    assert [entry.type for entry in step.entries] == [EntryType.CARD_PRESENTED]
    assert step.state is before
    assert step.effects == ()


def test_an_order_for_a_lane_that_is_not_here_is_answered_and_not_written() -> None:
    gate = WholeGate().begin()
    before = gate.state
    for kind, lane in (("open", "in-9"), ("dance", LANE)):
        gate.act(f"order {kind} lane={lane}")
        step = gate.steps[-1]
        (answer,) = step.effects
        assert isinstance(answer, AnswerOrder)
        assert (answer.status, answer.code) == ("rejected", 404)
        assert step.entries == ()
        assert step.state is before


def test_what_the_interlock_did_is_led_to_the_lane_of_its_output() -> None:
    gate = WholeGate().begin()
    before = gate.state.lanes
    gate.act("protect out-1.stop stopped out-1.button-stop")
    assert [entry.subject for entry in gate.steps[-1].entries] == ["lane/out-1"]
    assert gate.state.lanes[LANE] is before[LANE]
    gate.act("order open lane=out-1")
    gate.act("fault out-1.open")
    assert gate.entries[-1].subject == "lane/out-1"
    assert gate.state.lanes[LANE] is before[LANE]
    assert gate.state.lanes[OUT] is not before[OUT]


def test_a_test_of_sensors_is_led_to_its_lane() -> None:
    gate = WholeGate().begin()
    before = gate.state
    step = gate.do(SensorsTested(OUT, (), gate.now))
    assert (step.entries, step.effects) == ((), ())
    assert step.state.lanes[LANE] is before.lanes[LANE]


def test_an_input_is_led_to_its_lane_alone() -> None:
    gate = WholeGate().begin()
    before = gate.state.lanes
    gate.act("out-1.loop on")
    assert gate.state.lanes[LANE] is before[LANE]
    assert gate.state.lanes[OUT].levels[InputId("out-1.loop")] is True
    gate.act("loop on")
    assert gate.state.lanes[LANE].levels[LOOP] is True
    gate.act("out-1.button-open on")
    assert "out-1.button-open" not in gate.state.lanes[OUT].levels


def test_what_is_told_elsewhere_is_not_noted_as_well() -> None:
    out = a_draft()
    notes.agent(Started(NOW), out)
    assert out.entries == []
    assert out.effects == []


def test_a_tap_is_decided_with_the_whole_gate_in_view() -> None:
    gate = WholeGate().begin()
    step = gate.card("A", READER)
    assert moves(step) == ["open"]
    assert any(isinstance(effect, ShowVerdict) for effect in step.effects)
    assert lamps(step) == ["in-1: 请稍候 WAIT"]


def test_amnesties_are_looked_at_when_it_starts_and_when_the_clock_changes() -> None:
    plan = replace(whole(), zones={INSIDE: ZonePlan(INSIDE, amnesty=time(4, 0))})
    gate = WholeGate(plan)
    timer = f"amnesty:{INSIDE}"
    for event, looks in (
        (Started(gate.now), True),
        (ClockJudged(True, gate.now), True),
        (ClockStepped(5_000_000, gate.now), True),
        (TimerFired(timer, gate.now), True),
        (ReaderLost(READER, "unplugged", gate.now), False),
    ):
        step = gate.do(event)
        keys = [effect.key for effect in step.effects if isinstance(effect, StartTimer)]
        assert [key for key in keys if key != books.SWEEP] == ([timer] if looks else []), event
        assert (books.SWEEP in keys) is isinstance(event, Started)
    assert EntryType.PRESENCE_FORGIVEN in [entry.type for entry in gate.steps[0].entries]


@pytest.mark.parametrize(("bays", "last"), [(1, "denied zone_full"), (2, "granted")])
def test_what_another_lane_has_granted_takes_a_bay(bays: int, last: str) -> None:
    plan, at_ramp = whole(), ReaderId("ramp")
    readers = {**plan.readers, at_ramp: ReaderPlan(at_ramp, lane=RAMP)}
    cars = ZonePlan(INSIDE, bays=bays, refuse_when_full=frozenset({CardKind.VEHICLE}))
    gate = WholeGate(replace(plan, readers=readers, zones={INSIDE: cars}))
    gate.cards = {name: replace(card, kind=CardKind.VEHICLE) for name, card in gate.cards.items()}
    gate.begin()
    gate.card("A", at_ramp)
    (entry,) = gate.card("B", READER).entries
    reason = str(entry.data.get("reason", ""))
    assert " ".join(filter(None, (entry.type.split(".")[2], reason))) == last


@pytest.mark.parametrize(
    ("way", "code"), [(Direction.IN, None), (Direction.OUT, 422), (Direction.BOTH, 422)]
)
def test_a_lane_lets_nobody_through_the_wrong_way(way: Direction, code: int | None) -> None:
    gate = WholeGate().begin()
    plan = gate.plan.lanes[LANE]
    bar = bars.bar(plan, gate.state.lanes[LANE], Admit(LANE, way), lockdown=False)
    assert (None if bar is None else bar.code) == code


def test_nobody_is_let_through_under_an_arm_that_stands_faulted() -> None:
    gate = WholeGate().begin()
    plan, known = gate.plan.lanes[LANE], gate.state.lanes[LANE]
    stuck = replace(known.arm, state=State.FAULTED, fault="it is stuck", tries=plan.arm.retries)
    broken = replace(known, arm=stuck, levels=dict.fromkeys(known.levels))
    bar = bars.bar(plan, broken, Admit(LANE, Direction.IN), lockdown=False)
    assert bar is not None
    assert (bar.code, str(bar)) == (423, "the arm is faulted, clear the fault first: it is stuck")


def test_a_card_at_an_arm_that_is_not_opened_any_more_is_denied_and_nobody_passes() -> None:
    gate = WholeGate().begin()
    arm, known = gate.plan.lanes[LANE].arm, gate.state.lanes[LANE]
    assert arm.opened is not None
    used_up = replace(known.arm, state=State.FAULTED, fault="it is stuck", tries=arm.retries)
    gate.state = put(gate.state, replace(known, arm=used_up))
    step = gate.card("A", READER)
    (entry,) = step.entries
    assert (entry.type, entry.data["reason"]) == (EntryType.ACCESS_DENIED, "arm_faulted")
    assert ShowVerdict(READER, Verdict.DENIED) in step.effects
    assert moves(step) == []
    for name, level in ((arm.closed, "off"), (arm.opened, "on")):
        gate.act(f"{name} {level}")
    step = gate.card("A", READER)
    assert step.entries[0].type is EntryType.ACCESS_GRANTED, "it stands up: there is no need to"
    assert moves(step) == []


def test_who_was_refused_as_nothing_can_be_written_is_known_later() -> None:
    gate = WholeGate().begin()

    def kept(event: Event) -> list[tuple[str, object]]:
        found = gate.gate.unwritten(gate.state, event)
        return [(each.type, each.data.get("reason")) for each in found]

    def button(role: str, active: bool | None) -> InputChanged:
        return InputChanged(InputId(f"{LANE}.button-{role}"), active, 1, NOW)

    denied = (EntryType.ACCESS_DENIED, "ledger_unwritable")
    assert kept(CardRead(READER, credential("A"), NOW)) == [denied]
    assert kept(CardRead(DESK_READER, credential("A"), NOW)) == []
    pressed = button("open", True)
    assert kept(pressed) == [(EntryType.ARM_ORDERED, "open button")]
    assert kept(button("open", False)) == []
    assert kept(button("exit", True)) == [], "who leaves is let out all the same"
    assert kept(InputChanged(LOOP, True, 1, NOW)) == []
    assert kept(Stopping("SIGTERM", NOW)) == []
    gate.do(pressed)
    assert kept(pressed) == [], "it is held, and was pressed before"
