"""The composition root: the one file that names concrete drivers.

Rules kept here:
- the relays are brought to their exit level before anything else is opened;
- what was started is stopped in reverse, within five seconds, whatever fails on the way;
- the loop runs in the main thread, which owns the ledger.
"""

import gc
import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from agent import intercom_config, planning, planning_calls
from agent.booth import make_identities, make_printer, make_printing
from agent.centre import make_broker, serve_centre
from agent.control.server import ControlServer
from agent.core.entries import Entry
from agent.core.events import (
    Event,
    FrameFaulted,
    IntercomFound,
    IntercomLost,
    OutputFaulted,
    ReaderFound,
    ReaderLost,
    ReaderTampered,
)
from agent.core.gate import Gate
from agent.core.ids import InputId, LaneId
from agent.core.interlock import Interlock
from agent.core.personal import Level
from agent.core.plan import GatePlan
from agent.core.view import LaneView
from agent.errors import GateError
from agent.inbox import Inbox
from agent.info import describe
from agent.keys import card_reference_key, hmac_key, needed
from agent.loop import Loop
from agent.notify import Notifier
from agent.ports import Condition, Display, Head, Health, Intercom, Voice
from agent.protection import Protection
from agent.readers import make_readers
from agent.remembered import output_specs, relays_of, remember
from agent.requests import House, Requests
from agent.settings import Settings
from agent.settings.pins import ContactPin, InputPin
from agent.settings.units import milliseconds
from agent.settings.words import Backend
from agent.speaking import Speaking
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.seal import Disclosure
from agent.uplink.link import Uplink
from agent.uplink.service import Service
from agent.uplink.topics import Address
from agent.world import World
from drivers.baresip import Baresip
from drivers.clock import SystemClock, boot_id
from drivers.display import TextLine
from drivers.gpio import PinBank
from drivers.lines import InputSpec
from drivers.pin_factory import open_factory
from drivers.pins import PinFactory
from drivers.voice import Loudspeaker

ASK_S = 2.0
_STOP_S = 4.0
_log = logging.getLogger("gate.app")


