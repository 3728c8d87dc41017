"""The readers, out of the settings: a part of the composition root.

Rules kept here:
- a driver is imported where it is made, so that a gate carries its own libraries only;
- what shares a line (an address, an antenna) is made once for the line;
- the form of the numbers is put on here, for all drivers alike (`agent.numbers`).
"""

from collections.abc import Callable, Mapping
from functools import partial

from agent.core.effects import Verdict
from agent.core.ids import ReaderId
from agent.numbers import shaped
from agent.ports import CardReader
from agent.settings import Settings
from agent.settings.reader_osdp import OsdpReader
from agent.settings.reader_pn532 import Pn532Reader
from agent.settings.reader_uhf import UhfReader
from agent.settings.reader_wiegand import WiegandReader
from agent.settings.readers import PcscReader, SerialReader
from agent.settings.units import nanoseconds
from agent.settings.words import CardTypes, Level
from drivers.clock import SystemClock
from drivers.wire import registry
from drivers.wire.pn532_cards import Kind

Begun = Callable[[ReaderId], None]


def make_readers(
    settings: Settings, clock: SystemClock, begun: Begun
) -> Mapping[ReaderId, CardReader]:
    """Every configured reader, not started; ``begun`` hears when a frame begins to come."""
    readers: dict[ReaderId, CardReader] = {}
    for name, reader in settings.readers.items():
        key = ReaderId(name)
        if isinstance(reader, PcscReader):
            readers[key] = _pcsc(key, reader, clock)
        elif isinstance(reader, SerialReader):
            readers[key] = _serial(key, reader, clock, begun, settings)
        elif isinstance(reader, Pn532Reader):
            readers[key] = _pn532(key, reader, clock)
        elif isinstance(reader, WiegandReader):
            readers[key] = _wiegand(key, reader, clock, settings)
    readers.update(_uhf(settings, clock))
    readers.update(_osdp(settings, clock))
    return shaped(readers, settings.readers)


def _pcsc(key: ReaderId, reader: PcscReader, clock: SystemClock) -> CardReader:
    from drivers.pcsc import PcscReader as Pcsc

    if reader.authenticate is None:
        return Pcsc(key, reader.name, clock, lamp=reader.lamp)
    from agent.proofs import make_prove

    prove = make_prove(key, reader.authenticate)
    return Pcsc(key, reader.name, clock, lamp=reader.lamp, prove=prove)


def _serial(
    key: ReaderId, reader: SerialReader, clock: SystemClock, begun: Begun, settings: Settings
) -> CardReader:
    from drivers.serial_reader import SerialReader as Serial

    options = registry.Options(checksum=reader.checksum.value, format=reader.format)
    if reader.protocol in {"line", "qr-pass"}:
        options = registry.Options(
            pattern=reader.pattern,
            scheme=reader.scheme or options.scheme,
            encoding=reader.encoding.value,
        )
    decoder = registry.make_decoder(reader.protocol, options)
    if reader.protocol != "qr-pass":
        return Serial(key, str(reader.port), reader.baud, decoder, clock, begun)
    from agent.qr_passes import judge_of

    shown = judge_of(settings).frame
    return Serial(key, str(reader.port), reader.baud, decoder, clock, begun, shown)


def _pn532(key: ReaderId, reader: Pn532Reader, clock: SystemClock) -> CardReader:
    from drivers.pn532 import Pn532Reader as Module

    kinds: tuple[Kind, ...] = ("a",) if reader.cards is CardTypes.A else ("b",)
    if reader.cards is CardTypes.BOTH:
        kinds = ("a", "b")
    prove = None
    if reader.authenticate is not None:
        from agent.proofs import make_prove

        prove = make_prove(key, reader.authenticate)
    return Module(key, str(reader.port), clock, baud=reader.baud, kinds=kinds, prove=prove)


def _wiegand(
    key: ReaderId, reader: WiegandReader, clock: SystemClock, settings: Settings
) -> CardReader:
    from drivers.pin_factory import open_factory
    from drivers.wiegand_lamp import LampSpec
    from drivers.wiegand_pins import WiegandPins, WiegandSpec

    lamps = [
        None if lamp is None else LampSpec(lamp.pin, lamp.active is Level.LOW)
        for lamp in (reader.green, reader.buzzer)
    ]
    spec = WiegandSpec(
        reader.d0,
        reader.d1,
        reader.protocol.value,
        registry.wiegand_meaning(reader.protocol.value, reader.format),
        reader.pull.value,
        nanoseconds(reader.gap),
        *lamps,
    )
    gpio = settings.gpio
    return WiegandPins(key, spec, clock, partial(open_factory, gpio.backend.value, gpio.socket))


def _uhf(settings: Settings, clock: SystemClock) -> Mapping[ReaderId, CardReader]:
    """Long-range readers: those on one port are the antennas of one."""
    lines: dict[str, list[tuple[str, UhfReader]]] = {}
    for name, reader in settings.readers.items():
        if isinstance(reader, UhfReader):
            lines.setdefault(str(reader.port), []).append((name, reader))
    if not lines:
        return {}
    from drivers.uhf import Antenna, UhfLine
    from drivers.wire.tag_choice import EpcFilter
    from drivers.wire.uhf_families import Choices, make_family

    readers: dict[ReaderId, CardReader] = {}
    for port, users in lines.items():
        antennas = [
            Antenna(
                ReaderId(name),
                it.antenna or 0,
                nanoseconds(it.window),
                nanoseconds(it.quiet),
                EpcFilter(it.epc.upper(), it.epc_mask),
                it.rssi_min,
            )
            for name, it in users
        ]
        first = users[0][1]
        numbers = sorted(one.number for one in antennas if one.number)
        choices = Choices(first.address, numbers, first.power)
        family = partial(make_family, first.protocol.value, choices)
        readers.update(UhfLine(port, first.speed, family, antennas, clock).readers)
    return readers


def _osdp(settings: Settings, clock: SystemClock) -> Mapping[ReaderId, CardReader]:
    """OSDP readers: those on one port share its line."""
    osdp = {name: it for name, it in settings.readers.items() if isinstance(it, OsdpReader)}
    if not osdp:
        return {}
    from drivers.osdp import OsdpReader as Osdp
    from drivers.osdp_bus import OsdpBus
    from drivers.wire.wiegand_format import meaning

    buses: dict[str, OsdpBus] = {}
    readers: dict[ReaderId, CardReader] = {}
    for name, it in osdp.items():
        port = str(it.port)
        bus = buses.setdefault(port, OsdpBus(port, it.baud, it.direction.value))
        texts = it.texts
        readers[ReaderId(name)] = Osdp(
            ReaderId(name),
            bus,
            it.address,
            clock,
            secret=it.key.read if it.key is not None else None,
            secure=it.secure.value,
            form=meaning(it.layout) if it.layout else it.format.value,
            texts={verdict: getattr(texts, verdict.value) for verdict in Verdict} if texts else {},
        )
    return readers
