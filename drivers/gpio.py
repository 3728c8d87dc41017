"""Relays and inputs of the gate, on gpiozero's pins, behind one lock.

Rules kept here:
- starting moves no relay: pulse outputs are claimed at their off level, a kept output is read
  back and claimed at the level it has; only then are inputs looked at;
- one lock for all outputs; exclusion and refusals come from the interlock, under that lock; what
  it orders because of an edge is done at the edge itself, before anybody is told;
- a pulse is ended by the thread ``relay-timer`` and by nothing else; a second pulse while the
  first lasts extends it, never toggles, and never beyond the output's longest time;
- stopping drives every pulse output off before anything is let go, and lets go of no output:
  gpiozero's ``close`` would make the line float. A kept output is left as it is;
- what was commanded is compared with what reads back, every second; nothing is turned on for it.
"""

import threading
import time
from collections.abc import Mapping, Sequence

from agent.core.events import InputChanged, OutputFaulted, Protected
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.interlock import Act, Interlock
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health, Inputs
from drivers.debounce import Debounce
from drivers.lines import FAULTS, InputLevels, InputSpec, Line, Outbox, OutputSpec, Relay
from drivers.pin_factory import Backend, open_factory
from drivers.pins import PULLS, PinFactory
from drivers.safe import relays_safe

__all__ = ["Backend", "InputSpec", "OutputSpec", "PinBank", "open_factory", "relays_safe"]

