from dataclasses import replace

import pytest

from agent.core import books
from agent.core.draft import Draft
from agent.core.effects import PulseRelay, StartTimer, SwitchRelay
from agent.core.entries import MEANINGS, EntryType
from agent.core.events import (
    ClockJudged,
    ClockStepped,
    Event,
    OutputFaulted,
    Protected,
    ReaderFound,
    ReaderLost,
    ReaderTampered,
    Started,
    Stopping,
)
from agent.core.facts import Facts, OpenPassage
from agent.core.gate import Gate
from agent.core.ids import InputId, LaneId, OutputId, PassageId
from agent.core.model import ClockQuality
from agent.core.notes import TAMPER
from tests.core.builders import (
    FULL,
    MAINTAINED,
    READER,
    WEDNESDAY,
    a_card,
    gate_plan,
    moment,
)
from tests.core.play import Play

NOW = moment(0)
DOUBTED = moment(0, ClockQuality.UNKNOWN)


@pytest.mark.parametrize(
    ("event", "kind", "subject", "data"),
    [
        (Started(NOW), "agent.started", "agent", {"agent": "north"}),
        (Stopping("SIGTERM", NOW), "agent.stopped", "agent", {"reason": "SIGTERM"}),
        (
            ReaderLost(READER, "unplugged", NOW),
            "reader.lost",
            "reader/near",
            {"detail": "unplugged"},
        ),
        (ReaderFound(READER, "ready", NOW), "reader.found", "reader/near", {"detail": "ready"}),
        (
            ReaderTampered(READER, True, NOW),
            "reader.tampered",
            "reader/near",
            {"detail": TAMPER[True]},
        ),
        (
            ReaderTampered(READER, False, NOW),
            "reader.restored",
            "reader/near",
            {"detail": TAMPER[False]},
        ),
        (ClockStepped(-2_500_000, NOW), "clock.stepped", "clock", {"deltams": -2500}),
        (ClockStepped(2_500_999, NOW), "clock.stepped", "clock", {"deltams": 2500}),
        (ClockJudged(True, NOW), "clock.trusted", "clock", {"quality": "synced"}),
        (ClockJudged(False, DOUBTED), "clock.doubted", "clock", {"quality": "unknown"}),
        (
            OutputFaulted(OutputId("open"), "stuck", NOW),
            "output.faulted",
            "lane/in-1",
            {"output": "open", "detail": "stuck"},
        ),
        (
            OutputFaulted(OutputId("lamp"), "stuck", NOW),
            "output.faulted",
            "output/lamp",
            {"output": "lamp", "detail": "stuck"},
        ),
        (
            Protected("raised", OutputId("open"), InputId("beam"), NOW),
            "arm.protected",
            "lane/in-1",
            {"output": "open", "what": "raised", "because": "beam"},
        ),
        (
            Protected("raised", OutputId("lamp"), None, NOW),
            "arm.protected",
            "output/lamp",
            {"output": "lamp", "what": "raised", "because": None},
        ),
    ],
)
@pytest.mark.parametrize("arm", [FULL, MAINTAINED])
def test_what_is_noted_moves_nothing(
    arm: object, event: Event, kind: str, subject: str, data: dict[str, object]
) -> None:
    gate = Gate(gate_plan(MAINTAINED if arm is MAINTAINED else FULL))
    step = gate.step(gate.first_state(), event, Facts("s1", 1, WEDNESDAY))
    (entry,) = step.entries
    assert (entry.type, entry.subject, entry.data) == (f"gate.{kind}.v1", subject, data)
    assert not any(isinstance(effect, (PulseRelay, SwitchRelay)) for effect in step.effects)


def test_two_lanes_do_not_touch_each_other() -> None:
    one = gate_plan()
    arm = replace(
        FULL,
        open=replace(FULL.open, output=OutputId("open-2")),
        loop=InputId("loop-2"),
        safety=(InputId("beam-2"),),
        opened=None,
        closed=None,
    )
    other = replace(one.lanes[LaneId("in-1")], lane=LaneId("out-1"), arm=arm)
    play = Play.ready(replace(one, lanes={**one.lanes, other.lane: other}), [a_card()])
    before = play.state.lanes[other.lane]
    play.tap("A")
    play.act("loop on")
    assert play.state.lanes[other.lane] is before
    play.act("loop-2 on")
    assert play.state.lanes[other.lane].levels == {"loop-2": True}
    assert play.view.waiting == 1


def test_passages_of_a_lane_that_is_no_longer_configured_end_too() -> None:
    gate = Gate(gate_plan())
    left = OpenPassage(PassageId("north-s1-9-1"), LaneId("gone"), 9, "")
    step = gate.step(gate.first_state(), Started(NOW), Facts("s1", 20, WEDNESDAY, (), (left,)))
    assert [entry.type for entry in step.entries] == [
        EntryType.AGENT_STARTED,
        EntryType.PASSAGE_ENDED,
    ]
    assert step.entries[1].subject == "lane/gone"
    assert step.effects == (StartTimer(books.SWEEP, NOW.mono_ns + books.SWEEP_NS),)


def test_a_level_that_was_unknown_is_no_movement() -> None:
    play = Play(gate_plan())
    assert play.act("opened on") == ""
    assert play.act("opened off") == "arm.forced; alarm.raised"
    assert play.act("opened on") == "arm.opened"


def test_the_same_arguments_give_the_same_step() -> None:
    play = Play.ready(gate_plan(), [a_card()])
    before = play.state
    for event in (Started(NOW), Stopping("x", NOW)):
        facts = play.facts(event)
        assert play.gate.step(before, event, facts) == play.gate.step(before, event, facts)
    assert play.state is before


def test_every_type_of_entry_has_a_meaning() -> None:
    assert set(MEANINGS) == set(EntryType)


def test_a_restart_switches_no_relay_whatever_was_open() -> None:
    play = Play.ready(gate_plan(MAINTAINED), [a_card()])
    play.tap("A")
    play.order("open")
    step = play.restart()
    assert not any(isinstance(effect, (PulseRelay, SwitchRelay)) for effect in step.effects)
    assert play.open == {}


def test_identifiers_of_one_step_follow_each_other() -> None:
    draft = Draft(gate_plan(), Facts("s1", 41, WEDNESDAY), NOW)
    ids = [draft.write(EntryType.AGENT_STARTED, "agent", {}) for _ in range(2)]
    assert ids == [f"/gate/v1/estate/north/s1/{number:020d}" for number in (41, 42)]
    assert draft.next_id().endswith("43")
    assert draft.new_passage() == "north-s1-43-1"