class Daemon:
    """One gate, from its settings. `run` returns when it was stopped.

    ``pins`` are those to work on, if not the ones that the settings name.
    """

    def __init__(self, settings: Settings, pins: PinFactory | None = None) -> None:
        self.settings = settings
        plan = planning_calls.with_pin(planning.gate_plan(settings), settings)
        self.plan = planning_calls.with_duress(plan, settings)
        self.clock = SystemClock(assume_synced=settings.clock.assume_synced)
        self.inbox = Inbox({name: plan.quiet_ns for name, plan in self.plan.readers.items()})
        self._notifier = Notifier()
        self._bank = make_bank(settings, self.plan, self.clock, pins)
        self._readers = make_readers(settings, self.clock, self.inbox.begun)
        self._displays = make_displays(settings)
        self._voices = make_voices(settings, self._in_call)
        self._printer = make_printer(settings)
        self._identities = make_identities(settings)
        self._intercom = make_intercom(settings, self.clock)
        self._uplink: Uplink | None = None
        self._ready = False
        self._loop: Loop | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; raises GateError when it cannot start."""
        stops: list[tuple[str, Callable[[], None]]] = []
        if self.settings.gpio.backend is Backend.MOCK:
            _log.warning("gpio.backend is mock: the pins are in memory, and nothing is moved")
        try:
            self._bank.start(self._heard)
            stops.append(("relays", self._bank.stop))
            self._remember_relays()
            ledger = open_ledger(self.settings)
            stops.append(("ledger", ledger.close))
            loop = self._compose(ledger, stops)
            self._watch_signals(loop)
            loop.run()
            self._notifier.stopping()
            _log.info("the gate stops in order")
        finally:
            self._stop(stops)

    def _compose(self, ledger: Ledger, stops: list[tuple[str, Callable[[], None]]]) -> Loop:
        listeners: list[Any] = []
        zone = ZoneInfo(self.settings.timezone)
        world = World(
            ledger,
            self._bank,
            self._readers,
            self.clock,
            listeners,
            self._beat,
            ledger.rehearse,
            self._displays,
            lambda: self._health(ledger, loop),
            self._intercom,
        )
        loop = self._loop = Loop(Gate(self.plan), self.inbox, zone, world)
        house = House(
            self.plan,
            zone,
            self.clock,
            lambda: ledger,
            lambda run: self.inbox.ask(run, ASK_S),
            lambda: Reading.open(self.settings.paths.ledger),
            loop,
            lambda: self._health(ledger, loop),
            Protection(self._bank, self.plan.lanes, ledger.answered()).act,
            self._identities,
        )
        stops.append(("errands", loop.drain))
        printing = make_printing(self.settings, house, self._printer)
        handlers = {**Requests(house).handlers(), **printing.handlers()}
        control = ControlServer(self.settings.paths.control, handlers)
        control.start()
        stops.append(("control", control.stop))
        listeners.append(control)
        if self.settings.uplink is not None:
            service = serve_centre(self.settings, house, ledger, loop, self.inbox, stops)
            self._uplink = self._make_uplink(ledger, service)
            listeners.append(_Told(self._uplink))
            self._uplink.start()
            stops.append(("uplink", self._uplink.stop))
        if self._voices:
            listeners.append(Speaking(self._voices, self.clock))
        for lane, voice in self._voices.items():
            voice.start()
            stops.append((f"voice {lane}", voice.stop))
        if self._printer is not None:
            self._printer.start()
            stops.append(("printer", self._printer.stop))
        if self._intercom is not None:
            self._intercom.start(self._heard)
            stops.append(("intercom", self._intercom.stop))
        for lane, display in self._displays.items():
            display.start()
            stops.append((f"display {lane}", display.stop))
        for name, reader in self._readers.items():
            reader.start(self._heard)
            stops.append((name, reader.stop))
        return loop

    def _heard(self, event: Event | FrameFaulted) -> None:
        """What a driver tells goes to the inbox; what an installer looks for, to the log too."""
        if isinstance(event, ReaderLost):
            _log.warning("reader %s is lost: %s", event.reader, event.detail)
        elif isinstance(event, ReaderFound):
            _log.info("reader %s is there: %s", event.reader, event.detail)
        elif isinstance(event, ReaderTampered):
            _log.warning("reader %s: tamper contact open: %s", event.reader, event.open)
        elif isinstance(event, OutputFaulted):
            _log.error("output %s: %s", event.output, event.detail)
        elif isinstance(event, IntercomLost):
            _log.warning("the intercom is lost: %s", event.detail)
        elif isinstance(event, IntercomFound):
            _log.info("the intercom is there")
        self.inbox.put(event)

    def _in_call(self, lane: LaneId) -> bool:
        return self._loop is not None and self._loop.in_call(lane)

    def _remember_relays(self) -> None:
        try:
            remember(self.settings.paths.state, relays_of(self.settings))
        except OSError as fault:
            _log.warning("relays-safe will need a faultless configuration: %s", fault)

    def _make_uplink(self, ledger: Ledger, service: Service) -> Uplink:
        settings = self.settings
        return Uplink(
            make_broker(settings),
            Address(settings.estate, settings.gate),
            journal=lambda: Reading.open(settings.paths.ledger),
            published=ledger.published(),
            next_session=lambda: self.inbox.ask(ledger.next_session, 5.0),
            save_published=lambda seq: self.inbox.tell(partial(ledger.save_published, seq)),
            info=lambda: describe(self.plan),
            boot=boot_id(),
            clock=self.clock,
            service=service,
            disk=settings.paths.state,
        )

    def _beat(self) -> None:
        text = f"{self.plan.estate}/{self.plan.agent}: lanes {', '.join(self.plan.lanes)}"
        if self._uplink is not None:
            text += f"; {self._uplink.health().detail}"
        if self._ready:
            self._notifier.alive(text)
        else:
            self._ready = True
            self._notifier.ready(text)
            _log.info("the gate is ready: %s", text)
            # All this stays; to look through it for garbage takes 20 ms, and may come amid a tap.
            gc.freeze()

    def _health(self, ledger: Ledger, loop: Loop) -> Sequence[Health]:
        quality = self.clock.now().quality
        good = Condition.OK if quality.trusted else Condition.DEGRADED
        parts = [loop.health(), ledger.health(), self._pins_health()]
        parts += [reader.health() for reader in self._readers.values()]
        parts += [display.health() for display in self._displays.values()]
        parts += [voice.health() for voice in self._voices.values()]
        if self._printer is not None:
            parts.append(self._printer.health())
        if self._intercom is not None:
            parts.append(self._intercom.health())
        parts.append(Health("clock", good, f"the clock is {quality.value}"))
        if self._uplink is None:
            parts.append(Health("uplink", Condition.OK, "no broker is configured"))
        else:
            parts.append(self._uplink.health())
        return parts

    def _pins_health(self) -> Health:
        health = self._bank.health()
        if self.settings.gpio.backend is not Backend.MOCK:
            return health
        detail = "pins in memory (gpio.backend: mock): nothing is moved"
        return Health(health.part, Condition.DEGRADED, detail, health.counters)

    def _watch_signals(self, loop: Loop) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            name = signal.Signals(number).name
            signal.signal(number, lambda *_, name=name: loop.stop(name))

    def stop(self, reason: str) -> None:
        """End `run` in order; from any thread."""
        if self._loop is not None:
            self._loop.stop(reason)

    def _stop(self, stops: list[tuple[str, Callable[[], None]]]) -> None:
        """Stop all readers at once, then the rest in reverse; nothing keeps the others waiting."""
        readers = [(name, stop) for name, stop in stops if name in self._readers]
        threads = [
            threading.Thread(target=_quietly, args=each, name="stop", daemon=True)
            for each in readers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_STOP_S / 2)
        for name, stop in reversed(stops):
            if name not in self._readers:
                _quietly(name, stop)


class _Told:
    """Tells the uplink what was committed."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink

    def committed(self, head: Head, first: int, entries: Sequence[Entry]) -> None:
        del first, entries
        self._uplink.committed(head)

    def lanes(self, views: Sequence[LaneView]) -> None:
        self._uplink.lanes(views)


