"""EM4100 tags as ASCII frames: RDM6300 (14 bytes), ID-12LA and ID-20LA (16 bytes).

Follows the ID-2/12/20 LA series data sheet (ID Innovations), chapter "Data Formats": STX, ten
digits, two digits of checksum, CR, LF, ETX; and the RDM6300 data sheet (Itead), which is the same
without CR and LF. The checksum is the exclusive or of the five bytes written by the ten digits.

Rules kept here:
- STX always begins a frame, wherever it stands: noise before a good frame never costs the frame;
- a wrong checksum is a fault, unless the module is one of those that always send a wrong one and
  the decoder was told so (``checksum="ignore"``);
- bytes outside a frame are a fault, `NOISE_BYTES` at a time; CR, LF and NUL there are nothing.
"""

import re
from typing import Literal

from drivers.wire.frame import Fault, Frame, Reason

PROTOCOL = "em4100-ascii"
LONGEST = 16
NOISE_BYTES = 64

_STX = b"\x02"
_ETX = b"\x03"
_DIGITS = 10
_BODY = 12
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_NOTHING = b"\r\n\x00"


class Em4100:
    """Decoder for ``em4100-ascii``. Credential: ``em4100:`` and the ten digits."""

    silence_ms = None

    def __init__(self, checksum: Literal["strict", "ignore"] = "strict") -> None:
        self._strict = checksum == "strict"
        self._buffer = bytearray()
        self._noise = bytearray()

    @property
    def pending(self) -> bool:
        """True while a frame has begun, or noise is not reported yet."""
        return bool(self._buffer or self._noise)

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        found: list[Frame | Fault] = []
        buffer = self._buffer
        buffer += data
        while buffer:
            start = buffer.find(_STX)
            if start:
                stop = len(buffer) if start < 0 else start
                self._collect(bytes(buffer[:stop]), found)
                del buffer[:stop]
                continue
            self._report(found)
            again = buffer.find(_STX, 1, LONGEST)
            end = buffer.find(_ETX, 1, LONGEST if again < 0 else again)
            if end > 0:
                found.append(self._decode(bytes(buffer[: end + 1])))
                del buffer[: end + 1]
            elif again > 0:
                found.append(_unfinished(bytes(buffer[:again])))
                del buffer[:again]
            elif len(buffer) < LONGEST:
                break
            else:
                detail = f"no ETX (03) within {LONGEST} bytes after STX: another protocol, or noise"
                found.append(Fault(Reason.TOO_LONG, bytes(buffer[:LONGEST]), detail))
                del buffer[:LONGEST]
        return found

    def flush(self) -> list[Frame | Fault]:
        """Give up on what is pending; see `drivers.wire.frame.Decoder`."""
        found: list[Frame | Fault] = []
        self._report(found)
        if self._buffer:
            found.append(_unfinished(bytes(self._buffer)))
            self._buffer.clear()
        return found

    def _collect(self, noise: bytes, found: list[Frame | Fault]) -> None:
        self._noise += noise
        while len(self._noise) >= NOISE_BYTES:
            _strays(bytes(self._noise[:NOISE_BYTES]), found)
            del self._noise[:NOISE_BYTES]

    def _report(self, found: list[Frame | Fault]) -> None:
        if self._noise:
            _strays(bytes(self._noise), found)
            self._noise.clear()

    def _decode(self, raw: bytes) -> Frame | Fault:
        body = raw[1:-1]
        if len(body) == _BODY + 2 and body.endswith(b"\r\n"):
            body = body[:_BODY]
        if len(body) != _BODY:
            reason = Reason.TOO_SHORT if len(body) < _BODY else Reason.TOO_LONG
            detail = f"{_bytes(body)} between STX and ETX; 10 digits and 2 of checksum expected"
            return Fault(reason, raw, detail)
        digits, check = body[:_DIGITS], body[_DIGITS:]
        if _HEX.fullmatch(digits) is None:
            return Fault(Reason.NON_HEX, raw, "the ten digits are not hexadecimal: noise, or baud")
        data = digits.decode().upper()
        if _HEX.fullmatch(check) is None:
            detail = "the two digits of the checksum are not hexadecimal"
            return Fault(Reason.NON_HEX_CHECKSUM, raw, detail, {"data": data})
        return self._check(raw, data, int(check, 16))

    def _check(self, raw: bytes, data: str, checksum: int) -> Frame | Fault:
        number = bytes.fromhex(data)
        computed = number[0] ^ number[1] ^ number[2] ^ number[3] ^ number[4]
        serial = number[1:]
        fields: dict[str, object] = {
            "data": data,
            "version": number[0],
            "serial_hex": serial.hex().upper(),
            "serial_dec10": f"{int.from_bytes(serial):010d}",
            "checksum": f"{checksum:02X}",
            "computed_xor": f"{computed:02X}",
            "w26_facility": number[2],
            "w26_card": number[3] << 8 | number[4],
        }
        if computed != checksum and self._strict:
            detail = (
                f"the checksum is {checksum:02X}, the digits give {computed:02X}: noise; if every "
                "tag is wrong in this way the module is at fault, and the check can be switched off"
            )
            return Fault(Reason.BAD_CHECKSUM, raw, detail, fields)
        return Frame(PROTOCOL, f"em4100:{data}", fields, raw)


def _strays(raw: bytes, found: list[Frame | Fault]) -> None:
    if raw.strip(_NOTHING):
        detail = f"{_bytes(raw)} outside a frame: noise, another protocol, or the wrong baud"
        found.append(Fault(Reason.NO_START, raw, detail))


def _unfinished(raw: bytes) -> Fault:
    return Fault(Reason.NO_END, raw, f"a frame began and stopped after {_bytes(raw)}")


def _bytes(raw: bytes) -> str:
    return "1 byte" if len(raw) == 1 else f"{len(raw)} bytes"
