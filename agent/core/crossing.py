"""Loops before, under and behind an arm: what their order proves of a vehicle.

Rules kept here (``docs/passages.md`` has them as a table, wiring by wiring):
- a vehicle is counted when it has left the loop under the arm, and where there is a loop behind the
  arm, only when it has taken that one as well, each taking for one vehicle;
- only a change from clear to taken or back is seen to happen; from or to unknown it is not;
- with the loop under the arm alone a vehicle that leaves it counts as through (nothing tells the
  way, and that is said), unless a switch proved the arm down all the while;
- it came from behind only where both outer loops say so.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.core.draft import Draft
from agent.core.effects import StopTimer
from agent.core.grants import Outcome, Unseen, wait_key
from agent.core.ids import InputId
from agent.core.model import Direction
from agent.core.plan import LanePlan
from agent.core.vehicles import Passages, Vehicle, doubted, end, give_up, through, touched, wait

Levels = Mapping[InputId, bool | None]

_BETWEEN = 8
_OTHER = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}


def outer(plan: LanePlan, direction: Direction | None) -> tuple[InputId | None, InputId | None]:
    """The loops before and behind the arm for whoever goes this way; none where it is not known.

    In a lane of one direction ``approach`` lies before the arm in that direction; in a lane of
    two, on the outer side.
    """
    own = Direction.IN if plan.direction is Direction.BOTH else plan.direction
    if direction is None:
        return None, None
    if direction is own:
        return plan.arm.approach, plan.arm.exit
    return plan.arm.exit, plan.arm.approach


def level(name: InputId | None, levels: Levels) -> bool | None:
    """An input's level; None also where there is no such input."""
    return None if name is None else levels.get(name)


def outer_changed(
    plan: LanePlan, state: Passages, name: InputId, before: Levels, after: Levels, out: Draft
) -> Passages:
    """The loop before or behind the arm has a new level."""
    was, now = before.get(name), after.get(name)
    if now:
        return _reached(plan, state, name, out, rose=was is False)
    clear = level(plan.arm.loop, after) is False
    settled = state.settled or (clear and name in state.leaving)
    state = replace(state, leaving=state.leaving - {name}, settled=settled)
    vehicle = state.inside
    if vehicle is not None and vehicle.front and name == outer(plan, vehicle.direction)[0]:
        return replace(state, inside=replace(vehicle, front=False, off_front=now is False))
    if was and now is False and clear:
        return _backed_away(plan, state, name, after, out)
    return state


def loop_changed(
    plan: LanePlan, state: Passages, before: Levels, after: Levels, up: bool | None, out: Draft
) -> Passages:
    """The loop under the arm has a new level."""
    was, now = level(plan.arm.loop, before), level(plan.arm.loop, after)
    if now:
        return _taken(plan, state, after, out, shut=up is False)
    vehicle, used = state.inside, state.used
    now_ns = out.at.mono_ns
    state = replace(state, inside=None, cleared_ns=now_ns if was and now is False else None)
    if now is None:
        # Nobody can be followed any more, and whoever goes through meanwhile is not seen.
        if vehicle is not None and used and not state.grants[0].vehicles:
            head = replace(state.grants[0], taken_ns=vehicle.since_ns, cleared_ns=None)
            state = replace(state, grants=(head, *state.grants[1:]))
        state = doubted(replace(state, between=()), Unseen.PASSAGE)
        return wait(plan, state, out) if used else state
    if vehicle is None:
        return state
    shut = vehicle.shut and up is False
    vehicle = replace(vehicle, granted=used, shut=shut, cleared_ns=now_ns)
    return _left(plan, state, vehicle, after, out)


def _taken(plan: LanePlan, state: Passages, after: Levels, out: Draft, *, shut: bool) -> Passages:
    direction = _direction(plan, state, after)
    front = outer(plan, direction)[0]
    now_ns = out.at.mono_ns
    vehicle = Vehicle(
        now_ns,
        direction,
        came=_came(state, front, after),
        shut=shut,
        front=bool(level(front, after)) and front not in state.leaving,
        gap_ns=None if state.cleared_ns is None else now_ns - state.cleared_ns,
    )
    state = replace(
        state,
        inside=vehicle,
        between=() if state.settled else state.between,
        settled=False,
        arrived=frozenset() if direction is None else state.arrived - {front},
    )
    if state.used:
        out.do(StopTimer(wait_key(plan.lane)))
    return state


