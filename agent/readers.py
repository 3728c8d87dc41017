"""The readers, out of the settings: a part of the composition root.

Rules kept here:
- a driver is imported where it is made, so that a gate carries its own libraries only;
- what shares a line (an address, an antenna) is made once for the line;
- the form of the numbers is put on here, for all drivers alike (`agent.numbers`).
"""

from collections.abc import Callable, Mapping

from agent.core.ids import ReaderId
from agent.numbers import shaped
from agent.ports import CardReader
from agent.settings import Settings
from agent.settings.readers import PcscReader, SerialReader
from drivers.clock import SystemClock
from drivers.wire import registry

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
            readers[key] = _serial(key, reader, clock, begun)
    return shaped(readers, settings.readers)


def _pcsc(key: ReaderId, reader: PcscReader, clock: SystemClock) -> CardReader:
    from drivers.pcsc import PcscReader as Pcsc  # noqa: PLC0415

    return Pcsc(key, reader.name, clock, lamp=reader.lamp)


def _serial(key: ReaderId, reader: SerialReader, clock: SystemClock, begun: Begun) -> CardReader:
    from drivers.serial_reader import SerialReader as Serial  # noqa: PLC0415

    options = registry.Options(checksum=reader.checksum.value)
    if reader.protocol == "line":
        options = registry.Options(
            pattern=reader.pattern,
            scheme=reader.scheme or options.scheme,
            encoding=reader.encoding.value,
        )
    decoder = registry.make_decoder(reader.protocol, options)
    return Serial(key, str(reader.port), reader.baud, decoder, clock, begun)
