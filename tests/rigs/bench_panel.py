"""A panel on pins in memory with a clock of its own: every moment is walked through, none skipped.

Rules kept here:
- time passes only in `wait`, which calls the panel whenever something is due, as ``relay-timer``
  does; a panel that wants to be called without end is an error;
- `changes` holds every level of every output, in the order in which the pins took it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agent.core.events import Event, FrameFaulted
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.interlock import Interlock
from agent.core.model import ClockQuality, Moment
from agent.core.plan import ArmPlan
from drivers.lines import InputSpec, Line, Outbox, OutputSpec
from drivers.panel import Panel
from drivers.pins import MemoryFactory

MS = 1_000_000
ROUNDS = 10_000


class Change(NamedTuple):
    """An output was turned on or off, at the time of the rig."""

    at_ns: int
    output: OutputId
    on: bool


class BenchPanel:
    """Active-high pins throughout; ``factory`` can be used again for the next panel."""

    def __init__(
        self,
        arms: Mapping[LaneId, ArmPlan],
        outputs: Sequence[OutputSpec],
        inputs: Sequence[InputSpec],
        fire: InputId | None = None,
        factory: MemoryFactory | None = None,
        now_ns: int = 1_000_000_000,
    ) -> None:
        self.now_ns = now_ns
        self.factory = factory or MemoryFactory()
        self.events: list[Event | FrameFaulted] = []
        self.changes: list[Change] = []
        self.interlock = Interlock(arms, fire)
        self._outbox = Outbox(self.events.append)
        self._outputs = {spec.output: spec for spec in outputs}
        self._inputs = {spec.input: spec for spec in inputs}
        self.panel = Panel(
            outputs, inputs, self.interlock, self, self._outbox, self._seen, lambda _due: None
        )
        self._looked = {
            name: len(self._pin(spec.pin).trace) for name, spec in self._outputs.items()
        }
        self._was = {name: self.on(name) for name in self._outputs}

    def now(self) -> Moment:
        """The clock that the panel stamps its events with."""
        return Moment(self.now_ns // 1000, self.now_ns, ClockQuality.SYNCED)

    def start(self) -> None:
        """As a daemon's start; fails when a pin cannot be claimed."""
        assert self.panel.start(self.factory, self.now_ns) == []
        self.settle()

    def crash(self) -> None:
        """The process is gone: nothing is turned off, nobody listens any more."""
        self.factory.close()

    def drive(self, name: InputId, active: bool, *, pair: bool = False) -> None:
        """Put a contact of an input to active or not."""
        spec = self._inputs[name]
        assert spec.pair_pin is not None or not pair
        number, low = (spec.pair_pin, spec.pair_active_low) if pair else (spec.pin, spec.active_low)
        pin = self._pin(number)
        if active is not low:
            pin.drive_high()
        else:
            pin.drive_low()
        self.settle()

    def wait(self, ms: float) -> None:
        """Let time pass."""
        ends_ns = self.now_ns + int(ms * MS)
        for _ in range(ROUNDS):
            due = self.panel.work(self.now_ns)
            self.settle()
            if due is None or due > ends_ns:
                self.now_ns = ends_ns
                return
            assert due > self.now_ns, "what is due was not done: the timer would spin"
            self.now_ns = due
        raise AssertionError("the panel wants to be called without end")

    def on(self, output: OutputId) -> bool:
        """What the output's pin says."""
        spec = self._outputs[output]
        pin = self._pin(spec.pin)
        return pin.function == "output" and bool(pin.state) is not spec.active_low

    def settle(self) -> None:
        """Take note of what happened, and send what is to be told."""
        found = []
        for name, spec in self._outputs.items():
            trace = self._pin(spec.pin).trace
            for stand in trace[self._looked[name] :]:
                on = stand.function == "output" and bool(stand.level) is not spec.active_low
                if on is not self._was[name]:
                    found.append((stand.ns, Change(self.now_ns, name, on)))
                    self._was[name] = on
            self._looked[name] = len(trace)
        self.changes += [change for _, change in sorted(found)]
        self._outbox.flush()

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def _pin(self, number: int | None) -> Any:
        return self.factory.pin(f"GPIO{number}")

    def _seen(self, line: Line, *, first: bool | None = None, second: bool | None = None) -> None:
        self.panel.edge(line, self.now_ns, first, second)
