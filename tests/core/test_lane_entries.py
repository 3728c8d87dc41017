"""What a lane writes of its arm, word by word, and what it shows of faults."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.entries import EntryType
from agent.core.plan import ArmPlan
from tests.core.builders import BARE, BEAM, FULL, LANE, MAINTAINED, a_card, gate_plan
from tests.core.play import Play


def written(kind: EntryType, *lines: str, arm: ArmPlan = FULL) -> list[dict[str, Any]]:
    play = Play.ready(gate_plan(arm), [a_card()])
    for line in lines:
        play.act(line)
    return [dict(entry.data) for entry in play.entries if entry.type is kind]


def test_an_arm_that_does_not_rise() -> None:
    lines = ("order open", *["time travel"] * 4)
    (fault,) = written(EntryType.ARM_FAULTED, *lines)
    assert fault == {"lane": LANE, "fault": "opening", "detail": "not up within 10 s"}


def test_an_arm_that_does_not_come_down() -> None:
    never = ("order open", "closed off", "opened on", "order close", "opened off", "time travel")
    (fault,) = written(EntryType.ARM_FAULTED, *never, arm=replace(FULL, retries=0))
    assert fault == {"lane": LANE, "fault": "closing", "detail": "not down within 10 s"}


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("beam on", "safety input beam is occupied"),
        ("beam lost", "safety input beam is unknown"),
        ("beam fault chatter", "safety input beam is unknown"),
        ("protect open", "lifted by beam"),
        ("fault close", "close: stuck"),
        ("opened on", "it came up again while it went down"),
    ],
)
def test_what_was_in_vain_stands_in_the_fault(line: str, detail: str) -> None:
    begin = ("order open", "closed off", "order close")
    (fault,) = written(EntryType.ARM_FAULTED, *begin, line, arm=replace(FULL, retries=0))
    assert (fault["fault"], fault["detail"]) == ("closing", detail)


def test_a_stop_relay_that_fails() -> None:
    (fault,) = written(EntryType.ARM_FAULTED, "order open", "fault stop")
    assert fault == {"lane": LANE, "fault": "stop", "detail": "stop: stuck"}


def test_both_switches_at_once() -> None:
    (fault,) = written(EntryType.ARM_FAULTED, "opened on")
    why = "both limit switches say that the arm is there"
    assert fault == {"lane": LANE, "fault": "switches", "detail": why}


def test_a_held_relay_that_cannot_let_go_is_a_closing_in_vain() -> None:
    lines = ("order open", "closed off", "order close", "fault open")
    (fault,) = written(EntryType.ARM_FAULTED, *lines, arm=replace(MAINTAINED, retries=0))
    assert fault == {"lane": LANE, "fault": "closing", "detail": "open: stuck"}


def test_which_way_an_arm_was_forced() -> None:
    assert written(EntryType.ARM_FORCED, "closed off") == [{"lane": LANE, "direction": "up"}]
    down = ("order open", "closed off", "opened on", "opened off", "closed on")
    assert written(EntryType.ARM_FORCED, *down) == [{"lane": LANE, "direction": "down"}]
    held = ("order hold_open", "closed off", "opened on", "opened off")
    assert written(EntryType.ARM_FORCED, *held) == [{"lane": LANE, "direction": "down"}]


def test_why_a_hold_ended_that_nobody_released() -> None:
    held = ("order hold_open", "closed off", "opened on")
    for line, why in (
        ("time hold", "hold_over"),
        ("order stop", "stop"),
        ("lock lockdown", "lockdown"),
        ("closed on", "fault"),
    ):
        (released,) = written(EntryType.ARM_RELEASED, *held, line)
        assert released == {"lane": LANE, "why": why}
    assert written(EntryType.ARM_RELEASED, *held, "order release_hold") == []


def test_the_passages_that_went_before_a_closing() -> None:
    lines = ("tap A", "closed off", "opened on", "loop on", "loop off", "opened off", "closed on")
    (closed,) = written(EntryType.ARM_CLOSED, *lines)
    (ended,) = written(EntryType.PASSAGE_ENDED, *lines)
    assert closed == {"lane": LANE, "after": [ended["passage"]]}
    assert written(EntryType.ARM_CLOSED, "closed off", "closed on") == [{"lane": LANE}]


def test_the_view_tells_the_fault_first_and_then_the_inputs() -> None:
    play = Play.ready(gate_plan())
    play.act("beam fault cut wire")
    assert list(play.view.faults) == ["input beam: cut wire"]
    assert play.lane.levels[BEAM] is None
    play.act("opened on")
    both = "both limit switches say that the arm is there"
    assert list(play.view.faults) == [both, "input beam: cut wire"]
    assert play.view.mode == "faulted"
    play.act("beam off")
    assert list(play.view.faults) == [both]


def test_the_view_shows_every_loop_that_is_wired() -> None:
    play = Play.ready(gate_plan(FULL))
    assert (play.view.approach, play.view.loop, play.view.exit) == ("none", "clear", "none")
    assert Play(gate_plan(FULL)).view.loop == "unknown"
    assert Play(gate_plan(BARE)).view.loop == "none"
