"""What a card showed to a PC/SC reader, and who asks it for more than its number.

Rule kept here: nothing of `cryptography` is needed to read numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.model import CardProof

Transmit = Callable[[bytes], bytes]
"""Brings a command to the card and gives its answer; an empty one means that the card left."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card showed: its UID, its ATR, and what it proved of itself.

    ``why`` is the reason of a proof that failed, for an installer.
    """

    uid: bytes
    atr: bytes
    proof: CardProof = CardProof.UID_ONLY
    why: str = ""


Prove = Callable[[bytes, bytes, Transmit], Shown]
"""Asks the card with this UID and ATR to prove itself; the UID may become another, its true one.

Raises what the way to the card raises, and `drivers.secure.talk.TornError` when the card leaves.
"""


def number_only(uid: bytes, atr: bytes, _transmit: Transmit) -> Shown:
    """Ask for nothing: every card is its number."""
    return Shown(uid, atr)
