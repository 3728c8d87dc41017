"""Lamps and lines of a whole gate: they follow how lanes look, and speak when that changes."""

from dataclasses import replace

import pytest

from agent.core.effects import PulseRelay, SwitchRelay
from agent.core.events import ClockStepped, OutputFaulted, ReaderFound, Started, TimerFired
from agent.core.gate_state import views
from agent.core.ids import OutputId
from agent.core.model import CardKind
from agent.core.plan import INSIDE, SignalPlan, ZonePlan
from tests.core.builders import LANE, READER
from tests.core.whole import OUT, OUT_READER, RAMP, WholeGate, lamps, moves, whole

CAR = CardKind.VEHICLE


def texts(gate: WholeGate) -> list[str]:
    return [line for line in lamps(gate.steps[-1]) if ":" in line]


def through(gate: WholeGate, label: str, lane: str = "") -> list[str]:
    """A vehicle goes in (or out) on its card; what the displays say from the end of it on."""
    dot = f"{lane}." if lane else ""
    gate.card(label, OUT_READER if lane else READER)
    for line in ("closed off", "opened on", "loop on", "loop off"):
        gate.act(dot + line)
    said = texts(gate)
    for line in ("opened off", "closed on"):
        gate.act(dot + line)
        said += texts(gate)
    gate.seconds += 60
    return said


def parked(bays: int | None = 2) -> WholeGate:
    """A gate for vehicles."""
    plan = replace(whole(), zones={INSIDE: ZonePlan(INSIDE, bays=bays)})
    gate = WholeGate(plan)
    gate.cards = {name: replace(card, kind=CAR) for name, card in gate.cards.items()}
    gate.journal.cards = {card.credential: card for card in gate.cards.values()}
    return gate.begin()


def test_a_start_sets_every_lamp_and_every_line_once() -> None:
    gate = WholeGate()
    gate.do(Started(gate.now))
    assert lamps(gate.steps[-1]) == [
        "in-1.green off",
        "in-1.red on",
        "in-1: 请刷卡 余2 FREE",
        "out-1.green off",
        "out-1.red on",
        "out-1: 请刷卡 TAP CARD",
    ]
    assert [view.lane for view in views(gate.state)] == [LANE, OUT, RAMP]


def test_a_gate_that_has_not_begun_shows_nothing() -> None:
    assert views(WholeGate().state) == []


def test_a_vehicle_is_led_through() -> None:
    gate = WholeGate().begin()
    gate.card("A", READER)
    assert lamps(gate.steps[-1]) == ["in-1: 请稍候 WAIT"]
    gate.act("closed off")
    assert lamps(gate.steps[-1]) == []
    gate.act("opened on")
    assert lamps(gate.steps[-1]) == ["in-1.red off", "in-1.green on", "in-1: 请通行 GO"]
    gate.act("loop on")
    gate.act("loop off")
    assert lamps(gate.steps[-1])[:2] == ["in-1.green off", "in-1.red on"]


def test_red_and_green_are_never_on_together() -> None:
    gate = WholeGate().begin()
    through(gate, "A")
    gate.act("gate.fire on")
    through(gate, "B")
    on = {"in-1.red": False, "in-1.green": False}
    for step in gate.steps:
        for effect in step.effects:
            if isinstance(effect, SwitchRelay) and effect.output in on:
                on[effect.output] = effect.on
                assert not all(on.values())
    assert any(on.values())


@pytest.mark.parametrize(
    "line",
    ["beam on", "approach on", "in-1.button-close on", "in-1.button-stop on", "nobody on"],
)
def test_what_changes_nothing_that_is_seen_says_nothing(line: str) -> None:
    gate = WholeGate().begin()
    seen = gate.state.views
    gate.act(line)
    assert lamps(gate.steps[-1]) == []
    assert gate.state.views is seen, "so that nobody is told either"


def test_what_is_about_no_lane_does_not_even_look() -> None:
    gate = WholeGate().begin()
    before = gate.state
    for event in (ReaderFound(READER, "ready", gate.now), ClockStepped(5_000_000, gate.now)):
        assert gate.do(event).state is before


def test_only_the_lane_that_changed_is_shown_anew() -> None:
    gate = WholeGate().begin()
    before = gate.state.views
    gate.card("A", READER)
    after = gate.state.views
    assert after[LANE] is not before[LANE]
    assert (after[OUT], after[RAMP]) == (before[OUT], before[RAMP])
    assert after[OUT] is before[OUT]


