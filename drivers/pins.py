"""Pins as the gate needs them: what every kind of pin factory has to promise on top of gpiozero.

Rules kept here:
- a line becomes an output *at* a level (`output_with_state`), never low first and then corrected:
  with an active-low relay that moment would be a pulse;
- what a line drives can be read (`standing`) before it is claimed, without touching it;
- closing a factory lets go of inputs and of the handle, and never of what an output drives.
  gpiozero's own ``Pin.close`` makes the line a floating input, and with a maintained relay that
  drops an arm on somebody.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from gpiozero.pins.mock import MockFactory, MockPin

Changed = Callable[[object, int], None]
PULLS: Mapping[str, str] = {"up": "up", "down": "down", "none": "floating"}


class Stand(NamedTuple):
    """What a line does at a monotonic time in nanoseconds; ``level`` is electrical, 0 or 1."""

    ns: int
    pin: int
    function: str
    level: int


HOLE = -1
"""In the place of a `Fall.pin`: edges went missing between the last one and the next."""


class Fall(NamedTuple):
    """A line fell at a time of the monotonic clock, in nanoseconds, told by who saw it."""

    ns: int
    pin: int


class Falls(Protocol):
    """The falling edges of some lines, with their times, buffered by whoever sees them.

    Every method raises OSError when the pins are gone.
    """

    def fileno(self) -> int:
        """What becomes readable when there is something to `read`."""

    def read(self) -> Sequence[Fall]:
        """What has come, in order, nothing if nothing has; `HOLE` where edges went missing."""

    def levels(self) -> Sequence[int]:
        """What the lines read now, in the order in which they were named."""

    def close(self) -> None:
        """Let go of the lines; safe to call twice."""


class Pin(Protocol):
    """The part of a gpiozero pin that is used. ``state`` is the electrical level."""

    state: int
    function: str
    when_changed: Changed | None

    def output_with_state(self, state: int) -> None:
        """Drive the line, from the first moment at this level."""

    def input_with_pull(self, pull: str) -> None:
        """Listen to the line, with ``up``, ``down`` or ``floating`` bias."""


class PinFactory(Protocol):
    """A gpiozero factory that keeps the rules above."""

    def pin(self, name: str) -> Pin:
        """The pin of this name (``GPIO17``); claims nothing yet."""

    def standing(self, number: int) -> bool | None:
        """The level that line ``number`` drives now, untouched; None when it drives nothing.

        Raises DeviceError when the line cannot be looked at.
        """

    def falls(self, numbers: Sequence[int], pull: str) -> Falls:
        """Claim these lines as inputs (``up``, ``down``, ``floating``) and hear how they fall.

        They live longer than the factory, and are closed by whoever asked. Raises DeviceError when
        a line is in other hands, OSError when the pins are gone.
        """

    def close(self) -> None:
        """Let go of everything but the outputs' levels; safe to call twice."""


class MemoryPin(MockPin):  # type: ignore[misc]  # gpiozero ships no types
    """A mock pin that changes function and level in one step and remembers its whole trace."""

    def __init__(self, factory: object, info: object) -> None:
        self.trace: list[Stand] = []
        super().__init__(factory, info)
        self._note()

    def output_with_state(self, state: int) -> None:
        """Drive the line, from the first moment at this level."""
        self._function = "output"
        if not self._change_state(bool(state)):
            self._note()

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._note()

    def _change_state(self, value: bool) -> bool:
        changed: bool = super()._change_state(value)
        if changed:
            self._note()
        return changed

    def _note(self) -> None:
        last = self.trace[-1] if self.trace else None
        if last is None or (last.function, last.level) != (self._function, int(self._state)):
            stand = Stand(time.monotonic_ns(), self._number, self._function, int(self._state))
            self.trace.append(stand)


class MemoryFalls:
    """Falls of pins in memory: those that the pins make, and those that are told by `pulses`."""

    BUFFER = 1024
    """So many wait, as in the kernel; the oldest go first."""

    def __init__(self, pins: Mapping[int, MemoryPin]) -> None:
        self._pins = dict(pins)
        self._lock = threading.Lock()
        self._waiting: deque[Fall] = deque()
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._heard = [self._hear(number, pin) for number, pin in self._pins.items()]

    def fileno(self) -> int:
        """An eventfd."""
        return self._ready

    def read(self) -> Sequence[Fall]:
        """What has come; see `Falls`."""
        with self._lock:
            if self._ready < 0:
                raise OSError("the pins were let go")
            found = tuple(self._waiting)
            self._waiting.clear()
            if found:
                os.eventfd_read(self._ready)
        return found

    def levels(self) -> Sequence[int]:
        """What the pins read."""
        return [int(pin.state) for pin in self._pins.values()]

    def pulses(self, falls: Iterable[Fall]) -> None:
        """Short pulses, with the times at which the pins fell: all of them heard at once."""
        with self._lock:
            for fall in falls:
                if len(self._waiting) >= self.BUFFER:
                    del self._waiting[0]
                    self._waiting[0] = Fall(self._waiting[0].ns, HOLE)
                self._waiting.append(fall)
                os.eventfd_write(self._ready, 1)

    def close(self) -> None:
        """Stop listening; the pins stay."""
        for pin in self._pins.values():
            pin.when_changed = None
        with self._lock:
            if self._ready >= 0:
                os.close(self._ready)
            self._ready = -1

    def _hear(self, number: int, pin: MemoryPin) -> Changed:
        def changed(_ticks: object, state: int) -> None:
            if not state:
                self.pulses([Fall(time.monotonic_ns(), number)])

        # gpiozero holds only a weak reference: ours keeps it alive.
        pin.when_changed = changed
        return changed


class MemoryFactory(MockFactory):  # type: ignore[misc]  # gpiozero ships no types
    """gpiozero's mock pins under the rules above. The pins last as long as the factory.

    A closed factory can be used again: that is the next daemon on the same Raspberry Pi.
    """

    def __init__(self) -> None:
        super().__init__(pin_class=MemoryPin)

    def standing(self, number: int) -> bool | None:
        """The level that the line drives; None when it is an input."""
        pin = self.pin(f"GPIO{number}")
        return bool(pin.state) if pin.function == "output" else None

    def falls(self, numbers: Sequence[int], pull: str) -> "MemoryFalls":
        """The falls of these pins; see `PinFactory.falls`."""
        pins = {number: self.pin(f"GPIO{number}") for number in numbers}
        for pin in pins.values():
            pin.input_with_pull(pull)
        return MemoryFalls(pins)

    def close(self) -> None:
        """Stop listening; every level stays."""
        for pin in self.pins.values():
            pin.when_changed = None
