"""One output and one input: what was configured, what was commanded, what is believed."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gpiozero.exc import GPIOZeroError

from agent.core.events import Event
from agent.core.ids import InputId, OutputId
from agent.errors import DeviceError
from agent.ports import Emit
from drivers.pins import PULLS, Pin, PinFactory
from drivers.supervision import Supervised

FAULTS = (OSError, GPIOZeroError, DeviceError)
"""What pins raise when they cannot be driven or read."""

LONGEST = 4_096


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


class Line:
    """An input at work; gpiozero holds only weak references to what it calls."""

    def __init__(self, spec: InputSpec, seen: "Seen", belief: Supervised) -> None:
        self.spec = spec
        self.belief = belief
        self._seen = seen
        self._pin: Pin | None = None
        self._pair: Pin | None = None

    def claim(self, factory: PinFactory) -> None:
        """Listen to the line, and to that of the pair; raises what the pins raise."""
        spec = self.spec
        self._pin = factory.pin(f"GPIO{spec.pin}")
        self._pin.input_with_pull(PULLS[spec.pull])
        self._pin.when_changed = self.first_changed
        if spec.pair_pin is not None:
            self._pair = factory.pin(f"GPIO{spec.pair_pin}")
            self._pair.input_with_pull(PULLS[spec.pull])
            self._pair.when_changed = self.second_changed

    def let_go(self) -> None:
        """Forget the pins."""
        self._pin = self._pair = None

    def first_changed(self, _ticks: object, state: int) -> None:
        """What gpiozero calls at a raw edge; on mock pins in the driving thread."""
        self._seen(self, first=bool(state) is not self.spec.active_low)

    def second_changed(self, _ticks: object, state: int) -> None:
        """The same for the second contact."""
        self._seen(self, second=bool(state) is not self.spec.pair_active_low)

    def raw(self) -> tuple[bool, bool]:
        """Whether each contact says active at this moment; raises what the pins raise."""
        if self._pin is None:
            raise DeviceError(f"{self.spec.input} is not claimed: start the pins first")
        first = bool(self._pin.state) is not self.spec.active_low
        if self._pair is None:
            return first, first
        return first, bool(self._pair.state) is not self.spec.pair_active_low


class Seen(Protocol):
    """Who is called at a raw edge, with the contact that changed."""

    def __call__(
        self, line: Line, *, first: bool | None = None, second: bool | None = None
    ) -> None:
        """One of the contacts of ``line`` says something else now."""


@dataclass(frozen=True, slots=True)
class InputLevels:
    """`agent.ports.Inputs` over the map that the bank keeps."""

    now: Mapping[InputId, bool | None]

    def levels(self) -> Mapping[InputId, bool | None]:
        """Debounced level of every input; None where it is unknown."""
        return dict(self.now)


class Outbox:
    """Events on their way out: put under the bank's lock, sent outside it, in order.

    At most `LONGEST` wait: whoever is told should be quick, and whoever hangs must not fill the
    memory. The oldest go first, and ``lost`` counts them.
    """

    def __init__(self, emit: Emit, news: Callable[[], None] = lambda: None) -> None:
        self.emit = emit
        self.lost = 0
        self._news = news
        self._waiting: deque[Event] = deque()

    def put(self, event: Event) -> None:
        """Add an event, and call ``news``; the caller holds the bank's lock."""
        if len(self._waiting) >= LONGEST:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(event)
        self._news()

    def take(self) -> Event | None:
        """The event that waits longest; the caller holds the bank's lock."""
        return self._waiting.popleft() if self._waiting else None

    def flush(self) -> None:
        """Send what waits, in this thread; nobody else may be sending."""
        while (event := self.take()) is not None:
            self.emit(event)
