"""Real pins of a Raspberry Pi: gpiozero's lgpio factory under the rules of `drivers.pins`.

Rules kept here:
- a line is claimed once, in its final function: gpiozero's lgpio pin claims every line as an
  input as soon as it is made, which lets a held relay go;
- an output starts at its level in one request: gpiozero claims it low first;
- this is the only module that imports lgpio, and it is imported only when chosen. lgpio writes a
  FIFO into the working directory of the process: let that be the state directory.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin

from agent.errors import DeviceError
from drivers import pin_chip
from drivers.pin_falls import ChipFalls

_BIAS = {
    "floating": lgpio.SET_PULL_NONE,
    "up": lgpio.SET_PULL_UP,
    "down": lgpio.SET_PULL_DOWN,
}


class HeldPin(LGPIOPin):  # type: ignore[misc]  # gpiozero ships no types
    """A line that is left alone until it is claimed for what it is to be."""

    def __init__(self, factory: Any, info: Any) -> None:
        # The claim as an input in LGPIOPin's own constructor is what has to be left out.
        super(LGPIOPin, self).__init__(factory, info)
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES
        self._handle = factory._handle  # noqa: SLF001 - gpiozero gives pins no other way to it

    def output_with_state(self, state: int) -> None:
        """Claim the line as an output that has this level from its first moment."""
        self._do(lgpio.gpio_claim_output, int(bool(state)))

    def input_with_pull(self, pull: str) -> None:
        """Claim the line as an input with this bias."""
        self._do(lgpio.gpio_claim_input, _BIAS[pull])

    def _set_state(self, value: int) -> None:
        # gpiozero asks the kernel for the direction first; lgpio refuses an input by itself.
        self._do(lgpio.gpio_write, value)

    def _get_state(self) -> int:
        return int(self._do(lgpio.gpio_read))

    def _enable_event_detect(self) -> None:
        try:
            super()._enable_event_detect()
        except lgpio.error as error:
            raise OSError(f"lgpio: {error}") from error

    def _do(self, call: Callable[..., Any], *values: int) -> Any:
        try:
            return call(self._handle, self._number, *values)
        except lgpio.error as error:
            raise OSError(f"lgpio: {error}") from error

    def close(self) -> None:
        """Stop listening. The line is let go with the chip, and never made a floating input."""
        self.when_changed = None


class HeldFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero ships no types
    """The pins of the chip ``/dev/gpiochip{chip}``; DeviceError when it cannot be opened."""

    def __init__(self, chip: int) -> None:
        try:
            super().__init__(chip=chip)
        except lgpio.error as error:
            raise DeviceError(
                f"/dev/gpiochip{chip} cannot be used ({error}): add this user to the group gpio"
            ) from error
        self.pin_class = HeldPin
        self._path = Path(f"/dev/gpiochip{chip}")

    def standing(self, number: int) -> bool | None:
        """The level that the line drives, read as it is; see `pin_chip.standing`."""
        return pin_chip.standing(self._path, number)

    def falls(self, numbers: Sequence[int], pull: str) -> ChipFalls:
        """How these lines fall, from the kernel itself; see `drivers.pin_falls`."""
        return ChipFalls(self._path, numbers, pull)
