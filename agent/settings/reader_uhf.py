"""The model of a long-range reader, or of one of its antennas.

Rules kept here:
- several antennas of one reader are several entries with the same port and another ``antenna``;
- what a protocol cannot do cannot be asked of it: `agent.settings.rules_uhf`.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from agent.core.model import Direction, Matching
from agent.settings.places import Device
from agent.settings.reader_common import MATCHING, QUIET, SIDE, speed_told
from agent.settings.reader_form import Formed
from agent.settings.values import OneOf, Span, Text, Whole
from agent.settings.words import UhfProtocol

_HEX = "([0-9A-Fa-f]{1,124})?"
_DIGITS = "hexadecimal digits, in quotes"
_BAUD = {UhfProtocol.M100: 115_200, UhfProtocol.R2000: 115_200}
_OTHER_BAUD = 57_600


@dataclass(frozen=True, slots=True)
class UhfReader(Formed):
    """A long-range reader on a serial line. Power in dBm; ``epc`` and ``epc_mask`` are a filter."""

    driver: Literal["uhf"]
    port: Annotated[Path, Device("Device, such as /dev/ttyUSB0, or run:NAME")]
    protocol: Annotated[UhfProtocol, OneOf(UhfProtocol, "What the reader speaks")]
    baud: Annotated[int, Whole("Speed of the line", 300, 921_600, "bits a second")] | None = None
    address: Annotated[int, Whole("The reader's own address", 0, 254)] | None = None
    antenna: Annotated[int, Whole("Its antenna that stands here", 1, 8)] | None = None
    power: Annotated[int, Whole("Power that is set, in dBm", 0, 33, "dBm")] | None = None
    epc: Annotated[str, Text("What an EPC begins with to count", _HEX, _DIGITS)] = ""
    epc_mask: Annotated[str, Text("The bits of epc that are looked at", _HEX, _DIGITS)] = ""
    rssi_min: Annotated[int, Whole("Weaker tags do not count", -120, 0, "dBm")] | None = None
    window: Annotated[
        timedelta, Span("So long the strongest of several tags is looked for", "0 s", "5 s")
    ] = timedelta(milliseconds=300)
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=10)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None

    @property
    def place(self) -> str:
        """Where it is plugged in."""
        return str(self.port)

    @property
    def speed(self) -> int:
        """Bits a second: what the file says, or what such readers leave the factory with."""
        return self.baud or _BAUD.get(self.protocol, _OTHER_BAUD)

    def told(self) -> str:
        """What an installer looks for, on one line."""
        words = [str(self.port), self.protocol.value, speed_told(self.speed)]
        words += [f"antenna {self.antenna}"] if self.antenna is not None else []
        words += [f"{self.power} dBm"] if self.power is not None else []
        words += [f"EPC {self.epc}…"] if self.epc else []
        words += [f"from {self.rssi_min} dBm on"] if self.rssi_min is not None else []
        return ", ".join(words)
