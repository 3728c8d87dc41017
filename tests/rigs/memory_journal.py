"""A journal in memory that behaves like the ledger, without its disk."""

from collections.abc import Sequence

from agent.core.entries import Entry
from agent.core.facts import OpenPassage
from agent.core.ids import LaneId, PassageId
from agent.core.model import Card, Credential, Matching, Moment
from agent.core.project import Put, project
from agent.ports import Head, KeptResult

KEEP_US = 24 * 3600 * 1_000_000


class MemoryJournal:
    """Implements `agent.ports.Journal`; for tests that are about something else."""

    def __init__(self, cards: Sequence[Card] = ()) -> None:
        self.cards = {card.credential: card for card in cards}
        self.written: list[Entry] = []
        self._results: dict[str, tuple[KeptResult, int]] = {}
        self._open: dict[str, OpenPassage] = {}

    def append(
        self, entries: Sequence[Entry], now: Moment, results: Sequence[KeptResult] = ()
    ) -> Head:
        for entry in entries:
            self.written.append(entry)
            for row in project(len(self.written), entry.type, entry.data):
                if row.table != "open_passages":
                    continue
                if isinstance(row, Put):
                    values = row.values
                    lane, card = LaneId(str(values["lane"])), str(values["card"])
                    sequence = int(values["sequence"])
                    passage = PassageId(row.key)
                    self._open[row.key] = OpenPassage(passage, lane, sequence, card)
                else:
                    self._open.pop(row.key, None)
        self._results |= {kept.order_id: (kept, now.wall_us) for kept in results}
        return self.head()

    def find_cards(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        del matching
        card = self.cards.get(credential)
        return () if card is None else (card,)

    def open_passages(self) -> Sequence[OpenPassage]:
        return sorted(self._open.values(), key=lambda left: left.sequence)

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        kept, at_us = self._results.get(order_id, (None, 0))
        return kept if now.wall_us - at_us <= KEEP_US else None

    def head(self) -> Head:
        return Head("m1", "boot-1", min(1, len(self.written)), len(self.written), bytes(32))

    def housekeeping(self, now: Moment) -> bool:
        """There is no file to care for."""
        del now
        return False
