from dataclasses import replace

import pytest

from agent.core.arm import Lock, State
from agent.core.arm_orders import KINDS, admits, ordered
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, Effect, PulseRelay, StartTimer
from agent.core.entries import EntryType
from agent.core.events import OrderReceived, Started
from agent.core.ids import OrderId
from agent.core.model import ClockQuality, Direction
from agent.core.orders import Order
from agent.core.plan import ArmKind, ArmPlan, Drive
from tests.core.builders import (
    BARE,
    CLOSE,
    FULL,
    LANE,
    MAINTAINED,
    OPEN,
    SECOND,
    SELF_CLOSING,
    gate_plan,
    lane_plan,
    moment,
)
from tests.core.play import Play

DANCE = (
    "'dance' is not an order for an arm: open, priority, close, stop, hold_open, release_hold "
    "or fault.clear"
)
STRIKE = ArmPlan(OPEN, kind=ArmKind.DOOR)


def answer(effects: tuple[Effect, ...]) -> AnswerOrder:
    (found,) = (effect for effect in effects if isinstance(effect, AnswerOrder))
    return found


@pytest.mark.parametrize(
    ("kind", "args", "arm", "code", "said"),
    [
        (
            "dance",
            {},
            FULL,
            404,
            DANCE,
        ),
        ("open", {"lane": "x"}, FULL, 404, "no lane 'x' here; the lanes are in-1"),
        ("open", {"lane": ""}, FULL, 404, "no lane '' here; the lanes are in-1"),
        ("open", {"reason": ""}, FULL, 422, "opening by hand needs a reason: say why"),
        ("open", {"reason": " "}, FULL, 422, "opening by hand needs a reason: say why"),
        ("stop", {}, BARE, 422, "lane in-1 has no stop relay"),
        ("hold_open", {"reason": ""}, FULL, 422, "holding open needs a reason: say why"),
        ("fault.clear", {"reason": " "}, FULL, 422, "clearing a fault needs a reason: say why"),
        (
            "hold_open",
            {},
            SELF_CLOSING,
            422,
            "lane in-1 closes by itself: nothing can hold it open",
        ),
        ("hold_open", {}, STRIKE, 422, "lane in-1 closes by itself: nothing can hold it open"),
        ("open", {"direction": "up"}, FULL, 422, "direction 'up' is neither in nor out"),
        ("priority", {"count": "0"}, FULL, 422, "count '0' is not a number of vehicles: 1 to 50"),
        ("priority", {"count": "51"}, FULL, 422, "count '51' is not a number of vehicles: 1 to 50"),
        ("priority", {"count": "²"}, FULL, 422, "count '²' is not a number of vehicles: 1 to 50"),
        ("close", {}, SELF_CLOSING, 422, "lane in-1 closes by itself: no relay can close it"),
    ],
)
def test_an_order_that_cannot_even_be_tried(
    kind: str, args: dict[str, str], arm: ArmPlan, code: int, said: str
) -> None:
    play = Play.ready(gate_plan(arm))
    before = play.state
    step = play.order(kind, **args)
    assert step.effects == (AnswerOrder(answer(step.effects).order, "rejected", code, said),)
    assert step.entries == ()
    assert play.state is before


def test_opening_by_hand_leaves_a_name_and_a_reason() -> None:
    play = Play.ready(gate_plan())
    number = len(play.entries) + 1
    step = play.order("open", "o-7", reason="delivery")
    (entry,) = step.entries
    assert entry.data == {
        "lane": LANE,
        "order": "open",
        "origin": "cli",
        "reason": "delivery",
        "passage": f"north-s1-{number}-1",
    }
    assert (entry.type, entry.actor, entry.cause) == (EntryType.ARM_ORDERED, "Li", "o-7")
    assert answer(step.effects) == AnswerOrder(
        answer(step.effects).order, "done", 200, "open ordered at lane in-1"
    )
    ended = play.restart().entries[1]
    assert ended.data["passage"] == f"north-s1-{number}-1"
    assert "card" not in ended.data


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("loop on", "safety input loop is occupied"),
        ("loop lost", "safety input loop is unknown"),
        ("beam on", "safety input beam is occupied"),
        ("beam lost", "safety input beam is unknown"),
    ],
)
@pytest.mark.parametrize("arm", [FULL, MAINTAINED])
def test_closing_over_somebody_is_refused_and_written_down(
    arm: ArmPlan, line: str, why: str
) -> None:
    play = Play.ready(gate_plan(arm))
    play.act(line)
    step = play.order("close")
    (entry,) = step.entries
    assert entry.data["refused"] == why
    assert [type(effect) for effect in step.effects] == [AnswerOrder]
    found = answer(step.effects)
    assert (found.status, found.code, found.detail) == ("rejected", 423, f"not closing: {why}")


