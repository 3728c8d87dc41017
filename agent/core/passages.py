"""What happened after the grant: which vehicle used it, and what is proved of that.

Rules kept here:
- one grant, one vehicle, or as many as it names; every grant ends once, in one outcome;
- nothing is claimed that no sensor saw: the proofs of every wiring stand in ``docs/passages.md``;
- one timer, ``wait:{lane}``: it runs while grants wait and no vehicle is using them.
"""

from dataclasses import replace

from agent.core.crossing import Levels, level, loop_changed, outer, outer_changed
from agent.core.doorway import contact_changed
from agent.core.draft import Draft
from agent.core.effects import StopTimer
from agent.core.grants import GRANTS, Grant, Outcome, Unseen, interrupted, wait_key
from agent.core.ids import PassageId
from agent.core.model import Direction
from agent.core.plan import ArmKind, LanePlan, RightOfWay
from agent.core.vehicles import Passages, end, give_up_all, wait

__all__ = [
    "GRANTS",
    "Grant",
    "Levels",
    "Outcome",
    "Passages",
    "Unseen",
    "arm_moved",
    "closed_after",
    "granted",
    "interrupted",
    "noted_held_open",
    "oncoming",
    "sensed",
    "wait_key",
    "wait_over",
    "withdrawn",
]


def granted(plan: LanePlan, state: Passages, grant: Grant, levels: Levels, out: Draft) -> Passages:
    """Take up a grant; one that is renewed (same passage) is not counted twice.

    At most `GRANTS` are held: beyond that the one that waits longest ends as unobserved. A vehicle
    that stands under the arm already is taken for the one that is meant.
    """
    if all(waiting.passage != grant.passage for waiting in state.grants):
        state = replace(state, grants=(*state.grants, _taken_up(plan, state, grant, levels, out)))
    inside = state.inside
    if inside is not None and inside.direction is None:
        inside = replace(inside, direction=state.grants[0].direction)
        state = replace(state, inside=inside)
    if len(state.grants) > GRANTS:
        state = end(plan, state, int(state.used), Outcome.UNOBSERVED, out)
    return wait(plan, state, out)


def sensed(
    plan: LanePlan, state: Passages, before: Levels, after: Levels, up: bool | None, out: Draft
) -> Passages:
    """Sensors changed. ``up`` is False only while a switch proves the arm down.

    An input that cannot be believed (a fault) is to be None in the levels. Of a door only the
    contact counts, of a barrier only the loops.
    """
    arm = plan.arm
    if arm.kind is ArmKind.DOOR:
        was, now = level(arm.closed, before), level(arm.closed, after)
        return state if was is now else contact_changed(plan, state, was, now, out)
    for name in (arm.approach, arm.exit):
        if name is not None and before.get(name) is not after.get(name):
            state = outer_changed(plan, state, name, before, after, out)
    if level(arm.loop, before) is not level(arm.loop, after):
        state = loop_changed(plan, state, before, after, up, out)
    return state


def arm_moved(state: Passages, what: str, out: Draft, *, seen: bool = True) -> Passages:
    """The arm is ``opening``, ``opened``, ``closing`` or ``closed``.

    ``seen``: a switch says so just now; False when it is meant or assumed, so that no time of it is
    claimed. In both cases nobody goes through behind somebody else any more once it is closed.
    """
    now_ns = out.at.mono_ns
    match what:
        case "closed":
            between = state.between if state.grants else ()
            return replace(
                state, last=None, over=(), moved_ns=None, opened_ns=None, between=between
            )
        case "closing":
            return replace(state, moved_ns=None, opened_ns=None)
        case _ if not seen:
            return state
        case "opening":
            state = replace(state, moved_ns=now_ns)
        case _:
            state = replace(state, opened_ns=now_ns)
    grants = (_up_too(grant, state) for grant in state.grants)
    inside = None if state.inside is None else replace(state.inside, shut=False)
    return replace(state, grants=tuple(grants), inside=inside)


def wait_over(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """The time of the grants is over: they end, unless a vehicle stands in the passage."""
    return state if state.used else give_up_all(plan, state, 0, out)


def withdrawn(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """Somebody closed the arm, or it is faulted: grants whose vehicle did not come yet end.

    That of a vehicle in the passage goes on until the sensors tell its end.
    """
    out.do(StopTimer(wait_key(plan.lane)))
    return give_up_all(plan, state, int(state.used), out)


def noted_held_open(state: Passages, held: bool = True) -> Passages:
    """The passage is open to everybody (held open, fire), or no longer."""
    grants = (replace(grant, held_open=held or grant.held_open) for grant in state.grants)
    return replace(state, held=held, grants=tuple(grants))


def closed_after(state: Passages) -> list[PassageId]:
    """What ended since the arm was last down; to be asked before ``closed`` is told."""
    return list(state.over)


def oncoming(plan: LanePlan, state: Passages, levels: Levels, direction: Direction) -> bool:
    """Would a grant in this direction meet somebody who comes the other way?

    Only a lane of two directions can say so: while somebody of the other direction is granted or
    inside, and while somebody waits at the side that goes first.
    """
    if plan.direction is not Direction.BOTH:
        return False
    ways = {grant.direction for grant in state.grants}
    if state.inside is not None and state.inside.direction is not None:
        ways.add(state.inside.direction)
    if ways - {direction}:
        return True
    first = {RightOfWay.IN: Direction.IN, RightOfWay.OUT: Direction.OUT}.get(plan.right_of_way)
    if first is None or first is direction:
        return False
    front = outer(plan, first)[0]
    return bool(level(front, levels)) and front not in state.leaving


def _taken_up(plan: LanePlan, state: Passages, grant: Grant, levels: Levels, out: Draft) -> Grant:
    """The grant as it is when it begins: what is known of the arm, and what cannot be seen."""
    both = plan.direction is Direction.BOTH
    grant = replace(
        grant,
        at_ns=out.at.mono_ns,
        direction=grant.direction if both else plan.direction,
        held_open=state.held,
    )
    if plan.arm.kind is ArmKind.DOOR:
        blind = level(plan.arm.closed, levels) is not True
    else:
        blind = level(plan.arm.loop, levels) is None
    return _up_too(grant.doubted(Unseen.PASSAGE) if blind else grant, state)


def _up_too(grant: Grant, state: Passages) -> Grant:
    moved = state.moved_ns if grant.moved_ns is None else grant.moved_ns
    opened = state.opened_ns if grant.opened_ns is None else grant.opened_ns
    return replace(grant, moved_ns=moved, opened_ns=opened)
