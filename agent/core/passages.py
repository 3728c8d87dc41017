"""What happened after the grant: which vehicle used it, and what is proved of that.

The proofs of every wiring stand in ``docs/passages.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.draft import Draft
from agent.core.grants import GRANTS, Grant, Outcome, interrupted, wait_key
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
    def waiting(self) -> int:
        """Grants whose vehicle has not passed yet, one on the loop included."""
        return len(self.grants)

    @property
    def taken(self) -> bool:
        """A vehicle stands in the passage (a person, in a door's), while it is open to it."""
        return False

    @property
    def idle(self) -> bool:
        """Nobody is granted and nobody is inside: an arm may go down for it."""
        return not self.grants and not self.taken

    def renewable(self, card: str) -> PassageId | None:
        """The passage of this card's grant whose vehicle is still to come: a second tap renews it."""
        return None


def granted(plan: LanePlan, state: Passages, grant: Grant, levels: Levels, out: Draft) -> Passages:
    """Take up a grant; one that is renewed (same passage) is not counted twice."""
    return state


def sensed(
    plan: LanePlan, state: Passages, before: Levels, after: Levels, up: bool | None, out: Draft
) -> Passages:
    """Sensors changed. ``up`` is False only while a switch proves the arm down.

    An input that cannot be believed (a fault) is to be None in the levels.
    """
    return state


def arm_moved(
    plan: LanePlan, state: Passages, what: str, out: Draft, *, seen: bool = True
) -> Passages:
    """The arm is ``opening``, ``opened``, ``closing`` or ``closed``.

    ``seen``: a switch says so; False when it is only assumed from the time that it takes.
    """
    return state


def wait_over(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """The time of the grants is over: they end, unless a vehicle stands in the passage."""
    return state


def withdrawn(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """Somebody closed the arm, or it is faulted: grants whose vehicle did not come yet end."""
    return state


def noted_held_open(plan: LanePlan, state: Passages, held: bool = True) -> Passages:
    """The passage is open to everybody (held open, fire), or no longer."""
    return state


def closed_after(state: Passages) -> list[PassageId]:
    """The passages that ended since the arm was last down; to be read before ``closed`` is told."""
    return []


def oncoming(plan: LanePlan, state: Passages, levels: Levels, direction: Direction) -> bool:
    """Would a grant in this direction meet somebody who comes the other way?"""
    return False
