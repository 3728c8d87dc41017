"""A door with a strike: people push it, a spring shuts it, a contact tells.

Rules kept here:
- pure, as `drivers.sim.physics`;
- a shut door opens only to a push while the strike is on, or to force;
- the contact tells shut or not, and nobody's direction or number.

Cars of the lane are people here: ``through`` waits for the strike and pushes, ``push`` pushes once
and goes away from a locked door, ``force`` breaks in, ``wedge`` leaves it open until released.
Coming takes ``approach_ns``, pushing ``enter_ns``, and the door stands open for ``under_ns``.
"""

from collections import deque
from collections.abc import Mapping

from drivers.sim.arm import Build
from drivers.sim.physics import STORY, Lane, Note
from drivers.sim.road import Car, Driver, Kind, Phase


class Door:
    """The state of a door at ``now_ns``; see `drivers.sim.physics.Lane`."""

    def __init__(self, build: Build, now_ns: int) -> None:
        self.build = build
        self.now_ns = now_ns
        self.strike = False
        self.powered = True
        self.hits = 0
        self.passed = 0
        self.cars: deque[Driver] = deque()
        self.story: deque[Note] = deque(maxlen=STORY)

    @property
    def closed(self) -> bool:
        """The contact: the door is shut."""
        return not any(person.phase is Phase.UNDER for person in self.cars)

    @property
    def opened(self) -> bool:
        """Somebody holds it open."""
        return not self.closed

    @property
    def moving(self) -> int:
        """A door takes no time."""
        return 0

    @property
    def height(self) -> float:
        """0 shut, 1 open."""
        return float(self.opened)

    @property
    def loop(self) -> bool:
        """A door has none."""
        return False

    @property
    def beam(self) -> bool:
        """A door has none."""
        return False

    def sensors(self) -> Mapping[str, bool]:
        """The contact is all that it has."""
        return {"closed": self.closed, "opened": self.opened}

    def relay(self, which: str, on: bool, now_ns: int) -> None:
        """The strike is ``open``; nothing else can be wired."""
        self.advance(now_ns)
        if which != "open" or self.strike is on:
            return
        self.strike = on
        if self.powered:
            self._tell("the strike lets go" if on else "the strike holds")
        self.advance(now_ns)
        self._push(now_ns)

    def drive(self, car: Car, now_ns: int) -> None:
        """Somebody comes to the door."""
        self.advance(now_ns)
        self.cars.append(Driver(car, now_ns, until_ns=now_ns + car.approach_ns))
        self._tell(f"{car.name} comes")
        self.advance(now_ns)

    def wave(self, name: str, now_ns: int) -> None:
        """Nobody needs to be waved through a door; ValueError."""
        del now_ns
        raise ValueError(f"{name} is at a door: nobody is waved through")

    def release(self, now_ns: int) -> None:
        """Whatever wedges the door is taken away."""
        self.advance(now_ns)
        for person in self.cars:
            if person.phase is Phase.UNDER and person.until_ns is None:
                person.until_ns = now_ns
        self.advance(now_ns)

    def person(self, for_ns: int, now_ns: int) -> None:
        """Somebody stands in the open door for a while; nothing happens at a shut one."""
        self.advance(now_ns)
        for person in self.cars:
            if person.phase is Phase.UNDER and person.until_ns is not None:
                person.until_ns += for_ns
                self._tell(f"somebody holds the door for {person.name}")

    def hand(self, way: int | None, now_ns: int) -> None:
        """A door is moved by those who come; ValueError."""
        del now_ns
        raise ValueError(f"a door has no arm to be moved by hand ({way}): let somebody come")

    def reach(self, low: float, high: float, now_ns: int) -> None:
        """A door has no way that could be blocked; ValueError."""
        del now_ns
        raise ValueError(f"a door has no arm that reaches from {low} to {high}: wedge it")

    def power(self, on: bool, now_ns: int) -> None:
        """Without power the strike holds."""
        self.advance(now_ns)
        self.powered = on
        self._tell("the strike has power again" if on else "the strike has no power")
        self._push(now_ns)

    def advance(self, now_ns: int) -> None:
        """Live through everything up to ``now_ns``, in its order. A time in the past is now."""
        while (due := self.next_ns()) is not None and due <= now_ns:
            self.now_ns = max(due, self.now_ns)
            for person in tuple(self.cars):
                if person.until_ns is not None and person.until_ns <= self.now_ns:
                    self._next(person)
        self.now_ns = max(now_ns, self.now_ns)

    def next_ns(self) -> int | None:
        """When the next thing happens by itself; None when nothing will."""
        dues = [person.until_ns for person in self.cars if person.until_ns is not None]
        return min(dues, default=None)

    def _next(self, person: Driver) -> None:
        person.until_ns = None
        if person.phase is Phase.APPROACHING:
            person.phase = Phase.WAITING
            self._tell(f"{person.name} is at the door")
            self._tries(person)
        elif person.phase is Phase.ENTERING:
            person.phase = Phase.UNDER
            self._tell(f"{person.name} opens the door")
            wedged = person.car.kind is Kind.WEDGE
            person.until_ns = None if wedged else self.now_ns + person.car.under_ns
        else:
            self.cars.remove(person)
            self.passed += 1
            self._tell(f"{person.name} is through")

    def _tries(self, person: Driver) -> None:
        free = (self.strike and self.powered) or self.opened
        if person.car.kind is Kind.FORCE or free:
            person.phase, person.until_ns = Phase.ENTERING, self.now_ns + person.car.enter_ns
        elif person.car.kind is Kind.PUSH:
            self.cars.remove(person)
            self._tell(f"{person.name} finds the door locked")

    def _push(self, now_ns: int) -> None:
        """Whoever waits pushes when the strike lets go."""
        for person in tuple(self.cars):
            if person.phase is Phase.WAITING:
                self._tries(person)
        self.advance(now_ns)

    def _tell(self, what: str) -> None:
        self.story.append(Note(self.now_ns, self.build.lane, what))


Passage = Lane | Door
