"""One lane as it is built: an arm that takes time, loops, cars, people.

Rules kept here:
- pure: times are nanoseconds of one monotonic clock and come from outside; whole numbers only;
- nothing here is kinder than reality: an arm told to go down goes down on a car, and that is a
  hit; a loop says only what stands on it; who drives nose to tail does not look at the lamp.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drivers.sim.arm import Arm, Build
from drivers.sim.road import Car, Driver, Kind, Phase

__all__ = ["Arm", "Build", "Car", "Kind", "Lane", "Note", "Phase"]

HIT_BELOW = 2  # an arm in the lower half of its way touches what stands under it
STORY = 10_000
SENSORS = ("approach", "loop", "exit", "safety", "opened", "closed")


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about a lane, for the story."""

    ns: int
    lane: str
    what: str


class Lane:
    """The state of a lane at ``now_ns``; call `advance` before looking at it."""

    def __init__(self, build: Build, now_ns: int) -> None:
        self.build = build
        self.now_ns = now_ns
        self.arm = Arm(build, now_ns, self._tell)
        self.hits = 0
        self.passed = 0
        self.cars: deque[Driver] = deque()
        self.story: deque[Note] = deque(maxlen=STORY)
        self.person_until_ns: int | None = None
        self._hit_now = False

    @property
    def span(self) -> int:
        """The place of an arm that is up."""
        return self.build.span

    @property
    def place(self) -> int:
        """Where the arm is."""
        return self.arm.place

    @property
    def height(self) -> float:
        """Where the arm is, from 0 (down) to 1 (up)."""
        return self.arm.place / self.span

    @property
    def moving(self) -> int:
        """Which way the arm moves."""
        return self.arm.moving

    @property
    def opened(self) -> bool:
        """The upper limit switch."""
        return self.arm.opened

    @property
    def closed(self) -> bool:
        """The lower limit switch."""
        return self.arm.closed

    @property
    def loop(self) -> bool:
        """Metal stands on the loop under the arm."""
        return any(car.middle for car in self.cars)

    @property
    def approach(self) -> bool:
        """Metal stands on the loop of the outer side."""
        return any(car.far if car.car.outward else car.near for car in self.cars)

    @property
    def exit(self) -> bool:
        """Metal stands on the loop of the inner side."""
        return any(car.near if car.car.outward else car.far for car in self.cars)

    @property
    def beam(self) -> bool:
        """Somebody or something is under the arm, as far as a sensor can tell."""
        return self.loop or self.person_until_ns is not None

    def sensors(self) -> Mapping[str, bool]:
        """What every sensor of the lane says."""
        return {
            "approach": self.approach,
            "loop": self.loop,
            "exit": self.exit,
            "safety": self.beam,
            "opened": self.opened,
            "closed": self.closed,
        }

    def relay(self, which: str, on: bool, now_ns: int) -> None:
        """The contact ``open``, ``close`` or ``stop`` closes or opens."""
        self.advance(now_ns)
        if self.arm.relays.get(which, False) is on:
            return
        if which == "open" and on:
            for outward in (False, True):
                head = next((car for car in self.cars if car.car.outward is outward), None)
                if head is not None and not head.car.shy:
                    head.invited = head.phase is Phase.WAITING
        self._hit_now = False
        self.arm.relay(which, on)
        if self.arm.relays.get("open") and self.arm.relays.get("close"):
            self._tell("open and close relay are on together")
        self._cars_look()

    def drive(self, car: Car, now_ns: int) -> None:
        """A car comes; it queues behind those that are there."""
        self.advance(now_ns)
        self.cars.append(Driver(car, now_ns, until_ns=now_ns + car.approach_ns))
        self._tell(f"{car.name} comes")
        self.advance(now_ns)

    def wave(self, name: str, now_ns: int) -> None:
        """Tell a car that it is its turn; ValueError when it is not there."""
        self.advance(now_ns)
        for car in self.cars:
            if car.name == name:
                car.invited = True
                break
        else:
            raise ValueError(f"{name} is not there")
        self._cars_look()

    def release(self, now_ns: int) -> None:
        """A stalled car goes on."""
        self.advance(now_ns)
        for car in self.cars:
            if car.release(now_ns):
                break
        self.advance(now_ns)

    def person(self, for_ns: int, now_ns: int) -> None:
        """Somebody stands under the arm for a while."""
        self.advance(now_ns)
        self.person_until_ns = now_ns + for_ns
        self._tell("a person walks in")
        self.advance(now_ns)

    def hand(self, way: int | None, now_ns: int) -> None:
        """Somebody lifts (1), holds (0) or pulls down (-1) the arm, or lets go of it (None)."""
        self.advance(now_ns)
        words = {1: "somebody lifts the arm", 0: "somebody holds the arm"}
        self._tell("nobody holds the arm" if way is None else words.get(way, "it is pulled down"))
        self.arm.hand = way
        self.advance(now_ns)

    def reach(self, low: float, high: float, now_ns: int) -> None:
        """The arm gets only from ``low`` to ``high`` (0 to 1): it is bent, or something is in."""
        self.advance(now_ns)
        self.arm.low, self.arm.high = int(low * self.span), int(high * self.span)
        self.advance(now_ns)

    def power(self, on: bool, now_ns: int) -> None:
        """The operator's power goes, or returns."""
        self.advance(now_ns)
        self.arm.switch_power(on)
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
        yield from self.arm.dues()
        above = self.place - self.span // HIT_BELOW
        if self.moving < 0 and self._under and not self._hit_now:
            yield self.now_ns + max(0, -(-above // self.arm.speed(-1)))
        for number, car in enumerate(self.cars):
            due = car.next_ns()
            if due is not None:
                yield due
            if (after := self._follows_ns(number)) is not None:
                yield max(after, self.now_ns)
        if self.person_until_ns is not None:
            yield self.person_until_ns

    @property
    def _under(self) -> bool:
        return self.person_until_ns is not None or any(car.inside for car in self.cars)

    def _move(self, to_ns: int) -> None:
        self.now_ns = to_ns
        self.arm.move(to_ns)
        for car in self.cars:
            car.move(to_ns)

    def _happen(self) -> None:
        self.arm.happen(self.beam)
        if self.moving < 0 and self._under and not self._hit_now and self._low:
            self._hit_now = True
            self.arm.motor, self.arm.until_ns = 0, None
            self.hits += 1
            self._tell("THE ARM HIT what was under it")
        if self.person_until_ns is not None and self.person_until_ns <= self.now_ns:
            self.person_until_ns = None
            self._tell("the person is through")
        for car in self.cars:
            self._car_happens(car)
        for car in [car for car in self.cars if car.phase is Phase.GONE]:
            self.cars.remove(car)
        self._cars_look()

    @property
    def _low(self) -> bool:
        return self.place <= self.span // HIT_BELOW

    def _car_happens(self, car: Driver) -> None:
        if car.phase is Phase.APPROACHING:
            if car.until_ns is not None and car.until_ns <= self.now_ns:
                car.phase, car.until_ns = Phase.WAITING, None
                self._tell(f"{car.name} waits before the arm")
            return
        if not car.driving:
            return
        car.arrive()
        car.look(low=self._low, up=self.opened)
        if car.halted:
            return
        if car.phase is Phase.ENTERING and car.middle:
            car.phase = Phase.UNDER
            self._tell(f"{car.name} is under the arm")
        elif car.phase is Phase.UNDER and car.place >= car.car.clear:
            self._through(car)
        elif car.phase in (Phase.UNDER, Phase.LEAVING) and car.way < 0 and not car.inside:
            if car.place <= car.car.enter_ns:
                car.phase = Phase.ENTERING
                self._tell(f"{car.name} backed out")
        elif car.phase is Phase.GONE and car.way == 0 and car.place == car.car.clear:
            # Without a loop behind the arm it is gone where it is through.
            self._through(car)
            car.phase = Phase.GONE

    def _through(self, car: Driver) -> None:
        car.phase = Phase.LEAVING
        self.passed += car.car.kind is not Kind.BACK_OUT
        self._tell(f"{car.name} is through")

    def _cars_look(self) -> None:
        """The first car of a side goes when the arm is up and nobody is on the road."""
        for outward in (False, True):
            queue = [car for car in self.cars if car.car.outward is outward]
            self._head_looks([car for car in queue if not car.driving], outward)
        for number, car in enumerate(self.cars):
            due = self._follows_ns(number)
            if due is not None and due <= self.now_ns:
                self._enter(car)

    def _head_looks(self, queue: list[Driver], outward: bool) -> None:
        if not queue:
            return
        head = queue[0]
        if head.phase is not Phase.WAITING:
            return
        head.place = max(head.place, 0)
        busy = any(car.driving and car.phase is not Phase.LEAVING for car in self.cars)
        oncoming = any(car.driving and car.car.outward is not outward for car in self.cars)
        asked = head.invited or not (head.car.polite or head.car.shy)
        free = self.opened and asked and not busy and not oncoming
        if free or head.car.kind is Kind.FORCE:
            self._enter(head)

    def _follows_ns(self, number: int) -> int | None:
        """When a car that drives nose to tail goes; None when it does not."""
        car = self.cars[number]
        if number == 0 or car.phase is not Phase.WAITING or car.car.behind_ns is None:
            return None
        ahead = self.cars[number - 1]
        if not ahead.driving or ahead.way < 0 or self._low:
            return None
        return ahead.since_ns + car.car.behind_ns

    def _enter(self, car: Driver) -> None:
        car.start(self.now_ns)
        self._tell(f"{car.name} drives in")
        self._car_happens(car)

    def _tell(self, what: str) -> None:
        self.story.append(Note(self.now_ns, self.build.lane, what))
