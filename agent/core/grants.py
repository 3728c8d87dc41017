"""A grant, what was seen of it, and how its end is written down.

Rules kept here:
- one grant, one vehicle; a convoy's grant names its count, and its end says how many were seen;
- what stands in the entry was seen: a time that no sensor gave is absent, and ``unseen`` names
  what no sensor could tell;
- times are milliseconds since the grant (less than zero: it was so before); without a grant, since
  the vehicle took the loop.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.facts import OpenPassage
from agent.core.ids import LaneId, PassageId
from agent.core.model import Direction
from agent.core.pass_visit import PassVisit, over
from agent.core.plan import LanePlan

_MS = 1_000_000
GRANTS = 32
"""So many grants are held at most at one lane."""


class Outcome(StrEnum):
    """What became of a grant, or of a vehicle that had none; proofs in ``docs/passages.md``."""

    PASSED = "passed"
    NO_ENTRY = "no_entry"
    TAILGATED = "tailgated"
    REVERSED = "reversed"
    FORCED = "forced"
    INTERRUPTED = "interrupted"
    UNOBSERVED = "unobserved"


class Unseen(StrEnum):
    """What no sensor could tell."""

    PASSAGE = "passage"
    """No sensor lies where vehicles pass, or it could not be believed for some time."""
    EXIT = "exit"
    """The loop behind the arm could not be believed when it was needed."""
    DIRECTION = "direction"
    """Whether it went on or came back."""
    VEHICLES = "vehicles"
    """Whether it was one vehicle or more."""
    ARM = "arm"
    """Whether the arm was down."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission that is still to be used. ``cause`` is the id of the entry that gave it.

    All ``_ns`` are times of the monotonic clock, None where nothing was seen; ``at_ns`` is set when
    the lane takes the grant up. ``vehicles`` were seen to go through on it, and ``openings`` are
    those of a door. ``touched``: a vehicle took the loop and left it again, and nothing tells that
    it went through; ``barred``: whenever that was so the arm was proved down; ``returned``: the
    vehicle left backwards, over the loop before the arm. ``visit`` is that of somebody with a pass.
    """

    passage: PassageId
    card: str
    cause: str
    kind: str = ""
    direction: Direction = Direction.IN
    count: int = 1
    at_ns: int = 0
    moved_ns: int | None = None
    opened_ns: int | None = None
    taken_ns: int | None = None
    cleared_ns: int | None = None
    vehicles: int = 0
    openings: int = 0
    touched: bool = False
    barred: bool = True
    returned: bool = False
    held_open: bool = False
    unseen: frozenset[Unseen] = frozenset()
    visit: PassVisit | None = None

    def doubted(self, *what: Unseen) -> "Grant":
        """The same grant, with more that no sensor could tell."""
        return replace(self, unseen=self.unseen.union(what))


def wait_key(lane: LaneId) -> str:
    """The key of the timer that ends the wait for a vehicle."""
    return f"wait:{lane}"


def ended(plan: LanePlan, grant: Grant, outcome: Outcome, out: Draft) -> None:
    """Write the end of a grant down."""
    data = _data(plan, grant, outcome)
    if grant.card:
        data["card"] = grant.card
    if grant.kind:
        data["kind"] = grant.kind
    out.write(EntryType.PASSAGE_ENDED, f"lane/{plan.lane}", data, cause=grant.cause)
    if grant.visit is not None:
        over(grant.visit, grant.card, plan.zones(grant.direction), outcome.value, out)


def without_grant(
    plan: LanePlan,
    seen: Grant,
    outcome: Outcome,
    behind: Grant | None,
    gap_ns: int | None,
    out: Draft,
) -> str:
    """A vehicle went through and had no grant: a passage of its own. Gives the id of its entry.

    ``behind``: the grant whose opening it used; ``gap_ns``: for how long the loop was clear before.
    """
    data = _data(plan, seen, outcome)
    if behind is not None:
        data["behind"] = behind.passage
    if gap_ns is not None:
        data["gapms"] = gap_ns // _MS
    return out.write(EntryType.PASSAGE_ENDED, f"lane/{plan.lane}", data, cause=seen.cause)


def interrupted(left: OpenPassage, cause: str, out: Draft) -> None:
    """A grant of an earlier run has no end: the agent stopped in between, and no old grant counts.

    Nothing moves for it; whether somebody passed is not known. Its lane may be gone by now.
    """
    data: dict[str, object] = {
        "lane": left.lane,
        "passage": left.passage,
        "outcome": Outcome.INTERRUPTED.value,
        "vehicles": 0,
        "unseen": [Unseen.PASSAGE.value],
    }
    if left.card:
        data["card"] = left.card
    out.write(EntryType.PASSAGE_ENDED, f"lane/{left.lane}", data, cause=cause)


def _data(plan: LanePlan, grant: Grant, outcome: Outcome) -> dict[str, object]:
    source, target = plan.zones(grant.direction)
    data: dict[str, object] = {
        "lane": plan.lane,
        "passage": grant.passage,
        "outcome": outcome.value,
        "direction": grant.direction.value,
        "from": source,
        "to": target,
        "vehicles": grant.vehicles,
    }
    if grant.openings:
        data["openings"] = grant.openings
    times = {
        "movedms": grant.moved_ns,
        "openedms": grant.opened_ns,
        "takenms": grant.taken_ns,
        "clearedms": grant.cleared_ns,
    }
    for name, seen_ns in times.items():
        if seen_ns is not None:
            data[name] = (seen_ns - grant.at_ns) // _MS
    if grant.held_open:
        data["heldopen"] = True
    if grant.unseen:
        data["unseen"] = sorted(grant.unseen)
    return data
