"""A journal in memory that behaves like the ledger, without its disk."""

from collections.abc import Mapping, Sequence

from agent.core.effects import Change, PutCard
from agent.core.entries import Entry
from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.ids import ZoneId
from agent.core.model import Card, Credential, Matching, Moment
from agent.core.needs import Need, Rows, merged
from agent.core.project import project
from agent.ports import Head, KeptResult
from tests.rigs.tables import Tables

KEEP_US = 24 * 3600 * 1_000_000


class MemoryJournal:
    """Implements `agent.ports.Journal`; for tests that are about something else."""

    def __init__(self, cards: Sequence[Card] = ()) -> None:
        self.cards = {card.credential: card for card in cards}
        self.written: list[Entry] = []
        self._results: dict[str, tuple[KeptResult, int]] = {}
        self.tables = Tables()
        self.changed: list[Change] = []

    def append(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult] = (),
        changes: Sequence[Change] = (),
    ) -> Head:
        self.changed += changes
        self.cards |= {
            each.card.credential: each.card for each in changes if isinstance(each, PutCard)
        }
        for entry in entries:
            self.written.append(entry)
            at = entry.at
            rows = project(
                len(self.written), entry.type, entry.data, at.wall_us, at.quality, entry.cause
            )
            self.tables.apply(rows)
        self._results |= {kept.order_id: (kept, now.wall_us) for kept in results}
        return self.head()

    def rows(self, needs: Sequence[Need]) -> Rows:
        return merged((need, tuple(map(self._whole, self.tables.asked(need)))) for need in needs)

    def _whole(self, row: Mapping[str, str | int]) -> Mapping[str, object]:
        """With the personal fields of its entry."""
        sequence = int(row.get("sequence", 0))
        return {**row, "personal": dict(self.written[sequence - 1].personal) if sequence else {}}

    def find_cards(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        del matching
        card = self.cards.get(credential)
        return () if card is None else (card,)

    def open_passages(self) -> Sequence[OpenPassage]:
        return self.tables.open_passages()

    def presence(self, card: str) -> Presence | None:
        return self.tables.presence(card)

    def zone_counts(self) -> Mapping[ZoneId, int]:
        return self.tables.zone_counts()

    def amnesties(self) -> Mapping[ZoneId, int]:
        return self.tables.amnesties()

    def modes(self) -> Sequence[Mode]:
        return self.tables.modes("/gate/v1/estate/north/m1/{:020d}")

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        kept, at_us = self._results.get(order_id, (None, 0))
        return kept if now.wall_us - at_us <= KEEP_US else None

    def head(self) -> Head:
        return Head("m1", "boot-1", min(1, len(self.written)), len(self.written), bytes(32))

    def housekeeping(self, now: Moment) -> bool:
        """There is no file to care for."""
        del now
        return False
