"""All outputs of the gate: driven, ended in time, and compared with what reads back.

Rules kept here:
- a claimed output is at its exit level from the first moment: pulse outputs off, a kept one as it
  stands;
- a second pulse while the first lasts extends it, never toggles, and never beyond the output's
  longest time;
- an output that could not be turned off is tried again until it is off;
- what was commanded is compared with what reads back; nothing is turned on for it.

Every method but `levels` is called under the bank's lock. Times are monotonic nanoseconds.
"""

from collections.abc import Callable, Mapping, Sequence

from agent.core.events import OutputFaulted
from agent.core.ids import OutputId
from agent.errors import DeviceError
from agent.ports import Clock
from drivers.lines import FAULTS, Outbox, OutputSpec, Relay
from drivers.pins import PinFactory

RETRY_NS = 250_000_000

Turned = Callable[[OutputId, bool, int], None]


class RelayBoard:
    """The outputs by name. ``turned`` hears of every change, ``due`` when one has to end."""

    def __init__(
        self,
        specs: Sequence[OutputSpec],
        outbox: Outbox,
        clock: Clock,
        turned: Turned,
        due: Callable[[int], None],
    ) -> None:
        self.relays: Mapping[OutputId, Relay] = {spec.output: Relay(spec) for spec in specs}
        self.faults = 0
        self._outbox = outbox
        self._clock = clock
        self._turned = turned
        self._due = due

    def claim(self, factory: PinFactory, now_ns: int) -> list[str]:
        """Take every output at its exit level; what went wrong, in words."""
        problems = []
        for relay in self.relays.values():
            try:
                self._claim(relay, factory, now_ns)
            except FAULTS as error:
                problems.append(f"{relay.spec.output} (GPIO{relay.spec.pin}): {error}")
        return problems

    def all_off(self) -> list[str]:
        """Turn off every output that is not to be kept; what went wrong, in words."""
        problems = []
        for relay in self.relays.values():
            if relay.pin is None or relay.spec.on_exit == "keep":
                continue
            try:
                relay.pin.state = relay.spec.level(False)
            except FAULTS as error:
                problems.append(f"{relay.spec.output}: {error}")
            relay.on, relay.until_ns = False, None
        return problems

    def let_go(self) -> None:
        """Forget the pins; nothing changes on them."""
        for relay in self.relays.values():
            relay.pin = None

    def set(self, relay: Relay, on: bool, ms: int | None, now_ns: int) -> None:
        """Drive it. The pin comes first, the books after: this is the way of every grant.

        Raises DeviceError when the pin cannot be driven; that is told as a fault, too.
        """
        spec = relay.spec
        try:
            if relay.pin is None:
                raise DeviceError("not claimed: start the pins first")
            relay.pin.state = spec.level(on)
        except FAULTS as error:
            self.fault(relay, f"cannot be turned {'on' if on else 'off'}: {error}")
            raise DeviceError(f"{spec.output} (GPIO{spec.pin}): {relay.fault}") from error
        self._turned(spec.output, on, now_ns)
        until = None
        if on:
            until = None if ms is None else now_ns + ms * 1_000_000
            if not relay.on:
                relay.since_ns = now_ns
            elif until is not None:
                # A pulse during a pulse extends it; a pulse while held changes nothing.
                until = None if relay.until_ns is None else max(until, relay.until_ns)
            if spec.max_on_ms is not None:
                last = relay.since_ns + spec.max_on_ms * 1_000_000
                until = last if until is None else min(until, last)
        relay.on, relay.until_ns, relay.fault = on, until, ""
        if until is not None:
            self._due(until)

    def end(self, relay: Relay, refusal: str | None, now_ns: int) -> None:
        """A relay's time is over; letting a held arm down waits while there is a refusal."""
        relay.until_ns = now_ns + RETRY_NS
        if refusal is not None:
            self.fault(relay, f"its time is over; held on: {refusal}")
            return
        try:
            self.set(relay, False, None, now_ns)
        except DeviceError:
            # Told as a fault by `set`; the same thread tries again at `until_ns`.
            return

    def fault(self, relay: Relay, what: str) -> None:
        """Tell a fault, once for as long as it lasts."""
        if relay.fault != what:
            relay.fault = what
            self.faults += 1
            event = OutputFaulted(relay.spec.output, what, self._clock.now())
            self._outbox.put(event)

    def audit(self, relay: Relay, now_ns: int) -> None:
        """Compare one output with its pin."""
        try:
            reads_on = relay.reads_on()
        except FAULTS as error:
            self.fault(relay, f"cannot be read back: {error}")
            return
        if reads_on is relay.on:
            if relay.until_ns is None:
                relay.fault = ""
            return
        word = "on" if reads_on else "off"
        self.fault(relay, f"reads {word}, but was not turned {word}: see who else drives the pin")
        if reads_on and relay.spec.on_exit == "off":
            relay.on, relay.until_ns = True, now_ns
            self._due(now_ns)
        else:
            relay.on, relay.until_ns = reads_on, None

    @staticmethod
    def _claim(relay: Relay, factory: PinFactory, now_ns: int) -> None:
        spec = relay.spec
        level = spec.level(False)
        if spec.on_exit == "keep":
            standing = factory.standing(spec.pin)
            if standing is not None:
                level = int(standing)
        relay.pin = factory.pin(f"GPIO{spec.pin}")
        relay.pin.output_with_state(level)
        relay.on = level == spec.level(True)
        relay.since_ns = now_ns