def test_closing_is_refused_before_any_input_is_known() -> None:
    play = Play(gate_plan())
    step = play.order("close")
    assert step.entries[0].data["refused"] == "safety input loop is unknown"


def test_stop_is_recorded_and_moves_nothing_here() -> None:
    play = Play.ready(gate_plan())
    play.order("open")
    step = play.order("stop", "o-2", reason="")
    assert [entry.data["order"] for entry in step.entries] == ["stop"]
    assert not any(isinstance(effect, PulseRelay) for effect in step.effects)
    assert play.lane.arm.state is State.STOPPED
    assert play.view.waiting == 1


def test_a_close_relay_that_is_held_can_be_stopped() -> None:
    held = replace(BARE, close=replace(CLOSE, drive=Drive.MAINTAINED))
    play = Play.ready(gate_plan(held))
    assert answer(play.order("stop").effects).code == 200


def test_a_priority_passage_names_what_was_announced() -> None:
    play = Play.ready(gate_plan())
    (entry,) = play.order("priority", announced="north-s1-7-1").entries
    assert entry.data["announced"] == "north-s1-7-1"
    (entry,) = play.order("open", announced="north-s1-7-1").entries
    assert "announced" not in entry.data


def test_a_priority_passage_asks_nothing_and_a_convoy_is_one_grant() -> None:
    play = Play.ready(gate_plan())
    step = play.order("priority", reason="", count="3")
    (entry,) = step.entries
    assert entry.data["count"] == 3
    assert entry.data["reason"] == ""
    (grant,) = play.lane.passages.grants
    assert (grant.passage, grant.count) == (entry.data["passage"], 3)
    assert grant.direction is Direction.IN


def test_one_vehicle_is_not_counted_in_the_entry() -> None:
    step = Play.ready(gate_plan()).order("priority")
    assert "count" not in step.entries[0].data


def test_who_is_opened_for_at_a_lane_out_goes_out() -> None:
    play = Play.ready(gate_plan(direction=Direction.OUT))
    play.order("open")
    assert play.lane.passages.grants[0].direction is Direction.OUT


def test_in_a_lockdown_only_a_named_person_is_let_out() -> None:
    play = Play.ready(gate_plan())
    play.act("lock lockdown")
    why = "lockdown, only a named person is let out: open, and say for whom"
    for kind, args in (("open", {}), ("open", {"for": " "}), ("priority", {"for": "王小明"})):
        step = play.order(kind, **args)
        assert answer(step.effects).detail == f"not opening: {why}"
        assert (answer(step.effects).code, step.entries[0].data["refused"]) == (423, why)
        assert "passage" not in step.entries[0].data
    step = play.order("open", **{"for": "王小明"})
    (entry,) = step.entries
    assert answer(step.effects).code == 200
    assert entry.personal == {"holder": "王小明"}, "a name stands where it can be erased"
    assert "王小明" not in str(entry.data)


def test_what_opens_is_written_down_first() -> None:
    opens = {kind for kind in (*KINDS, "dance") if admits(Order(OrderId("o"), "Li", "cli", kind))}
    assert opens == {"open", "priority", "hold_open"}


def test_a_two_way_lane_is_opened_the_way_that_is_said() -> None:
    play = Play.ready(gate_plan(direction=Direction.BOTH))
    for way in ("in", "out"):
        play.order("open", direction=way, count="many")
    play.order("open")
    ways = [(grant.direction, grant.count) for grant in play.lane.passages.grants]
    assert ways == [(Direction.IN, 1), (Direction.OUT, 1), (Direction.IN, 1)]


