"""One relay and one input: what was configured, what was commanded, what is believed."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gpiozero.exc import GPIOZeroError

from agent.core.events import Event
from agent.core.ids import InputId, OutputId
from agent.errors import DeviceError
from agent.ports import Emit
from drivers.debounce import Debounce
from drivers.pins import Pin

FAULTS = (OSError, GPIOZeroError, DeviceError)
"""What pins raise when they cannot be driven or read."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A relay on GPIO ``pin``; ``max_on_ms`` bounds how long it may be on, None: no bound.

    ``on_exit``: ``off`` for pulse outputs, ``keep`` for one that holds an arm up.
    """

    output: OutputId
    pin: int
    active_low: bool = False
    on_exit: Literal["off", "keep"] = "off"
    max_on_ms: int | None = None

    def level(self, on: bool) -> int:
        """The electrical level for on or off."""
        return int(on is not self.active_low)


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input on GPIO ``pin``, believed after ``debounce_ms`` of quiet (see `Debounce`).

    ``pair_pin``: a second contact that changes together with the first; ``pair_active_low`` is its
    level while the first one is active. ``longest_ms``: active for longer is a fault.
    """

    input: InputId
    pin: int
    active_low: bool = False
    pull: Literal["up", "down", "none"] = "none"
    debounce_ms: int = 50
    pair_pin: int | None = None
    pair_active_low: bool = False
    longest_ms: int | None = None


@dataclass(slots=True)
class Relay:
    """An output at work. ``on`` is what was commanded; ``until_ns`` when the driver ends it."""

    spec: OutputSpec
    pin: Pin | None = None
    on: bool = False
    since_ns: int = 0
    until_ns: int | None = None
    fault: str = ""

    def reads_on(self) -> bool:
        """Read back; raises what the pin raises, or DeviceError when it is not claimed."""
        if self.pin is None:
            raise DeviceError(f"{self.spec.output} is not claimed: start the pins first")
        return bool(self.pin.state) is not self.spec.active_low


@dataclass(slots=True, weakref_slot=True, eq=False)
class Line:
    """An input at work; gpiozero holds only a weak reference to `changed`."""

    spec: InputSpec
    seen: Callable[["Line", bool], None]
    belief: Debounce
    pin: Pin | None = None

    def changed(self, _ticks: object, state: int) -> None:
        """What gpiozero calls at a raw edge; on mock pins in the driving thread."""
        self.seen(self, bool(state) is not self.spec.active_low)

    def raw(self) -> bool:
        """Whether the line is active at this moment; raises what the pin raises."""
        if self.pin is None:
            raise DeviceError(f"{self.spec.input} is not claimed: start the pins first")
        return bool(self.pin.state) is not self.spec.active_low


@dataclass(frozen=True, slots=True)
class InputLevels:
    """`agent.ports.Inputs` over the map that the bank keeps."""

    now: Mapping[InputId, bool | None]

    def levels(self) -> Mapping[InputId, bool | None]:
        """Debounced level of every input; None where it is unknown."""
        return dict(self.now)


@dataclass(slots=True)
class Outbox:
    """Events on their way out: put under the bank's lock, sent outside it, in order.

    It never holds more than one round of the bank makes: every round sends it.
    """

    emit: Emit
    waiting: deque[Event] = field(default_factory=deque)
    sending: threading.RLock = field(default_factory=threading.RLock)

    def put(self, event: Event) -> None:
        """Add an event; the caller holds the bank's lock."""
        self.waiting.append(event)

    def flush(self) -> None:
        """Send what waits; the caller does not hold the bank's lock."""
        while self.waiting:
            with self.sending:
                if self.waiting:
                    self.emit(self.waiting.popleft())
