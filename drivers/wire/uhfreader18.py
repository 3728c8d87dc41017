"""Readers that speak as UHFReader18 and UHFReader288 do: Chafon CF-RU, CF-MU, SID UR, others.

Follows "UHFReader18 User's Manual" V2.2 and "UHF RFID Reader UR series User Manual" v1.14 (whose
chapter 8 is the protocol of UHFReader288): length of what follows, address, command, data, and a
CRC-16/MCRF4XX with its low byte first. An answer has a status byte before its data.

UHFReader18 tells an EPC and nothing else; UHFReader288 tells antenna and RSSI with it. The manuals
give that byte no unit: it is taken for dBm + 129, as the other readers with the same chip (R2000)
have it. Between two tags it compares in any case.

Rules kept here:
- nothing marks the begin of a frame: the CRC alone does, and only known commands are looked at;
- six bytes 56 00 00 00 00 00 are the word of a reader in active mode that it is there. They begin
  like a frame of 86 bytes, but command 00 does not exist;
- power is set only when it differs from what the reader told: it is written to its flash.
"""

from collections.abc import Mapping, Sequence

from drivers.wire.frame import Reason
from drivers.wire.uhf import EVERYBODY, Ask, Reply, Tag, Unfit, crc16

PROTOCOL, PROTOCOL_288 = "uhfreader18", "uhfreader288"
ROUND, INFO, SET_POWER, REPORT = 0x01, 0x21, 0x2F, 0xEE
DONE, ENDED, TIMED_OUT, MORE, FULL, NO_ANTENNA, NO_TAG = 0, 1, 2, 3, 4, 0xF8, 0xFB
HEARTBEAT = bytes.fromhex("560000000000")
ALIVE = 0
"""The command under which the heartbeat is told; no frame has it."""

ANTENNAS = 8
DBM_OFFSET = 129

_SHORTEST = 4
_ROUNDS_288 = bytes.fromhex("04000100000000")
"""Q 4, session S0, EPC without a mask, target A; then antenna and time."""

_SCAN = 3
_LATE_NS = 500_000_000
_INFO = 8
_ACTIVE = "it is in active mode: set it to answer mode"
_COMMANDS = frozenset((*range(0x01, 0x1C), *range(0x20, 0x80), REPORT))
_ERRORS = {
    0xF8: "the antenna is not connected",
    0xF9: "it could not carry out the command",
    0xFA: "the tag cannot be reached",
    0xFD: "the command is too long or too short",
    0xFE: "it does not know the command",
    0xFF: "the parameter is wrong",
}


def frame(address: int, command: int, data: bytes = b"") -> bytes:
    """A frame: of a host, or of a reader with the status as its first byte of data.

    ValueError when ``data`` has more than 251 bytes.
    """
    if len(data) + _SHORTEST > 0xFF:
        raise ValueError(f"{len(data)} bytes do not fit into a frame: at most 251 do")
    head = bytes((len(data) + _SHORTEST, address, command)) + data
    return head + crc16(head).to_bytes(2, "little")


def tags_frame(address: int, status: int, epcs: Sequence[bytes]) -> bytes:
    """The answer of a UHFReader18 to an inventory."""
    listed = b"".join(bytes((len(epc),)) + epc for epc in epcs)
    return frame(address, ROUND, bytes((status, len(epcs))) + listed)


def tags_frame_288(
    address: int, status: int, antenna: int, tags: Sequence[tuple[bytes, int]]
) -> bytes:
    """The answer of a UHFReader288: EPCs with dBm from -129 to 126, and the antenna from 1."""
    listed = b"".join(bytes((len(epc),)) + epc + bytes((dbm + DBM_OFFSET,)) for epc, dbm in tags)
    return frame(address, ROUND, bytes((status, 1 << antenna - 1, len(tags))) + listed)


