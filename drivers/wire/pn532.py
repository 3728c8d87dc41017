"""Frames of NXP's PN532 on its serial interface (HSU), both ways.

Document: NXP UM0701-02, PN532 user manual, chapter 6.2.1 (frames) and 7 (commands). A frame is
00 FF, LEN, LCS (LEN + LCS = 0 mod 256), LEN bytes that begin with TFI (D4 to the module, D5 from
it), DCS (the bytes and DCS sum up to 0), any number of 00 before and after. LEN FF with LCS FF is
an extended frame: two bytes of length follow and their checksum. LEN 00 with LCS FF is ACK, LEN FF
with LCS 00 is NACK; one byte 7F is the error frame: the module did not understand.

Rules kept here:
- a frame whose checksums hold comes out, or a fault; what stands between frames comes out as a
  fault too, in pieces of at most `NOISE` bytes, unless it is 00 (preamble and postamble), 55 or FF
  (what an idle line gives when it is plugged in);
- after a frame that is none the search goes on behind its start, so that a frame that began in a
  damaged one is found;
- nothing longer than the module's own buffer is waited for.
"""

from dataclasses import dataclass

from drivers.wire.frame import Fault, Reason

START = b"\x00\xff"
TO_MODULE, FROM_MODULE, REFUSED = 0xD4, 0xD5, 0x7F
ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
WAKE_UP = b"\x55\x55" + b"\x00" * 14
"""What ends the module's sleep: a byte 55, and time for its clock before the first frame."""

MOST = 265
"""The longest frame: TFI and 264 bytes, the module's buffer."""
NOISE = 64
_LONGEST_SHORT = 255
_HEAD, _LONG_HEAD = 4, 7
"""Bytes before the first that counts: the start, the length, and its checksum."""
_PADDING = b"\x00\x55\xff"
_ACK, _NACK, _LONG = (0x00, 0xFF), (0xFF, 0x00), (0xFF, 0xFF)


@dataclass(frozen=True, slots=True)
class Ack:
    """The command arrived whole."""


@dataclass(frozen=True, slots=True)
class Nack:
    """The answer did not arrive whole: send it again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The error frame: the module does not know the command, or not in this state."""


@dataclass(frozen=True, slots=True)
class Told:
    """A frame with data: ``tfi``, the command or response code, and what follows."""

    tfi: int
    code: int
    data: bytes


Packet = Ack | Nack | Refused | Told


def encode(code: int, data: bytes = b"", tfi: int = TO_MODULE) -> bytes:
    """A frame; ValueError when it is longer than the module's buffer."""
    body = bytes((tfi, code)) + data
    size = len(body)
    if size > MOST:
        raise ValueError(f"a frame of {size} bytes: the PN532 takes {MOST} at most")
    if size <= _LONGEST_SHORT:
        head = bytes((size, -size & 0xFF))
    else:
        high, low = divmod(size, 256)
        head = bytes((0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    return b"\x00" + START + head + body + bytes((-sum(body) & 0xFF, 0x00))


class Frames:
    """Finds the frames in a stream of bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._told = 0  # so many bytes at the begin of the buffer were told of in a fault

    @property
    def pending(self) -> bool:
        """True while bytes wait for the rest of their frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Packet | Fault]:
        """Take the next bytes; gives what they complete, in the order of the bytes."""
        found: list[Packet | Fault] = []
        for at in range(0, len(data), MOST):
            self._buffer += data[at : at + MOST]
            while self._step(found):
                pass
        return found

    def flush(self) -> list[Packet | Fault]:
        """Nothing more comes: what is left is a fault, unless it is padding."""
        found: list[Packet | Fault] = []
        while self._buffer:
            if self._step(found):
                continue
            rest = len(self._buffer)
            if self._buffer.startswith(START):
                self._noise(rest, found, Reason.TOO_SHORT, "the end of a frame is missing", 2)
            else:
                self._noise(rest, found, Reason.NO_START, "bytes that belong to no frame")
        return found

    def _step(self, found: list[Packet | Fault]) -> bool:
        """Take one thing out of the buffer; False when more bytes are needed for it."""
        buffer = self._buffer
        start = buffer.find(START)
        if start:
            # A last 00 may be the first half of a start.
            upto = len(buffer) - buffer.endswith(b"\x00") if start < 0 else start
            whole = start > 0 or upto >= NOISE
            if not whole:
                return False
            self._noise(min(upto, NOISE), found, Reason.NO_START, "bytes that belong to no frame")
            return True
        return self._frame(found)

    def _frame(self, found: list[Packet | Fault]) -> bool:
        """The frame at the start of the buffer."""
        buffer = self._buffer
        if len(buffer) < (_LONG_HEAD if buffer[2:4] == bytes(_LONG) else _HEAD):
            return False
        pair = (buffer[2], buffer[3])
        if pair in (_ACK, _NACK):
            self._take(_HEAD)
            found.append(Ack() if pair == _ACK else Nack())
            return True
        size, begins, check = buffer[2], _HEAD, sum(pair)
        if pair == _LONG:
            size, begins = buffer[4] << 8 | buffer[5], _LONG_HEAD
            check = sum(buffer[_HEAD:_LONG_HEAD])
        if check % 256 or not 0 < size <= MOST:
            fault = Reason.BAD_CHECKSUM if check % 256 else Reason.WRONG_LENGTH
            self._noise(begins, found, fault, "the length of a frame contradicts its checksum", 2)
            return True
        ends = begins + size
        if len(buffer) <= ends:
            return False
        if sum(buffer[begins : ends + 1]) % 256:
            detail = "the checksum of a frame is wrong: noise, or another speed"
            self._noise(ends + 1, found, Reason.BAD_CHECKSUM, detail, 2)
            return True
        body = bytes(buffer[begins:ends])
        self._take(ends + 1)
        found.append(_packet(body))
        return True

    def _noise(
        self,
        size: int,
        found: list[Packet | Fault],
        reason: Reason,
        detail: str,
        drop: int = 0,
    ) -> None:
        """Tell of the first ``size`` bytes as a fault, and drop them (or ``drop`` of them)."""
        raw = bytes(self._buffer[0 if drop else min(size, self._told) : size])
        self._take(drop or size)
        if drop:
            self._told = max(self._told, size - drop)
        if drop or raw.strip(_PADDING):
            found.append(Fault(reason, raw, detail))

    def _take(self, size: int) -> None:
        del self._buffer[:size]
        self._told = max(0, self._told - size)


def _packet(body: bytes) -> Packet | Fault:
    if body[0] == REFUSED and len(body) == 1:
        return Refused()
    if body[0] not in (TO_MODULE, FROM_MODULE) or len(body) < 2:
        return Fault(Reason.NO_MATCH, body, f"a frame of {len(body)} bytes that nobody sends")
    return Told(body[0], body[1], body[2:])
