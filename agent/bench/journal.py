"""A long journal, written by the real ledger: passages as a gate has them, in big transactions."""

from collections.abc import Iterator

from agent.bench import site
from agent.core.entries import Entry, EntryType
from agent.core.model import Card, Moment
from agent.store.ledger import Ledger

_AT_ONCE = 4000


def passage(number: int, card: Card, at: Moment) -> Iterator[Entry]:
    """The four entries of a passage: granted, arm up, passed, arm down."""
    lane = {"lane": "in-1"}
    name = f"bench-{number}-1"
    personal = {
        "credential": str(card.credential),
        "holder": card.holder,
        "unit": card.unit,
        "plate": card.plate,
    }
    told = {"card": card.label, "kind": card.kind.value, "passage": name}
    data = {**lane, "reader": "reader-1", "direction": "in", **told}
    yield Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at, data, personal)
    yield Entry(EntryType.ARM_OPENED, "lane/in-1", at, lane)
    ended = {**lane, "passage": name, "outcome": "passed", "direction": "in", "vehicles": 1}
    yield Entry(EntryType.PASSAGE_ENDED, "lane/in-1", at, ended)
    yield Entry(EntryType.ARM_CLOSED, "lane/in-1", at, lane)


def grow(ledger: Ledger, entries: int) -> None:
    """Append that many entries."""
    everybody = list(site.cards(1000))
    left, number = entries, 0
    while left > 0:
        at = site.now()
        batch: list[Entry] = []
        while len(batch) < min(_AT_ONCE, left):
            number += 1
            batch += passage(number, everybody[number % len(everybody)], at)
        del batch[left:]
        ledger.append(batch, at)
        ledger.housekeeping()
        left -= len(batch)
