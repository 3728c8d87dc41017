"""What happened after the grant: which vehicle used it, and what is proved of that.

The proofs of every wiring stand in ``docs/passages.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.core.draft import Draft
from agent.core.effects import StartTimer, StopTimer
from agent.core.grants import GRANTS, Grant, Outcome, Unseen, ended, interrupted, wait_key
from agent.core.ids import InputId, PassageId
from agent.core.model import Direction
from agent.core.plan import LanePlan

__all__ = ["GRANTS", "Grant", "Outcome", "Passages", "interrupted", "wait_key"]

Levels = Mapping[InputId, bool | None]


@dataclass(frozen=True, slots=True)
class Passages:
    """The grants of one lane, and the vehicles that its sensors are following."""

    grants: tuple[Grant, ...] = ()

    @property
    def taken(self) -> bool:
        """The vehicle of the first grant stands on the loop."""
        return bool(self.grants) and self.grants[0].taken_ns is not None

    @property
    def waiting(self) -> int:
        """Grants whose vehicle has not passed yet, one on the loop included."""
        return len(self.grants)

    @property
    def idle(self) -> bool:
        """Nobody is granted and nobody is inside: an arm may go down for it."""
        return not self.grants and not self.taken

    def renewable(self, card: str) -> PassageId | None:
        """The passage of this card's grant whose vehicle is still to come: a tap renews it."""
        waiting = self.grants[1:] if self.taken else self.grants
        return next((grant.passage for grant in waiting if grant.card == card), None)


def granted(plan: LanePlan, state: Passages, grant: Grant, levels: Levels, out: Draft) -> Passages:
    """Take up a grant; one that is renewed (same passage) is not counted twice."""
    on_loop = None if plan.arm.loop is None else levels.get(plan.arm.loop)
    taken = state.taken or on_loop is True
    grants = state.grants
    if all(waiting.passage != grant.passage for waiting in grants):
        grant = replace(grant, at_ns=out.at.mono_ns)
        grants = (*grants, grant.doubted(Unseen.PASSAGE) if on_loop is None else grant)
    if len(grants) > GRANTS:
        longest = int(taken)
        ended(plan, grants[longest], Outcome.UNOBSERVED, out)
        grants = (*grants[:longest], *grants[longest + 1 :])
    if taken:
        return _take(Passages(grants), out)
    _wait(plan, out)
    return Passages(grants)


def sensed(
    plan: LanePlan, state: Passages, before: Levels, after: Levels, up: bool | None, out: Draft
) -> Passages:
    """Sensors changed. ``up`` is False only while a switch proves the arm down.

    An input that cannot be believed (a fault) is to be None in the levels.
    """
    del before, up
    active = None if plan.arm.loop is None else after.get(plan.arm.loop)
    if active:
        if not state.grants or state.taken:
            return state
        out.do(StopTimer(wait_key(plan.lane)))
        return _take(state, out)
    if active is None:
        grants = tuple(grant.doubted(Unseen.PASSAGE) for grant in state.grants)
        state = replace(state, grants=grants)
    if not state.taken:
        return state
    head, *rest = state.grants
    if active is False:
        ended(plan, replace(head, vehicles=1, cleared_ns=out.at.mono_ns), Outcome.PASSED, out)
    else:
        rest = [replace(head, taken_ns=None), *rest]
    state = Passages(tuple(rest))
    if state.grants:
        _wait(plan, out)
    return state


def arm_moved(
    plan: LanePlan, state: Passages, what: str, out: Draft, *, seen: bool = True
) -> Passages:
    """The arm is ``opening``, ``opened``, ``closing`` or ``closed``.

    ``seen``: a switch says so; False when it is only assumed from the time that it takes.
    """
    del plan, what, out, seen
    return state


def wait_over(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """The time of the grants is over: they end, unless a vehicle stands in the passage."""
    return state if state.taken else _unused(plan, state, out)


def withdrawn(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """Somebody closed the arm, or it is faulted: grants whose vehicle did not come yet end."""
    if state.waiting > int(state.taken):
        out.do(StopTimer(wait_key(plan.lane)))
    return _unused(plan, state, out)


def noted_held_open(plan: LanePlan, state: Passages, held: bool = True) -> Passages:
    """The passage is open to everybody (held open, fire), or no longer."""
    del plan, held
    return state


def closed_after(state: Passages) -> list[PassageId]:
    """The passages that ended since the arm was last down; to be read before ``closed`` is told."""
    del state
    return []


def oncoming(plan: LanePlan, state: Passages, levels: Levels, direction: Direction) -> bool:
    """Would a grant in this direction meet somebody who comes the other way?"""
    del plan, levels
    return any(grant.direction is not direction for grant in state.grants)


def _take(state: Passages, out: Draft) -> Passages:
    head = state.grants[0]
    since = out.at.mono_ns if head.taken_ns is None else head.taken_ns
    return Passages((replace(head, taken_ns=since), *state.grants[1:]))


def _wait(plan: LanePlan, out: Draft) -> None:
    out.do(StartTimer(wait_key(plan.lane), out.at.mono_ns + plan.open_for_ns))


def _unused(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    used = int(state.taken)
    for grant in state.grants[used:]:
        unseen = Unseen.PASSAGE in grant.unseen
        ended(plan, grant, Outcome.UNOBSERVED if unseen else Outcome.NO_ENTRY, out)
    return replace(state, grants=state.grants[:used])
