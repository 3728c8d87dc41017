"""Wiegand formats: what a string of bits says, first bit first as received.

26 bits: HID H10301 (even parity over the first 12 data bits, odd over the last 12). 34 bits: HID
H10306, likewise with 16 and 16; the same bits are also one number of 32. 37 bits: HID H10302 (one
number of 35 bits) and H10304 (16 and 19 bits), both with parity over the first and the last 18.
36 bits: the format worked out in proxmark3 pull request 155 (16 bits of facility, 16 of card, 2 of
OEM), whose parity sense is swapped: odd first, even last, each over 17. 32 bits: no parity at all.

Rules kept here:
- both parity bits must hold, or the bits are no frame;
- wires D0 and D1 swapped give every bit inverted. Where that breaks both parities (26, 34, 37 bits)
  it is recognised and named, with the number as it would be. In the 36-bit format an inverted
  frame has good parity again: there it cannot be seen, and two cards compared with their printed
  numbers are the only test;
- H10302 and H10304 cannot be told apart by their bits: unless it is said which one the cards have,
  both readings stand in the fields; the credential is all 35 bits either way;
- formats of an installer's own (`drivers.wire.wiegand_format`) are judged here as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from drivers.wire.frame import Fault, Frame, Reason

_INVERT = str.maketrans("01", "10")

Fields = dict[str, object]


class Meaning(Protocol):
    """What a format has to tell of strings of as many bits as it has."""

    @property
    def bits(self) -> int:
        """How many bits a card has."""

    @property
    def number(self) -> str:
        """What all data bits together are called among the fields."""

    def data(self, bits: str) -> int:
        """All data bits as one number."""

    def credential(self, bits: str) -> str:
        """``scheme:HEX`` with as many digits as all data bits need."""

    def read(self, bits: str, /) -> Fields:
        """What the bits say beside that."""

    def parity(self, bits: str) -> tuple[bool, ...]:
        """Whether each parity holds."""

    def stray(self, bits: str) -> str:
        """Which bit is another than the format allows, in words; empty when none is."""


@dataclass(frozen=True, slots=True)
class Format:
    """The meaning of ``bits`` bits.

    ``span`` is the number of data bits under each parity bit, 0 where there is none. The leading
    parity bit makes its ones even, the trailing one odd, unless ``odd_first``. ``number`` is what
    vectors and papers call all data bits together.
    """

    bits: int
    scheme: str
    span: int
    number: str
    read: Callable[[str], Fields]
    odd_first: bool = False

    def data(self, bits: str) -> int:
        """All bits but the parities, as one number."""
        return int(bits[1:-1] if self.span else bits, 2)

    def credential(self, bits: str) -> str:
        """``scheme:HEX`` with as many digits as all data bits need."""
        width = self.bits - 2 if self.span else self.bits
        return f"{self.scheme}:{self.data(bits):0{-(-width // 4)}X}"

    def parity(self, bits: str) -> tuple[bool, bool]:
        """Whether the leading and the trailing parity hold."""
        if not self.span:
            return True, True
        leading = bits[: self.span + 1].count("1") % 2 == self.odd_first
        trailing = bits[-self.span - 1 :].count("1") % 2 != self.odd_first
        return leading, trailing

    def stray(self, _bits: str) -> str:
        """No bit of these formats is fixed."""
        return ""


def _parities(bits: str) -> Fields:
    return {"even_parity": int(bits[0]), "odd_parity": int(bits[-1])}


def _w26(bits: str) -> Fields:
    fields: Fields = {"facility": int(bits[1:9], 2), "card": int(bits[9:25], 2)}
    return fields | {"raw24": int(bits[1:25], 2)} | _parities(bits)


def _w32(_bits: str) -> Fields:
    return {}


def _w34(bits: str) -> Fields:
    fields: Fields = {"card32": int(bits[1:33], 2), "facility16": int(bits[1:17], 2)}
    return fields | {"card16": int(bits[17:33], 2)} | _parities(bits)


def _w36(bits: str) -> Fields:
    leading, trailing = W36.parity(bits)
    return {
        "facility": int(bits[1:17], 2),
        "card": int(bits[17:33], 2),
        "oem": int(bits[33:35], 2),
        "leading_odd_ok": leading,
        "trailing_even_ok": trailing,
    }


def _w37(bits: str) -> Fields:
    fields: Fields = {
        "formats": ["H10302", "H10304"],
        "h10302_card": int(bits[1:36], 2),
        "h10304_facility": int(bits[1:17], 2),
        "h10304_card": int(bits[17:36], 2),
    }
    return fields | _parities(bits)


def _h10302(bits: str) -> Fields:
    return {"format": "H10302", "h10302_card": int(bits[1:36], 2)} | _parities(bits)


def _h10304(bits: str) -> Fields:
    fields: Fields = {"format": "H10304", "h10304_facility": int(bits[1:17], 2)}
    return fields | {"h10304_card": int(bits[17:36], 2)} | _parities(bits)


W26 = Format(26, "w26", 12, "raw24", _w26)
W32 = Format(32, "w32", 0, "card32", _w32)
W34 = Format(34, "w34", 16, "card32", _w34)
W36 = Format(36, "w36", 17, "raw34", _w36, odd_first=True)
W37 = Format(37, "w37", 18, "h10302_card", _w37)
H10302 = Format(37, "w37", 18, "h10302_card", _h10302)
H10304 = Format(37, "w37", 18, "raw35", _h10304)


def judge(
    protocol: str, form: Meaning, bits: str, raw: bytes, extra: Mapping[str, object]
) -> Frame | Fault:
    """The frame that ``bits`` are, or why they are none.

    ``bits`` holds only 0 and 1, in any number. ``extra`` stands beside the fields of the format.
    """
    if len(bits) != form.bits:
        detail = (
            f"{len(bits)} bits where {form.bits} are expected: another format, or bits lost on the "
            "way (long wires, no common ground)"
        )
        return Fault(Reason.WRONG_LENGTH, raw, detail, {"bits": len(bits)})
    fields: Fields = {"bits": form.bits} | form.read(bits) | dict(extra)
    parities, stray = form.parity(bits), form.stray(bits)
    if all(parities) and not stray:
        return Frame(protocol, form.credential(bits), fields, raw)
    inverted = bits.translate(_INVERT)
    if all(form.parity(inverted)) and not form.stray(inverted):
        number = form.data(inverted)
        fields = {
            "bits": form.bits,
            "as_received_parity_ok": all(parities),
            "inverted_parity_ok": True,
            f"inverted_{form.number}": number,
            f"inverted_{form.number}_hex": form.credential(inverted).partition(":")[2],
        }
        detail = (
            "the bits are wrong, and right when every one is inverted: the wires D0 and D1 are "
            f"most likely swapped; the card would be {form.credential(inverted)}"
        )
        return Fault(Reason.D0_D1_SWAPPED, raw, detail, fields)
    if all(parities):
        return Fault(Reason.NO_MATCH, raw, stray, fields)
    return Fault(
        Reason.BAD_PARITY, raw, f"{_wrong(parities)} wrong: noise, or another format", fields
    )


def _wrong(parities: tuple[bool, ...]) -> str:
    wrong, both = parities.count(False), 2
    if wrong == 1:
        return "one parity bit is"
    return "both parity bits are" if wrong == len(parities) == both else f"{wrong} parity bits are"
