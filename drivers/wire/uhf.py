"""What the families of long-range readers have in common: tags, replies, and bytes cut into frames.

Rules kept here:
- a `Family` knows the shape of its frames and what they say; `Cutter` finds them in a stream;
- a frame counts only when its check and its own lengths agree; else one byte is given up and the
  search goes on behind it, so that noise never costs a good frame;
- every byte comes out once, in a frame or in a fault; no more than `LONGEST` bytes wait.
"""

from binascii import crc_hqx
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from drivers.wire.frame import Fault, Frame, Reason

LONGEST = 262
SILENCE_MS = 200
"""So long a reader pauses in the middle of a frame at most."""

FAILED = 0xFF
"""The code under which the M100 family answers to any command that it refuses."""

EVERYBODY = 255
"""The address that every reader of a line listens to."""

_NOISE_BYTES = 64
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that was seen once. ``epc``: hexadecimal digits, first byte first, upper case.

    ``antenna`` counts from 1; 0 where the reader tells none. ``dbm``: how strong its answer was;
    None where the reader does not tell.
    """

    epc: str
    antenna: int = 0
    dbm: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a frame says. ``command`` is the code that it answers, or is.

    ``over``: a round of the inventory has ended, and the reader waits to be told to go on.
    ``refused``: why the reader did not do what it was told, in words; empty where it did.
    ``facts``: what it tells of itself. ``told``: the host says it, not the reader.
    """

    command: int
    address: int = EVERYBODY
    tags: tuple[Tag, ...] = ()
    over: bool = False
    refused: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    told: bool = False


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why bytes that look like a frame are none."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Heard(Frame):
    """A frame together with what it says."""

    reply: Reply = Reply(0)


@dataclass(frozen=True, slots=True)
class Ask:
    """One command that is sent before the inventory, and the code of its answer.

    It is left out when the reader has told that ``sets`` is so already: what is set again and again
    wears out a reader's memory.
    """

    what: str
    send: bytes
    answer: int
    sets: tuple[str, object] | None = None


class Family(Protocol):
    """One protocol with its choices."""

    name: str
    address: int
    """The address that is asked; `EVERYBODY` takes answers from any."""
    start: bytes
    """The byte that begins every frame; empty where none does."""
    silence_ns: int
    """After this long without a word an inventory has ended, or its end got lost.

    Where the reader tells how long a round takes (``scan_ms`` of its facts) that is added.
    """

    def measure(self, buffer: bytearray, at: int) -> int:
        """How long the frame at this place is; 0: more bytes are needed; -1: there is none."""

    def understand(self, raw: bytes) -> Reply | Unfit:
        """What a frame of the right length says, or why it is none."""

    def setup(self) -> Sequence[Ask]:
        """What is asked and told first; whoever does not answer the first of it is not there."""

    def revive(self) -> Sequence[Ask]:
        """What is asked when an inventory fell silent."""

    def inventory(self, turn: int, /) -> bytes:
        """What begins the inventory, or its next round: ``turn`` counts them."""

    def farewell(self) -> bytes:
        """What ends an inventory that would go on by itself; empty where none does."""


class Cutter:
    """The `drivers.wire.frame.Decoder` of a family. Credential: ``epc:`` of the first tag."""

    silence_ms = SILENCE_MS

    def __init__(self, family: Family) -> None:
        self._family = family
        self._buffer = bytearray()
        self._noise = bytearray()
        self._why: Unfit | None = None

    @property
    def pending(self) -> bool:
        """True while a frame may have begun, or noise is not reported yet."""
        return bool(self._buffer or self._noise)

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        self._buffer += data
        return list(self._cut())

    def flush(self) -> list[Frame | Fault]:
        """Give up on what is pending; see `drivers.wire.frame.Decoder`."""
        found: list[Frame | Fault] = []
        while self._buffer:
            size = len(self._buffer)
            short = Unfit(Reason.TOO_SHORT, f"a frame began and stopped after {_bytes(size)}")
            self._give_up(1, short, found)
            del self._buffer[:1]
            found += self._cut()
        self._report(found)
        return found

    def _cut(self) -> list[Frame | Fault]:
        found: list[Frame | Fault] = []
        family, buffer, at = self._family, self._buffer, 0
        while at < len(buffer):
            size = family.measure(buffer, at)
            if size < 0:
                stop = buffer.find(family.start, at + 1) if family.start else at + 1
                stop = len(buffer) if stop < 0 else stop
                self._stray(bytes(buffer[at:stop]), None, found)
                at = stop
                continue
            if not size or at + size > len(buffer):
                break
            raw = bytes(buffer[at : at + size])
            reply = family.understand(raw)
            if isinstance(reply, Unfit):
                if family.start:
                    self._report(found)
                self._stray(raw[:1], reply, found)
                at += 1
            else:
                self._report(found)
                found.append(heard(family.name, raw, reply))
                at += size
        del buffer[:at]
        return found

    def _give_up(self, size: int, why: Unfit, found: list[Frame | Fault]) -> None:
        self._stray(bytes(self._buffer[:size]), why, found)

    def _stray(self, raw: bytes, why: Unfit | None, found: list[Frame | Fault]) -> None:
        self._why = self._why or why
        self._noise += raw
        while len(self._noise) >= _NOISE_BYTES:
            self._tell(bytes(self._noise[:_NOISE_BYTES]), found)
            del self._noise[:_NOISE_BYTES]

    def _report(self, found: list[Frame | Fault]) -> None:
        if self._noise:
            self._tell(bytes(self._noise), found)
            self._noise.clear()
        self._why = None

    def _tell(self, raw: bytes, found: list[Frame | Fault]) -> None:
        detail = f"{_bytes(len(raw))} outside a frame: noise, another protocol, or the wrong baud"
        why = self._why or Unfit(Reason.NO_START, detail)
        found.append(Fault(why.reason, raw, why.detail))
        self._why = None


def heard(protocol: str, raw: bytes, reply: Reply) -> Heard:
    """The frame that says this."""
    fields: dict[str, object] = {"command": f"{reply.command:02X}", **reply.facts}
    if reply.address != EVERYBODY:
        fields["address"] = reply.address
    if reply.tags:
        fields["tags"] = [
            {"epc": tag.epc, "antenna": tag.antenna, "dbm": tag.dbm} for tag in reply.tags
        ]
    if reply.refused:
        fields["refused"] = reply.refused
    credential = f"epc:{reply.tags[0].epc}" if reply.tags else ""
    return Heard(protocol, credential, fields, raw, reply)


def crc16(data: bytes) -> int:
    """CRC-16/MCRF4XX: polynomial 1021 mirrored, begun with FFFF.

    It is the CRC of `binascii.crc_hqx` over mirrored bytes, mirrored itself.
    """
    found = crc_hqx(data.translate(_MIRROR), 0xFFFF)
    return _MIRROR[found >> 8] | _MIRROR[found & 0xFF] << 8


def tag_crc16(pc_and_epc: bytes) -> int:
    """The CRC that a tag sends behind PC and EPC (EPC Gen2, annex F: preset FFFF, inverted)."""
    return crc_hqx(pc_and_epc, 0xFFFF) ^ 0xFFFF


def epc_size(pc: int) -> int:
    """Bytes of the EPC, by the protocol control word before it: its top five bits count words."""
    return (pc >> 11) * 2


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"
