"""Cars on the road through a lane, and which loops they stand on.

Rules kept here:
- pure: times are nanoseconds of one monotonic clock and come from outside; whole numbers only;
- a car's place is the time that it would have driven from the stop line without a pause: 0 at the
  line, growing as it goes through, so that it moves by one every nanosecond either way;
- a loop says only that metal stands on it: a gap before a trailer is clear, two cars nose to tail
  are one.

Seen from the side that a car comes from, the near loop lies at the stop line, the middle one under
the arm, the far one behind it; a car stands on two of them while it is between.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a car does once the arm is up. Who forces does not wait; push and wedge: at doors."""

    THROUGH = "through"
    BACK_OUT = "back_out"
    STALL = "stall"
    CREEP = "creep"
    PUSH = "push"
    FORCE = "force"
    WEDGE = "wedge"


class Phase(StrEnum):
    """Where a car is."""

    APPROACHING = "approaching"
    WAITING = "waiting"
    ENTERING = "entering"
    UNDER = "under"
    LEAVING = "leaving"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Car:
    """A car and its habits: how long it comes, drives in, is on the loop, and then drives off.

    ``polite``: it goes only after an open relay was on while it waited as the first one; ``shy``:
    only when somebody waves it on; otherwise it goes whenever the arm is up. ``gap_ns``: it draws
    a trailer, and the loop is clear that long between both. ``behind_ns``: it does not look at the
    lamp but follows the car ahead so much later. ``turn_ns``: the place where it backs out (the
    middle of the loop). ``pause_ns``: how long it stands wherever a creeping car stands.
    ``outward``: it comes from the inner side of the lane.
    """

    name: str
    kind: Kind = Kind.THROUGH
    approach_ns: int = 0
    enter_ns: int = 300_000_000
    under_ns: int = 1_000_000_000
    leave_ns: int = 0
    gap_ns: int = 0
    pause_ns: int = 300_000_000
    behind_ns: int | None = None
    turn_ns: int | None = None
    polite: bool = False
    shy: bool = False
    outward: bool = False

    @property
    def clear(self) -> int:
        """The place where its tail leaves the loop under the arm."""
        return self.enter_ns + self.under_ns + self.gap_ns

    @property
    def end(self) -> int:
        """The place where it is gone."""
        return self.clear + self.leave_ns

    def marks(self) -> tuple[int, ...]:
        """Every place where a loop changes, or the car's phase."""
        loops = {at for one in self.middle for at in one}
        return tuple({0, self.enter_ns - 1, self.near[1], self.far[0], self.end} | loops)

    @property
    def near(self) -> tuple[int, int]:
        """From where to where it stands on the near loop."""
        return 0, self.enter_ns + self.under_ns // 3

    @property
    def middle(self) -> tuple[tuple[int, int], ...]:
        """From where to where it stands on the loop under the arm."""
        if not self.gap_ns:
            return ((self.enter_ns, self.clear),)
        half = self.enter_ns + self.under_ns // 2
        return (self.enter_ns, half), (half + self.gap_ns, self.clear)

    @property
    def far(self) -> tuple[int, int]:
        """From where to where it stands on the far loop."""
        return self.clear - self.under_ns // 3, self.end

    def stops(self) -> tuple[tuple[int, int | None], ...]:
        """Where it goes, one after the other, and how long it stays; None: until released."""
        half = self.enter_ns + self.under_ns // 2
        match self.kind:
            case Kind.STALL:
                return (half, None), (self.end, 0)
            case Kind.CREEP:
                third = self.enter_ns + self.under_ns // 4
                return (third, self.pause_ns), (half, self.pause_ns), (self.end, 0)
            case Kind.BACK_OUT:
                return (half if self.turn_ns is None else self.turn_ns, 0), (-1, 0)
            case _:
                return ((self.end, 0),)


@dataclass(slots=True)
class Driver:
    """A car on its way. ``place`` counts from the stop line; ``until_ns`` ends a wait."""

    car: Car
    now_ns: int
    phase: Phase = Phase.APPROACHING
    until_ns: int | None = None
    place: int = -1
    way: int = 0
    leg: int = 0
    since_ns: int = 0
    invited: bool = False
    halted: bool = False
    released: bool = False

    @property
    def name(self) -> str:
        """The car's name."""
        return self.car.name

    @property
    def driving(self) -> bool:
        """Whether it has left the stop line and is not gone."""
        return self.phase in (Phase.ENTERING, Phase.UNDER, Phase.LEAVING)

    @property
    def near(self) -> bool:
        """On the loop of the side that it came from; not while it is still coming."""
        return self.place >= 0 and _within(self.place, self.car.near, self.way)

    @property
    def middle(self) -> bool:
        """On the loop under the arm."""
        return any(_within(self.place, one, self.way) for one in self.car.middle)

    @property
    def far(self) -> bool:
        """On the loop behind the arm."""
        return _within(self.place, self.car.far, self.way)

    @property
    def inside(self) -> bool:
        """Under the arm, loop or not: an arm that falls hits it, drawbar or bonnet."""
        span = (self.car.enter_ns, self.car.clear)
        return self.driving and _within(self.place, span, self.way)

    def start(self, now_ns: int) -> None:
        """Leave the stop line."""
        self.phase, self.since_ns, self.until_ns = Phase.ENTERING, now_ns, None
        self.place = 0
        self._head()

    def release(self, now_ns: int) -> bool:
        """Go on after a stall, or do not stall at all; whether it is one that would."""
        if not self.driving or self.car.kind is not Kind.STALL or self.released:
            return False
        self.released = True
        if self.way == 0 and not self.halted:
            self.until_ns = now_ns
        return True

    def look(self, *, low: bool, up: bool) -> None:
        """Stop before an arm that is low, and go on when it is up."""
        if self.halted and up:
            self.halted = False
            self._head()
        elif low and self.way > 0 and self.place == self.car.enter_ns - 1:
            self.halted = self.car.kind is not Kind.FORCE
            self.way = int(not self.halted)

    def next_ns(self) -> int | None:
        """When it next does something, or a loop changes under it."""
        if self.until_ns is not None or self.way == 0:
            return self.until_ns
        target = self.car.stops()[self.leg][0]
        marks = (*self.car.marks(), target)
        if self.way > 0:
            return self.now_ns + min(mark for mark in marks if mark > self.place) - self.place
        return self.now_ns + self.place - max(mark for mark in marks if mark < self.place)

    def move(self, to_ns: int) -> None:
        """Drive on until then; nothing happens in between (see `next_ns`)."""
        self.place += self.way * (to_ns - self.now_ns)
        self.now_ns = to_ns

    def arrive(self) -> None:
        """At a stop: stay, turn, or go on."""
        if self.way and self.place == self.car.stops()[self.leg][0]:
            self._stand()
        while self.way == 0 and self.until_ns is not None and self.until_ns <= self.now_ns:
            self.until_ns = None
            self.leg += 1
            if self.leg == len(self.car.stops()):
                self.phase = Phase.GONE
            else:
                self._head()

    def _head(self) -> None:
        target = self.car.stops()[self.leg][0]
        self.way = (target > self.place) - (target < self.place)
        if self.way == 0:
            self._stand()

    def _stand(self) -> None:
        pause = 0 if self.released else self.car.stops()[self.leg][1]
        self.way = 0
        self.until_ns = None if pause is None else self.now_ns + pause


def _within(place: int, span: tuple[int, int], way: int) -> bool:
    """A car that backs out leaves a loop where it came onto it."""
    return span[0] < place <= span[1] if way < 0 else span[0] <= place < span[1]
