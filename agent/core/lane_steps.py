"""The steps that lead a lane on: a trigger for its arm, a sensor for its passages, what follows.

Rules kept here:
- whatever happened, `followed` comes last: the arm does what it may, and passages, grants and the
  alarm hear of what became of it;
- passages are told what a switch has seen, and what is only meant or assumed as such;
- the arm is due when the last passage is over, and not before.
"""

from dataclasses import replace

from agent.core import alarms, motion, passages
from agent.core.arm import ArmState, Proof, State, Trigger, may
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.ids import InputId
from agent.core.lane_state import LaneState, public, standing_open
from agent.core.motion import Levels, can_lower
from agent.core.passages import Passages
from agent.core.plan import LanePlan

_WORDS = {
    State.OPENING: "opening",
    State.OPEN: "opened",
    State.CLOSING: "closing",
    State.CLOSED: "closed",
}


def switch_changed(plan: LanePlan, before: Levels, state: LaneState, out: Draft) -> LaneState:
    """What the switches tell: an end that is reached counts before the other that was left."""
    was, now = motion.ends(plan.arm, before), motion.ends(plan.arm, state.levels)
    if now.contradict:
        return state
    seen_top, seen_bottom = was.top is False, was.bottom is False
    if now.top and not was.top:
        if seen_top:
            out.write(EntryType.ARM_OPENED, f"lane/{plan.lane}", {"lane": plan.lane})
        state = _reached(plan, state, Trigger.TOP_REACHED, out, seen=seen_top)
    if now.bottom and not was.bottom:
        if seen_bottom:
            data: dict[str, object] = {"lane": plan.lane}
            if ended := passages.closed_after(state.passages):
                data["after"] = ended
            out.write(EntryType.ARM_CLOSED, f"lane/{plan.lane}", data)
        state = _reached(plan, state, Trigger.BOTTOM_REACHED, out, seen=seen_bottom)
    if was.top and not now.top:
        falls = plan.arm.closes_itself or not can_lower(plan.arm)
        left = Trigger.FALLS if falls else Trigger.TOP_LEFT
        state = _left(plan, state, Trigger.TOP_LOST if now.top is None else left, "closing", out)
    if was.bottom and not now.bottom:
        lost = Trigger.BOTTOM_LOST if now.bottom is None else Trigger.BOTTOM_LEFT
        state = _left(plan, state, lost, "opening", out)
    return state


def _reached(
    plan: LanePlan, state: LaneState, trigger: Trigger, out: Draft, *, seen: bool
) -> LaneState:
    why = "it came up again while it went down"
    arm = motion.move(plan, state.arm, trigger, out, proof=Proof.SWITCH, why=why, seen=seen)
    what = "opened" if trigger is Trigger.TOP_REACHED else "closed"
    now = passages.arm_moved(state.passages, what, out, seen=seen)
    return replace(state, arm=arm, passages=now)


def _left(plan: LanePlan, state: LaneState, trigger: Trigger, what: str, out: Draft) -> LaneState:
    state = replace(state, arm=motion.move(plan, state.arm, trigger, out))
    if trigger in {Trigger.TOP_LOST, Trigger.BOTTOM_LOST}:
        return state
    return replace(state, passages=passages.arm_moved(state.passages, what, out))


def sensed(plan: LanePlan, before: Levels, state: LaneState, out: Draft) -> LaneState:
    """A loop, or the contact of a door, has something to tell of vehicles and people."""
    found = motion.ends(plan.arm, state.levels)
    up = None if found.contradict or not (found.top or found.bottom) else found.top is True
    now = passages.sensed(plan, state.passages, before, state.levels, up, out)
    return passed(plan, state, now, out)


def safety_changed(
    plan: LanePlan, before: Levels, state: LaneState, name: InputId, out: Draft
) -> LaneState:
    """A safety input was taken or lost, or the last of them became clear."""
    blocked = motion.blocked_by(plan, state.levels)
    if before.get(name) is False and state.levels[name] is not False:
        return moved(plan, state, Trigger.SAFETY_TAKEN, out, why=blocked)
    if blocked or not motion.blocked_by(plan, before):
        return state
    return replace(state, arm=motion.resumed(plan, state.arm, out, by_timer=False))


def passed(plan: LanePlan, state: LaneState, now: Passages, out: Draft) -> LaneState:
    """When the last passage is over the arm has nobody to stay open for.

    It is so only after somebody was granted: an arm that stands open for another reason stays.
    """
    state = replace(state, passages=now)
    if not now.idle or not state.expected:
        return state
    return left_alone(plan, replace(state, expected=False), out)


def left_alone(plan: LanePlan, state: LaneState, out: Draft) -> LaneState:
    """Nobody waits: the arm is due; one that closes by itself may do so from now on."""
    arm = state.arm
    if not may(arm, Trigger.DONE):
        return state
    if not state.passages.idle:
        return replace(state, expected=True)
    if can_lower(plan.arm):
        return moved(plan, state, Trigger.DONE, out)
    if arm.proof is Proof.ASSUMED:
        return moved(plan, state, Trigger.TOP_LOST, out)
    return state


def moved(
    plan: LanePlan, state: LaneState, trigger: Trigger, out: Draft, *, why: str = ""
) -> LaneState:
    """One row of the arm's table, told to the passages."""
    arm = motion.move(plan, state.arm, trigger, out, why=why)
    return told(replace(state, arm=arm), state.arm, out)


def told(state: LaneState, before: ArmState, out: Draft) -> LaneState:
    """Tell the passages what the arm does, as far as no switch has told it."""
    word = _WORDS.get(state.arm.state)
    if word is None or state.arm.state is before.state:
        return state
    now = passages.arm_moved(state.passages, word, out, seen=False)
    return replace(state, passages=now)


def followed(plan: LanePlan, before: LaneState, state: LaneState, out: Draft) -> LaneState:
    """After everything: the arm does what it may, and the other parts hear of it."""
    arm = motion.pursue(plan, state.arm, state.levels, out)
    state = told(replace(state, arm=arm), state.arm, out)
    if arm.state is State.FAULTED is not before.arm.state:
        state = replace(state, passages=passages.withdrawn(plan, state.passages, out))
    is_public = public(arm)
    if is_public is not public(before.arm):
        noted = passages.noted_held_open(state.passages, is_public)
        state = replace(state, passages=noted)
    alarm = alarms.watch(plan, state.alarm, standing_open(plan, state), out)
    return replace(state, alarm=alarm)