def _quietly(name: str, stop: Callable[[], None]) -> None:
    try:
        stop()
    except (GateError, OSError) as fault:
        _log.error("%s did not stop well: %s", name, fault)


def open_ledger(settings: Settings, boot: str = "") -> Ledger:
    """Open the ledger for writing, in this boot unless told; StoreError: another process does."""
    settings.paths.state.mkdir(parents=True, exist_ok=True)
    level = Level.MASKED
    if settings.uplink is not None:
        level = Level(settings.uplink.personal)
    secret = settings.card_reference_key
    if secret is None:
        key = card_reference_key(settings.paths.state / "card-reference.key")
    else:
        key = needed("card_reference_key", hmac_key, secret)
    identity = Identity(settings.estate, settings.gate)
    return Ledger.open(
        settings.paths.ledger,
        identity,
        Disclosure(level, key),
        boot or boot_id(),
        erase_after_us=settings.privacy.erase_after // timedelta(microseconds=1),
    )


def make_bank(
    settings: Settings, plan: GatePlan, clock: SystemClock, pins: PinFactory | None = None
) -> PinBank:
    """All relays and inputs behind one lock."""
    wired = [
        (planning.input_id(name, role), pin)
        for name, lane in settings.lanes.items()
        for role, pin in lane.wired().items()
    ]
    common = settings.emergency.wired().items()
    wired += [(planning.input_id("gate", role), pin) for role, pin in common]
    inputs = [_input_spec(name, pin) for name, pin in wired]
    arms = {name: lane.arm for name, lane in plan.lanes.items()}
    interlock = Interlock(arms, plan.emergency.fire)
    factory = pins or open_factory(settings.gpio.backend.value, settings.gpio.socket)
    return PinBank(factory, output_specs(settings), inputs, interlock, clock)


def _input_spec(name: InputId, pin: InputPin | ContactPin) -> InputSpec:
    longest = pin.longest if isinstance(pin, InputPin) else None
    return InputSpec(
        name,
        pin.pin,
        pin.active == "low",
        pin.pull.value,
        milliseconds(pin.debounce),
        None if pin.pair is None else pin.pair.pin,
        pin.active == "high",  # the second contact of a pair says the opposite
        None if longest is None else milliseconds(longest),
    )


def make_displays(settings: Settings) -> Mapping[LaneId, Display]:
    """The text line of every lane that has one, not started."""
    found: dict[LaneId, Display] = {}
    for name, lane in settings.lanes.items():
        display = lane.signals.display
        if display is not None:
            port, columns = str(display.port), display.columns
            encoding = display.encoding.value
            found[LaneId(name)] = TextLine(LaneId(name), port, display.baud, encoding, columns)
    return found


def make_voices(settings: Settings, in_call: Callable[[LaneId], bool]) -> Mapping[LaneId, Voice]:
    """The loudspeaker of every lane that has recordings, not started."""
    return {
        LaneId(name): Loudspeaker(
            LaneId(name), lane.voice.sounds, lane.voice.device, partial(in_call, LaneId(name))
        )
        for name, lane in settings.lanes.items()
        if lane.voice is not None
    }


def make_intercom(settings: Settings, clock: SystemClock) -> Intercom | None:
    """The control connection of baresip, not started; None where there is no intercom."""
    if settings.intercom is None:
        return None
    told = settings.intercom
    return Baresip("127.0.0.1", told.control_port, clock, sounds=intercom_config.sounds(told))
