"""Native commands of MIFARE DESFire and NTAG 424 DNA, wrapped as in ISO 7816-4, and the answers.

Rules kept here:
- bytes in, bytes out; nothing here waits, talks or knows a key;
- a command is ``90 INS 00 00 [Lc DATA] 00``, an answer is data and ``91 STATUS``;
- an empty answer is what PC/SC gives as "success" when the card leaves in mid-command.

Follows NXP "NTAG 424 DNA" (NT4H2421Gx, data sheet), 8.3 and 8.4, and NXP "MIFARE DESFire Light"
(MF2DLHX0, data sheet), 8.3 and 8.4; DESFire EV1 and EV2 have the same frames and status bytes.
"""

from dataclasses import dataclass

OK = 0x9100
MORE = 0x91AF
UNKNOWN_COMMAND = 0x911C

_LONGEST = 255
_SAYS = {
    0x911C: "it does not know the command",
    0x911E: "it found our message changed",
    0x9140: "it has no key of this number",
    0x917E: "it did not like the length of the command",
    0x919D: "it does not permit this",
    0x91AD: "it wants a pause after failed attempts",
    0x91AE: "its key is another one",
    0x91CA: "it was in the middle of another command",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a card answered: the data, and the status word."""

    data: bytes
    status: int

    @property
    def says(self) -> str:
        """What the status means, as an end of the sentence "the card refused: …"."""
        return _SAYS.get(self.status, f"it answered {self.status:04X}")


def command(code: int, data: bytes = b"") -> bytes:
    """The command with this code, 0 to 255, and at most 255 bytes of data; ValueError else."""
    if len(data) > _LONGEST:
        raise ValueError(f"a command takes 255 bytes at most, not {len(data)}")
    length = bytes((len(data),)) if data else b""
    return bytes((0x90, code, 0, 0)) + length + data + b"\x00"


def answer(raw: bytes) -> Answer | None:
    """The answer in its parts; None for one without a status word: the card left."""
    if len(raw) < 2:
        return None
    return Answer(raw[:-2], int.from_bytes(raw[-2:], "big"))
