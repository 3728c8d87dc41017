"""Fire and lockdown of a whole gate: what they bind, what lifts them, what a restart keeps."""

from dataclasses import replace

import pytest

from agent.core.arm import Lock, State
from agent.core.effects import AnswerOrder, ShowVerdict, Verdict
from agent.core.emergency import Emergency
from agent.core.entries import EntryType
from agent.core.events import TimerFired
from agent.core.ids import InputId, LaneId
from agent.core.plan import ArmKind, ArmPlan, EmergencyPlan
from tests.core.builders import LANE, OTHER_READER, READER
from tests.core.whole import OUT, OUT_READER, RAMP, WholeGate, held, lamps, moves, whole

ALL = (LANE, OUT, RAMP)
RAISED, LIFTED = EntryType.EMERGENCY_RAISED, EntryType.EMERGENCY_LIFTED


def locks(gate: WholeGate) -> dict[LaneId, Lock]:
    return {name: lane.arm.lock for name, lane in gate.state.lanes.items()}


def of_type(gate: WholeGate, *kinds: EntryType) -> list[tuple[str, object]]:
    return [
        (entry.type.split(".")[2], entry.data["emergency"])
        for entry in gate.entries
        if entry.type in kinds
    ]


def answer(gate: WholeGate, line: str) -> tuple[int, str]:
    """Give an order; its code and sentence."""
    gate.act(f"order {line}")
    (found,) = [one for one in gate.steps[-1].effects if isinstance(one, AnswerOrder)]
    assert (found.status == "done") is (found.code == 200)
    return found.code, found.detail


# Fire


def test_the_fire_contact_binds_every_lane_and_moves_nothing_itself() -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire on")
    step = gate.steps[-1]
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    assert moves(step) == [], "the interlock has raised the arms at the edge"
    assert held(step) == [True]
    (raised,) = step.entries
    assert (raised.type, raised.data) == (RAISED, {"emergency": "fire", "by": "gate.fire"})
    for lane in ALL:
        assert (gate.seen(lane).mode, gate.seen(lane).emergency) == ("fire", "fire")
        assert gate.state.lanes[lane].arm.state is State.OPENING


def test_bouncing_raises_it_once_and_quiet_does_not_end_it() -> None:
    gate = WholeGate().begin()
    for level in ("on", "off", "on", "lost", "off"):
        gate.act(f"gate.fire {level}")
    assert of_type(gate, RAISED, LIFTED) == [("raised", "fire")]
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    _, effects = gate.since(0)
    assert [type(effect).__name__ for effect in effects].count("HoldFire") == 1


@pytest.mark.parametrize("because", ["gate.fire", "out-1.open"])
def test_what_the_interlock_raised_for_a_fire_latches_it(because: str) -> None:
    gate = WholeGate().begin()
    gate.act(f"protect out-1.open fire {because}")
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    assert held(gate.steps[-1]) == [True]
    assert [entry.type for entry in gate.steps[-1].entries][:2] == [EntryType.ARM_PROTECTED, RAISED]
    assert gate.entries[-1].data["by"] == because
    gate.act("protect in-1.red fire")
    gate.act("gate.fire on")
    assert of_type(gate, RAISED) == [("raised", "fire")]


def test_an_arm_that_was_raised_for_something_else_is_no_fire() -> None:
    gate = WholeGate().begin()
    gate.act("protect open raised")
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    assert held(gate.steps[-1]) == []


@pytest.mark.parametrize("lane", ALL)
def test_nothing_goes_down_in_a_fire(lane: LaneId) -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire on")
    for kind in ("close", "stop"):
        assert answer(gate, f"{kind} lane={lane}")[0] == 423
        assert moves(gate.steps[-1]) == []
    assert answer(gate, f"open lane={lane}")[0] == 200
    gate.act(f"{lane}.button-close on")
    gate.do(TimerFired(f"wait:{lane}", gate.now))
    assert not [name for step in gate.steps for name in moves(step) if "close" in name]


def test_a_grant_that_ends_in_a_fire_lowers_nothing() -> None:
    gate = WholeGate().begin()
    gate.card("A", READER)
    gate.act("closed off")
    gate.act("opened on")
    gate.act("gate.fire on")
    gate.act("time")
    assert gate.seen().waiting == 0
    assert moves(gate.steps[-1]) == []
    gate.act("gate.fire off")
    assert answer(gate, "fire_reset reason=over")[0] == 200
    assert moves(gate.steps[-1]) == [], "the arms stay as they are"
    assert answer(gate, "close")[0] == 200
    assert moves(gate.steps[-1]) == ["close"]


