"""One lane: its arm, the passages through it, and the alarm of an arm that stands open.

Rules kept here:
- this is where the parts of a lane meet, and nothing is decided here: what the arm does stands in
  `agent.core.arm`, when it may in `agent.core.motion`, what a vehicle did in `agent.core.passages`;
- every input of a lane is kept as its level; one that cannot be believed is unknown;
- after a start nothing moves: the arm is unknown until a switch reports, or held open as it was.
"""

from collections.abc import Sequence
from dataclasses import replace

from agent.core import alarms, motion, passages
from agent.core import lane_steps as steps
from agent.core.arm import ArmState, Lock, State, Trigger, may
from agent.core.draft import Draft
from agent.core.effects import StartTimer, StopTimer
from agent.core.events import InputChanged, OutputFaulted, Protected, SensorsTested
from agent.core.facts import Mode
from agent.core.lane_state import LaneState, view
from agent.core.passages import Grant
from agent.core.plan import ArmKind, Button, LanePlan

__all__ = [
    "LaneState",
    "admit",
    "first",
    "input_changed",
    "locked",
    "ordered",
    "output_faulted",
    "protected",
    "restored",
    "sensors_tested",
    "timer",
    "view",
]

_US_NS = 1_000


def first(plan: LanePlan) -> LaneState:
    """Nothing is known yet: every input unknown, the arm unknown, nobody granted."""
    return LaneState(plan.lane)


def restored(
    plan: LanePlan,
    state: LaneState,
    modes: Sequence[Mode],
    out: Draft,
    lock: Lock = Lock.NONE,
) -> LaneState:
    """What an earlier run left in force is so again: a hold, the emergency's lock. Nothing moves.

    A hold whose end has passed meanwhile stays, and alarms: nothing closes without somebody there.
    A clock that cannot be trusted ends nothing.
    """
    arm = ArmState(lock=lock)
    mode = next((mode for mode in modes if mode.name == f"hold:{plan.lane}"), None)
    if mode is not None:
        left_us = mode.until_us - out.at.wall_us
        ends = mode.until_us != 0 and out.at.quality.trusted
        if ends and left_us > 0:
            out.do(StartTimer(f"hold:{plan.lane}", out.at.mono_ns + left_us * _US_NS))
        overdue = ends and left_us <= 0
        arm = ArmState(State.HELD_OPEN, lock=lock, held=True, overdue=overdue)
    return steps.followed(plan, state, replace(state, arm=arm), out)


def admit(plan: LanePlan, state: LaneState, grant: Grant, out: Draft) -> LaneState:
    """Take up a grant and raise the arm; a grant that is renewed is not counted twice."""
    granted = passages.granted(plan, state.passages, grant, state.levels, out)
    after = replace(state, passages=granted, expected=True)
    if not motion.stands_faulted(plan, state.arm, state.levels):
        if motion.can_open(plan, state.arm, state.levels):
            after = steps.moved(plan, after, Trigger.OPEN, out)
        else:
            after = replace(after, passages=passages.withdrawn(plan, granted, out))
    return steps.followed(plan, state, after, out)


def ordered(
    plan: LanePlan, state: LaneState, trigger: Trigger, out: Draft, *, until_ns: int | None = None
) -> LaneState:
    """A person's order that has a row in the table; ``until_ns`` (monotonic) is a hold's end."""
    after = state
    if trigger is Trigger.CLOSE:
        withdrawn = passages.withdrawn(plan, state.passages, out)
        arm = motion.resumed(plan, state.arm, out, by_timer=False)
        after = replace(state, arm=arm, passages=withdrawn)
    after = steps.moved(plan, after, trigger, out)
    if trigger is Trigger.HOLD:
        key = f"hold:{plan.lane}"
        out.do(StopTimer(key) if until_ns is None else StartTimer(key, until_ns))
        after = replace(after, arm=replace(after.arm, overdue=False))
    elif trigger is Trigger.RELEASE:
        after = steps.left_alone(plan, after, out)
    return steps.followed(plan, state, after, out)


