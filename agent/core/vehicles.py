"""What is known of the vehicles in one passage, and the steps that any sensor's story is made of.

Rules kept here:
- a grant ends once; the first of the grants is the one that is being used;
- a vehicle without a grant is told of only where a sensor saw it go through: behind somebody, while
  the passage was open to everybody, or although a switch proved the arm down;
- whenever grants wait and no vehicle is using them their timer runs.
"""

from dataclasses import dataclass, replace

from agent.core import alarms
from agent.core.draft import Draft
from agent.core.effects import StartTimer
from agent.core.grants import Grant, Outcome, Unseen, ended, wait_key, without_grant
from agent.core.ids import InputId, PassageId
from agent.core.model import Direction
from agent.core.plan import LanePlan

_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Something that took the loop, or the person in a door. Only what sensors told is set.

    ``direction``: the way it goes, None when nothing tells; ``came``: it was seen before the arm
    first (None: not known); ``shut``: a switch proved the arm down ever since; ``front``: it still
    covers the loop before the arm since it came; ``off_front``: it left that one while it stood
    under the arm; ``reached``: the loop behind the arm was taken meanwhile. ``granted`` counts once
    it has left the loop. ``gap_ns``: for how long the loop had been clear before.
    """

    since_ns: int
    direction: Direction | None = None
    came: bool | None = None
    shut: bool = False
    front: bool = False
    off_front: bool = False
    reached: bool = False
    granted: bool = False
    cleared_ns: int | None = None
    gap_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Passages:
    """The grants of one lane, and the vehicles that its sensors are following.

    ``inside`` stands under the arm (or in the door); ``between`` have left the loop under the arm
    and were not seen at the next one; ``settled``: since then one was, and all was clear, so that
    they may have been the same one creeping. ``arrived`` names the outer loops that somebody came
    to, ``leaving`` those on which somebody stands who went out. ``last`` is the last grant that
    ended since the arm was down, ``over`` all passages that did.
    """

    grants: tuple[Grant, ...] = ()
    inside: Vehicle | None = None
    between: tuple[Vehicle, ...] = ()
    settled: bool = False
    arrived: frozenset[InputId] = frozenset()
    leaving: frozenset[InputId] = frozenset()
    cleared_ns: int | None = None
    moved_ns: int | None = None
    opened_ns: int | None = None
    held: bool = False
    last: Grant | None = None
    over: tuple[PassageId, ...] = ()

    @property
    def waiting(self) -> int:
        """Grants whose vehicle has not passed yet, one on the loop included."""
        return len(self.grants)

    @property
    def used(self) -> bool:
        """The vehicle of the first grant stands in the passage."""
        if self.inside is None or not self.grants:
            return False
        return self.inside.direction in {None, self.grants[0].direction}

    @property
    def taken(self) -> bool:
        """A vehicle stands in the passage (a person, in a door's), while it is open to it."""
        if self.inside is None:
            return False
        opened = self.held or self.last is not None
        return bool(self.grants) or (opened and not self.inside.shut)

    @property
    def idle(self) -> bool:
        """Nobody is granted and nobody is inside: an arm may go down for it."""
        return not self.grants and not self.taken

    def renewable(self, card: str) -> PassageId | None:
        """The passage of this card's grant whose vehicle is still to come: a tap renews it."""
        waiting = self.grants[int(self.used) :]
        return next((grant.passage for grant in waiting if grant.card == card), None)


def wait(plan: LanePlan, state: Passages, out: Draft) -> Passages:
    """Let the grants wait from now on, if there are any that no vehicle is using."""
    if state.grants and not state.used:
        out.do(StartTimer(wait_key(plan.lane), out.at.mono_ns + plan.open_for_ns))
    return state


def doubted(state: Passages, *what: Unseen) -> Passages:
    """Of all grants there is something that no sensor could tell."""
    return replace(state, grants=tuple(grant.doubted(*what) for grant in state.grants))


def end(plan: LanePlan, state: Passages, index: int, outcome: Outcome, out: Draft) -> Passages:
    """One grant ends."""
    grant = state.grants[index]
    ended(plan, grant, outcome, out)
    rest = (*state.grants[:index], *state.grants[index + 1 :])
    return replace(state, grants=rest, last=grant, over=_over(state, grant))


def give_up(plan: LanePlan, state: Passages, index: int, out: Draft) -> Passages:
    """One grant ends without having been used as it was meant: its time is over, or its vehicle."""
    grant = state.grants[index]
    outcome = _unused(grant)
    if outcome is Outcome.UNOBSERVED and grant.touched:
        grant = grant.doubted(Unseen.DIRECTION)
    grants = (*state.grants[:index], grant, *state.grants[index + 1 :])
    return end(plan, replace(state, grants=grants), index, outcome, out)


def give_up_all(plan: LanePlan, state: Passages, kept: int, out: Draft) -> Passages:
    """All grants but the first ``kept`` end: their time is over."""
    while len(state.grants) > kept:
        state = give_up(plan, state, kept, out)
    return state if state.grants else replace(state, between=())


def _unused(grant: Grant) -> Outcome:
    if grant.vehicles or grant.openings:
        return Outcome.PASSED
    if grant.returned or (grant.touched and grant.barred):
        return Outcome.REVERSED
    return Outcome.UNOBSERVED if grant.touched or grant.unseen else Outcome.NO_ENTRY


def touched(plan: LanePlan, state: Passages, vehicle: Vehicle, out: Draft) -> Passages:
    """A vehicle took the loop and left it, and nothing tells that it went through: wait on."""
    if not vehicle.granted:
        return state
    head = _seen(state.grants[0], vehicle)
    head = replace(head, touched=True, barred=head.barred and vehicle.shut)
    return wait(plan, replace(state, grants=(head, *state.grants[1:])), out)


def through(
    plan: LanePlan,
    state: Passages,
    vehicle: Vehicle,
    out: Draft,
    *,
    proved: bool,
    unseen: frozenset[Unseen] = frozenset(),
) -> Passages:
    """A vehicle went through; ``proved``: sensors told the way, so that it may be held against it.

    On a grant it uses the first one, else it is a passage of its own, or nothing that can be told.
    """
    if vehicle.granted and state.grants:
        head = _seen(state.grants[0], vehicle).doubted(*unseen)
        head = replace(head, vehicles=head.vehicles + 1)
        state = replace(state, grants=(head, *state.grants[1:]))
        if head.vehicles >= head.count:
            state = end(plan, state, 0, Outcome.PASSED, out)
        return wait(plan, state, out)
    behind = state.last or next(iter(state.grants), None)
    outcome = _without_grant(state, vehicle, behind, proved=proved)
    if outcome is None:
        return state
    if outcome is Outcome.UNOBSERVED:
        unseen |= {Unseen.ARM}
    seen = Grant(
        out.new_passage(),
        "",
        "" if behind is None else behind.cause,
        direction=_way(vehicle, behind),
        at_ns=vehicle.since_ns,
        taken_ns=vehicle.since_ns,
        cleared_ns=vehicle.cleared_ns,
        vehicles=1,
        held_open=outcome is Outcome.PASSED,
        unseen=unseen,
    )
    tailgated = outcome is Outcome.TAILGATED
    cause = without_grant(plan, seen, outcome, behind if tailgated else None, vehicle.gap_ns, out)
    if tailgated:
        alarms.tailgated(plan, cause, out)
    elif outcome is Outcome.FORCED:
        alarms.forced(plan, cause, out)
    return replace(state, over=_over(state, seen))


def _without_grant(
    state: Passages, vehicle: Vehicle, behind: Grant | None, *, proved: bool
) -> Outcome | None:
    if vehicle.shut:
        return Outcome.FORCED if proved else None
    if state.held:
        return Outcome.PASSED
    if behind is not None:
        return Outcome.TAILGATED
    return Outcome.UNOBSERVED if proved else None


def _way(vehicle: Vehicle, behind: Grant | None) -> Direction:
    if vehicle.direction is not None:
        return vehicle.direction
    return Direction.IN if behind is None else behind.direction


def _seen(grant: Grant, vehicle: Vehicle) -> Grant:
    """A grant with the times of its vehicle: of a convoy, the first taking and the last clearing.

    What an earlier vehicle left behind it (touched, returned) is no longer the last word.
    """
    first = grant.taken_ns if grant.vehicles else vehicle.since_ns
    return replace(grant, taken_ns=first, cleared_ns=vehicle.cleared_ns, returned=False)


def _over(state: Passages, grant: Grant) -> tuple[PassageId, ...]:
    return (*state.over, grant.passage)[-_REMEMBERED:]