def test_a_fire_is_reset_by_a_person_when_its_contact_is_quiet() -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire on")
    code, sentence = answer(gate, "fire_reset")
    assert (code, "still active" in sentence) == (423, True)
    gate.act("gate.fire lost")
    code, sentence = answer(gate, "fire_reset")
    assert (code, "unknown" in sentence) == (423, True)
    gate.act("gate.fire off")
    assert answer(gate, "fire_reset reason=")[0] == 422
    assert held(gate.steps[-1]) == []
    assert answer(gate, "fire_reset reason=false-alarm")[0] == 200
    assert held(gate.steps[-1]) == [False]
    lifted = gate.entries[-1]
    assert (lifted.type, lifted.actor, lifted.cause) == (LIFTED, "Li", "o-1")
    assert lifted.data == {"emergency": "fire", "origin": "cli", "reason": "false-alarm"}
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    count = len(gate.entries)
    code, sentence = answer(gate, "fire_reset")
    assert (code, sentence) == (200, "no fire is latched: nothing to do")
    assert len(gate.entries) == count


def test_a_fire_that_an_earlier_run_latched_is_kept_and_moves_nothing() -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire on")
    raised = of_type(gate, RAISED)
    gate.act("restart")
    step = gate.steps[-1]
    assert moves(step) == []
    assert held(step) == [True], "the interlock is told, or a close would pass it"
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    assert of_type(gate, RAISED) == raised
    assert answer(gate, "close")[0] == 423
    assert answer(gate, "fire_reset")[0] == 423, "nobody knows yet what the contact says"
    gate.levels()
    assert all(moves(step) == [] for step in gate.steps[-20:])
    assert answer(gate, "fire_reset")[0] == 200
    gate.act("restart")
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    assert held(gate.steps[-1]) == []


def test_a_door_of_which_nobody_knows_whether_it_is_released_is_not_said_to_be() -> None:
    plan = whole()
    door = ArmPlan(plan.lanes[OUT].arm.open, closed=InputId("out-1.closed"), kind=ArmKind.DOOR)
    lanes = {**plan.lanes, OUT: replace(plan.lanes[OUT], arm=door)}
    gate = WholeGate(replace(plan, lanes=lanes)).begin()
    gate.act("gate.fire on")
    assert gate.seen(OUT).position == "opening"
    gate.act("restart")
    gate.act("out-1.closed on")
    assert (gate.seen(OUT).mode, gate.seen(OUT).position) == ("fire", "closed")
    gate.act("order open lane=out-1")
    gate.do(TimerFired("travel:out-1", gate.now))
    assert gate.seen(OUT).position == "closed", "its pulse is over"
    gate.act("protect out-1.open fire")
    gate.do(TimerFired("travel:out-1", gate.now))
    assert gate.seen(OUT).position == "opening", "the contact was active at the start"


def test_a_latched_fire_can_be_reset_where_its_contact_is_no_longer_configured() -> None:
    burning = WholeGate().begin()
    burning.act("gate.fire on")
    gate = WholeGate(replace(whole(), emergency=EmergencyPlan()))
    gate.journal.append(burning.steps[-1].entries, gate.now)
    gate.act("restart")
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    assert answer(gate, "fire_reset")[0] == 200


def test_a_fire_contact_that_cannot_be_read_is_an_alarm_and_moves_nothing() -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire lost")
    gate.act("gate.fire fault chatter")
    steps = gate.steps[-2:]
    assert all(moves(step) == [] and held(step) == [] for step in steps)
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    gate.act("gate.fire off")
    found = [entry for entry in gate.entries if "alarm" in entry.type]
    assert [entry.type for entry in found] == [EntryType.ALARM_RAISED, EntryType.ALARM_ENDED]
    assert found[0].data["alarm"] == "fire_input"
    assert found[1].cause.endswith(f"{gate.entries.index(found[0]) + 1:020d}")
    gate.act("gate.fire fault chatter")
    assert gate.entries[-1].data["detail"] == "chatter"


# Lockdown


