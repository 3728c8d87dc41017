"""One lane as it is built: an arm that takes time, a loop, cars, people.

Rules kept here:
- pure: times are nanoseconds of one monotonic clock and come from outside; whole numbers only;
- the arm does what its relays say and nothing else; it goes down by itself only where
  `self_close_ns` says so;
- nothing here is kinder than reality: an arm told to go down goes down on a car, and that is a
  hit; a loop says only what stands on it.

The place of the arm is counted from 0 (down) to ``open_ns * close_ns`` (up), so that it moves by a
whole number every nanosecond either way.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

HIT_BELOW = 2  # an arm in the lower half of its way touches what stands under it
STORY = 10_000


class Kind(StrEnum):
    """What a car does once the arm is up."""

    THROUGH = "through"
    BACK_OUT = "back_out"
    STALL = "stall"


class Phase(StrEnum):
    """Where a car is."""

    APPROACHING = "approaching"
    WAITING = "waiting"
    ENTERING = "entering"
    UNDER = "under"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Build:
    """How a lane is built. Times in ns. ``maintained``: the arm is up while its relay is on."""

    lane: str
    open_ns: int = 1_500_000_000
    close_ns: int = 1_500_000_000
    maintained: bool = False
    self_close_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Car:
    """A car and its habits: how long it comes, drives in and stays under the arm.

    ``polite``: it goes only after an open relay was on while it waited as the first one; otherwise
    it goes whenever the arm is up.
    """

    name: str
    kind: Kind = Kind.THROUGH
    approach_ns: int = 0
    enter_ns: int = 300_000_000
    under_ns: int = 1_000_000_000
    polite: bool = False
    phase: Phase = Phase.APPROACHING
    until_ns: int | None = None
    invited: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about a lane, for the story."""

    ns: int
    lane: str
    what: str


