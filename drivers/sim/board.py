"""The pins themselves, and the record of everything that they ever did.

Rules kept here:
- a pin keeps its function and level when whoever claimed it goes away, as on a Raspberry Pi;
- the time of a change is taken where its message is received, before any lock;
- every electrical change and every client that comes or goes is in the trace, up to `TRACE`
  records; what was dropped beyond that is counted, never hidden.

The board's lock is the lock of the whole simulated gate; waiters are woken at every change.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

PINS = 28
TRACE = 1_000_000
RESTING = (0, 1, 0)  # an input nobody drives: by bias floating, up, down


class Record(NamedTuple):
    """One line of the trace. ``kind`` is ``pin``, ``client`` (came) or ``gone``; ``who`` a pid."""

    ns: int
    kind: str
    pin: int
    function: str
    level: int
    who: int


@dataclass(slots=True)
class BoardPin:
    """One line. ``driven`` is what stands on it from outside, None when nothing does."""

    output: bool = False
    level: int = 0
    bias: int = 0
    driven: int | None = None
    holder: object | None = None


class Board:
    """All lines. Every method but the properties is called with `lock` held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.pins = [BoardPin() for _ in range(PINS)]
        self.trace: deque[Record] = deque(maxlen=TRACE)
        self.recorded = 0
        self.on_output: Callable[[int, int], None] = lambda _pin, _ns: None
        self.on_edge: Callable[[int, int], None] = lambda _pin, _level: None
        self.on_falls: Callable[[Sequence[tuple[int, int]]], None] = lambda _falls: None

    def record(self, ns: int, kind: str, pin: int, who: int) -> None:
        """Add a line to the trace."""
        state = self.pins[pin]
        function = "output" if state.output else "input"
        self.trace.append(Record(ns, kind, pin, function, state.level, who))
        self.recorded += 1
        self.changed.notify_all()

    def drive_output(self, pin: int, level: int, ns: int, who: int) -> None:
        """A client makes the line an output at this level, or changes its level."""
        state = self.pins[pin]
        news = not state.output or state.level != level
        state.output, state.level = True, level
        if news:
            self.record(ns, "pin", pin, who)
            self.on_output(pin, ns)

    def make_input(self, pin: int, bias: int, ns: int, who: int) -> None:
        """A client lets the line float, with a bias."""
        state = self.pins[pin]
        was_output = state.output
        level = RESTING[bias] if state.driven is None else state.driven
        news = was_output or level != state.level
        state.output, state.bias, state.level = False, bias, level
        if news:
            self.record(ns, "pin", pin, who)
        if was_output:
            self.on_output(pin, ns)

    def stand_on(self, pin: int, level: int | None, ns: int) -> None:
        """What is wired to an input drives it to ``level``, or lets go (None)."""
        state = self.pins[pin]
        if state.driven == level:
            return
        state.driven = level
        if state.output:
            return
        level = RESTING[state.bias] if level is None else level
        if state.level != level:
            state.level = level
            self.record(ns, "pin", pin, 0)
            self.on_edge(pin, level)
            if not level:
                self.on_falls([(ns, pin)])

    def pulse(self, falls: Sequence[tuple[int, int]]) -> None:
        """Pulses that were too short for anything but their falling edges: times and pins.

        Pins that are no inputs now, or are low, cannot fall. The trace does not have them.
        """
        heard = [one for one in falls if self._can_fall(one[1])]
        if heard:
            self.on_falls(heard)

    def _can_fall(self, pin: int) -> bool:
        return not self.pins[pin].output and bool(self.pins[pin].level)

    def free(self, holder: object) -> None:
        """A client is gone: nobody holds its lines any more, and they stay as they are."""
        for state in self.pins:
            if state.holder is holder:
                state.holder = None
