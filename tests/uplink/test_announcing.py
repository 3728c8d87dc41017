"""What others at the broker are told: one thing at a time, and never at the price of events."""

import pytest

from agent.core.ids import AgentId, EstateId, LaneId, OutputId
from agent.core.model import Direction
from agent.core.plan import ArmPlan, Drive, GatePlan, LanePlan, Relay
from agent.uplink.announcing import ABOUT, SILENT_S, SUSPECT_S, Announcing
from agent.uplink.discovery import Discovery, Options
from agent.uplink.topics import Address

IN = LaneId("in-1")
ARM = ArmPlan(Relay(OutputId("o"), Drive.PULSE))
LANES = {IN: LanePlan(IN, Direction.IN, ARM, 1)}
GATE = GatePlan(EstateId("green"), AgentId("north"), LANES, {})
TOLD = Discovery(GATE, Address("green", "north"), Options())


@pytest.fixture
def announcing() -> Announcing:
    made = Announcing(TOLD)
    made.begin()
    return made


def test_everything_is_told_one_after_the_other(announcing: Announcing) -> None:
    found: dict[str, bytes] = {}
    while (told := announcing.next(0.0)) is not None:
        assert announcing.next(0.0) is None, "the first is still under way"
        assert announcing.acknowledged("another", 0.0, refused=False) == ""
        assert announcing.acknowledged(told[0], 0.0, refused=False) == ABOUT
        found |= dict([told])
    assert found == TOLD.messages()
    assert announcing.lost("broker:1883", SUSPECT_S + 0.1) == "", "that was long ago"


def test_an_acknowledgement_is_no_proof(announcing: Announcing) -> None:
    first = announcing.next(10.0)
    assert first is not None
    announcing.acknowledged(first[0], 11.0, refused=True)
    assert first[0] in announcing.lost("broker:1883", 11.0 + SUSPECT_S)
    announcing.begin()
    assert announcing.next(20.0) is None


def test_a_new_session_is_told_all_of_it_anew(announcing: Announcing) -> None:
    first = announcing.next(0.0)
    announcing.begin()
    assert announcing.lost("broker:1883", 0.0) == "", "that was the session before"
    announcing.begin()
    assert announcing.next(0.0) == first


def test_after_a_refusal_nothing_more_is_told_until_the_next_session(
    announcing: Announcing,
) -> None:
    first = announcing.next(0.0)
    assert first is not None
    assert announcing.acknowledged(first[0], 0.0, refused=True) == ABOUT
    assert announcing.next(0.0) is None
    announcing.begin()
    assert announcing.next(0.0) == first


def test_what_cut_the_connection_is_said_and_left_out_for_a_while(announcing: Announcing) -> None:
    first = announcing.next(100.0)
    assert first is not None
    said = announcing.lost("broker:1883", 100.0)
    assert first[0] in said
    assert "broker:1883" in said
    assert "10 minutes" in said
    for _ in range(2):
        announcing.begin()
        assert announcing.next(100.0 + SILENT_S - 0.1) is None
        assert announcing.lost("broker:1883", 105.0) == "", "this one has another cause"
    assert announcing.next(100.0 + SILENT_S) == first


def test_a_gate_without_any_of_it_tells_nothing() -> None:
    nothing = Announcing(None)
    nothing.begin()
    assert nothing.next(0.0) is None
    assert nothing.acknowledged("", 0.0, refused=False) == ""
    assert nothing.lost("broker:1883", 0.0) == ""
