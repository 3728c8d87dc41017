"""A card reader on an OSDP line: what its device tells becomes events, what it is becomes health.

Rules kept here:
- losing or finding the reader is told once for each change; no event leaves after `stop`;
- tamper is told at each change, and stands in health while it lasts, as does a failed power supply;
- keys are counted and handed on; no card number and no key is written to a log or into health;
- every card that does not fit the configured format is counted, `FAULTS_PER_SECOND` are told.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from agent.core.effects import Verdict
from agent.core.events import (
    CardRead,
    Event,
    FrameFaulted,
    KeysTyped,
    ReaderFound,
    ReaderLost,
    ReaderTampered,
)
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.errors import DeviceError, GateError
from agent.ports import Clock, Condition, Emit, Health
from drivers.osdp_bus import OsdpBus
from drivers.osdp_device import Device
from drivers.osdp_keys import read_key
from drivers.osdp_panel import CardSeen, Heard, KeysPressed, KeyStored, LocalStatus, Secure
from drivers.osdp_signs import STATUS, commands
from drivers.wire.frame import Fault, Frame
from drivers.wire.osdp_card import card, text
from drivers.wire.wiegand import Meaning

FAULTS_PER_SECOND: Final = 3
FAULTS_IN_A_ROW: Final = 3

_SECOND_NS = 1_000_000_000
_COUNTERS: Final = ("frames", "keys", "faults", "reconnects", "restarts", "late_signs")


class OsdpReader:
    """A `agent.ports.CardReader` at ``address`` (0 to 126) of a line.

    ``secret`` gives the secure channel's key when the reader is started; it may raise GateError.
    ``form`` is one of `drivers.wire.osdp_card.FORMATS`, or a layout. ``texts``: what the reader's
    display shows.
    Raises DeviceError for an address beyond 126.
    """

    def __init__(
        self,
        reader: ReaderId,
        bus: OsdpBus,
        address: int,
        clock: Clock,
        *,
        secret: Callable[[], bytes] | None,
        secure: Secure = "required",
        form: str | Meaning = "wiegand",
        texts: Mapping[Verdict, str] | None = None,
    ) -> None:
        if not 0 <= address <= 126:
            raise DeviceError(f"reader {reader}: OSDP addresses are 0 to 126, not {address}")
        self._reader = reader
        self._bus = bus
        self._address = address
        self._clock = clock
        self._secret = secret
        self._secure = secure
        self._form = form
        self._texts = dict(texts or {})
        self._device: Device | None = None
        self._gate = threading.Lock()  # held while an event leaves, so that stop() can end that
        self._emit: Emit | None = None
        self._started = False
        self._present: bool | None = None
        self._detail = "not started"
        self._stored = False
        self._status = LocalStatus(tampered=False, power_failed=False)
        self._counters = Counter(dict.fromkeys(_COUNTERS, 0))
        self._faults_in_a_row = 0
        self._why = ""
        self._window_ns = self._told = 0

    def start(self, emit: Emit) -> None:
        """Begin to read; raises DeviceError when it was started before."""
        if self._started:
            raise DeviceError(f"reader {self._reader} is started already: make a new one instead")
        self._started = True
        self._emit = emit
        key = None
        if self._secure != "off":
            try:
                key = read_key(self._secret() if self._secret is not None else b"")
            except GateError as fault:
                self.went(f"{fault}")
                return
        self._device = Device(self._address, self._bus.baud, key, self._secure)
        self._device.belongs(self, self._bus.wake, STATUS)
        self._bus.add(self._device)

    def stop(self) -> None:
        """Leave the device alone; the last reader of a line ends its thread. Safe to call twice.

        Raises DeviceError when that does not end within two seconds.
        """
        with self._gate:
            self._emit = None
        if self._device is not None:
            self._bus.remove(self._device)

    def show(self, verdict: Verdict) -> None:
        """Lamp, buzzer and text, as far as the reader has them."""
        device = self._device
        if device is None or not device.up:
            self._counters["late_signs"] += 1
            return
        told = commands(verdict, self._texts.get(verdict, ""), device.can)
        device.put(told, time.monotonic())

    def health(self) -> Health:
        """The device and its counters. ``restarts``: how often it was looked for anew."""
        condition, detail = Condition.UNKNOWN, self._detail
        if self._present is not None:
            condition = Condition.OK if self._present else Condition.DOWN
        for trouble in self._troubles() if self._present else ():
            condition, detail = Condition.DEGRADED, f"{trouble} ({self._detail})"
            break
        counters = dict(self._counters)
        if self._device is not None:
            counters["restarts"] = self._device.restarts
        return Health(f"reader {self._reader}", condition, detail, counters)

    def _troubles(self) -> list[str]:
        """What is not well, the worst first."""
        troubles = []
        if self._status.tampered:
            troubles.append("the reader's case is open, or it was taken off the wall: look at it")
        if self._secure == "install":
            done = f"our key is in the reader, {'stored now' if self._stored else 'as before'}"
            troubles.append(
                f"INSTALL MODE: {done}; write secure: required now, because in install mode "
                "anybody on the wires can give the gate a reader with the default key"
            )
        if self._status.power_failed:
            troubles.append("the reader says that its power supply failed")
        if self._faults_in_a_row >= FAULTS_IN_A_ROW:
            troubles.append(
                f"{self._faults_in_a_row} cards in a row are not of the configured format: "
                f"{self._why}; configure another format, or raw"
            )
        return troubles

    # -- drivers.osdp_device.Owner, in the line's thread

    def came(self, detail: str) -> None:
        """The device is up."""
        how = {
            "required": "secure channel",
            "install": "secure channel, install mode",
            "off": "PLAIN TEXT: whoever reaches the wires can listen and imitate cards",
        }[self._secure]
        self._detail = (
            f"address {self._address} on {self._bus.port} at {self._bus.baud} baud, {how}; {detail}"
        )
        if self._present is not True:
            if self._present is not None:
                self._counters["reconnects"] += 1
            self._present = True
            self._leave(ReaderFound(self._reader, self._detail, self._clock.now()))

    def went(self, detail: str) -> None:
        """The device is not to be had."""
        self._detail = detail
        if self._present is not False:
            self._present = False
            self._leave(ReaderLost(self._reader, detail, self._clock.now()))

    def heard(self, told: Heard) -> None:
        """The device told something."""
        if isinstance(told, CardSeen):
            self._card(told)
        elif isinstance(told, KeysPressed):
            self._leave(KeysTyped(self._reader, told.keys, self._clock.now()))
            self._counters["keys"] += len(told.keys)
        elif isinstance(told, LocalStatus):
            was, self._status = self._status, told
            if was.tampered != told.tampered:
                event = ReaderTampered(self._reader, told.tampered, self._clock.now())
                self._leave(event)
        elif isinstance(told, KeyStored):
            self._stored = True

    def _card(self, seen: CardSeen) -> None:
        found = text(seen.data) if seen.characters else card(self._form, seen.count, seen.data)
        now = self._clock.now()
        if isinstance(found, Frame):
            scheme, _, digits = found.credential.partition(":")
            self._counters["frames"] += 1
            self._faults_in_a_row = 0
            self._leave(CardRead(self._reader, Credential(scheme, digits), now))
        else:
            self._fault(found)

    def _fault(self, fault: Fault) -> None:
        self._counters["faults"] += 1
        self._faults_in_a_row += 1
        # A sentence may name the card that it would be; health names none.
        self._why = f"{fault.reason}, {fault.fields.get('bits', len(fault.raw) * 8)} bits"
        now = self._clock.now()
        if now.mono_ns - self._window_ns >= _SECOND_NS:
            self._window_ns, self._told = now.mono_ns, 0
        if self._told < FAULTS_PER_SECOND:
            self._told += 1
            self._leave(FrameFaulted(self._reader, fault.reason, fault.raw, now))

    def _leave(self, event: Event | FrameFaulted) -> None:
        with self._gate:
            if self._emit is not None:
                self._emit(event)
