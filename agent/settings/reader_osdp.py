"""The model of an OSDP reader: one device at one address of an RS-485 line.

Rules kept here:
- the secure channel is what is meant when nothing is said; plain text has to be written down;
- several readers of one line are several entries with the same port and another ``address``.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from agent.core.model import Direction, Matching
from agent.settings.places import Device
from agent.settings.reader_common import MATCHING, QUIET, SIDE, speed_told
from agent.settings.reader_form import Formed
from agent.settings.reader_wiegand import FORMAT
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.values import OneOf, Text, Whole

BAUDS = "9600, 19200, 38400, 57600, 115200 and 230400 are usual"
_SHOWN = "[ -~]{1,32}"
_SHOWN_SAYS = "1 to 32 letters, digits and signs of ASCII"


class OsdpSecure(StrEnum):
    """How the reader is spoken to."""

    REQUIRED = "required"
    INSTALL = "install"
    OFF = "off"


class OsdpFormat(StrEnum):
    """What the bits of a card are; the words of `drivers.wire.osdp_card`."""

    WIEGAND = "wiegand"
    W26 = "w26"
    W32 = "w32"
    W34 = "w34"
    W36 = "w36"
    W37 = "w37"
    H10302 = "h10302"
    H10304 = "h10304"
    UID = "uid"
    RAW = "raw"


class LineDirection(StrEnum):
    """Who turns the two wires from sending to hearing."""

    OWN = "own"
    RTS = "rts"
    RTS_INVERTED = "rts_inverted"


@dataclass(frozen=True, slots=True)
class OsdpTexts(Strict):
    """What the reader's display shows, for some seconds."""

    granted: Annotated[str, Text("When somebody may pass", _SHOWN, _SHOWN_SAYS)] = ""
    denied: Annotated[str, Text("When somebody may not pass", _SHOWN, _SHOWN_SAYS)] = ""
    referred: Annotated[str, Text("When the guard is asked", _SHOWN, _SHOWN_SAYS)] = ""


@dataclass(frozen=True, slots=True)
class OsdpReader(Formed):
    """An OSDP reader; ``baud`` and ``direction`` belong to the line it hangs on."""

    driver: Literal["osdp"]
    port: Annotated[Path, Device("Device of the RS-485 line, such as /dev/ttyUSB0, or run:NAME")]
    address: Annotated[int, Whole("The reader's address on the line", 0, 126)]
    baud: Annotated[int, Whole(f"Speed of the line: {BAUDS}", 9_600, 921_600, "bits a second")] = (
        9_600
    )
    secure: Annotated[
        OsdpSecure,
        OneOf(OsdpSecure, "install only while the key is being stored; off is plain text"),
    ] = OsdpSecure.REQUIRED
    key: Secret | None = None
    format: Annotated[OsdpFormat, OneOf(OsdpFormat, "What the bits of a card are")] = (
        OsdpFormat.WIEGAND
    )
    layout: Annotated[str, FORMAT] = ""
    direction: Annotated[
        LineDirection, OneOf(LineDirection, "own: the adapter turns the line round by itself")
    ] = LineDirection.OWN
    texts: OsdpTexts | None = None
    quiet: Annotated[timedelta, QUIET] = timedelta(seconds=3)
    matching: Annotated[Matching, MATCHING] = Matching.EXACT
    side: Annotated[Direction, SIDE] | None = None

    @property
    def place(self) -> str:
        """Where it is plugged in, and which one of the line it is."""
        return f"{self.port}#{self.address}"

    def told(self) -> str:
        """What an installer looks for, on one line."""
        how = {
            OsdpSecure.REQUIRED: "secure channel",
            OsdpSecure.INSTALL: "INSTALL MODE",
            OsdpSecure.OFF: "PLAIN TEXT",
        }[self.secure]
        cards = "cards by layout" if self.layout else f"cards {self.format}"
        where = f"{self.port}, OSDP address {self.address}, {speed_told(self.baud)}"
        return f"{where}, {how}, {cards}"
