"""What card an answer to reset (ATR) means: of contact cards, and of contactless ones over PC/SC.

Rules kept here:
- a name is what makers and the standard say of an ATR, never a claim about what the card can do: an
  ATR is as easy to copy as a number. Nothing is granted or denied for it;
- bytes that are no ATR have no name, and are no error: readers make some up;
- a wrong check byte is told (`Atr.checked`) and hides no name.

Follows ISO/IEC 7816-3:2006, 8.2; PC/SC Specification 2.01.09, part 3, 3.1.3.2.3 and its
supplemental document (names of storage cards); ACS "ACR122U Application Programming Interface"
2.04, 3.1 (names F004, F011, F012, FFxx). Whole ATRs are those of pcsc-tools' list.
"""

from dataclasses import dataclass

_STORAGE = bytes.fromhex("804F0CA000000306")
_CONTACTLESS = b"\x80\x01"
_LONGEST = 33

_STANDARDS = {
    0x01: "ISO 14443 A",
    0x02: "ISO 14443 A",
    0x03: "ISO 14443 A",
    0x05: "ISO 14443 B",
    0x06: "ISO 14443 B",
    0x07: "ISO 14443 B",
    0x09: "ISO 15693",
    0x0A: "ISO 15693",
    0x0B: "ISO 15693",
    0x0C: "ISO 15693",
    0x11: "FeliCa",
}
_NAMES = {
    0x0001: "MIFARE Classic 1K",
    0x0002: "MIFARE Classic 4K",
    0x0003: "MIFARE Ultralight",
    0x0006: "SR176",
    0x0007: "SRIX4K",
    0x0012: "Tag-it",
    0x0013: "LRI512",
    0x0014: "ICODE SLI",
    0x0016: "I-CODE 1",
    0x0017: "PicoPass 2K",
    0x0018: "PicoPass 2KS",
    0x0019: "PicoPass 16K",
    0x001A: "PicoPass 16KS",
    0x001B: "PicoPass 16K (8x2)",
    0x001C: "PicoPass 16KS (8x2)",
    0x001D: "PicoPass 32KS (16+16)",
    0x001E: "PicoPass 32KS (16+8x2)",
    0x001F: "PicoPass 32KS (8x2+16)",
    0x0020: "PicoPass 32KS (8x2+8x2)",
    0x0021: "LRI64",
    0x0022: "I-CODE UID",
    0x0023: "I-CODE EPC",
    0x0025: "LRI128",
    0x0026: "MIFARE Mini",
    0x0027: "my-d move",
    0x0028: "my-d NFC",
    0x0029: "my-d proximity 2",
    0x002A: "my-d proximity enhanced",
    0x002B: "my-d light",
    0x002F: "Jewel",
    0x0030: "Topaz",
    0x0035: "ICODE SL2",
    0x0036: "MIFARE Plus 2K, level 1",
    0x0037: "MIFARE Plus 4K, level 1",
    0x0038: "MIFARE Plus 2K, level 2",
    0x0039: "MIFARE Plus 4K, level 2",
    0x003A: "MIFARE Ultralight C",
    0x003B: "FeliCa",
    0x003C: "MLX90129",
    0x003D: "MIFARE Ultralight EV1",
    0xF004: "Topaz or Jewel",
    0xF011: "FeliCa 212K",
    0xF012: "FeliCa 424K",
    0xFF88: "MIFARE Classic 1K of Infineon",
}
_WHOLE = {
    "3B8180018080": "MIFARE DESFire, NTAG 424 DNA or another card of ISO 14443-4",
    "3B83800181028001": "MIFARE DESFire EV1 2K",
    "3B86800106757781028000": "MIFARE DESFire EV1 8K",
    "3B8C80010C75778002C1052F2F0035C7B7": "MIFARE Plus S",
    "3B04A2131091": "contact memory card SLE 4442 or SLE 5542",
    "3B0492231091": "contact memory card SLE 4432 or SLE 4442",
    "3BFE1800008031FE45803180664090A4162A00830F9000EF": "Estonian identity card",
}


@dataclass(frozen=True, slots=True)
class Atr:
    """An ATR in its parts: interface bytes, historical bytes, and whether the check byte holds."""

    interface: bytes
    historical: bytes
    checked: bool

    @property
    def contactless(self) -> bool:
        """Whether a PC/SC reader made it up for a card without contacts."""
        return self.interface == _CONTACTLESS

    @property
    def storage(self) -> int | None:
        """The name of a card that only stores, as the standard numbers them; None for others.

        FF00 to FFFF is no such name: the reader did not know more than the card's SAK.
        """
        if not self.contactless or not self.historical.startswith(_STORAGE):
            return None
        told = self.historical[len(_STORAGE) :]
        return int.from_bytes(told[1:3], "big") if len(told) >= 3 else None


def parse(raw: bytes) -> Atr | None:
    """The parts of an ATR; None for bytes that are none."""
    if not 2 <= len(raw) <= _LONGEST or raw[0] not in (0x3B, 0x3F):
        return None
    at, more, protocols = 2, raw[1], set[int]()
    interface = b""
    while more & 0xF0:
        count = (more >> 4).bit_count()
        part = raw[at : at + count]
        if len(part) < count:
            return None
        interface, at = interface + part, at + count
        if not more & 0x80:
            break
        more = part[-1]
        protocols.add(more & 0x0F)
    length = raw[1] & 0x0F
    historical, rest = raw[at : at + length], raw[at + length :]
    if len(historical) < length or len(rest) != bool(protocols - {0}):
        return None
    check = 0
    for byte in raw[1:]:
        check ^= byte
    return Atr(interface, historical, not rest or check == 0)


def card_name(raw: bytes) -> str:
    """What card this is, in a few words; empty where nothing is known."""
    whole = _WHOLE.get(raw.hex().upper())
    if whole is not None:
        return whole
    found = parse(raw)
    if found is None:
        return ""
    if not found.contactless:
        return "contact card"
    if found.storage is None:
        return "card of ISO 14443-4"
    told = _NAMES.get(found.storage)
    return told or _STANDARDS.get(found.historical[len(_STORAGE)], "storage card")


def stores_only(raw: bytes) -> bool:
    """Whether this card cannot prove anything, by what its reader says of it."""
    found = parse(raw)
    return found is not None and found.storage is not None and found.storage < 0xFF00