def input_changed(plan: LanePlan, state: LaneState, event: InputChanged, out: Draft) -> LaneState:
    """An input of this lane has a new level, or can no longer be believed."""
    name, active = event.input, None if event.fault else event.active
    faults = {known: why for known, why in state.faults.items() if known != name}
    if event.fault:
        faults[name] = event.fault
    after = replace(state, levels={**state.levels, name: active}, faults=faults)
    arm = plan.arm
    # A door's contact ends a passage before it tells that the door is shut after it.
    contact = arm.closed if arm.kind is ArmKind.DOOR else None
    if name in {arm.approach, arm.loop, arm.exit, contact}:
        after = steps.sensed(plan, state.levels, after, out)
    if name in {arm.opened, arm.closed}:
        after = steps.switch_changed(plan, state.levels, after, out)
    if name in arm.safety:
        after = steps.safety_changed(plan, state.levels, after, name, out)
    return steps.followed(plan, state, after, out)


def timer(plan: LanePlan, state: LaneState, kind: str, out: Draft) -> LaneState:
    """A timer of this lane: ``wait, travel, hold, retry, test, alarm``."""
    arm, after = state.arm, state
    match kind:
        case "wait":
            over = passages.wait_over(plan, state.passages, out)
            after = steps.passed(plan, state, over, out)
        case "travel":
            moved = motion.travelled(plan, arm, state.levels, out)
            after = steps.told(replace(state, arm=moved), arm, out)
        case "hold":
            after = steps.left_alone(plan, steps.moved(plan, state, Trigger.HOLD_OVER, out), out)
        case "retry":
            after = replace(state, arm=motion.resumed(plan, arm, out, by_timer=True))
        case "test":
            why = "the safety sensors were not tested in time"
            after = replace(state, arm=motion.tested(plan, arm, state.levels, why, out))
        case "alarm":
            after = replace(state, alarm=alarms.timer(plan, state.alarm, out))
    return steps.followed(plan, state, after, out)


def sensors_tested(plan: LanePlan, state: LaneState, event: SensorsTested, out: Draft) -> LaneState:
    """The safety sensors were tested for a closing that is due."""
    names = ", ".join(event.failed)
    why = f"safety input {names} did not answer its test" if names else ""
    arm = motion.tested(plan, state.arm, state.levels, why, out)
    return steps.followed(plan, state, replace(state, arm=arm), out)


def protected(plan: LanePlan, state: LaneState, event: Protected, out: Draft) -> LaneState:
    """The interlock has acted; the arm is where that leads."""
    triggers = {
        "raised": Trigger.LIFTED,
        "reopened": Trigger.LIFTED,
        "fire": Trigger.FIRE,
        "stopped": Trigger.STOP,
        "dead_man": Trigger.DEAD_MAN,
    }
    trigger = triggers[event.what]
    if not may(state.arm, trigger):
        return state
    after = steps.moved(plan, state, trigger, out, why=f"lifted by {event.because or 'order'}")
    buttons = plan.arm.buttons
    by_hand = {buttons.get(Button.STOP), buttons.get(Button.CLOSE)} - {None}
    if trigger is Trigger.LIFTED and event.because in by_hand:
        # Nothing can stop this arm, so the interlock lifted it; it is stopped all the same.
        after = steps.moved(plan, after, Trigger.STOP, out)
    return steps.followed(plan, state, after, out)


def output_faulted(plan: LanePlan, state: LaneState, event: OutputFaulted, out: Draft) -> LaneState:
    """A relay was not driven. Only what it was driven for is in vain."""
    arm, output = plan.arm, event.output
    lowers = arm.open if arm.close is None else arm.close
    concerned = lowers if state.arm.state is State.CLOSING else arm.open
    after, why = state, f"{output}: {event.detail}"
    if arm.stop is not None and output == arm.stop.output:
        stopped = motion.move(plan, state.arm, Trigger.FAULT, out, why=why, fault="stop")
        after = replace(state, arm=stopped)
    elif output == concerned.output:
        after = steps.moved(plan, state, Trigger.RELAY_FAILED, out, why=why)
    return steps.followed(plan, state, after, out)


def locked(plan: LanePlan, state: LaneState, lock: Lock, out: Draft) -> LaneState:
    """Fire or lockdown begins or ends for this lane. The end of one moves nothing."""
    if lock is state.arm.lock:
        return state
    after = replace(state, arm=replace(state.arm, lock=lock, released=False))
    if lock is Lock.FIRE:
        after = steps.moved(plan, after, Trigger.FIRE, out)
    elif lock in {Lock.LOCKDOWN, Lock.ENTRY}:
        after = steps.left_alone(plan, steps.moved(plan, after, Trigger.LOCKDOWN, out), out)
    return steps.followed(plan, state, after, out)
