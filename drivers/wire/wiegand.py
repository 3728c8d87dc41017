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
- H10302 and H10304 cannot be told apart: both readings stand in the fields, the credential is all
  35 bits either way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.wire.frame import Fault, Frame, Reason

_INVERT = str.maketrans("01", "10")

Fields = dict[str, object]


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


W26 = Format(26, "w26", 12, "raw24", _w26)
W32 = Format(32, "w32", 0, "card32", _w32)
W34 = Format(34, "w34", 16, "card32", _w34)
W36 = Format(36, "w36", 17, "raw34", _w36, odd_first=True)
W37 = Format(37, "w37", 18, "h10302_card", _w37)


def judge(
    protocol: str, form: Format, bits: str, raw: bytes, extra: Mapping[str, object]
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
    leading, trailing = form.parity(bits)
    if leading and trailing:
        return Frame(protocol, form.credential(bits), fields, raw)
    inverted = bits.translate(_INVERT)
    if all(form.parity(inverted)):
        number = form.data(inverted)
        fields = {
            "bits": form.bits,
            "as_received_parity_ok": False,
            "inverted_parity_ok": True,
            f"inverted_{form.number}": number,
            f"inverted_{form.number}_hex": form.credential(inverted).partition(":")[2],
        }
        detail = (
            "both parities are wrong, and right when every bit is inverted: the wires D0 and D1 "
            f"are most likely swapped; the card would be {form.credential(inverted)}"
        )
        return Fault(Reason.D0_D1_SWAPPED, raw, detail, fields)
    which = "both parity bits are" if leading == trailing else "one parity bit is"
    return Fault(Reason.BAD_PARITY, raw, f"{which} wrong: noise, or another format", fields)
