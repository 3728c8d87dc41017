"""The A0 family of long-range readers, mostly with the chip Impinj R2000.

So speak the readers and modules IND90x, YR90x, YR8900, M904 and many without a name. Follows "UHF
RFID Reader Serial Interface Protocol" V2.38 and V3.7 (Invelion, YR/IND series): A0, length of what
follows, address, command, data, check; the check makes the sum of all bytes zero.

A tag's RSSI byte (low seven bits) is dBm + 129, as the makers' own programs show it; its top bit
stands for antennas 5 to 8, the low two bits of the byte before the PC word for the antenna.

Rules kept here:
- a tag is whole only if the length of its EPC agrees with its PC word: the check alone is weak;
- the reader stops after each round and is told to go on at its end;
- power and antenna are asked for first and set only when they differ: the reader writes them to
  its flash. The region is never set: which channels are lawful is for the installer to know.
"""

from collections.abc import Mapping, Sequence

from drivers.wire.frame import Reason
from drivers.wire.uhf import EVERYBODY, Ask, Reply, Tag, Unfit, epc_size

PROTOCOL = "r2000"
FIRMWARE, SET_ANTENNA, GET_ANTENNA, SET_POWER, GET_POWER = 0x72, 0x74, 0x75, 0x76, 0x77
ROUND, SWITCHED = 0x89, 0x8A
DONE, ANTENNA_MISSING, NO_TAG = 0x10, 0x22, 0x36
ANTENNAS = 8
DBM_OFFSET = 129

_HEAD = 0xA0
_SHORTEST = 3
_BESIDE = 4
_STAY = 1
_ENDED = 7
_SETTING = (SET_ANTENNA, SET_POWER)
_ERRORS = {
    0x11: "it failed",
    0x20: "its processor was reset",
    0x21: "it could not switch its carrier on",
    0x22: "the antenna is not connected",
    0x23: "its flash cannot be written",
    0x25: "the power cannot be set",
    0x31: "the inventory failed",
    0x41: "the parameter is wrong",
    0x47: "it has no antenna of this number",
    0x48: "the power is out of its range",
    0x52: "its synthesiser does not lock",
    0x53: "its radio chip does not answer",
    0x54: "it does not reach the power that was set",
    0x56: "its spectrum is outside the rules of its region",
    0x57: "the power is too low",
}


def frame(address: int, command: int, data: bytes = b"") -> bytes:
    """A frame of a host or a reader; ``data`` has at most 252 bytes, else ValueError."""
    if len(data) + _SHORTEST > 0xFF:
        raise ValueError(f"{len(data)} bytes do not fit into a frame: at most 252 do")
    head = bytes((_HEAD, len(data) + _SHORTEST, address, command)) + data
    return head + bytes((-sum(head) & 0xFF,))


