"""A door: what its contact proves of the person who was let through.

Rules kept here:
- the contact tells that the door was opened and shut again, once for each grant, never how many
  people went through; no vehicle is counted;
- whoever is granted while the door stands open may go through with the one before: of these nothing
  is claimed unless the door opens once more for them;
- a door that opens with nobody granted is the arm's story (forced), not a passage.
"""

from dataclasses import replace

from agent.core.draft import Draft
from agent.core.effects import StopTimer
from agent.core.grants import Outcome, Unseen, wait_key
from agent.core.plan import LanePlan
from agent.core.vehicles import Passages, Vehicle, doubted, end, wait


def contact_changed(
    plan: LanePlan, state: Passages, was: bool | None, now: bool | None, out: Draft
) -> Passages:
    """The contact has a new level; active is shut."""
    person = state.inside
    if now is None:
        state = doubted(replace(state, inside=None), Unseen.PASSAGE)
        return wait(plan, state, out) if person is not None else state
    if now:
        return state if person is None else _shut(plan, state, person, out)
    if not state.grants:
        return state
    if was is None:
        return doubted(state, Unseen.PASSAGE)
    out.do(StopTimer(wait_key(plan.lane)))
    head, *others = state.grants
    waiting = (other.doubted(Unseen.PASSAGE) for other in others)
    return replace(state, inside=Vehicle(out.at.mono_ns), grants=(head, *waiting))


def _shut(plan: LanePlan, state: Passages, person: Vehicle, out: Draft) -> Passages:
    head = state.grants[0]
    head = replace(
        head,
        openings=head.openings + 1,
        taken_ns=head.taken_ns if head.openings else person.since_ns,
        cleared_ns=out.at.mono_ns,
    )
    state = replace(state, inside=None, grants=(head, *state.grants[1:]))
    if head.openings >= head.count:
        state = end(plan, state, 0, Outcome.PASSED, out)
    return wait(plan, state, out)
