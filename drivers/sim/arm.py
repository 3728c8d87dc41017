"""An arm and its operator: a motor, limit switches, and what people do to them.

Rules kept here:
- pure: times are nanoseconds of one monotonic clock and come from outside; whole numbers only;
- the arm does what its relays say and nothing else; it goes down by itself only where
  `self_close_ns` says so;
- an operator that gets nowhere gives up after `RUN` times its travel, as motors' thermal switches
  do; without power it holds the arm where it is, and when power returns only what is still wired
  to it counts: the relay of a maintained operator, no pulse of the past.

The place of the arm is counted from 0 (down) to ``open_ns * close_ns`` (up), so that it moves by a
whole number every nanosecond either way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

RUN = 20
WORDS = {1: "the arm goes up", 0: "the arm stops", -1: "the arm goes down"}


@dataclass(frozen=True, slots=True)
class Build:
    """How a lane is built. Times in ns. ``maintained``: the arm is up while its relay is on.

    ``self_close_ns``: the operator closes by itself so long after it is up and clear.
    ``held_close``: the arm goes down only while the close relay is on (hold to run). ``door``: no
    arm but a door with a strike (`drivers.sim.door`).
    """

    lane: str
    open_ns: int = 1_500_000_000
    close_ns: int = 1_500_000_000
    maintained: bool = False
    self_close_ns: int | None = None
    held_close: bool = False
    door: bool = False

    @property
    def span(self) -> int:
        """The place of an arm that is up."""
        return self.open_ns * self.close_ns


@dataclass(slots=True)
class Arm:
    """The arm at ``now_ns``. ``hand``: somebody lifts (1), holds (0) or pulls it down (-1).

    ``low`` and ``high`` are as far as it can go: a bent arm does not reach its end.
    """

    build: Build
    now_ns: int
    tell: Callable[[str], None]
    low: int = 0
    high: int = 0
    place: int = 0
    motor: int = 0
    power: bool = True
    hand: int | None = None
    relays: dict[str, bool] = field(default_factory=dict)
    close_at_ns: int | None = None
    until_ns: int | None = None

    def __post_init__(self) -> None:
        self.high = self.build.span

    @property
    def opened(self) -> bool:
        """The upper limit switch."""
        return self.place == self.build.span

    @property
    def closed(self) -> bool:
        """The lower limit switch."""
        return self.place == 0

    @property
    def moving(self) -> int:
        """Which way it moves now: 1 up, -1 down, 0 not."""
        way = self.hand if self.hand is not None else self.motor if self.power else 0
        ends = (0, self.build.span) if self.hand is not None else (self.low, self.high)
        if (way > 0 and self.place >= ends[1]) or (way < 0 and self.place <= ends[0]):
            return 0
        return way

    def relay(self, which: str, on: bool) -> None:
        """The contact ``open``, ``close`` or ``stop`` closes or opens."""
        self.relays[which] = on
        if not self.power:
            return
        if which == "open" and (on or self.build.maintained):
            self.go(1 if on else -1)
        elif which == "close" and not on and self.build.held_close and self.motor < 0:
            self.go(0)
        elif which != "open" and on:
            self.go(-1 if which == "close" else 0)

    def go(self, way: int) -> None:
        """The operator begins to move the arm, or stops it."""
        at_end = (way > 0 and self.opened) or (way < 0 and self.closed)
        self.close_at_ns = None
        if way != self.motor and not at_end:
            self.tell(WORDS[way])
        self.motor = 0 if at_end else way
        longest = RUN * max(self.build.open_ns, self.build.close_ns)
        self.until_ns = self.now_ns + longest if self.motor else None
        if at_end and way > 0:
            self.wait_open()

    def wait_open(self) -> None:
        """The operator's own logic counts until it closes."""
        if self.build.self_close_ns is not None:
            self.close_at_ns = self.now_ns + self.build.self_close_ns

    def switch_power(self, on: bool) -> None:
        """Power goes, or returns."""
        if self.power is on:
            return
        self.power = on
        self.tell("the operator has power again" if on else "the operator has no power")
        self.motor, self.until_ns, self.close_at_ns = 0, None, None
        if on and self.build.maintained:
            self.go(1 if self.relays.get("open") else -1)

    def speed(self, way: int) -> int:
        """How far the arm goes in a nanosecond."""
        return self.build.close_ns if way > 0 else self.build.open_ns

    def dues(self) -> Iterator[int]:
        """When something happens by itself."""
        way = self.moving
        if way:
            free = self.hand is not None
            low, high = (0, self.build.span) if free else (self.low, self.high)
            left = high - self.place if way > 0 else self.place - low
            yield self.now_ns + -(-left // self.speed(way))
        for due in (self.close_at_ns, self.until_ns):
            if due is not None:
                yield due

    def move(self, to_ns: int) -> None:
        """Move on until then; nothing happens in between (see `dues`)."""
        passed, self.now_ns = to_ns - self.now_ns, to_ns
        way = self.moving
        free = self.hand is not None
        low, high = (0, self.build.span) if free else (self.low, self.high)
        if way > 0:
            self.place = min(high, self.place + passed * self.speed(1))
        elif way < 0:
            self.place = max(low, self.place - passed * self.speed(-1))

    def happen(self, under: bool) -> None:
        """What is due now. ``under``: the operator's own logic sees something under the arm."""
        if self.motor > 0 and self.opened:
            self.motor, self.until_ns = 0, None
            self.tell("the arm is up")
            self.wait_open()
        elif self.motor < 0 and self.closed:
            self.motor, self.until_ns = 0, None
            self.tell("the arm is down")
        if self.until_ns is not None and self.until_ns <= self.now_ns:
            self.motor, self.until_ns = 0, None
            self.tell("the operator gives up")
        if self.close_at_ns is not None and self.close_at_ns <= self.now_ns:
            # The operator's own logic holds it while its loop is occupied.
            self.close_at_ns = None
            if under:
                self.close_at_ns = self.now_ns + 100_000_000
            elif self.power:
                self.go(-1)