def tag_frame(address: int, epc: bytes, antenna: int, dbm: int, command: int = ROUND) -> bytes:
    """A tag of a round, as a reader sends it; antenna from 1, ``dbm`` from -129 to -2."""
    antennas, rest = divmod(antenna - 1, 4)
    pc = (len(epc) // 2 << 11).to_bytes(2, "big")
    data = bytes((rest,)) + pc + epc + bytes((antennas << 7 | dbm + DBM_OFFSET,))
    return frame(address, command, data)


class R2000:
    """The `drivers.wire.uhf.Family`; ``antennas`` from 1, none: what the reader is set to."""

    name = PROTOCOL
    start = bytes((_HEAD,))
    silence_ns = 600_000_000

    def __init__(
        self, address: int = EVERYBODY, antennas: Sequence[int] = (), power: int | None = None
    ) -> None:
        self.address = address
        self._antennas = antennas
        self._power = power

    def measure(self, buffer: bytearray, at: int) -> int:
        """See `drivers.wire.uhf.Family`."""
        if buffer[at] != _HEAD:
            return -1
        if len(buffer) < at + 2:
            return 0
        return buffer[at + 1] + 2 if buffer[at + 1] >= _SHORTEST else -1

    def understand(self, raw: bytes) -> Reply | Unfit:
        """See `drivers.wire.uhf.Family`."""
        if sum(raw) & 0xFF:
            check = -sum(raw[:-1]) & 0xFF
            detail = f"the check is {raw[-1]:02X}, the bytes give {check:02X}: noise"
            return Unfit(Reason.BAD_CHECKSUM, detail)
        address, command, data = raw[2], raw[3], raw[4:-1]
        if command in (ROUND, SWITCHED):
            return _round(address, command, data)
        if command in _SETTING and len(data) == 1 and data[0] != DONE:
            return Reply(command, address, refused=_failure(data[0]))
        return Reply(command, address, facts=_facts(command, data))

    def setup(self) -> Sequence[Ask]:
        """Ask what it is; set power and antenna where they are wanted and differ."""
        asks = list(self.revive())
        if self._power is not None:
            asks += [
                self._ask("power", GET_POWER),
                self._ask(
                    f"power of {self._power} dBm",
                    SET_POWER,
                    bytes((self._power,)),
                    ("power_dbm", self._power),
                ),
            ]
        if len(self._antennas) == 1:
            (antenna,) = self._antennas
            asks += [
                self._ask("antenna", GET_ANTENNA),
                self._ask(
                    f"antenna {antenna}",
                    SET_ANTENNA,
                    bytes((antenna - 1,)),
                    ("antenna", antenna),
                ),
            ]
        return asks

    def revive(self) -> Sequence[Ask]:
        """The firmware's version: every reader of the family answers that."""
        return [self._ask("firmware", FIRMWARE)]

    def inventory(self, _turn: int, /) -> bytes:
        """A round at the one antenna, or at all that are wanted in turn."""
        if len(self._antennas) < 2:
            return frame(self.address, ROUND, b"\xff")
        places = 4 if max(self._antennas) <= 4 else ANTENNAS
        wanted = [number - 1 for number in self._antennas]
        pairs = [(one, _STAY) for one in wanted] + [(0xFF, 0)] * (places - len(wanted))
        data = bytes(byte for pair in pairs for byte in pair)
        return frame(self.address, SWITCHED, data + b"\x00\x01")

    def farewell(self) -> bytes:
        """Nothing: a round ends by itself."""
        return b""

    def _ask(
        self, what: str, command: int, data: bytes = b"", sets: tuple[str, object] | None = None
    ) -> Ask:
        return Ask(what, frame(self.address, command, data), command, sets)


def _round(address: int, command: int, data: bytes) -> Reply | Unfit:
    if len(data) == 1:
        refused = "" if data[0] == NO_TAG else _failure(data[0])
        return Reply(command, address, over=True, refused=refused)
    if len(data) == 2:
        # One antenna of several; the round goes on at the next.
        return Reply(command, address, refused=f"antenna {data[0] + 1}: {_failure(data[1])}")
    if len(data) == _ENDED:
        return Reply(command, address, over=True)
    size = len(data) - _BESIDE
    if size < 0 or size != epc_size(data[1] << 8 | data[2]):
        return Unfit(Reason.WRONG_LENGTH, "the EPC is not as long as the tag's PC word says")
    if not size:
        return Reply(command, address)
    rssi = data[-1]
    antenna = (data[0] & 3) + (5 if rssi & 0x80 else 1)
    tag = Tag(data[3:-1].hex().upper(), antenna, (rssi & 0x7F) - DBM_OFFSET)
    return Reply(command, address, tags=(tag,))


def _failure(code: int) -> str:
    return _ERRORS.get(code, f"it says error {code:02X}")


def _facts(command: int, data: bytes) -> Mapping[str, object]:
    if command == FIRMWARE and len(data) == 2:
        return {"firmware": f"{data[0]}.{data[1]}"}
    if command == GET_POWER and data and len(set(data)) == 1:
        return {"power_dbm": data[0]}
    if command == GET_ANTENNA and len(data) == 1:
        return {"antenna": data[0] + 1}
    return {}
