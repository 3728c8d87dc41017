"""Pins as the gate needs them: what every kind of pin factory has to promise on top of gpiozero.

Rules kept here:
- a line becomes an output *at* a level (`output_with_state`), never low first and then corrected:
  with an active-low relay that moment would be a pulse;
- what a line drives can be read (`standing`) before it is claimed, without touching it;
- closing a factory lets go of inputs and of the handle, and never of what an output drives.
  gpiozero's own ``Pin.close`` makes the line a floating input, and with a maintained relay that
  drops an arm on somebody.
"""

import time
from collections.abc import Callable, Mapping
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

    def close(self) -> None:
        """Stop listening; every level stays."""
        for pin in self.pins.values():
            pin.when_changed = None
