"""What is known of one lane, and how it looks from outside.

Rules kept here:
- a position is claimed only on a switch, or on the time that the arm takes; then it says so. What
  is neither proved nor assumed is unknown;
- an arm stands open when that can be told and nobody wants it to: no grant, no hold, no fire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core import motion
from agent.core.alarms import Alarm
from agent.core.arm import ArmState, Lock, Proof, State
from agent.core.ids import InputId, LaneId
from agent.core.motion import Levels
from agent.core.passages import Passages
from agent.core.plan import ArmKind, LanePlan
from agent.core.view import LaneView


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is known of a lane. ``levels`` holds every input of the lane by its id.

    ``faults`` says of inputs that cannot be believed why not; their level is unknown then.
    ``expected``: somebody was granted since the lane was last left alone.
    """

    lane: LaneId
    arm: ArmState = field(default_factory=ArmState)
    passages: Passages = field(default_factory=Passages)
    alarm: Alarm = field(default_factory=Alarm)
    levels: Levels = field(default_factory=dict)
    faults: Mapping[InputId, str] = field(default_factory=dict)
    expected: bool = False


def public(arm: ArmState) -> bool:
    """Is it open to everybody, by an order or for a fire?"""
    return arm.held or arm.lock is Lock.FIRE


def standing_open(plan: LanePlan, state: LaneState) -> bool:
    """Does it stand open, as far as can be told, though nobody wants it to?"""
    arm = state.arm
    found = motion.ends(plan.arm, state.levels)
    if arm.overdue:
        return True
    if public(arm):
        return False
    if plan.arm.kind is ArmKind.DOOR:
        return found.top is True
    if found.bottom or not state.passages.idle or arm.state is State.CLOSED:
        return False
    return arm.state is not State.UNKNOWN or found.top is True or found.bottom is False


def view(plan: LanePlan, state: LaneState, emergency: str = "none") -> LaneView:
    """The lane as others see it; ``emergency`` is that of the whole gate."""
    arm, passages = plan.arm, state.passages
    position, proof = _position(plan, state)
    faults = [f"input {name}: {why}" for name, why in state.faults.items()]
    if state.arm.state is State.FAULTED:
        faults.insert(0, state.arm.fault)
    return LaneView(
        plan.lane,
        position,
        _mode(state.arm),
        _loop(arm.loop, state.levels),
        passages.waiting,
        tuple(faults),
        proof.value,
        _loop(arm.approach, state.levels),
        _loop(arm.exit, state.levels),
        emergency,
        state.alarm.step,
    )


def _position(plan: LanePlan, state: LaneState) -> tuple[str, Proof]:
    arm = state.arm
    found = motion.ends(plan.arm, state.levels)
    if found.contradict:
        return "unknown", Proof.NONE
    released = plan.arm.kind is ArmKind.DOOR and arm.state is State.OPENING
    if (found.top or found.bottom) and not released:
        return "open" if found.top else "closed", Proof.SWITCH
    match arm.state:
        case State.OPENING | State.CLOSING | State.STOPPED:
            return arm.state.value, Proof.NONE
        case State.OPEN | State.HELD_OPEN if arm.proof is not Proof.NONE:
            return "open", arm.proof
        case State.CLOSED:
            return "closed", arm.proof
        case _:
            return "unknown", Proof.NONE


def _mode(arm: ArmState) -> str:
    if arm.lock is Lock.FIRE:
        return "fire"
    if arm.state is State.FAULTED:
        return "faulted"
    if arm.lock is Lock.LOCKDOWN:
        return "lockdown"
    if arm.held:
        return "held_open"
    return "stopped" if arm.state is State.STOPPED else "normal"


def _loop(name: InputId | None, levels: Levels) -> str:
    if name is None:
        return "none"
    return {True: "occupied", False: "clear", None: "unknown"}[levels.get(name)]
