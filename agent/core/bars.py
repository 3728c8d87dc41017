"""What stands in the way of letting somebody through at a lane, whoever lets him."""

from agent.core import motion
from agent.core.draft import Admit
from agent.core.form import Fault
from agent.core.lane import LaneState
from agent.core.model import Direction
from agent.core.plan import LanePlan


def bar(plan: LanePlan, state: LaneState, admit: Admit, *, lockdown: bool) -> Fault | None:
    """Why a lane cannot let somebody through although the guard wants it; None when it can."""
    if lockdown and admit.direction is Direction.OUT:
        says = "lockdown, only a named person is let out: open, and say for whom"
        return Fault(says, field="lane", code=423)
    if plan.direction not in (admit.direction, Direction.BOTH):
        says = "lane %(lane)s does not lead that way"
        return Fault(says, field="lane", lane=plan.lane)
    if not motion.can_open(plan, state.arm, state.levels):
        says = "the arm is faulted, clear the fault first: %(why)s"
        return Fault(says, field="lane", code=423, why=state.arm.fault or plan.lane)
    return None