def test_a_lockdown_binds_the_way_out_and_nothing_else() -> None:
    gate = WholeGate().begin()
    assert answer(gate, "lockdown reason=thief")[0] == 200
    assert gate.entries[-1].data == {"emergency": "lockdown", "origin": "cli", "reason": "thief"}
    assert locks(gate) == {LANE: Lock.NONE, OUT: Lock.LOCKDOWN, RAMP: Lock.ENTRY}
    assert held(gate.steps[-1]) == []
    assert {gate.seen(lane).emergency for lane in ALL} == {"lockdown"}
    assert (gate.seen(OUT).mode, gate.seen(RAMP).mode) == ("lockdown", "normal")

    gate.card("A", READER)
    assert moves(gate.steps[-1]) == ["open"], "who comes home is let in"
    gate.card("B", OUT_READER)
    assert moves(gate.steps[-1]) == []
    assert gate.steps[-1].entries[0].type is EntryType.ACCESS_REFERRED
    assert ShowVerdict(OUT_READER, Verdict.REFERRED) in gate.steps[-1].effects


@pytest.mark.parametrize(
    ("line", "relay"),
    [
        ("order open lane=out-1", None),
        ("order priority lane=out-1", None),
        ("order hold_open lane=out-1", None),
        ("out-1.button-open on", None),
        ("out-1.button-exit on", None),
        ("order open lane=out-1 for=Wang", "out-1.open"),
        ("order open lane=ramp-1 direction=out", None),
        ("order priority lane=ramp-1 direction=out", None),
        ("ramp-1.button-exit on", None),
        ("order open lane=ramp-1 direction=out for=Wang", "ramp-1.open"),
        ("order hold_open lane=ramp-1", None),
        ("order open lane=ramp-1 direction=in", "ramp-1.open"),
        ("ramp-1.button-open on", "ramp-1.open"),
        ("in-1.button-open on", "open"),
    ],
)
def test_who_is_let_through_in_a_lockdown(line: str, relay: str | None) -> None:
    gate = WholeGate().begin()
    gate.act("order lockdown")
    gate.act(line)
    entry = gate.steps[-1].entries[0]
    assert entry.type is EntryType.ARM_ORDERED, "who tried is written down"
    assert moves(gate.steps[-1]) == ([] if relay is None else [relay])
    assert ("refused" in entry.data) is (relay is None)
    codes = [one.code for one in gate.steps[-1].effects if isinstance(one, AnswerOrder)]
    assert codes in ([], [423] if relay is None else [200])
    assert bool(codes) is line.startswith("order")


@pytest.mark.parametrize("lane", [OUT, RAMP])
def test_where_a_lane_leads_out_a_hold_ends_with_a_lockdown(lane: LaneId) -> None:
    gate = WholeGate().begin()
    gate.act(f"order hold_open lane={lane}")
    gate.act(f"{lane}.closed off")
    gate.act(f"{lane}.opened on")
    assert gate.seen(lane).mode == "held_open"
    gate.act("order lockdown")
    assert not gate.state.lanes[lane].arm.held
    assert EntryType.ARM_RELEASED in [entry.type for entry in gate.steps[-1].entries]
    assert moves(gate.steps[-1]) == [f"{lane}.close"], "nobody goes out behind the hold"
    assert answer(gate, f"hold_open lane={lane}")[0] == 423


def test_a_hold_at_a_lane_in_stays_in_a_lockdown() -> None:
    gate = WholeGate().begin()
    gate.act("order hold_open lane=in-1")
    gate.act("order lockdown")
    assert gate.state.lanes[LANE].arm.held
    assert answer(gate, "hold_open lane=in-1")[0] == 200


def test_a_hold_that_was_ordered_in_a_fire_ends_when_the_lockdown_behind_it_counts() -> None:
    gate = WholeGate().begin()
    gate.act("order lockdown")
    gate.act("gate.fire on")
    for lane in (OUT, RAMP):
        assert answer(gate, f"hold_open lane={lane}")[0] == 200
    gate.act("gate.fire off")
    assert answer(gate, "fire_reset reason=over")[0] == 200
    assert not gate.state.lanes[OUT].arm.held
    assert not gate.state.lanes[RAMP].arm.held


