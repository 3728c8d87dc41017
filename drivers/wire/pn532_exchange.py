"""One command to a card of ISO 14443-4 and its answer, over as many InDataExchange as that takes.

Document: NXP UM0701-02, chapter 7.3.8 (InDataExchange) and 7.1 (error codes). The byte before the
data is the number of the card, with bit 6 (MI) where more of the command follows; the first byte of
an answer is its status: bits 0 to 5 the error, bit 6 (MI) that more of the answer waits.

Rules kept here:
- a card that is gone, silent or broken is an empty answer, whatever the module calls it;
- an answer is bounded: whoever sends more than `LONGEST` bytes is no card of ours.
"""

from typing import Final

CARD: Final = 1
"""The module's number of the one card that it holds."""
PIECE: Final = 262
"""Bytes of a command that the module takes at once."""
LONGEST: Final = 4_096
_MORE: Final = 0x40


class Exchange:
    """Bytes in, bytes out: `ask` gives what is sent behind the code, `take` an answer's data."""

    def __init__(self, command: bytes) -> None:
        self._left = command
        self._last = False
        self._answer = b""

    def ask(self) -> bytes:
        """What to send next."""
        piece, self._left = self._left[:PIECE], self._left[PIECE:]
        self._last = not self._left
        return bytes((CARD | (0 if self._last else _MORE),)) + piece

    def take(self, data: bytes) -> bytes | None:
        """The card's whole answer, empty where there is none; None: ask once more."""
        if not data or data[0] & ~_MORE:
            return b""
        if not self._last:
            return None
        self._answer += data[1:]
        if len(self._answer) > LONGEST:
            return b""
        return None if data[0] & _MORE else self._answer