@dataclass(slots=True)
class Lane:
    """The state of a lane at ``now_ns``; call `advance` before looking at it."""

    build: Build
    now_ns: int
    place: int = 0
    moving: int = 0
    hits: int = 0
    passed: int = 0
    cars: deque[Car] = field(default_factory=deque)
    story: deque[Note] = field(default_factory=lambda: deque(maxlen=STORY))
    relays: dict[str, bool] = field(default_factory=dict)
    person_until_ns: int | None = None
    close_at_ns: int | None = None
    hit_now: bool = False

    @property
    def span(self) -> int:
        """The place of an arm that is up."""
        return self.build.open_ns * self.build.close_ns

    @property
    def opened(self) -> bool:
        """The upper limit switch."""
        return self.place == self.span

    @property
    def closed(self) -> bool:
        """The lower limit switch."""
        return self.place == 0

    @property
    def loop(self) -> bool:
        """Metal stands on the loop."""
        return bool(self.cars) and self.cars[0].phase is Phase.UNDER

    @property
    def beam(self) -> bool:
        """Somebody or something is under the arm."""
        return self.loop or self.person_until_ns is not None

    def relay(self, which: str, on: bool, now_ns: int) -> None:
        """The contact ``open``, ``close`` or ``stop`` closes or opens."""
        self.advance(now_ns)
        if self.relays.get(which, False) is on:
            return
        self.relays[which] = on
        if which == "open":
            if on and self.cars:
                self.cars[0] = replace(self.cars[0], invited=self.cars[0].phase is Phase.WAITING)
            if on or self.build.maintained:
                self._go(1 if on else -1)
        elif on:
            self._go(-1 if which == "close" else 0)
        if self.relays.get("open") and self.relays.get("close"):
            self._tell("open and close relay are on together")
        self._cars_look()

    def drive(self, car: Car, now_ns: int) -> None:
        """A car comes; it queues behind those that are there."""
        self.advance(now_ns)
        self.cars.append(replace(car, phase=Phase.APPROACHING, until_ns=now_ns + car.approach_ns))
        self._tell(f"{car.name} comes")
        self.advance(now_ns)

    def release(self, now_ns: int) -> None:
        """A stalled car goes on."""
        self.advance(now_ns)
        if self.loop and self.cars[0].until_ns is None:
            self.cars[0] = replace(self.cars[0], until_ns=now_ns)
        self.advance(now_ns)

    def person(self, for_ns: int, now_ns: int) -> None:
        """Somebody stands under the arm for a while."""
        self.advance(now_ns)
        self.person_until_ns = now_ns + for_ns
        self._tell("a person walks in")
        self.advance(now_ns)

    def advance(self, now_ns: int) -> None:
        """Live through everything up to ``now_ns``, in its order. A time in the past is now."""
        while (due := self.next_ns()) is not None and due <= now_ns:
            self._move(max(due, self.now_ns))
            self._happen()
        self._move(max(now_ns, self.now_ns))

    def next_ns(self) -> int | None:
        """When the next thing happens by itself; None when nothing will."""
        return min(self._dues(), default=None)

    def _dues(self) -> Iterator[int]:
        if self.moving:
            speed = self.build.close_ns if self.moving > 0 else self.build.open_ns
            left = self.span - self.place if self.moving > 0 else self.place
            yield self.now_ns + -(-left // speed)
            above = self.place - self.span // HIT_BELOW
            if self.moving < 0 and self.beam and not self.hit_now:
                yield self.now_ns + max(0, -(-above // speed))
        for car in self.cars:
            if car.until_ns is not None:
                yield car.until_ns
        for due in (self.person_until_ns, self.close_at_ns):
            if due is not None:
                yield due

    def _move(self, to_ns: int) -> None:
        passed, self.now_ns = to_ns - self.now_ns, to_ns
        if self.moving > 0:
            self.place = min(self.span, self.place + passed * self.build.close_ns)
        elif self.moving < 0:
            self.place = max(0, self.place - passed * self.build.open_ns)

    def _happen(self) -> None:
        self._arm_happens()
        if self.person_until_ns is not None and self.person_until_ns <= self.now_ns:
            self.person_until_ns = None
            self._tell("the person is through")
        for index, car in enumerate(tuple(self.cars)):
            if car.until_ns is not None and car.until_ns <= self.now_ns:
                self.cars[index] = self._next_phase(car)
        while self.cars and self.cars[0].phase is Phase.GONE:
            self.cars.popleft()
        self._cars_look()

    def _arm_happens(self) -> None:
        if self.moving > 0 and self.opened:
            self.moving = 0
            self._tell("the arm is up")
            if self.build.self_close_ns is not None:
                self.close_at_ns = self.now_ns + self.build.self_close_ns
        elif self.moving < 0 and self.closed:
            self.moving = 0
            self._tell("the arm is down")
        if self.moving < 0 and self.beam and self.place <= self.span // HIT_BELOW:
            self.moving, self.hit_now = 0, True
            self.hits += 1
            self._tell("THE ARM HIT what was under it")
        if self.close_at_ns is not None and self.close_at_ns <= self.now_ns:
            # The drive's own logic holds it while its loop is occupied.
            self.close_at_ns = None
            if self.beam:
                self.close_at_ns = self.now_ns + 100_000_000
            else:
                self._go(-1)

    def _next_phase(self, car: Car) -> Car:
        match car.phase:
            case Phase.APPROACHING:
                self._tell(f"{car.name} waits before the arm")
                return replace(car, phase=Phase.WAITING, until_ns=None)
            case Phase.ENTERING:
                self._tell(f"{car.name} is under the arm")
                until = None if car.kind is Kind.STALL else self.now_ns + car.under_ns
                return replace(car, phase=Phase.UNDER, until_ns=until)
            case _:
                back = car.kind is Kind.BACK_OUT
                self.passed += not back
                self._tell(f"{car.name} {'backed out' if back else 'is through'}")
                return replace(car, phase=Phase.GONE, until_ns=None)

    def _cars_look(self) -> None:
        """The first car goes when the arm is up."""
        if not self.cars or self.cars[0].phase is not Phase.WAITING or not self.opened:
            return
        car = self.cars[0]
        if car.polite and not car.invited:
            return
        self.cars[0] = replace(car, phase=Phase.ENTERING, until_ns=self.now_ns + car.enter_ns)
        self._tell(f"{car.name} drives in")

    def _go(self, way: int) -> None:
        at_end = (way > 0 and self.opened) or (way < 0 and self.closed)
        self.close_at_ns, self.hit_now = None, False
        if way != self.moving and not at_end:
            self._tell({1: "the arm goes up", 0: "the arm stops", -1: "the arm goes down"}[way])
        self.moving = 0 if at_end else way

    def _tell(self, what: str) -> None:
        self.story.append(Note(self.now_ns, self.build.lane, what))
