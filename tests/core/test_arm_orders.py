import pytest

from agent.core.effects import AnswerOrder, Effect, PulseRelay
from agent.core.entries import EntryType
from agent.core.plan import ArmPlan
from tests.core.builders import BARE, FULL, LANE, MAINTAINED, SELF_CLOSING, gate_plan
from tests.core.play import Play


def answer(effects: tuple[Effect, ...]) -> AnswerOrder:
    (found,) = (effect for effect in effects if isinstance(effect, AnswerOrder))
    return found


@pytest.mark.parametrize(
    ("kind", "args", "arm", "code", "said"),
    [
        ("dance", {}, FULL, 404, "'dance' is not an order for an arm: open, close or stop"),
        ("open", {"lane": "x"}, FULL, 404, "no lane 'x' here; the lanes are in-1"),
        ("open", {"lane": ""}, FULL, 404, "no lane '' here; the lanes are in-1"),
        ("open", {"reason": ""}, FULL, 422, "opening by hand needs a reason: say why"),
        ("open", {"reason": " "}, FULL, 422, "opening by hand needs a reason: say why"),
        ("stop", {}, BARE, 422, "lane in-1 has no stop relay"),
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
    assert play.lane.halted
    assert play.view.waiting == 1
