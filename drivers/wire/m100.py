"""The M100 and R200 family of long-range readers: frames ``BB … 7E``.

So speak modules with the chips of MagicRF: M100, R200, JRD-4035, YRM100, and readers made of them.
Follows "M100 UHF RFID Reader Module: Instruction Manual" (MagicRF): BB, type (00 command, 01
answer, 02 notice), command, two bytes of length, parameters, checksum, 7E. The checksum is the sum
of all bytes from the type to the last parameter. RSSI is a signed byte in dBm at the chip's input.

Rules kept here:
- a tag is whole only if the length of its EPC agrees with its PC word, and its own CRC is right; a
  CRC of zeros is that of modules that do not pass it on;
- the region is never set: which channels are lawful is for the installer to know.
"""

from collections.abc import Mapping, Sequence

from drivers.wire.frame import Reason
from drivers.wire.uhf import (
    EVERYBODY,
    FAILED,
    LONGEST,
    Ask,
    Reply,
    Tag,
    Unfit,
    epc_size,
    tag_crc16,
)

PROTOCOL = "m100"
COMMAND, ANSWER, NOTICE = 0, 1, 2
INFO, ROUND, ROUNDS, STOP, GET_POWER, SET_POWER = 0x03, 0x22, 0x27, 0x28, 0xB7, 0xB6
NO_TAG = 0x15

_HEAD, _TAIL = 0xBB, 0x7E
_FRAME = 7
_SETTING = (SET_POWER, STOP)
_MOST = LONGEST - _FRAME
_ERRORS = {
    0x09: "reading failed",
    0x0E: "the parameters are wrong",
    0x10: "writing failed",
    0x17: "it does not know the command, or is not ready for it",
    0x20: "the channel is occupied, or frequency hopping found none free",
}


def frame(kind: int, command: int, data: bytes = b"") -> bytes:
    """A frame of this type; ``data`` has at most 255 bytes, else ValueError."""
    if len(data) > _MOST:
        raise ValueError(f"{len(data)} bytes do not fit into a frame: at most {_MOST} do")
    body = bytes((kind, command)) + len(data).to_bytes(2, "big") + data
    return bytes((_HEAD,)) + body + bytes((sum(body) & 0xFF, _TAIL))


def tag_frame(epc: bytes, dbm: int) -> bytes:
    """The notice of a tag, as a reader sends it; ``epc`` has whole words, at most 31."""
    told = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
    data = dbm.to_bytes(1, "big", signed=True) + told + tag_crc16(told).to_bytes(2, "big")
    return frame(NOTICE, ROUND, data)


class M100:
    """The `drivers.wire.uhf.Family` with one antenna and no address; ``power`` in dBm."""

    name = PROTOCOL
    address = EVERYBODY
    start = bytes((_HEAD,))
    silence_ns = 500_000_000

    def __init__(self, power: int | None = None) -> None:
        self._power = power

    def measure(self, buffer: bytearray, at: int) -> int:
        """See `drivers.wire.uhf.Family`."""
        if buffer[at] != _HEAD:
            return -1
        if len(buffer) < at + 5:
            return 0
        size = buffer[at + 3] << 8 | buffer[at + 4]
        return size + _FRAME if buffer[at + 1] <= NOTICE and size <= _MOST else -1

    def understand(self, raw: bytes) -> Reply | Unfit:
        """See `drivers.wire.uhf.Family`."""
        check = sum(raw[1:-2]) & 0xFF
        if raw[-1] != _TAIL:
            return Unfit(Reason.NO_END, "no 7E where the length says that the frame ends")
        if raw[-2] != check:
            detail = f"the checksum is {raw[-2]:02X}, the bytes give {check:02X}: noise"
            return Unfit(Reason.BAD_CHECKSUM, detail)
        command, data = raw[2], raw[5:-2]
        if raw[1] == NOTICE and command == ROUND:
            return _tag(data)
        if raw[1] == COMMAND:
            return Reply(command, told=True)
        failed = command == FAILED or (command in _SETTING and data[:1] != b"\x00")
        return Reply(command, refused=_failure(data) if failed else "", facts=_facts(command, data))

    def setup(self) -> Sequence[Ask]:
        """Stop what goes on, then ask what it is, and set the power where that is wanted."""
        asks = [*self.revive(), Ask("firmware", frame(COMMAND, INFO, b"\x01"), INFO)]
        if self._power is not None:
            power = (self._power * 100).to_bytes(2, "big")
            asks += [
                Ask("power", frame(COMMAND, GET_POWER), GET_POWER),
                Ask(
                    f"power of {self._power} dBm",
                    frame(COMMAND, SET_POWER, power),
                    SET_POWER,
                    ("power_dbm", self._power),
                ),
            ]
        return asks

    def revive(self) -> Sequence[Ask]:
        """Stop: the reader answers that whether an inventory goes on or not."""
        return [Ask("stop", frame(COMMAND, STOP), STOP)]

    def inventory(self, _turn: int, /) -> bytes:
        """So many rounds as can be asked for: some minutes."""
        return frame(COMMAND, ROUNDS, b"\x22\xff\xff")

    def farewell(self) -> bytes:
        """Stop: it would go on sending, and radiating."""
        return frame(COMMAND, STOP)


def _tag(data: bytes) -> Reply | Unfit:
    told = data[1:-2]
    if len(told) < 2 or len(told) != 2 + epc_size(told[0] << 8 | told[1]):
        return Unfit(Reason.WRONG_LENGTH, "the EPC is not as long as the tag's PC word says")
    crc = data[-2] << 8 | data[-1]
    if crc not in (0, tag_crc16(told)):
        return Unfit(Reason.BAD_CHECKSUM, "the tag's own CRC does not fit its EPC: noise")
    if len(told) == 2:
        return Reply(ROUND)
    dbm = int.from_bytes(data[:1], "big", signed=True)
    return Reply(ROUND, tags=(Tag(told[2:].hex().upper(), dbm=dbm),))


def _failure(data: bytes) -> str:
    code = data[0] if data else 0
    return "" if code == NO_TAG else _ERRORS.get(code, f"it says error {code:02X}")


def _facts(command: int, data: bytes) -> Mapping[str, object]:
    if command == INFO and len(data) > 1:
        text = "".join(chr(byte) for byte in data[1:] if 0x20 <= byte < 0x7F)
        return {"firmware" if data[0] == 1 else "info": text}
    if command == GET_POWER and len(data) == 2:
        return {"power_dbm": int.from_bytes(data, "big") / 100}
    return {}