def test_it_is_lifted_by_order_and_not_while_its_button_is_pressed() -> None:
    gate = WholeGate().begin()
    gate.act("gate.lockdown on")
    assert gate.entries[-1].data == {"emergency": "lockdown", "by": "gate.lockdown"}
    gate.act("gate.lockdown on")
    code, sentence = answer(gate, "lockdown")
    assert (code, sentence) == (200, "a lockdown is already in force: nothing to do")
    assert answer(gate, "lift_lockdown")[0] == 423
    gate.act("gate.lockdown off")
    assert locks(gate)[OUT] is Lock.LOCKDOWN, "letting go of the button lifts nothing"
    gate.act("gate.lockdown on")
    gate.act("gate.lockdown off")
    assert answer(gate, "lift_lockdown reason=")[0] == 422
    assert answer(gate, "lift_lockdown")[0] == 200
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    assert of_type(gate, RAISED, LIFTED) == [("raised", "lockdown"), ("lifted", "lockdown")]
    assert answer(gate, "lift_lockdown") == (200, "no lockdown is in force: nothing to do")
    gate.act("out-1.button-exit on")
    assert moves(gate.steps[-1]) == ["out-1.open"]


def test_a_lockdown_of_an_earlier_run_is_kept_and_moves_nothing() -> None:
    gate = WholeGate().begin()
    gate.act("order lockdown")
    gate.act("restart")
    assert locks(gate) == {LANE: Lock.NONE, OUT: Lock.LOCKDOWN, RAMP: Lock.ENTRY}
    assert moves(gate.steps[-1]) == []
    assert held(gate.steps[-1]) == []
    gate.levels()
    assert all(moves(step) == [] for step in gate.steps[-20:])
    gate.act("order lift_lockdown")
    gate.act("restart")
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)


def test_fire_goes_before_lockdown_which_waits_behind_it() -> None:
    gate = WholeGate().begin()
    gate.act("order lockdown")
    gate.act("gate.fire on")
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    assert gate.seen(OUT).emergency == "fire"
    gate.act("out-1.button-exit on")
    assert moves(gate.steps[-1]) == ["out-1.open"], "nobody is kept in while it burns"
    gate.card("A", OUT_READER)
    assert gate.steps[-1].entries[0].type is EntryType.ACCESS_GRANTED
    gate.act("restart")
    assert locks(gate) == dict.fromkeys(ALL, Lock.FIRE)
    gate.levels()
    gate.act("order fire_reset")
    assert locks(gate) == {LANE: Lock.NONE, OUT: Lock.LOCKDOWN, RAMP: Lock.ENTRY}
    assert gate.seen(OUT).emergency == "lockdown"


def test_a_card_at_the_other_side_of_a_lane_in_is_no_way_out() -> None:
    gate = WholeGate().begin()
    gate.act("order lockdown")
    gate.card("A", OTHER_READER)
    assert gate.steps[-1].entries[0].data["direction"] == "in"


def test_an_input_of_nobody_changes_nothing() -> None:
    gate = WholeGate().begin()
    lanes, views = gate.state.lanes, gate.state.views
    gate.act("somebody.else on")
    assert (gate.steps[-1].entries, gate.steps[-1].effects) == ((), ())
    assert (gate.state.lanes, gate.state.views) == (lanes, views)


def test_other_modes_are_no_emergency_of_the_gate() -> None:
    gate = WholeGate().begin()
    gate.act("order hold_open lane=in-1")
    assert [mode.name for mode in gate.journal.modes()] == [f"hold:{LANE}"]
    gate.act("restart")
    assert gate.state.emergency == Emergency()
    assert locks(gate) == dict.fromkeys(ALL, Lock.NONE)
    assert gate.state.lanes[LANE].arm.held
    assert moves(gate.steps[-1]) == []


def test_lamps_and_lines_follow_an_emergency() -> None:
    gate = WholeGate().begin()
    gate.act("gate.fire on")
    assert lamps(gate.steps[-1]) == ["in-1: 消防 FIRE", "out-1: 消防 FIRE"]
    gate.act("closed off")
    gate.act("opened on")
    assert lamps(gate.steps[-1]) == ["in-1.red off", "in-1.green on"], "up for a fire: drive"
    gate.act("gate.fire off")
    gate.act("order fire_reset")
    gate.act("order lockdown")
    assert lamps(gate.steps[-1]) == ["out-1: 出口管制 LOCKDOWN"]
    gate.act("order lift_lockdown")
    assert lamps(gate.steps[-1])[0].startswith("out-1: ")