class UhfReader18:
    """The `drivers.wire.uhf.Family` of both: ``antennas`` from 1, where the reader has several.

    ``rssi``: it is a UHFReader288.
    """

    start = b""

    def __init__(
        self,
        address: int = EVERYBODY,
        antennas: Sequence[int] = (),
        power: int | None = None,
        *,
        rssi: bool = False,
    ) -> None:
        self.name = PROTOCOL_288 if rssi else PROTOCOL
        self.address = address
        self._antennas = antennas or (1,)
        self._power = power
        self._rssi = rssi
        self.silence_ns = _LATE_NS + (_SCAN * 100_000_000 if rssi else 0)

    def measure(self, buffer: bytearray, at: int) -> int:
        """See `drivers.wire.uhf.Family`."""
        first = buffer[at]
        if first < _SHORTEST:
            return -1
        if len(buffer) < at + 3:
            return 0
        if first == HEARTBEAT[0] and buffer[at + 2] == ALIVE:
            return len(HEARTBEAT) if HEARTBEAT.startswith(bytes(buffer[at : at + 6])) else -1
        return first + 1 if buffer[at + 2] in _COMMANDS else -1

    def understand(self, raw: bytes) -> Reply | Unfit:
        """See `drivers.wire.uhf.Family`."""
        if raw == HEARTBEAT:
            return Reply(ALIVE, refused=_ACTIVE)
        computed, told = crc16(raw[:-2]), raw[-2] | raw[-1] << 8
        if computed != told:
            detail = f"the CRC is {told:04X}, the bytes give {computed:04X}: noise"
            return Unfit(Reason.BAD_CHECKSUM, detail)
        address, command, data = raw[1], raw[2], raw[3:-2]
        if command == ROUND and data:
            return self._round(address, data)
        facts: Mapping[str, object] = {}
        refused = _failure(data[0]) if data and data[0] != DONE else ""
        if command == REPORT:
            refused, facts = _ACTIVE, {"data": data[1:].hex().upper()}
        elif command == INFO and len(data) > _INFO and not refused:
            facts = _facts(data[1:], scan=not self._rssi)
        return Reply(command, address, refused=refused, facts=facts, told=not data)

    def setup(self) -> Sequence[Ask]:
        """Ask what it is; set the power where that is wanted and differs."""
        asks = list(self.revive())
        if self._power is not None:
            send = frame(self.address, SET_POWER, bytes((self._power,)))
            wanted = ("power_dbm", self._power)
            asks.append(Ask(f"power of {self._power} dBm", send, SET_POWER, wanted))
        return asks

    def revive(self) -> Sequence[Ask]:
        """What it is: every reader of the family answers that."""
        return [Ask("firmware", frame(self.address, INFO), INFO)]

    def inventory(self, turn: int, /) -> bytes:
        """A round; several antennas take turns."""
        if not self._rssi:
            return frame(self.address, ROUND)
        antenna = self._antennas[turn % len(self._antennas)]
        data = _ROUNDS_288 + bytes((0x80 + antenna - 1, _SCAN))
        return frame(self.address, ROUND, data)

    def farewell(self) -> bytes:
        """Nothing: a round ends by itself."""
        return b""

    def _round(self, address: int, data: bytes) -> Reply | Unfit:
        status, rest = data[0], data[1:]
        if status == NO_TAG:
            return Reply(ROUND, address, over=True)
        if status not in (ENDED, TIMED_OUT, MORE, FULL):
            return Reply(ROUND, address, over=True, refused=_failure(status))
        antenna = 0
        if self._rssi and rest:
            antenna, rest = rest[0].bit_length(), rest[1:]
        tags = _tags(rest, antenna, rssi=self._rssi)
        if tags is None:
            return Unfit(Reason.WRONG_LENGTH, "the tags are not as long as the answer says")
        return Reply(ROUND, address, tags=tags, over=status != MORE)


def _tags(data: bytes, antenna: int, *, rssi: bool) -> tuple[Tag, ...] | None:
    """The tags of an answer; None where its lengths do not add up."""
    found: list[Tag] = []
    at = 1
    for _ in range(data[0] if data else 0):
        size = data[at] if at < len(data) else 0
        end = at + 1 + size + rssi
        if not size or end > len(data):
            return None
        dbm = data[end - 1] - DBM_OFFSET if rssi else None
        found.append(Tag(data[at + 1 : at + 1 + size].hex().upper(), antenna, dbm))
        at = end
    return tuple(found) if at >= len(data) else None


def _failure(status: int) -> str:
    return _ERRORS.get(status, f"it says status {status:02X}")


def _facts(data: bytes, *, scan: bool) -> Mapping[str, object]:
    """What it tells of itself; the time of a round where the host does not tell that."""
    facts: dict[str, object] = {"firmware": f"{data[0]}.{data[1]}", "power_dbm": data[6]}
    return facts | ({"scan_ms": data[7] * 100} if scan else {})
