"""OSDP frames on an RS-485 line, as a listener sees them: IEC 60839-11-5 (SIA OSDP 2.2), 5 and 6.

A frame is SOM (53), address (bit 7 set in replies), length of the whole frame (16 bits, low byte
first), control (bits 0-1 sequence, bit 2 CRC-16 in place of a checksum, bit 3 a security block),
the security block (its length counts itself), a command or reply code, data, and the check.
CRC-16: polynomial 1021, begun with 1D0F, low byte first. Checksum: all bytes together are 0.

Rules kept here:
- a frame whose check is right is a frame, whoever sent it; what it says is not judged here;
- under a security block of type 15 and above four bytes of MAC stand before the check, and what
  stands before the MAC may be encrypted: it is not shown as data;
- a mark byte (FF) before SOM is no fault, and nothing else is skipped silently.
"""

from binascii import crc_hqx
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.wire.frame import Fault, Frame, Reason

PROTOCOL = "osdp"
SOM = 0x53
MARK = 0xFF
BROADCAST = 0x7F
LONGEST = 512
"""Frames of readers have 256 bytes at most; a longer one is taken for noise."""

ACK, NAK, PDID, PDCAP, RAW, KEYPAD = 0x40, 0x41, 0x45, 0x46, 0x50, 0x53
CCRYPT, RMAC_I, BUSY = 0x76, 0x78, 0x79
CAP, CHLNG, SCRYPT = 0x62, 0x76, 0x77

_HEADER = 5
_SHORTEST = 7
_NOISE = 64
_REPLY = 0x80
_CRC, _SECURED = 0x04, 0x08
_SCS_15 = 0x15
_ENCRYPTED = (0x17, 0x18)

COMMANDS: Mapping[int, str] = {
    0x60: "POLL",
    0x61: "ID",
    0x62: "CAP",
    0x64: "LSTAT",
    0x65: "ISTAT",
    0x66: "OSTAT",
    0x67: "RSTAT",
    0x68: "OUT",
    0x69: "LED",
    0x6A: "BUZ",
    0x6B: "TEXT",
    0x6E: "COMSET",
    0x73: "BIOREAD",
    0x74: "BIOMATCH",
    0x75: "KEYSET",
    0x76: "CHLNG",
    0x77: "SCRYPT",
    0x7B: "ACURXSIZE",
    0x7C: "FILETRANSFER",
    0x80: "MFG",
    0xA1: "XWR",
    0xA2: "ABORT",
    0xA3: "PIVDATA",
    0xA4: "GENAUTH",
    0xA5: "CRAUTH",
    0xA7: "KEEPACTIVE",
}
REPLIES: Mapping[int, str] = {
    0x40: "ACK",
    0x41: "NAK",
    0x45: "PDID",
    0x46: "PDCAP",
    0x48: "LSTATR",
    0x49: "ISTATR",
    0x4A: "OSTATR",
    0x4B: "RSTATR",
    0x50: "RAW",
    0x51: "FMT",
    0x53: "KEYPAD",
    0x54: "COM",
    0x57: "BIOREADR",
    0x58: "BIOMATCHR",
    0x76: "CCRYPT",
    0x78: "RMAC_I",
    0x79: "BUSY",
    0x7A: "FTSTAT",
    0x80: "PIVDATAR",
    0x81: "GENAUTHR",
    0x82: "CRAUTHR",
    0x83: "MFGSTATR",
    0x84: "MFGERRR",
    0x90: "MFGREP",
    0xB1: "XRD",
}


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame in its parts; ``data`` is empty where it is encrypted."""

    address: int
    reply: bool
    sequence: int
    crc: bool
    security: bytes
    code: int
    data: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """The name of the command or reply; its code where it has none."""
        known = REPLIES if self.reply else COMMANDS
        return f"osdp_{known.get(self.code, f'{self.code:02X}')}"

    def fields(self) -> dict[str, object]:
        """What an installer is shown."""
        fields: dict[str, object] = {
            "addr": self.address,
            "reply": self.reply,
            "seq": self.sequence,
            "crc": self.crc,
            "scb": bool(self.security),
            "code": f"{self.code:02X}",
            "name": self.name,
        }
        if self.security:
            fields["security"] = self.security.hex().upper()
        if self.reply and self.code == RAW and len(self.data) >= 4:
            count = int.from_bytes(self.data[2:4], "little")
            fields |= {"reader": self.data[0], "format": self.data[1], "bit_count": count}
            fields["data"] = self.data[4:].hex().upper()
        elif self.reply and self.code == KEYPAD and len(self.data) >= 2:
            fields |= {"reader": self.data[0], "keys": self.data[1]}
        elif self.data:
            fields["data"] = self.data.hex().upper()
        return fields


def crc16(data: bytes) -> int:
    """The check of a frame with bit 2 of control set."""
    return crc_hqx(data, 0x1D0F)


def checksum(data: bytes) -> int:
    """The check of a frame without it: the two's complement of the sum."""
    return -sum(data) & 0xFF