def _direction(plan: LanePlan, state: Passages, levels: Levels) -> Direction | None:
    """Which way the vehicle goes that is taking the loop: as granted, unless sensors say no."""
    both = plan.direction is Direction.BOTH
    if both and not state.grants:
        entering, leaving = (_came(state, outer(plan, way)[0], levels) for way in _OTHER)
        for way, here, there in (
            (Direction.IN, entering, leaving),
            (Direction.OUT, leaving, entering),
        ):
            if here is not False and there is not True and (here or there is False):
                return way
        return None
    wanted = state.grants[0].direction if state.grants else plan.direction
    front, back = outer(plan, wanted)
    behind = back is not None and (level(back, levels) is True or back in state.arrived)
    return _OTHER[wanted] if behind and _came(state, front, levels) is False else wanted


def _came(state: Passages, name: InputId | None, levels: Levels) -> bool | None:
    """Did somebody come to this loop since the one under the arm was last taken?"""
    now = level(name, levels)
    if now is None:
        return None
    return name in state.arrived or (now and name not in state.leaving)


def _reached(plan: LanePlan, state: Passages, name: InputId, out: Draft, *, rose: bool) -> Passages:
    """An outer loop is taken: by somebody who went through, or by one who comes."""
    for index, vehicle in enumerate(state.between):
        if rose and name == outer(plan, vehicle.direction)[1]:
            rest = (*state.between[:index], *state.between[index + 1 :])
            state = replace(state, between=rest, leaving=state.leaving | {name})
            return through(plan, state, vehicle, out, proved=True)
    inside = state.inside
    if inside is None or not rose or name != outer(plan, inside.direction)[1]:
        return replace(state, arrived=state.arrived | {name})
    if inside.reached:
        state = doubted(state, Unseen.VEHICLES)
    inside = replace(inside, reached=True)
    return replace(state, inside=inside, leaving=state.leaving | {name})


def _left(plan: LanePlan, state: Passages, vehicle: Vehicle, after: Levels, out: Draft) -> Passages:
    """The loop under the arm is clear again: where did the vehicle go?"""
    front, back = outer(plan, vehicle.direction)
    if vehicle.direction is None and (plan.arm.approach or plan.arm.exit):
        return state
    if back is not None:
        if vehicle.reached and level(back, after):
            return through(plan, state, vehicle, out, proved=True)
        if level(back, after) is None and not vehicle.shut:
            return _not_told(plan, state, vehicle, out)
        if not vehicle.reached:
            state = replace(state, between=(*state.between, vehicle)[-_BETWEEN:])
        return touched(plan, state, vehicle, out)
    if vehicle.shut or vehicle.front or vehicle.came is False:
        return touched(plan, state, vehicle, out)
    unseen = set[Unseen]()
    if not vehicle.off_front or level(front, after) is not False:
        unseen.add(Unseen.DIRECTION)
    if vehicle.granted and state.grants[0].touched and not state.grants[0].barred:
        unseen.add(Unseen.VEHICLES)
    return through(plan, state, vehicle, out, proved=False, unseen=frozenset(unseen))


def _not_told(plan: LanePlan, state: Passages, vehicle: Vehicle, out: Draft) -> Passages:
    """The loop behind the arm would tell, and cannot be believed: no reason to stay open for it."""
    state = touched(plan, state, vehicle, out)
    if not vehicle.granted:
        return state
    head = state.grants[0].doubted(Unseen.EXIT, Unseen.DIRECTION)
    state = replace(state, grants=(head, *state.grants[1:]))
    return state if head.count > 1 else end(plan, state, 0, Outcome.UNOBSERVED, out)


def _backed_away(
    plan: LanePlan, state: Passages, name: InputId, after: Levels, out: Draft
) -> Passages:
    """All is clear again, and the last to be so is the loop before the arm.

    With a loop behind the arm that was not taken this proves that the vehicle went back; without
    one it may as well have gone on, and somebody close behind it back. Where others wait they may
    be the ones who left, so that their time goes on.
    """
    head = next(iter(state.grants), None)
    if head is None or not head.touched:
        return state
    front, back = outer(plan, head.direction)
    if name != front or (back is not None and level(back, after) is not False):
        return state
    head = replace(head, returned=back is not None)
    state = replace(state, grants=(head, *state.grants[1:]), between=())
    if head.count > 1 or len(state.grants) > 1:
        return state
    out.do(StopTimer(wait_key(plan.lane)))
    return give_up(plan, state, 0, out)
