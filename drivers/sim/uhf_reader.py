"""A long-range reader as its host sees it: commands in, frames out, and tags in its field.

Rules kept here:
- it answers as the documents say, in the protocol that it was made for, and nothing else;
- a round takes `ROUND_S`; with ``rate`` its tags are read so often a second, whatever the round;
- the line can be bad: ``noise`` and ``loss`` are the chances (0 to 1) that stray bytes come before
  a frame, and that a byte of it gets lost; ``delay_s`` passes before anything is sent;
- a command that breaks off for `GAP_S` is given up, as real readers do: what was said to another
  kind of reader does not swallow what follows.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.wire import m100, r2000, uhfreader18
from drivers.wire.frame import Reason
from drivers.wire.r2000 import R2000
from drivers.wire.uhf import EVERYBODY, FAILED, Cutter, Family, Heard, Reply, Unfit, crc16
from drivers.wire.uhf_families import make_family
from drivers.wire.uhfreader18 import UhfReader18

ROUND_S = 0.05
GAP_S = 0.3
_IN_A_FRAME = 8
_HEARTBEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class FieldTag:
    """A tag in the field: its EPC, how strong its answer is, and the antenna that it is at."""

    epc: bytes
    dbm: int = -55
    antenna: int = 1


@dataclass(slots=True)
class Mood:
    """What can be changed while it runs."""

    tags: Sequence[FieldTag] = ()
    rate: float = 0
    noise: float = 0
    loss: float = 0
    delay_s: float = 0
    mute: bool = False
    """It says nothing, as a reader without power."""
    active: bool = False
    """It is in active mode (UHFReader18): no answers, its heartbeat only."""
    refuse: Sequence[int] = ()
    """Commands that it does not do."""


@dataclass(slots=True)
class Counts:
    """What it has done."""

    reads: int = 0
    rounds: int = 0
    commands: dict[int, int] = field(default_factory=dict)


class _Host18(UhfReader18):
    """What a host says to a UHFReader288: its rounds are no lists of tags."""

    def understand(self, raw: bytes) -> Reply | Unfit:
        if crc16(raw[:-2]).to_bytes(2, "little") != raw[-2:]:
            return Unfit(Reason.BAD_CHECKSUM, "the CRC is wrong")
        return Reply(raw[2], raw[1], told=True)


class _HostR2000(R2000):
    """What a host says to a reader of the family A0, likewise."""

    def understand(self, raw: bytes) -> Reply | Unfit:
        if sum(raw) & 0xFF:
            return Unfit(Reason.BAD_CHECKSUM, "the check is wrong")
        return Reply(raw[3], raw[2], told=True)


_HOSTS: Mapping[str, Callable[[str], Family]] = {
    r2000.PROTOCOL: lambda _: _HostR2000(),
    uhfreader18.PROTOCOL_288: lambda _: _Host18(),
}


class FieldReader:
    """One reader. `heard` bytes, then `due` bytes to send; times in monotonic seconds."""

    def __init__(self, protocol: str, address: int = 1, power: int = 20, seed: int = 1) -> None:
        self.protocol = protocol
        self.mood = Mood()
        self.counts = Counts()
        self.power = power
        self.antenna = 1
        self._address = address
        self._cutter = Cutter(_HOSTS.get(protocol, make_family)(protocol))
        self._chance = random.Random(seed)  # noqa: S311 - the same noise in every run
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._round: tuple[float, tuple[int, ...]] | None = None
        self._going = False
        self._owed = 0.0
        self._turn = 0
        self._last_s = 0.0
        self._beat_s = 0.0
        self._heard_s = 0.0

    def heard(self, data: bytes, now_s: float) -> None:
        """The host sent this."""
        if now_s - self._heard_s > GAP_S:
            self._cutter.flush()
        self._heard_s = now_s
        for one in self._cutter.feed(data):
            if isinstance(one, Heard) and one.reply.address in (self._address, EVERYBODY):
                self._obey(one, now_s)

    def due_s(self, now_s: float) -> float:
        """When it next has something to say."""
        dues = [self._waiting[0][0]] if self._waiting else []
        if self._round is not None:
            dues.append(self._round[0])
        if self.mood.active:
            dues.append(self._beat_s)
        return min(dues, default=now_s + 1)

    def due(self, now_s: float) -> bytes:
        """What it says now."""
        if self.mood.mute:
            self._waiting.clear()
            self._round = None
        if self.mood.active and now_s >= self._beat_s:
            self._beat_s = now_s + _HEARTBEAT_S
            self._say(uhfreader18.HEARTBEAT, now_s)
        if self._round is not None and now_s >= self._round[0]:
            self._end_round(self._round[1], now_s)
        said = b""
        while self._waiting and self._waiting[0][0] <= now_s:
            said += self._waiting.popleft()[1]
        return said

    def _obey(self, one: Heard, now_s: float) -> None:
        if self.mood.mute or self.mood.active:
            return
        command = one.raw[2] if self.protocol == m100.PROTOCOL else one.reply.command
        self.counts.commands[command] = self.counts.commands.get(command, 0) + 1
        if self.protocol == m100.PROTOCOL:
            self._m100(command, one.raw[5:-2], now_s)
        elif self.protocol == r2000.PROTOCOL:
            self._r2000(command, one.raw[4:-1], now_s)
        else:
            self._uhfreader18(command, one.raw[3:-2], now_s)

    def _m100(self, command: int, data: bytes, now_s: float) -> None:
        answer, done = command, b"\x00"
        if command == m100.STOP:
            self._going, self._round = False, None
        if command in self.mood.refuse:
            answer, done = FAILED, b"\x17"
        elif command == m100.ROUNDS:
            self._going = True
            return self._begin_round((1,), now_s)
        elif command == m100.INFO:
            done = data[:1] + b"V2.3.5"
        elif command == m100.GET_POWER:
            done = (self.power * 100).to_bytes(2, "big")
        elif command == m100.SET_POWER:
            self.power = int.from_bytes(data, "big") // 100
        return self._answer_m100(answer, done, now_s)

    def _answer_m100(self, command: int, data: bytes, now_s: float) -> None:
        self._say(m100.frame(m100.ANSWER, command, data), now_s)

    def _r2000(self, command: int, data: bytes, now_s: float) -> None:
        answer = bytes((r2000.DONE,))
        if command in self.mood.refuse:
            answer = b"\x41"
        elif command == r2000.ROUND:
            return self._begin_round((self.antenna,), now_s)
        elif command == r2000.SWITCHED:
            wanted = tuple(one + 1 for one in data[:-2:2] if one < r2000.ANTENNAS)
            return self._begin_round(wanted, now_s)
        elif command == r2000.FIRMWARE:
            answer = bytes((8, 2))
        elif command == r2000.GET_POWER:
            answer = bytes((self.power,))
        elif command == r2000.SET_POWER:
            self.power = data[0]
        elif command == r2000.GET_ANTENNA:
            answer = bytes((self.antenna - 1,))
        elif command == r2000.SET_ANTENNA:
            self.antenna = data[0] + 1
        return self._say(r2000.frame(self._address, command, answer), now_s)

    def _uhfreader18(self, command: int, data: bytes, now_s: float) -> None:
        answer = bytes((uhfreader18.DONE,))
        if command in self.mood.refuse:
            answer = b"\xff"
        elif command == uhfreader18.ROUND:
            antenna = data[7] - 0x80 + 1 if len(data) > 7 else 1
            return self._begin_round((antenna,), now_s)
        elif command == uhfreader18.INFO:
            answer += bytes((2, 36, 9, 3, 0x31, 0x80, self.power, 10, 1, 0, 0, 0))
        elif command == uhfreader18.SET_POWER:
            self.power = data[0]
        return self._say(uhfreader18.frame(self._address, command, answer), now_s)

    def _begin_round(self, antennas: tuple[int, ...], now_s: float) -> None:
        self._round = (now_s + ROUND_S, antennas)

    def _end_round(self, antennas: tuple[int, ...], now_s: float) -> None:
        tags = self._read(antennas, now_s)
        self.counts.rounds += 1
        self.counts.reads += len(tags)
        self._round = None
        if self.protocol == m100.PROTOCOL:
            for tag in tags:
                self._say(m100.tag_frame(tag.epc, tag.dbm), now_s)
            if not tags:
                self._answer_m100(FAILED, bytes((m100.NO_TAG,)), now_s)
            if self._going:
                self._begin_round(antennas, now_s)
        elif self.protocol == r2000.PROTOCOL:
            self._end_r2000(antennas, tags, now_s)
        else:
            self._end_18(antennas[0], tags, now_s)

    def _end_r2000(self, antennas: tuple[int, ...], tags: Sequence[FieldTag], now_s: float) -> None:
        command = r2000.ROUND if len(antennas) == 1 else r2000.SWITCHED
        for tag in tags:
            self._say(r2000.tag_frame(self._address, tag.epc, tag.antenna, tag.dbm, command), now_s)
        count = len(tags).to_bytes(4, "big")
        over = bytes((antennas[0] - 1, 0, 50)) + count
        if command == r2000.SWITCHED:
            over = count[1:] + int(ROUND_S * 1000).to_bytes(4, "big")
        self._say(r2000.frame(self._address, command, over), now_s)

    def _end_18(self, antenna: int, tags: Sequence[FieldTag], now_s: float) -> None:
        with_rssi = self.protocol == uhfreader18.PROTOCOL_288
        for first in range(0, len(tags), _IN_A_FRAME):
            some = tags[first : first + _IN_A_FRAME]
            last = first + _IN_A_FRAME >= len(tags)
            status = uhfreader18.ENDED if last else uhfreader18.MORE
            if with_rssi:
                listed = [(tag.epc, tag.dbm) for tag in some]
                raw = uhfreader18.tags_frame_288(self._address, status, antenna, listed)
            else:
                raw = uhfreader18.tags_frame(self._address, status, [tag.epc for tag in some])
            self._say(raw, now_s)
        if not tags:
            none = bytes((uhfreader18.NO_TAG,))
            self._say(uhfreader18.frame(self._address, uhfreader18.ROUND, none), now_s)

    def _read(self, antennas: tuple[int, ...], now_s: float) -> Sequence[FieldTag]:
        """The tags that this round reads, each as often as the rate wants."""
        there = [tag for tag in self.mood.tags if tag.antenna in antennas]
        since, self._last_s = now_s - self._last_s, now_s
        if not self.mood.rate or not there:
            self._owed = 0.0
            return there
        self._owed += min(since, 1.0) * self.mood.rate
        count, self._owed = int(self._owed), self._owed % 1
        found = [there[(self._turn + n) % len(there)] for n in range(count)]
        self._turn = (self._turn + count) % len(there)
        return found

    def _say(self, frame: bytes, now_s: float) -> None:
        chance, mood = self._chance, self.mood
        if chance.random() < mood.loss:
            gone = chance.randrange(len(frame))
            frame = frame[:gone] + frame[gone + 1 :]
        if chance.random() < mood.noise:
            frame = chance.randbytes(chance.randrange(1, 12)) + frame
        self._waiting.append((now_s + mood.delay_s, frame))