def test_in_a_lockdown_a_two_way_lane_lets_in_and_nobody_unnamed_out() -> None:
    plan = lane_plan(direction=Direction.BOTH)
    play = Play.ready(gate_plan(direction=Direction.BOTH))

    def code(kind: str, **args: str) -> int:
        named = {"lane": LANE, "reason": "x", **args}
        out = Draft(play.plan, play.facts(Started(play.now)), play.now)
        order = Order(OrderId("o"), "Li", "cli", kind, named)
        locked = replace(play.lane, arm=replace(play.lane.arm, lock=Lock.ENTRY))
        ordered(plan, locked, order, out)
        return answer(tuple(out.effects)).code

    assert code("open") == 200
    assert code("open", direction="out") == 423
    assert code("open", **{"direction": "out", "for": "王小明"}) == 200
    assert code("priority", direction="out") == 423
    assert code("hold_open") == 423
    assert code("close") == 200


def test_a_hold_says_until_when_in_local_time_and_by_the_wall() -> None:
    play = Play.ready(gate_plan())
    step = play.order("hold_open", until="2026-03-04T13:30")
    (entry,) = step.entries
    assert entry.data["until"] == "2026-03-04T13:30"
    assert entry.data["untilus"] == play.now.wall_us + 90 * 60 * 1_000_000
    (timer,) = (
        each for each in step.effects if isinstance(each, StartTimer) and each.key == "hold:in-1"
    )
    assert timer.at_ns == play.now.mono_ns + 90 * 60 * SECOND


@pytest.mark.parametrize(
    ("until", "quality", "why"),
    [
        ("noon", ClockQuality.SYNCED, "until 'noon' is not a local time such as 2026-03-04T18:00"),
        (
            "2026-03-04T13:00Z",
            ClockQuality.SYNCED,
            "until '2026-03-04T13:00Z' is not a local time such as 2026-03-04T18:00",
        ),
        ("2026-03-04T12:00", ClockQuality.SYNCED, "until 2026-03-04T12:00 has passed"),
        (
            "2026-03-04T13:00",
            ClockQuality.UNKNOWN,
            "the clock cannot be trusted: hold it open without an end",
        ),
    ],
)
def test_an_end_that_cannot_be_kept(until: str, quality: ClockQuality, why: str) -> None:
    play = Play.ready(gate_plan())
    order = Order(
        OrderId("o-1"), "Li", "cli", "hold_open", {"lane": LANE, "reason": "x", "until": until}
    )
    step = play.do(OrderReceived(order, moment(0, quality)))
    assert answer(step.effects).code == 422
    assert answer(step.effects).detail == f"not holding it open: {why}"
    assert not play.lane.arm.held


def test_a_fault_is_cleared_with_a_name_and_a_reason() -> None:
    play = Play.ready(gate_plan())
    play.act("opened on")
    why = "both limit switches say that the arm is there"
    refused = play.order("close")
    assert answer(refused.effects).detail == (
        f"not closing: the arm is faulted, clear the fault first: {why}"
    )
    play.act("opened off")
    step = play.order("fault.clear", "o-9", reason="switch bent back")
    (entry,) = step.entries
    assert (entry.type, entry.actor, entry.cause) == (EntryType.ARM_CLEARED, "Li", "o-9")
    assert entry.data == {
        "lane": LANE,
        "order": "fault.clear",
        "origin": "cli",
        "reason": "switch bent back",
        "fault": why,
    }
    assert play.lane.arm.state is State.CLOSED


@pytest.mark.parametrize(
    ("before", "kind", "code", "why"),
    [
        ("", "fault.clear", 409, "not clearing: the arm has no fault"),
        ("", "release_hold", 409, "not releasing: the arm is not held open"),
        ("order hold_open", "fault.clear", 409, "not clearing: the arm has no fault"),
        ("lock fire", "stop", 423, "not stopping: fire, the arm stays up until the fire is reset"),
        (
            "lock lockdown",
            "hold_open",
            423,
            "not holding it open: lockdown, only a named person is let out: open, and say for whom",
        ),
    ],
)
def test_an_order_that_cannot_be_done_now(before: str, kind: str, code: int, why: str) -> None:
    play = Play.ready(gate_plan())
    if before:
        play.act(before)
    step = play.order(kind)
    assert (answer(step.effects).code, answer(step.effects).detail) == (code, why)
    assert step.entries[0].type is EntryType.ARM_ORDERED
    assert why.endswith(str(step.entries[0].data["refused"]))


def test_closing_an_arm_that_is_held_open_is_refused() -> None:
    play = Play.ready(gate_plan())
    for line in ("order hold_open", "closed off", "opened on"):
        play.act(line)
    step = play.order("close")
    assert answer(step.effects).code == 423
    assert answer(step.effects).detail == "not closing: the arm is held open, release it first"
