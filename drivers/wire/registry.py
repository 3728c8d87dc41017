"""The protocols that a reader can speak, by name; `PROTOCOLS` those that come unasked.

Rules kept here:
- one row for each protocol that is implemented, and only those;
- making a decoder takes the name and `Options`; what a protocol has no use for is left alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from drivers.wire import (
    em4100,
    m100,
    osdp_frame,
    qr_pass,
    r2000,
    uhfreader18,
    wiegand_ascii10,
    wiegand_format,
)
from drivers.wire import line as text_line
from drivers.wire.em4100 import Em4100
from drivers.wire.frame import Decoder, Fault, Frame
from drivers.wire.line import Encoding, LineReader
from drivers.wire.lines import CR_LF
from drivers.wire.osdp_frame import OsdpFrames
from drivers.wire.qr_pass import QrPasses
from drivers.wire.uhf import Cutter
from drivers.wire.uhf_families import make_family
from drivers.wire.wiegand import W26, W32, W34, W36, W37, Meaning
from drivers.wire.wiegand_ascii10 import WiegandAscii10
from drivers.wire.wiegand_packed import WiegandPacked
from drivers.wire.wiegand_text import WiegandText


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen: ``checksum`` for EM4100, ``format`` for Wiegand, else for ``line``.

    The format is that of ``wiegand-custom`` (see `wiegand_format.parse`), or for ``wiegand-37`` the
    name of one.
    """

    checksum: Literal["strict", "ignore"] = "strict"
    format: str = ""
    pattern: str = ""
    scheme: str = "qr"
    encoding: Encoding = "text"
    ends: bytes = CR_LF


@dataclass(frozen=True, slots=True)
class Entry:
    """One protocol: what it is in a line, and how its decoder is made."""

    meaning: str
    make: Callable[[Options], Decoder]


@runtime_checkable
class BitDecoder(Protocol):
    """A decoder that can also be given a card as bits.

    ``bits``: how many a card has. ``digits``: how many hexadecimal digits the text of a card may
    have; empty where the reader sends no text.
    """

    bits: int
    digits: tuple[int, ...]

    def feed_bits(self, bits: str) -> list[Frame | Fault]:
        """One card as a string of 0 and 1, at least one of them."""


CUSTOM = "wiegand-custom"

WIEGAND: Mapping[str, Meaning] = {
    "wiegand-26": W26,
    "wiegand-34": W34,
    "wiegand-36": W36,
    "wiegand-37": W37,
}
"""The formats that have a protocol of their own."""


def wiegand_meaning(name: str, written: str = "") -> Meaning:
    """What the bits of a Wiegand protocol mean, with its format if it has one.

    `CUSTOM` without a format is H10301. Raises KeyError for a name that is none, FormatError (a
    ValueError) for a format of no use.
    """
    if name == CUSTOM:
        return wiegand_format.parse(written or wiegand_format.H10301)
    form = WIEGAND[name]
    if not written:
        return form
    chosen = wiegand_format.NAMED.get(written.strip().lower())
    if chosen is None or chosen.bits != form.bits:
        names = [key for key, named in wiegand_format.NAMED.items() if named.bits == form.bits]
        problem = f"{written[:40]!r} is no format of {name}"
        raise wiegand_format.FormatError(problem, " or ".join(names) or f"no format for {name}")
    return chosen


PROTOCOLS: Mapping[str, Entry] = {
    em4100.PROTOCOL: Entry(
        "EM4100 tags from RDM6300 (14 bytes), ID-12LA and ID-20LA (16 bytes)",
        lambda options: Em4100(options.checksum),
    ),
    "wiegand-26": Entry(
        "26 bits (H10301) as a line of bits or hexadecimal digits", lambda _: WiegandText(W26)
    ),
    "wiegand-34": Entry(
        "34 bits (H10306) as a line of bits or hexadecimal digits", lambda _: WiegandText(W34)
    ),
    "wiegand-36": Entry(
        "36 bits (odd parity first) as a line of bits or hexadecimal digits",
        lambda _: WiegandText(W36),
    ),
    "wiegand-37": Entry(
        "37 bits (H10302 or H10304, both are shown) as a line of bits or hexadecimal digits",
        lambda options: WiegandText(wiegand_meaning("wiegand-37", options.format)),
    ),
    CUSTOM: Entry(
        "any number of bits, by a format of yours, as a line of bits or hexadecimal digits",
        lambda options: WiegandText(wiegand_meaning(CUSTOM, options.format), CUSTOM),
    ),
    "wiegand-26-left-justified": Entry(
        "26 bits packed into 4 bytes, first bit highest", lambda _: WiegandPacked(W26)
    ),
    "wiegand-32-left-justified": Entry(
        "32 bits packed into 4 bytes, without any check", lambda _: WiegandPacked(W32)
    ),
    wiegand_ascii10.PROTOCOL: Entry(
        "ten decimal digits and CR LF, keys as single bytes (S4A converters)",
        lambda _: WiegandAscii10(),
    ),
    text_line.PROTOCOL: Entry(
        "lines of text from QR scanners and keypads, by a regular expression",
        lambda options: LineReader(options.pattern, options.scheme, options.encoding, options.ends),
    ),
    qr_pass.PROTOCOL: Entry(
        "passes signed by the centre from QR scanners, all other lines as the protocol line",
        lambda options: QrPasses(options.pattern, options.scheme, options.encoding, options.ends),
    ),
}

ASKED: Mapping[str, Entry] = {
    m100.PROTOCOL: Entry(
        "long-range readers of the families M100 and R200 (BB ... 7E)",
        lambda _: Cutter(make_family(m100.PROTOCOL)),
    ),
    r2000.PROTOCOL: Entry(
        "long-range readers of the family A0, mostly with the chip R2000",
        lambda _: Cutter(make_family(r2000.PROTOCOL)),
    ),
    uhfreader18.PROTOCOL: Entry(
        "long-range readers that speak as UHFReader18 (CRC-16/MCRF4XX)",
        lambda _: Cutter(make_family(uhfreader18.PROTOCOL)),
    ),
    uhfreader18.PROTOCOL_288: Entry(
        "long-range readers that speak as UHFReader288, with antenna and RSSI",
        lambda _: Cutter(make_family(uhfreader18.PROTOCOL_288)),
    ),
    osdp_frame.PROTOCOL: Entry(
        "OSDP on RS-485, both directions; cards only where nobody made it secret",
        lambda _: OsdpFrames(),
    ),
}
"""What readers say that have to be asked: no protocols of the driver serial, but to be decoded."""

EVERY: Mapping[str, Entry] = {**PROTOCOLS, **ASKED}

DEFAULTS = Options()


def make_decoder(name: str, options: Options = DEFAULTS) -> Decoder:
    """A new decoder; raises KeyError for an unknown name, ValueError for options of no use."""
    return EVERY[name].make(options)
