"""Relays and inputs of the gate, on gpiozero's pins, behind one lock.

Rules kept here:
- starting moves no relay: pulse outputs are claimed at their off level, a kept output is read
  back and claimed at the level it has; only then are inputs looked at; a fire alarm that is active
  then is an order, and raises the arms;
- one lock for all outputs; what protects is done under it, in the thread that brings the edge or
  the order. What happened is told by the thread ``pin-news`` alone: whoever hears it may be stuck,
  and the gate still protects;
- a pulse is ended by the thread ``relay-timer`` and by nothing else: no other thread, however
  stuck, can keep a relay on. When the whole process hangs, the service's watchdog ends it, and
  ``relays-safe`` the pulse;
- stopping drives every pulse output off before anything is let go, and lets go of no output:
  gpiozero's ``close`` would make the line float. A kept output is left as it is;
- every second, outputs and inputs are compared with what their pins read.
"""

import threading
import time
from collections.abc import Mapping, Sequence

from agent.core.ids import LaneId, OutputId
from agent.core.interlock import Interlock
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health, Inputs
from drivers.lines import FAULTS, InputLevels, InputSpec, Line, Outbox, OutputSpec
from drivers.panel import Panel
from drivers.pin_factory import Backend, open_factory
from drivers.pins import PinFactory
from drivers.safe import relays_safe

__all__ = ["Backend", "InputSpec", "OutputSpec", "PinBank", "open_factory", "relays_safe"]

AUDIT_NS = 1_000_000_000
PATIENCE_S = 1.5


