"""Harmless questions to readers that speak only when they are asked.

What is sent: to a PN532 its wake-up and SAMConfiguration for normal mode, which it takes first
after every start and forgets with the power (NXP UM0701-02, 7.2.10); to long-range readers what
their family answers at any time (the version of the firmware; the M100 family is told to stop its
inventory); on an OSDP line the question for identity, to all at once, then to each address: several
devices disturb each other's answers, and one may answer as the address that it was asked by
(IEC 60839-11-5).

Rules kept here:
- nothing is set, switched or stored by a question;
- an answer counts only as a whole frame of the reader, every check right.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.wire import osdp_frame, pn532
from drivers.wire.frame import Frame
from drivers.wire.uhf import Cutter, Heard
from drivers.wire.uhf_families import FAMILIES, make_family

_SAM, _NORMAL_MODE = 0x14, b"\x01\x00\x00"
_ID = b"\x61\x00"
_UHF_BAUDS = (115_200, 57_600, 38_400, 9_600)


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent at each of these speeds, and whether bytes that came hold an answer.

    ``driver`` and ``protocol`` are the words of the configuration; protocol empty: it has none.
    """

    driver: str
    protocol: str
    bauds: tuple[int, ...]
    send: bytes
    answered: Callable[[bytes], bool]


def _pn532(data: bytes) -> bool:
    frames = pn532.Frames()
    found = [*frames.feed(data), *frames.flush()]
    return any(isinstance(one, pn532.Told) and one.tfi == pn532.FROM_MODULE for one in found)


def _uhf(name: str) -> Question:
    def answered(data: bytes) -> bool:
        cutter = Cutter(make_family(name))
        found = [*cutter.feed(data), *cutter.flush()]
        return any(isinstance(one, Heard) and not one.reply.told for one in found)

    send = b"".join(ask.send for ask in make_family(name).revive())
    return Question("uhf", name, _UHF_BAUDS, send, answered)


def _osdp(data: bytes) -> bool:
    frames = osdp_frame.OsdpFrames()
    found = [*frames.feed(data), *frames.flush()]
    return any(isinstance(one, Frame) and one.fields["reply"] for one in found)


_CRC = 0x04
_PN532 = pn532.WAKE_UP + pn532.encode(_SAM, _NORMAL_MODE)
OSDP = Question(
    "osdp",
    "",
    (9_600, 115_200, 38_400, 19_200),
    osdp_frame.encode(osdp_frame.BROADCAST, _CRC, _ID, reply=False),
    _osdp,
)
QUESTIONS: tuple[Question, ...] = (
    Question("pn532", "", (115_200,), _PN532, _pn532),
    *map(_uhf, FAMILIES),
    OSDP,
)
ADDRESSES = range(osdp_frame.BROADCAST)
"""Those that a device on an OSDP line may have."""


def who(send: bytes, data: bytes) -> list[Question]:
    """Whose answer to what was sent these bytes hold; what the line gives back is no answer."""
    answer = data.replace(send, b"", 1)
    return [one for one in QUESTIONS if one.send == send and one.answered(answer)]


def who_at(address: int) -> bytes:
    """The question for identity to one of `ADDRESSES`."""
    return osdp_frame.encode(address, _CRC, _ID, reply=False)


def address_of(data: bytes) -> int | None:
    """The address that an answer on an OSDP line came from, the first one; None: there is none."""
    found = osdp_frame.OsdpFrames().packets(data)
    replies = [one.address for one in found if isinstance(one, osdp_frame.Packet) and one.reply]
    return replies[0] if replies else None