def encode(address: int, control: int, body: bytes, *, reply: bool) -> bytes:
    """A frame of 7 to `LONGEST` bytes; ``body`` is security block, code, data and MAC.

    Raises ValueError for an address beyond 127 or a body of no such length.
    """
    check = 2 if control & _CRC else 1
    length = _HEADER + len(body) + check
    if not 0 <= address <= BROADCAST or not body or length > LONGEST:
        raise ValueError(f"no frame of {length} bytes to address {address}")
    head = bytes((SOM, address | (_REPLY if reply else 0))) + length.to_bytes(2, "little")
    text = head + bytes((control,)) + body
    if check == 2:
        return text + crc16(text).to_bytes(2, "little")
    return text + bytes((checksum(text),))


def bits_of(count: int, data: bytes) -> str:
    """The first ``count`` bits of card data, which is left-justified, as 0 and 1."""
    return "".join(f"{byte:08b}" for byte in data)[:count]


class OsdpFrames:
    """Decoder of both directions of a line; `packets` gives the parts, `feed` frames to show.

    A card in a plain-text reply is ``raw`` and the number of its bits, as the driver's format
    ``raw`` writes it; other frames have no credential.
    """

    silence_ms = 200

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """True while bytes wait for the rest of their frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        return [_shown(one) for one in self.packets(data)]

    def flush(self) -> list[Frame | Fault]:
        """What is left is a frame cut short, or hides whole ones behind a damaged head."""
        found: list[Packet | Fault] = []
        while self._buffer:
            if self._buffer[0] != SOM:
                self._noise(len(self._buffer), found)
                continue
            end = self._next_som()
            raw = bytes(self._buffer[:end])
            found.append(Fault(Reason.TOO_SHORT, raw, "a frame that breaks off"))
            del self._buffer[:end]
            found += self.packets(b"")
        return [_shown(one) for one in found]

    def packets(self, data: bytes) -> list[Packet | Fault]:
        """The frames that these bytes complete, in their parts."""
        self._buffer += data
        found: list[Packet | Fault] = []
        while self._buffer:
            start = self._buffer.find(SOM)
            if start:
                if start < 0 and len(self._buffer) <= _NOISE:
                    break
                self._noise(start if start > 0 else _NOISE, found)
            elif not self._take(found):
                break
        return found

    def _take(self, found: list[Packet | Fault]) -> bool:
        """Take the frame that the buffer begins with; False while it is not whole."""
        if len(self._buffer) < _HEADER:
            return False
        length = int.from_bytes(self._buffer[2:4], "little")
        if not _SHORTEST <= length <= LONGEST:
            end = min(self._next_som(), _HEADER)
            detail = f"a frame of {length} bytes: noise, or another protocol or baud"
            found.append(Fault(Reason.WRONG_LENGTH, bytes(self._buffer[:end]), detail))
            del self._buffer[:end]
            return True
        if len(self._buffer) < length:
            return False
        raw = bytes(self._buffer[:length])
        made = _packet(raw)
        del self._buffer[: length if isinstance(made, Packet) else min(self._next_som(), length)]
        found.append(made)
        return True

    def _next_som(self) -> int:
        """Where the next frame may begin: after the first byte."""
        place = self._buffer.find(SOM, 1)
        return place if place > 0 else len(self._buffer)

    def _noise(self, upto: int, found: list[Packet | Fault]) -> None:
        """Drop what stands before SOM, `_NOISE` bytes at most; mark bytes are meant to be there."""
        raw = bytes(self._buffer[: min(upto, _NOISE)])
        del self._buffer[: len(raw)]
        told = raw.strip(bytes((MARK,)))
        if told:
            found.append(Fault(Reason.NO_START, told, "bytes between frames: noise, or the baud"))


def _packet(raw: bytes) -> Packet | Fault:
    control = raw[4]
    if control & _CRC:
        good = crc16(raw[:-2]) == int.from_bytes(raw[-2:], "little")
        body = raw[_HEADER:-2]
    else:
        good = sum(raw) & 0xFF == 0
        body = raw[_HEADER:-1]
    if not good:
        return Fault(Reason.BAD_CHECKSUM, raw, "the check is wrong: noise, or two devices at once")
    security = body[: body[0]] if control & _SECURED and body else b""
    if control & _SECURED and len(security) < 2:
        return Fault(Reason.BAD_PADDING, raw, "a security block of less than two bytes")
    text = body[len(security) :]
    secured = bool(security) and security[1] >= _SCS_15
    text = text[:-4] if secured else text
    if not text:
        return Fault(Reason.TOO_SHORT, raw, "a frame without a command or reply")
    hidden = secured and security[1] in _ENCRYPTED
    return Packet(
        raw[1] & BROADCAST,
        bool(raw[1] & _REPLY),
        control & 3,
        bool(control & _CRC),
        security,
        text[0],
        b"" if hidden else text[1:],
        raw,
    )


def _shown(one: Packet | Fault) -> Frame | Fault:
    if isinstance(one, Fault):
        return one
    fields = one.fields()
    count = fields.get("bit_count")
    credential = ""
    if isinstance(count, int) and 0 < count <= 8 * len(one.data[4:]):
        number = int(bits_of(count, one.data[4:]), 2)
        credential = f"raw{count}:{number:0{-(-count // 4)}X}"
    return Frame(PROTOCOL, credential, fields, one.raw)
