"""The readers of a gate: one model for each driver, told apart by ``driver``.

Rules kept here:
- every reader has ``quiet``, ``matching``, ``side`` and ``place``, whatever drives it;
- what only one driver has stands in that driver's model.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from agent.core.model import Direction, Matching
from agent.settings.mixes import ByDriver
from agent.settings.places import Device
from agent.settings.reader_common import MATCHING, QUIET, SIDE, speed_told
from agent.settings.reader_form import Formed
from agent.settings.reader_osdp import OsdpReader
from agent.settings.reader_pn532 import Pn532Reader
from agent.settings.reader_secure import Authenticate
from agent.settings.reader_uhf import UhfReader
from agent.settings.reader_wiegand import FORMAT, WiegandReader, format_told
from agent.settings.values import OneOf, Pattern, Text, Truth, Whole
from agent.settings.words import Checksum, Encoding, WireProtocol


@dataclass(frozen=True, slots=True)
class SerialReader(Formed):
    """A reader on a serial line; pattern, scheme and encoding belong to the protocol line."""

    driver: Literal["serial"]
    port: Annotated[Path, Device("Device, such as /dev/ttyAMA0, or run:NAME")]
    protocol: Annotated[WireProtocol, OneOf(WireProtocol, "What the reader sends")]
    baud: Annotated[int, Whole("Speed of the line", 300, 921_600, "bits a second")] = 9_600
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=3)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None
    checksum: Annotated[
        Checksum, OneOf(Checksum, "ignore only for modules whose checksum is always wrong")
    ] = Checksum.STRICT
    pattern: Annotated[
        str,
        Pattern(
            "What a whole line looks like; the group (?P<credential>...) is the number, "
            "(?P<keys>...) are keys of a keypad"
        ),
    ] = ""
    scheme: Annotated[
        str,
        Text("Scheme of the credential", "[a-z][a-z0-9]{0,15}", "a small letter, then a-z and 0-9"),
    ] = "qr"
    format: Annotated[str, FORMAT] = ""
    encoding: Annotated[Encoding, OneOf(Encoding, "What the credential's text is")] = Encoding.TEXT

    @property
    def place(self) -> str:
        """Where it is plugged in."""
        return str(self.port)

    def told(self) -> str:
        """What an installer looks for, on one line."""
        protocol = format_told(self.protocol.value, self.format)
        return f"{self.port}, {protocol}, {speed_told(self.baud)}"


@dataclass(frozen=True, slots=True)
class PcscReader(Formed):
    """A reader over PC/SC, found by its name; ``*`` stands for any text."""

    driver: Literal["pcsc"]
    name: Annotated[str, Text("Name as pcsc_scan shows it; * for all")] = "*"
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=3)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None
    lamp: Annotated[bool, Truth("Use the reader's own lamp and buzzer (ACR122U)")] = True
    authenticate: Authenticate | None = None

    @property
    def place(self) -> str:
        """Where it is plugged in."""
        return self.name

    def told(self) -> str:
        """What an installer looks for, on one line."""
        asks = "" if self.authenticate is None else f", {self.authenticate.told()}"
        return f"PC/SC {self.name!r}{asks}"


DRIVERS = ByDriver(
    serial=SerialReader,
    pcsc=PcscReader,
    uhf=UhfReader,
    pn532=Pn532Reader,
    osdp=OsdpReader,
    wiegand=WiegandReader,
)
Reader = Annotated[
    SerialReader | PcscReader | UhfReader | Pn532Reader | OsdpReader | WiegandReader, DRIVERS
]