class PinBank:
    """All relays and inputs of one gate; implements `agent.ports.Outputs`, and `inputs` Inputs.

    The bank owns the factory from `start` on and closes it in `stop`.
    """

    def __init__(
        self,
        factory: PinFactory,
        outputs: Sequence[OutputSpec],
        inputs: Sequence[InputSpec],
        interlock: Interlock,
        clock: Clock,
    ) -> None:
        self._factory = factory
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._outbox = Outbox(lambda _event: None, self._news.notify)
        self._panel = Panel(outputs, inputs, interlock, clock, self._outbox, self._edge, self._due)
        self._threads: list[threading.Thread] = []
        self._running = False
        self._next_ns = 0
        self._audit_ns = 0
        self.inputs: Inputs = InputLevels(self._panel.levels)

    def start(self, emit: Emit) -> None:
        """Claim the outputs at their exit level, then the inputs; emit every first level.

        Raises DeviceError, after every other output was brought to its exit level, when a pin
        cannot be claimed.
        """
        self._outbox.emit = emit
        with self._lock:
            problems = self._panel.start(self._factory, time.monotonic_ns())
            if problems:
                raise DeviceError(f"pins cannot be used: {'; '.join(problems)}")
            self._running = True
            self._audit_ns = time.monotonic_ns() + AUDIT_NS
        self._outbox.flush()
        for work, name in ((self._run, "relay-timer"), (self._tell, "pin-news")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Every pulse output off, then let go of the pins; safe to call twice.

        Raises DeviceError, after all that, when an output could not be driven off.
        """
        board = self._panel.board
        with self._lock:
            self._running = False
            self._wake.notify_all()
            self._news.notify_all()
            problems = board.all_off()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._threads.clear()
        self._factory.close()
        board.let_go()
        for line in self._panel.lines.values():
            line.let_go()
        if problems:
            raise DeviceError(f"left on, cut the power of these relays: {'; '.join(problems)}")

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        """On for ``ms`` milliseconds, at most the output's longest time; see `Outputs.pulse`."""
        if ms <= 0:
            raise DeviceError(f"{output}: a pulse of {ms} ms is none: ask for 1 ms or more")
        with self._lock:
            self._panel.change(output, True, ms, decided_ns, self._now())
            self._panel.counts["pulses"] += 1

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        """Hold on, at most for the output's longest time, or let go; see `Outputs.switch`."""
        with self._lock:
            self._panel.change(output, on, None, decided_ns, self._now())

    def stop_arm(self, lane: LaneId) -> None:
        """The guard's stop; see `Outputs.stop_arm`."""
        with self._lock:
            problems = self._panel.stop_arm(lane, self._now())
        self._done(problems)

    def reopen(self, lane: LaneId) -> None:
        """Lift an arm that goes down; see `Outputs.reopen`."""
        with self._lock:
            problems = self._panel.reopen(lane, self._now())
        self._done(problems)

    def hold_fire(self, on: bool) -> None:
        """Forbid closing, or allow it again; see `Outputs.hold_fire`."""
        with self._lock:
            problems = self._panel.hold_fire(on, self._now())
        self._done(problems)

    def raise_all(self) -> None:
        """Somebody calls fire: every arm goes up; see `Outputs.raise_all`."""
        with self._lock:
            problems = self._panel.raise_all(self._now())
        self._done(problems)

    def test(self, lane: LaneId) -> None:
        """Begin to test the safety sensors of a lane; see `Outputs.test`."""
        with self._lock:
            self._panel.test(lane, self._now())

    def levels(self) -> Mapping[OutputId, bool | None]:
        """What each relay does now, read back; None where it cannot be read."""
        found: dict[OutputId, bool | None] = {}
        for name, relay in self._panel.board.relays.items():
            with self._lock:
                try:
                    found[name] = relay.reads_on()
                except FAULTS:
                    found[name] = None
        return found

    def health(self) -> Health:
        """One line for all pins; reads no pin."""
        panel = self._panel
        with self._lock:
            relays = panel.board.relays
            faults = [f"{name}: {relay.fault}" for name, relay in relays.items() if relay.fault]
            faults += [_trouble(line) for line in panel.lines.values()]
            edges = sum(line.belief.edges for line in panel.lines.values())
            counters = {**panel.counts, "faults": panel.board.faults, "edges": edges}
            running = self._running
        detail = "; ".join(fault for fault in faults if fault)
        if not running:
            return Health("gpio", Condition.DOWN, "the pins are not in use", counters)
        if detail:
            return Health("gpio", Condition.DEGRADED, detail, counters)
        detail = f"{_count(len(relays), 'relay')} and {_count(len(panel.lines), 'input')}"
        return Health("gpio", Condition.OK, detail, counters)

    def _now(self) -> int:
        """The time of an act; raises DeviceError when the pins are not in use."""
        if not self._running:
            raise DeviceError("the pins are not in use")
        return time.monotonic_ns()

    @staticmethod
    def _done(problems: Sequence[str]) -> None:
        if problems:
            raise DeviceError("; ".join(problems))

    def _edge(self, line: Line, *, first: bool | None = None, second: bool | None = None) -> None:
        """A raw edge, in whichever thread the pins call from. Takes the lock itself."""
        now = time.monotonic_ns()
        with self._lock:
            if not self._running:
                return
            self._panel.edge(line, now, first, second)

    def _due(self, at_ns: int) -> None:
        """Wake the timer for this; called under the lock."""
        if at_ns < self._next_ns:
            self._next_ns = at_ns
            self._wake.notify()

    # The threads.

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._running:
                    return
                now = time.monotonic_ns()
                audit = now >= self._audit_ns
                self._next_ns = self._audit_ns
                due = self._panel.work(now)
                self._next_ns = self._audit_ns if due is None else min(due, self._audit_ns)
                if not audit:
                    self._wake.wait(max(0, self._next_ns - now) / 1e9)
            if audit:
                self._audit()

    def _audit(self) -> None:
        """Compare everything with the pins; the lock is let go between any two of them."""
        self._audit_ns = time.monotonic_ns() + AUDIT_NS
        panel = self._panel
        for relay in panel.board.relays.values():
            with self._lock:
                if self._running:
                    panel.board.audit(relay, time.monotonic_ns())
        for line in panel.lines.values():
            with self._lock:
                if self._running:
                    panel.look_at(line, time.monotonic_ns())

    def _tell(self) -> None:
        while True:
            with self._lock:
                event = self._outbox.take()
                if event is None:
                    if not self._running:
                        return
                    self._news.wait(AUDIT_NS / 1e9)
                    continue
            self._outbox.emit(event)


def _trouble(line: Line) -> str:
    unknown = "unknown" if line.belief.level is None else ""
    what = ", ".join(part for part in (unknown, line.belief.fault) if part)
    return f"{line.spec.input}: {what}" if what else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
