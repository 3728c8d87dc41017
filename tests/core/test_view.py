"""The words of a lane's picture: those that are told are all that there are."""

from dataclasses import replace
from itertools import product

from agent.core import alarms, emergency, lane_state
from agent.core.arm import ArmState, Lock, Proof, State
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.lane_state import LaneState, view
from agent.core.model import Direction
from agent.core.plan import ArmPlan, Drive, Ladder, LanePlan, Relay
from agent.core.view import ALARMS, EMERGENCIES, LOOPS, MODES, POSITIONS, PROOFS

LANE, LOOP = LaneId("in-1"), InputId("in-1.loop")
OPENED, CLOSED = InputId("in-1.opened"), InputId("in-1.closed")
BARE = ArmPlan(Relay(OutputId("o"), Drive.PULSE))
WIRED = replace(BARE, loop=LOOP, opened=OPENED, closed=CLOSED)
LEVELS = (True, False, None)


def test_every_word_that_a_lane_can_show_is_told_and_no_other() -> None:
    found: dict[str, set[str]] = {"position": set(), "proof": set(), "mode": set(), "loop": set()}
    for arm, state, lock, proof, held in product((BARE, WIRED), State, Lock, Proof, (True, False)):
        for top, bottom, loop in product(LEVELS, repeat=3):
            plan = LanePlan(LANE, Direction.IN, arm, 1)
            known = {OPENED: top, CLOSED: bottom, LOOP: loop}
            stands = ArmState(state=state, lock=lock, proof=proof, held=held)
            seen = view(plan, LaneState(LANE, stands, levels=known))
            for name, words in found.items():
                words.add(getattr(seen, name))
    assert found == {
        "position": set(POSITIONS),
        "proof": set(PROOFS),
        "mode": set(MODES),
        "loop": set(LOOPS),
    }


def test_the_words_of_the_whole_gate_and_of_its_alarms() -> None:
    assert set(EMERGENCIES) == {emergency.NONE, emergency.FIRE, emergency.LOCKDOWN}
    ladder = Ladder(1, 2, (3, 4))
    assert {"none", *(name for name, _ in alarms.steps(ladder))} == set(ALARMS)
    assert lane_state.view(LanePlan(LANE, Direction.IN, BARE, 1), LaneState(LANE)).alarm == "none"