AUDIT_NS = 1_000_000_000
RETRY_NS = 250_000_000
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
        self._interlock = interlock
        self._clock = clock
        self._relays = {spec.output: Relay(spec) for spec in outputs}
        self._lines = {
            spec.input: Line(
                spec,
                self._edge,
                Debounce(spec.debounce_ms * 1_000_000, eager=interlock.at_once(spec.input) is True),
            )
            for spec in inputs
        }
        self._levels: dict[InputId, bool | None] = dict.fromkeys(self._lines)
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._outbox = Outbox(lambda _event: None)
        self._thread: threading.Thread | None = None
        self._running = False
        self._next_ns = 0
        self._audit_ns = 0
        self._counts = dict.fromkeys(("pulses", "refused", "lifted", "faults"), 0)
        self.inputs: Inputs = InputLevels(self._levels)

    def start(self, emit: Emit) -> None:
        """Claim the outputs at their exit level, then the inputs; emit every first level.

        Raises DeviceError, after every other output was brought to its exit level, when a pin
        cannot be claimed.
        """
        self._outbox.emit = emit
        problems: list[str] = []
        with self._lock:
            for relay in self._relays.values():
                try:
                    self._claim(relay)
                except FAULTS as error:
                    problems.append(f"{relay.spec.output} (GPIO{relay.spec.pin}): {error}")
            if not problems:
                problems.extend(self._listen())
            if problems:
                raise DeviceError(f"pins cannot be used: {'; '.join(problems)}")
            self._running = True
            self._audit_ns = time.monotonic_ns() + AUDIT_NS
        self._outbox.flush()
        self._thread = threading.Thread(target=self._run, name="relay-timer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Every pulse output off, then let go of the pins; safe to call twice.

        Raises DeviceError, after all that, when an output could not be driven off.
        """
        problems: list[str] = []
        with self._lock:
            self._running = False
            self._wake.notify_all()
            for relay in self._relays.values():
                if relay.pin is None or relay.spec.on_exit == "keep":
                    continue
                try:
                    relay.pin.state = relay.spec.level(False)
                except FAULTS as error:
                    problems.append(f"{relay.spec.output}: {error}")
                relay.on, relay.until_ns = False, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(PATIENCE_S)
        self._factory.close()
        for relay in self._relays.values():
            relay.pin = None
        for line in self._lines.values():
            line.pin = None
        if problems:
            raise DeviceError(f"left on, cut the power of these relays: {'; '.join(problems)}")

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        """On for ``ms`` milliseconds, at most the output's longest time; see `Outputs.pulse`."""
        if ms <= 0:
            raise DeviceError(f"{output}: a pulse of {ms} ms is none: ask for 1 ms or more")
        with self._lock:
            self._change(output, True, ms, decided_ns)
            self._counts["pulses"] += 1
        self._outbox.flush()

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        """Hold on, at most for the output's longest time, or let go; see `Outputs.switch`."""
        with self._lock:
            self._change(output, on, None, decided_ns)
        self._outbox.flush()

    def stop_arm(self, lane: LaneId) -> None:
        """The guard's stop; see `Outputs.stop_arm`."""
        with self._lock:
            now = time.monotonic_ns()
            self._carry_out(self._interlock.stop(lane, now), None, now)
        self._outbox.flush()

    def reopen(self, lane: LaneId) -> None:
        """Lift an arm that goes down; see `Outputs.reopen`."""
        with self._lock:
            now = time.monotonic_ns()
            self._carry_out(self._interlock.reopen(lane, now), None, now)
        self._outbox.flush()

    def hold_fire(self, on: bool) -> None:
        """Forbid closing, or allow it again; see `Outputs.hold_fire`."""
        with self._lock:
            now = time.monotonic_ns()
            self._carry_out(self._interlock.hold_fire(on, self._levels, now), None, now)
        self._outbox.flush()

    def test(self, lane: LaneId) -> None:
        """Test the sensors of a lane; see `Outputs.test`."""
        raise DeviceError(f"lane {lane}: no sensor here can be tested")

    def levels(self) -> Mapping[OutputId, bool | None]:
        """What each relay does now, read back; None where it cannot be read."""
        found: dict[OutputId, bool | None] = {}
        for name, relay in self._relays.items():
            with self._lock:
                try:
                    found[name] = relay.reads_on()
                except FAULTS:
                    found[name] = None
        return found

    def health(self) -> Health:
        """One line for all pins; reads no pin."""
        with self._lock:
            relays = self._relays.items()
            faults = [f"{name}: {relay.fault}" for name, relay in relays if relay.fault]
            unknown = [f"{name}: unknown" for name, level in self._levels.items() if level is None]
            edges = sum(line.belief.edges for line in self._lines.values())
            counters = {**self._counts, "edges": edges}
            running = self._running
        detail = "; ".join((*faults, *unknown))
        if not running:
            return Health("gpio", Condition.DOWN, "the pins are not in use", counters)
        if detail:
            return Health("gpio", Condition.DEGRADED, detail, counters)
        detail = f"{_count(len(self._relays), 'relay')} and {_count(len(self._lines), 'input')}"
        return Health("gpio", Condition.OK, detail, counters)

    # What follows is called under the lock.

    def _claim(self, relay: Relay) -> None:
        spec = relay.spec
        level = spec.level(False)
        if spec.on_exit == "keep":
            standing = self._factory.standing(spec.pin)
            if standing is not None:
                level = int(standing)
        relay.pin = self._factory.pin(f"GPIO{spec.pin}")
        relay.pin.output_with_state(level)
        relay.on = level == spec.level(True)
        relay.since_ns = time.monotonic_ns()

    def _listen(self) -> list[str]:
        problems = []
        for name, line in self._lines.items():
            try:
                line.pin = self._factory.pin(f"GPIO{line.spec.pin}")
                line.pin.input_with_pull(PULLS[line.spec.pull])
                line.pin.when_changed = line.changed
                line.belief.begin(line.raw())
            except FAULTS as error:
                problems.append(f"{name} (GPIO{line.spec.pin}): {error}")
            self._tell(line)
        return problems

    def _change(self, output: OutputId, on: bool, ms: int | None, decided_ns: int | None) -> None:
        relay = self._relays.get(output)
        if relay is None or not self._running:
            why = "no such output: see the settings" if relay is None else "the pins are not in use"
            raise DeviceError(f"{output}: {why}")
        if decided_ns is not None and self._interlock.overtaken(output, on, decided_ns):
            return
        refusal = self._interlock.refuse(output, on, self._levels, time.monotonic_ns())
        if refusal is not None:
            self._counts["refused"] += 1
            raise DeviceError(refusal)
        now = time.monotonic_ns()
        for act in self._interlock.before(output, on):
            self._act(act, now)
        self._set(relay, on, ms, now)

    def _act(self, act: Act, now: int) -> None:
        other = self._relays.get(act.output)
        if other is None:
            raise DeviceError(f"{act.output}: no such output, but the interlock needs it")
        if act.on or other.on:
            self._set(other, act.on, act.ms, now)

    def _set(self, relay: Relay, on: bool, ms: int | None, now: int) -> None:
        """Drive it. The pin comes first, the books after: this is the way of every grant."""
        spec = relay.spec
        try:
            if relay.pin is None:
                raise DeviceError("not claimed: start the pins first")
            relay.pin.state = spec.level(on)
        except FAULTS as error:
            self._fault(relay, f"cannot be turned {'on' if on else 'off'}: {error}")
            raise DeviceError(f"{spec.output} (GPIO{spec.pin}): {relay.fault}") from error
        self._interlock.turned(spec.output, on, now)
        until = None
        if on:
            until = None if ms is None else now + ms * 1_000_000
            if not relay.on:
                relay.since_ns = now
            elif until is not None:
                # A pulse during a pulse extends it; a pulse while held changes nothing.
                until = None if relay.until_ns is None else max(until, relay.until_ns)
            if spec.max_on_ms is not None:
                last = relay.since_ns + spec.max_on_ms * 1_000_000
                until = last if until is None else min(until, last)
        relay.on, relay.until_ns, relay.fault = on, until, ""
        self._due(until)

    def _due(self, at_ns: int | None) -> None:
        if at_ns is not None and at_ns < self._next_ns:
            self._next_ns = at_ns
            self._wake.notify()

    def _fault(self, relay: Relay, what: str) -> None:
        if relay.fault != what:
            relay.fault = what
            self._counts["faults"] += 1
            event = OutputFaulted(relay.spec.output, what, self._clock.now())
            self._outbox.put(event)

    def _tell(self, line: Line) -> None:
        name, belief = line.spec.input, line.belief
        self._levels[name] = belief.level
        self._outbox.put(InputChanged(name, belief.level, belief.edges, self._clock.now()))

    def _protect(self, name: InputId, active: bool | None, now: int) -> None:
        acts = self._interlock.edge(name, {**self._levels, name: active}, now)
        self._carry_out(acts, name, now)

    def _carry_out(self, acts: Sequence[Act], name: InputId | None, now: int) -> None:
        for act in acts:
            try:
                self._act(act, now)
            except DeviceError as error:
                other = self._relays.get(act.output)
                if other is None:
                    event = OutputFaulted(act.output, str(error), self._clock.now())
                    self._outbox.put(event)
                continue
            if act.what:
                self._counts["lifted"] += 1
                self._outbox.put(Protected(act.what, act.output, name, self._clock.now()))

    def _edge(self, line: Line, active: bool) -> None:
        """A raw edge, in whichever thread the pins call from. Takes the lock itself."""
        now = time.monotonic_ns()
        with self._lock:
            if not self._running:
                return
            self._believe(line, line.belief.edge(active, now), now)
            self._due(line.belief.settle_ns)
        self._outbox.flush()

    def _believe(self, line: Line, news: bool, now: int) -> None:
        """Act on a belief that changed, then tell it; safety is believed at its first edge."""
        if not news:
            return
        if self._levels[line.spec.input] is not line.belief.level:
            self._protect(line.spec.input, line.belief.level, now)
        self._tell(line)

    def _end(self, relay: Relay, now: int) -> None:
        """A relay's time is over; letting a held arm down waits until nobody is under it."""
        refusal = self._interlock.refuse(relay.spec.output, False, self._levels, now)
        relay.until_ns = now + RETRY_NS
        if refusal is not None:
            self._fault(relay, f"its time is over; held on: {refusal}")
            return
        try:
            self._set(relay, False, None, now)
        except DeviceError:
            # Told as a fault by `_set`; the same thread tries again at `until_ns`.
            return

    def _settle(self, line: Line, now: int) -> None:
        try:
            raw = line.raw()
        except FAULTS:
            self._believe(line, line.belief.lose(), now)
        else:
            self._believe(line, line.belief.settle(raw, now), now)

    def _audit_relay(self, relay: Relay, now: int) -> None:
        try:
            reads_on = relay.reads_on()
        except FAULTS as error:
            self._fault(relay, f"cannot be read back: {error}")
            return
        if reads_on is relay.on:
            if relay.until_ns is None:
                relay.fault = ""
            return
        word = "on" if reads_on else "off"
        self._fault(relay, f"reads {word}, but was not turned {word}: see who else drives the pin")
        if reads_on and relay.spec.on_exit == "off":
            relay.on, relay.until_ns = True, now
        else:
            relay.on, relay.until_ns = reads_on, None

    def _audit_line(self, line: Line, now: int) -> None:
        try:
            raw = line.raw()
        except FAULTS:
            self._believe(line, line.belief.lose(), now)
            return
        if line.belief.settle_ns is not None or line.belief.level is raw:
            return
        if line.belief.level is None:
            line.belief.begin(raw)
            self._believe(line, True, now)
            return
        # An edge that never reached us: the kernel's queue of events is short.
        self._believe(line, line.belief.edge(raw, now), now)

    # The thread.

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._running:
                    return
                now = time.monotonic_ns()
                audit = now >= self._audit_ns
                self._work(now)
                if not audit and not self._outbox.waiting:
                    self._wake.wait(max(0, self._next_ns - now) / 1e9)
            self._outbox.flush()
            if audit:
                self._audit()

    def _work(self, now: int) -> None:
        for relay in self._relays.values():
            if relay.until_ns is not None and now >= relay.until_ns:
                self._end(relay, now)
        for line in self._lines.values():
            if line.belief.settle_ns is not None and now >= line.belief.settle_ns:
                self._settle(line, now)
        dues = [relay.until_ns for relay in self._relays.values()]
        dues += [line.belief.settle_ns for line in self._lines.values()]
        self._next_ns = min((due for due in dues if due is not None), default=self._audit_ns)
        self._next_ns = min(self._next_ns, self._audit_ns)

    def _audit(self) -> None:
        """Compare everything with the pins; the lock is let go between any two of them."""
        self._audit_ns = time.monotonic_ns() + AUDIT_NS
        for relay in self._relays.values():
            with self._lock:
                if self._running:
                    self._audit_relay(relay, time.monotonic_ns())
        for line in self._lines.values():
            with self._lock:
                if self._running:
                    self._audit_line(line, time.monotonic_ns())
        self._outbox.flush()


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
