"""What is to be known of the roster as a whole."""

from typing import NamedTuple

from agent.core.entries import EntryType
from agent.store.reading import Reading
from agent.store.rows import RosterDigest

_RULING = "SELECT id, cards, digest FROM generations WHERE id = (SELECT generation FROM state)"
_TWICE = "SELECT label FROM cards WHERE generation = ? GROUP BY label HAVING count(*) > 1 LIMIT 1"
_CHANGES = frozenset({EntryType.ROSTER_SWITCHED.value, EntryType.CARD_CHANGED.value})
_BATCH = 500


class Whole(NamedTuple):
    """A roster: its generation (0: none yet), the number of its cards, its digest.

    ``digest`` is empty where single cards were changed since it came as a whole.
    """

    generation: int
    cards: int
    digest: bytes


def ruling(reading: Reading) -> Whole:
    """The roster in force."""
    found = reading.rows(_RULING)
    if not found:
        return Whole(0, 0, RosterDigest().digest())
    return Whole(int(found[0]["id"]), int(found[0]["cards"]), bytes(found[0]["digest"]))


def double_label(reading: Reading, generation: int) -> str:
    """A label that stands on more than one card of a generation; empty where there is none."""
    found = reading.rows(_TWICE, (generation,))
    return str(found[0]["label"]) if found else ""


def changed_since(reading: Reading, sequence: int) -> bool:
    """Was the roster, or a card of it, changed after this entry?"""
    while batch := reading.after(sequence, _BATCH):
        if any(entry.type in _CHANGES for entry in batch):
            return True
        sequence = batch[-1].sequence
    return False
