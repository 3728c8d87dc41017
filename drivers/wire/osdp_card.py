"""A card as an OSDP reader reports it (osdp_RAW): bits with their count, or characters.

Rules kept here:
- the installer says what the bits are; only ``wiegand`` chooses, by the number of bits, and then
  only among formats with parity, which must hold;
- ``raw`` takes every card as it comes: ``raw`` and the number of bits as the scheme, all bits as
  one number;
- ``uid`` is for readers that send the serial number of an ISO 14443 card: whole bytes, the first
  one first, as PC/SC readers show it;
- characters (format 2 of the document, no longer recommended) are taken as digits of a number.

Follows IEC 60839-11-5 (SIA OSDP 2.2), 7.10: the first bit is the highest of the first byte.
"""

from collections.abc import Mapping

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.osdp_frame import PROTOCOL, bits_of
from drivers.wire.wiegand import H10302, H10304, W26, W32, W34, W36, W37, Meaning, judge

BY_COUNT: Mapping[int, Meaning] = {26: W26, 34: W34, 36: W36, 37: W37}
NAMED: Mapping[str, Meaning] = {
    "w26": W26,
    "w32": W32,
    "w34": W34,
    "w36": W36,
    "w37": W37,
    "h10302": H10302,
    "h10304": H10304,
}
FORMATS = ("wiegand", *NAMED, "uid", "raw")
"""The words that say what the bits of a card are."""

_UID_BYTES = range(4, 11)
_DIGITS = frozenset(b"0123456789ABCDEFabcdef")


def card(form: str | Meaning, count: int, data: bytes) -> Frame | Fault:
    """The card that ``count`` bits in ``data`` are, in one of `FORMATS` or as a layout has it.

    Raises KeyError for a word that is none of them.
    """
    if count < 1 or count > 8 * len(data):
        return Fault(Reason.TOO_SHORT, data, f"{count} bits are told of, in {len(data)} bytes")
    bits = bits_of(count, data)
    if not isinstance(form, str):
        return judge(PROTOCOL, form, bits, data, {})
    if form == "uid":
        return _uid(bits, data)
    if form == "raw":
        return _raw(bits, data)
    if form != "wiegand":
        return judge(PROTOCOL, NAMED[form], bits, data, {})
    meaning = BY_COUNT.get(count)
    return _raw(bits, data) if meaning is None else judge(PROTOCOL, meaning, bits, data, {})


def text(data: bytes) -> Frame | Fault:
    """The card that a reader tells in characters."""
    told = data.rstrip(b"\x00\r\n")
    if not told or not _DIGITS.issuperset(told):
        return Fault(Reason.NON_HEX, data, "characters that are no number")
    return Frame(PROTOCOL, f"text:{told.decode().upper()}", {"digits": len(told)}, data)


def _raw(bits: str, data: bytes) -> Frame:
    count = len(bits)
    number = f"{int(bits, 2):0{-(-count // 4)}X}"
    return Frame(PROTOCOL, f"raw{count}:{number}", {"bits": count}, data)


def _uid(bits: str, data: bytes) -> Frame | Fault:
    whole, odd = divmod(len(bits), 8)
    if odd or whole not in _UID_BYTES:
        detail = f"{len(bits)} bits where a serial number has 32, 56 or 80: another kind of card"
        return Fault(Reason.WRONG_LENGTH, data, detail, {"bits": len(bits)})
    return Frame(PROTOCOL, f"uid:{data[:whole].hex().upper()}", {"bits": len(bits)}, data)
