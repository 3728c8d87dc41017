"""Pins to test on, twice: in memory, and in a simulated gate's process. One test body for both."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from agent.core.events import Event, FrameFaulted, InputChanged
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.interlock import Interlock
from agent.core.model import ClockQuality, Moment
from agent.core.plan import ArmPlan, Drive, Relay
from drivers.gpio import InputSpec, OutputSpec, PinBank, open_factory
from drivers.pins import PinFactory, Stand
from drivers.sim import SimProcess
from tests.patience import LIMIT_S

LANE = LaneId("in")
OPEN, CLOSE, HOLD = OutputId("open"), OutputId("close"), OutputId("hold")
LOOP, BUTTON, DOWN = InputId("loop"), InputId("button"), InputId("down")
OPEN_PIN, CLOSE_PIN, HOLD_PIN = 17, 27, 22
LOOP_PIN, BUTTON_PIN, DOWN_PIN = 5, 6, 13
QUIET_MS = 250  # several changes are one for a machine that is slow, too

OUTPUTS = (
    OutputSpec(OPEN, OPEN_PIN, max_on_ms=400),
    OutputSpec(CLOSE, CLOSE_PIN, active_low=True),
    OutputSpec(HOLD, HOLD_PIN, active_low=True, on_exit="keep"),
)
INPUTS = (
    InputSpec(LOOP, LOOP_PIN, debounce_ms=QUIET_MS),
    InputSpec(BUTTON, BUTTON_PIN, active_low=True, pull="up", debounce_ms=QUIET_MS),
    InputSpec(DOWN, DOWN_PIN, debounce_ms=0),
)
ARM = ArmPlan(
    open=Relay(OPEN, Drive.PULSE, 100),
    close=Relay(CLOSE, Drive.PULSE, 100),
    loop=LOOP,
    safety=(LOOP,),
    closed=DOWN,
)
HELD_ARM = ArmPlan(open=Relay(HOLD, Drive.MAINTAINED), safety=(LOOP,))
TRAVEL_NS = 60_000_000_000  # an arm is on its way down also while the machine stands still


class RealClock:
    """The machine's own clock."""

    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


class Heard:
    """Collects what a driver emits, and waits for it with a limit."""

    def __init__(self) -> None:
        self.events: list[Event | FrameFaulted] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event | FrameFaulted) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(
        self, found: Callable[[list[Event | FrameFaulted]], bool], limit_s: float = LIMIT_S
    ) -> list[Event | FrameFaulted]:
        with self._changed:
            assert self._changed.wait_for(lambda: found(self.events), limit_s), self.events
            return list(self.events)

    def wait_input(self, name: InputId, active: bool | None) -> InputChanged:
        def last(events: list[Event | FrameFaulted]) -> InputChanged | None:
            mine = [e for e in events if isinstance(e, InputChanged) and e.input == name]
            return mine[-1] if mine else None

        def there(events: list[Event | FrameFaulted]) -> bool:
            now = last(events)
            return now is not None and now.active is active

        event = last(self.wait(there))
        assert event is not None
        return event

    def wait_edges(self, name: InputId, least: int, *, active: bool) -> None:
        """Wait until an input is told with this level and so many edges.

        There may be one more: the look once a second counts an edge that is still on its way.
        """

        def told(event: Event | FrameFaulted) -> bool:
            return (
                isinstance(event, InputChanged)
                and (event.input, event.active) == (name, active)
                and event.edges >= least
            )

        self.wait(lambda events: any(map(told, events)))

    def of(self, kind: type[Any]) -> list[Any]:
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]


class PinRig(Protocol):
    """Pins, and what is on the other side of them."""

    def factory(self) -> PinFactory:
        """What a (next) daemon would open."""

    def drive(self, pin: int, level: int) -> None:
        """Put an input's line to a level, from outside."""

    def trace(self, pin: int) -> list[Stand]:
        """Everything the line ever did."""


class MemoryRig:
    def __init__(self) -> None:
        self._factory = open_factory("mock")

    def factory(self) -> PinFactory:
        return self._factory

    def drive(self, pin: int, level: int) -> None:
        line: Any = self._factory.pin(f"GPIO{pin}")
        if level:
            line.drive_high()
        else:
            line.drive_low()

    def trace(self, pin: int) -> list[Stand]:
        line: Any = self._factory.pin(f"GPIO{pin}")
        return list(line.trace)


class SimRig:
    def __init__(self, folder: Path) -> None:
        spec = {
            "pin_socket": str(folder / "pins"),
            "control_socket": str(folder / "control"),
            "inputs": [
                {"pin": LOOP_PIN},
                {"pin": BUTTON_PIN, "active_low": True},
                {"pin": DOWN_PIN},
            ],
        }
        self.sim = SimProcess(spec, folder)

    def factory(self) -> PinFactory:
        return open_factory("socket", self.sim.pin_socket)

    def drive(self, pin: int, level: int) -> None:
        self.sim.client.input(pin, bool(level) is not (pin == BUTTON_PIN))

    def trace(self, pin: int) -> list[Stand]:
        first = Stand(0, pin, "input", 0)
        records = self.sim.client.trace([pin])
        return [first, *(Stand(r.ns, r.pin, r.function, r.level) for r in records)]


def steps(trace: list[Stand]) -> list[tuple[str, int]]:
    """A trace without its times."""
    return [(stand.function, stand.level) for stand in trace]


def make_bank(
    factory: PinFactory,
    arm: ArmPlan = ARM,
    outputs: tuple[OutputSpec, ...] = OUTPUTS,
    inputs: tuple[InputSpec, ...] = INPUTS,
) -> PinBank:
    interlock = Interlock({LANE: replace(arm, travel_ns=TRAVEL_NS)})
    return PinBank(factory, outputs, inputs, interlock, RealClock())


def sim_rig(folder: Path) -> Iterator[SimRig]:
    rig = SimRig(folder)
    yield rig
    rig.sim.stop()


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[SimRig]:
    yield from sim_rig(tmp_path)


@pytest.fixture(params=["memory", "sim"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PinRig]:
    if request.param == "memory":
        yield MemoryRig()
    else:
        yield from sim_rig(tmp_path)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def bank(rig: PinRig, heard: Heard) -> Iterator[PinBank]:
    made = make_bank(rig.factory())
    made.start(heard)
    yield made
    made.stop()
