"""Commands and answers of contactless PC/SC readers: the card's UID, the ACR122U's lamp and buzzer.

Rules kept here:
- bytes in, bytes out; nothing here waits or talks;
- a UID is whole or it is a fault: a reader that says "failed" or "not supported" names no card;
- GET DATA is sent with Le = 00, never with a length: a fixed length truncates longer UIDs.

Follows PC/SC Specification 2.01.09, part 3, 3.2.2.1.3 (GET DATA), and ACS "ACR122U Application
Programming Interface" 2.04, 6.2 (bi-colour LED and buzzer control) and 6.3 (firmware version).
"""

from enum import Enum

GET_UID = bytes.fromhex("FFCA000000")
GET_FIRMWARE = bytes.fromhex("FF00480000")

_SHORTEST, _LONGEST = 4, 16

_REFUSALS = {
    0x6300: "the reader failed to ask the card for its UID",
    0x6A81: "this card or reader does not tell a UID",
    0x6A82: "this card or reader does not tell a UID",
    0x6D00: "this reader does not know the command for the UID",
    0x6E00: "this reader does not know the command for the UID",
}


class Light(Enum):
    """A signal of the ACR122U: state byte, T1, T2 (each 100 ms), repetitions, buzzer during T1."""

    GREEN_SHORT = (0b1010_0000, 2, 1, 1, 1)
    RED_THRICE = (0b0101_0000, 1, 1, 3, 1)
    BOTH_LONG = (0b1111_0000, 6, 1, 1, 1)

    @property
    def duration_ms(self) -> int:
        """How long the reader is busy with it: it answers only when the signal is over."""
        _, on, off, times, _ = self.value
        return (on + off) * times * 100


def light_command(light: Light) -> bytes:
    """The nine bytes that make the reader give this signal and then go back to its own lamp."""
    state, *timing = light.value
    return bytes((0xFF, 0x00, 0x40, state, len(timing), *timing))


def light_done(answer: bytes) -> bool:
    """True when the reader says that the signal was given (90, then the state of the lamps)."""
    return len(answer) == 2 and answer[0] == 0x90


def decode_firmware(answer: bytes) -> str:
    """The firmware of an ACR122U ("ACR122U207"); empty for an answer that is none.

    It is ten characters without a status word; a reader that does not know the command gives one.
    """
    text = answer.removesuffix(b"\x90\x00")
    if len(text) < 4 or not text.isascii():
        return ""
    told = text.decode("ascii")
    return told if told.isprintable() else ""


def ask_again(answer: bytes) -> bytes | None:
    """GET DATA with the length that the reader insists on (6C XX), or None."""
    if len(answer) == 2 and answer[0] == 0x6C and answer[1]:
        return GET_UID[:-1] + answer[1:]
    return None


def decode_uid(answer: bytes) -> bytes:
    """The UID, first byte first. Raises ValueError with a short reason.

    An empty answer is what PC/SC gives as "success" when the card leaves in mid-command.
    """
    if not answer:
        raise ValueError("the card left before it had answered")
    if len(answer) < 2:
        raise ValueError("the answer is cut off: it has no status word")
    uid, status = answer[:-2], int.from_bytes(answer[-2:], "big")
    if status not in (0x9000, 0x6282):
        unknown = f"the reader refused to tell the UID ({status:04X})"
        raise ValueError(_REFUSALS.get(status, unknown))
    if not _SHORTEST <= len(uid) <= _LONGEST:
        raise ValueError(f"a UID of {len(uid)} bytes is none: {_SHORTEST} to {_LONGEST} are known")
    return uid