def test_a_lane_without_lamps_and_lines_is_seen_all_the_same() -> None:
    gate = WholeGate().begin()
    gate.act("ramp-1.loop on")
    assert lamps(gate.steps[-1]) == []
    assert gate.seen(RAMP).loop == "occupied"


def test_a_lamp_that_fails_is_written_down_and_moves_no_arm() -> None:
    gate = WholeGate().begin()
    before = gate.state
    step = gate.do(OutputFaulted(OutputId("in-1.red"), "the pin cannot be driven", gate.now))
    assert [entry.subject for entry in step.entries] == ["output/in-1.red"]
    assert step.effects == ()
    assert step.state is before
    assert not gate.gate.moves(OutputId("in-1.red"))
    assert gate.gate.moves(OutputId("open"))
    assert gate.gate.moves(OutputId("out-1.stop"))


# Bays


def test_bays_are_counted_on_the_lines_as_vehicles_pass() -> None:
    gate = parked()
    assert "in-1: 请刷卡 余1 FREE" in through(gate, "A")
    assert gate.seen().text == "请刷卡 余1 FREE"
    assert "in-1: 已满 FULL" in through(gate, "B")
    assert gate.seen().text == "已满 FULL"
    assert gate.seen(OUT).text == "请刷卡 TAP CARD", "who leaves needs no bay"
    said = through(gate, "A", "out-1")
    assert "in-1: 请刷卡 余1 FREE" in said[:2], "said at the other lane with the same step"
    assert gate.state.counts == {INSIDE: 1}


def test_a_count_by_a_person_is_shown_at_once() -> None:
    gate = parked()
    gate.act(f"order zone.count zone={INSIDE} count=2")
    assert texts(gate) == ["in-1: 已满 FULL"]
    gate.act(f"order zone.count zone={INSIDE} count=2")
    assert texts(gate) == []
    gate.act("order amnesty")
    assert texts(gate) == []


def test_an_earlier_run_has_counted_too() -> None:
    gate = parked()
    through(gate, "A")
    gate.act("restart")
    assert "in-1: 请刷卡 余1 FREE" in lamps(gate.steps[-1])
    assert gate.state.counts == {INSIDE: 1}


def test_no_bays_no_count() -> None:
    gate = parked(None)
    through(gate, "A")
    assert gate.seen().text == "请刷卡 TAP CARD"
    assert gate.state.counts == {}


def test_a_lane_into_a_zone_of_which_nothing_is_known_invites() -> None:
    gate = WholeGate(replace(whole(), zones={}))
    gate.begin()
    assert gate.seen().text == "请刷卡 TAP CARD"


def test_where_nothing_shows_counts_nobody_counts() -> None:
    plan = whole()
    blind = {
        name: replace(lane, signals=SignalPlan(lane.signals.red, lane.signals.green))
        for name, lane in plan.lanes.items()
    }
    gate = WholeGate(replace(plan, lanes=blind)).begin()
    gate.cards = {name: replace(card, kind=CAR) for name, card in gate.cards.items()}
    through(gate, "A")
    assert gate.journal.zone_counts() == {INSIDE: 1}
    assert gate.state.counts == {}


# Timers


@pytest.mark.parametrize("lane", [LANE, OUT])
def test_a_timer_is_for_its_own_lane(lane: str) -> None:
    gate = WholeGate().begin()
    for each in (READER, OUT_READER):
        gate.card("A", each)
    dot = "" if lane == LANE else f"{lane}."
    gate.act(f"{dot}closed off")
    gate.act(f"{dot}opened on")
    step = gate.do(TimerFired(f"wait:{lane}", gate.now))
    ended = [entry for entry in step.entries if "passage" in entry.type]
    assert [entry.data["lane"] for entry in ended] == [lane]
    assert moves(step) == [f"{dot}close"]
    assert [view.waiting for view in views(gate.state)] == [int(lane == OUT), int(lane == LANE), 0]


def test_the_time_of_travel_is_the_lanes_own() -> None:
    gate = WholeGate().begin()
    gate.card("A", READER)
    gate.card("B", OUT_READER)
    before = gate.state.lanes[LANE]
    step = gate.do(TimerFired(f"travel:{OUT}", gate.now))
    assert PulseRelay(OutputId("out-1.open"), 500) in step.effects, "it is tried again"
    assert gate.state.lanes[LANE] is before


def test_the_time_of_a_zone_is_not_a_lanes() -> None:
    gate = WholeGate().begin()
    lanes = gate.state.lanes
    step = gate.do(TimerFired(f"amnesty:{INSIDE}", gate.now))
    assert (step.entries, step.effects) == ((), ())
    assert gate.state.lanes is lanes
