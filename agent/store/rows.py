"""A card as a row of the roster, and the digest by which both ends of a transfer agree.

Rules kept here:
- a row is thirteen texts, `COLUMNS`, in this order; what is not set is the empty text;
- dates are ``YYYY-MM-DDTHH:MM`` (local time of the gate), lanes are joined by one space in
  ascending order;
- rows travel in ascending order of ``(low_key(number), credential)``, each credential once: the
  order in which they lie in the ledger.

The digest of a roster is SHA-256 over all rows in that order, each column of each row written as
its length in bytes (4 bytes, unsigned, big endian) and then the text in UTF-8. It can be kept up
row by row, and a sender makes it from the columns of a CSV file of the same names.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from agent.core.ids import LaneId
from agent.core.model import Card, CardKind, CardStatus, Credential, Direction
from agent.errors import RosterError
from agent.store.chain import framed

COLUMNS = (
    "credential",
    "label",
    "kind",
    "status",
    "holder",
    "unit",
    "department",
    "plate",
    "valid_from",
    "valid_until",
    "windows",
    "lanes",
    "direction",
)

Row = tuple[str, str, str, str, str, str, str, str, str, str, str, str, str]

_KINDS = {kind.value: kind for kind in CardKind}
_STATUSES = {status.value: status for status in CardStatus}
_DIRECTIONS = {direction.value: direction for direction in Direction}


def row_of(card: Card) -> Row:
    """The card as texts, in the order of `COLUMNS`."""
    return (
        f"{card.credential.scheme}:{card.credential.hex}",
        card.label,
        card.kind.value,
        card.status.value,
        card.holder,
        card.unit,
        card.department,
        card.plate,
        "" if card.valid_from is None else card.valid_from.isoformat(timespec="minutes"),
        "" if card.valid_until is None else card.valid_until.isoformat(timespec="minutes"),
        card.windows,
        " ".join(sorted(card.lanes)),
        card.direction.value,
    )


def card_of(row: Row) -> Card:
    """The card that a row of the roster tells."""
    scheme, _, number = row[0].partition(":")
    lanes = row[11]
    return Card(
        Credential(scheme, number),
        row[1],
        _KINDS[row[2]],
        _STATUSES[row[3]],
        row[4],
        row[5],
        row[6],
        row[7],
        datetime.fromisoformat(row[8]) if row[8] else None,
        datetime.fromisoformat(row[9]) if row[9] else None,
        row[10],
        tuple(map(LaneId, lanes.split(" "))) if lanes else (),
        _DIRECTIONS[row[12]],
    )


def low_key(number: int) -> int:
    """The key of the look-up: bits 0 to 23 first, then bits 24 to 31.

    One index then serves ``low32`` (this key) and ``low24`` (the 256 keys from ``low24 << 8`` on).
    """
    return (number & 0xFFFFFF) << 8 | (number >> 24) & 0xFF


def order_of(credential: str) -> tuple[int, str]:
    """Where a row travels: by ``(low_key(number), credential)``."""
    return low_key(int(credential.rpartition(":")[2], 16)), credential


class RosterDigest:
    """Digest, count and order of rows, kept up as they come."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._last = (-1, "")
        self.cards = 0

    def copy(self) -> "RosterDigest":
        """A second one that goes its own way from here."""
        twin = RosterDigest()
        twin._hash, twin._last, twin.cards = self._hash.copy(), self._last, self.cards
        return twin

    def add(self, row: Row) -> None:
        """Take the next row; raises RosterError when it is out of order or comes twice."""
        place = order_of(row[0])
        if place <= self._last:
            raise RosterError(
                f"row {self.cards + 1} of the roster comes out of order: rows must be sorted by "
                "the low bits of their number, each credential once; sort them before they are sent"
            )
        self._last = place
        self.cards += 1
        self._hash.update(b"".join([framed(text.encode()) for text in row]))

    def digest(self) -> bytes:
        """SHA-256 over the rows so far."""
        return self._hash.digest()


def digest_of(cards: Iterable[Card]) -> tuple[int, bytes]:
    """Count and digest of a whole roster; the cards in the order of `order_of`."""
    total = RosterDigest()
    for card in cards:
        total.add(row_of(card))
    return total.cards, total.digest()
