"""One lane: from the grant to the end of its passage, with a simple arm.

Rules kept here:
- one grant, one vehicle: the grant that waits longest is the one whose vehicle takes the loop;
- a passage ends once, in one outcome, and nothing is claimed that no sensor saw;
- the arm goes down when the loop has cleared and nobody else waits, or when the wait is over, and
  never while a safety input is occupied or unknown: then the lowering stays due;
- after a guard's stop nothing goes down by itself until the next order or grant;
- the position comes from the limit switches alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.draft import Draft
from agent.core.effects import PulseRelay, StartTimer, StopTimer, SwitchRelay
from agent.core.entries import EntryType
from agent.core.facts import OpenPassage
from agent.core.ids import InputId, LaneId, PassageId
from agent.core.plan import ArmPlan, Drive, LanePlan, Relay
from agent.core.view import LaneView

_WAIT = "wait:"
GRANTS = 32


class Outcome(StrEnum):
    """What became of a grant."""

    PASSED = "passed"
    NO_ENTRY = "no_entry"
    UNOBSERVED = "unobserved"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission that is still to be used. ``cause`` is the id of the entry that gave it.

    ``unseen``: for some time while it waited the loop could not tell whether a vehicle passed.
    """

    passage: PassageId
    card: str
    cause: str
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is known of a lane. ``levels`` holds every input of the lane by its id.

    ``taken``: the vehicle of the first grant stands on the loop. ``moving``: ``opening`` or
    ``closing`` after such an order until a limit switch is reached, else empty. ``halted``: a guard
    has stopped the arm.
    """

    lane: LaneId
    grants: tuple[Grant, ...] = ()
    taken: bool = False
    lower_due: bool = False
    halted: bool = False
    moving: str = ""
    levels: Mapping[InputId, bool | None] = field(default_factory=dict)


def wait_key(lane: LaneId) -> str:
    """The key of the timer that ends the wait for a vehicle."""
    return f"{_WAIT}{lane}"


def waiting_lane(key: str) -> LaneId:
    """The lane of such a key."""
    return LaneId(key.removeprefix(_WAIT))


def admit(plan: LanePlan, state: LaneState, grant: Grant, out: Draft) -> LaneState:
    """Take up a grant and raise the arm; a grant that is renewed is not counted twice.

    At most `GRANTS` are held: beyond that the one that waits longest ends as unobserved.
    """
    on_loop = _level(plan.arm.loop, state)
    taken = state.taken or on_loop is True
    grants = state.grants
    if all(waiting.passage != grant.passage for waiting in grants):
        grants = (*grants, Grant(grant.passage, grant.card, grant.cause, on_loop is None))
    if len(grants) > GRANTS:
        longest = int(taken)
        _end(plan.lane, grants[longest], Outcome.UNOBSERVED, out)
        grants = (*grants[:longest], *grants[longest + 1 :])
    if not taken:
        out.do(StartTimer(wait_key(plan.lane), out.at.mono_ns + plan.open_for_ns))
    out.do(_on(plan.arm.open))
    moving = "" if _level(plan.arm.opened, state) else "opening"
    return LaneState(state.lane, grants, taken, moving=moving, levels=state.levels)


def input_changed(
    plan: LanePlan, state: LaneState, name: InputId, active: bool | None, out: Draft
) -> LaneState:
    """An input of this lane has a new level."""
    before = state.levels.get(name)
    state = replace(state, levels={**state.levels, name: active})
    arm = plan.arm
    if name == arm.opened:
        state = _switch_reached(state, EntryType.ARM_OPENED, before, active, out)
    elif name == arm.closed:
        state = _switch_reached(state, EntryType.ARM_CLOSED, before, active, out)
    elif name == arm.loop:
        state = _loop_changed(plan, state, active, out)
    if state.lower_due and not state.grants:
        state = lower(plan, state, out)
    return state


def wait_over(plan: LanePlan, state: LaneState, out: Draft) -> LaneState:
    """Nobody came within the time: the grants end, and the arm goes down."""
    if state.taken or not state.grants:
        return state
    _end_unused(plan, state.grants, out)
    return lower(plan, replace(state, grants=()), out)


def close_ordered(plan: LanePlan, state: LaneState, out: Draft) -> LaneState:
    """Somebody ordered the arm down; the caller has seen that every safety input is clear.

    The passage of a vehicle that stands on the loop goes on until the loop tells its end.
    """
    out.do(StopTimer(wait_key(plan.lane)))
    on_loop = int(state.taken)
    _end_unused(plan, state.grants[on_loop:], out)
    state = replace(state, grants=state.grants[:on_loop], halted=False)
    return lower(plan, state, out)


def halt(state: LaneState) -> LaneState:
    """A guard has stopped the arm: it stays where it is until the next order or grant."""
    return replace(state, lower_due=False, halted=True, moving="")


def lower(plan: LanePlan, state: LaneState, out: Draft) -> LaneState:
    """Bring the arm down now, or leave it due while a safety input is not clear.

    An operator that closes by itself has no close relay and gets no order.
    """
    arm = plan.arm
    if state.halted or not can_lower(arm):
        return replace(state, lower_due=False)
    if blocked_by(plan, state):
        return replace(state, lower_due=True)
    if arm.close is not None:
        out.do(_on(arm.close))
    else:
        out.do(SwitchRelay(arm.open.output, False))
    moving = "" if _level(arm.closed, state) else "closing"
    return replace(state, lower_due=False, moving=moving)


def can_lower(arm: ArmPlan) -> bool:
    """False for an operator that closes by itself: there is no relay to close it with."""
    return arm.close is not None or arm.open.drive is Drive.MAINTAINED


def interrupted(left: OpenPassage, cause: str, out: Draft) -> None:
    """A grant of an earlier run has no end: the agent stopped in between, and no old grant counts.

    Nothing moves for it; whether somebody passed is not known.
    """
    grant = Grant(left.passage, left.card, cause)
    _end(left.lane, grant, Outcome.INTERRUPTED, out)


def moved_otherwise(state: LaneState) -> LaneState:
    """The interlock lifted the arm, or a relay failed: what was going down is due to go down."""
    due = state.lower_due or state.moving == "closing"
    return replace(state, moving="", lower_due=due)


def blocked_by(plan: LanePlan, state: LaneState) -> str:
    """The first safety input that is not clear, in words; empty when the arm may go down."""
    for name in plan.arm.safety:
        level = state.levels.get(name)
        if level is not False:
            return f"safety input {name} is {'occupied' if level else 'unknown'}"
    return ""


def view(plan: LanePlan, state: LaneState) -> LaneView:
    """The lane as others see it."""
    arm = plan.arm
    opened, closed = _level(arm.opened, state), _level(arm.closed, state)
    faults: tuple[str, ...] = ()
    if opened and closed:
        position = "unknown"
        faults = ("both limit switches say that the arm is there",)
    elif opened or closed:
        position = "open" if opened else "closed"
    elif arm.opened is None and arm.closed is None:
        position = "unknown"
    else:
        position = state.moving or "unknown"
    loop = "none"
    if arm.loop is not None:
        loop = {True: "occupied", False: "clear", None: "unknown"}[_level(arm.loop, state)]
    return LaneView(plan.lane, position, "normal", loop, len(state.grants), faults)


def _end(lane: LaneId, grant: Grant, outcome: Outcome, out: Draft) -> None:
    data = {"lane": lane, "passage": grant.passage, "outcome": outcome.value}
    if grant.card:
        data["card"] = grant.card
    out.write(EntryType.PASSAGE_ENDED, f"lane/{lane}", data, cause=grant.cause)


def _end_unused(plan: LanePlan, grants: tuple[Grant, ...], out: Draft) -> None:
    """Nobody was seen to use these; where nobody could be seen, nothing is claimed."""
    for grant in grants:
        outcome = Outcome.UNOBSERVED if grant.unseen else Outcome.NO_ENTRY
        _end(plan.lane, grant, outcome, out)


def _loop_changed(plan: LanePlan, state: LaneState, active: bool | None, out: Draft) -> LaneState:
    if active:
        if state.grants and not state.taken:
            out.do(StopTimer(wait_key(plan.lane)))
            return replace(state, taken=True)
        return state
    if active is None:
        state = replace(state, grants=tuple(replace(grant, unseen=True) for grant in state.grants))
    if not state.taken:
        return state
    if active is None:
        return _wait_again(plan, replace(state, taken=False), out)
    first, *rest = state.grants
    _end(plan.lane, first, Outcome.PASSED, out)
    state = replace(state, taken=False, grants=tuple(rest))
    return _wait_again(plan, state, out) if rest else lower(plan, state, out)


def _wait_again(plan: LanePlan, state: LaneState, out: Draft) -> LaneState:
    out.do(StartTimer(wait_key(plan.lane), out.at.mono_ns + plan.open_for_ns))
    return state


def _switch_reached(
    state: LaneState, kind: EntryType, before: bool | None, active: bool | None, out: Draft
) -> LaneState:
    if not active:
        return state
    if before is False:
        out.write(kind, f"lane/{state.lane}", {"lane": state.lane})
    return replace(state, moving="")


def _on(relay: Relay) -> PulseRelay | SwitchRelay:
    if relay.drive is Drive.PULSE:
        return PulseRelay(relay.output, relay.pulse_ms)
    return SwitchRelay(relay.output, True)


def _level(name: InputId | None, state: LaneState) -> bool | None:
    return None if name is None else state.levels.get(name)
