"""The books: what the projected tables say, as the loop asks it.

Rules kept here:
- one question is one indexed look-up, or reads a table of a few rows;
- whether a presence is forgiven is seen by the number of the entry, never by a clock.
"""

import sqlite3
from collections.abc import Mapping

from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.ids import LaneId, PassageId, ZoneId

FORGIVEN = (
    "EXISTS (SELECT 1 FROM amnesties WHERE scope IN "
    "('all', 'zone/' || presence.zone, 'card/' || presence.card) "
    "AND amnesties.sequence > presence.sequence)"
)
"""True for a row of ``presence`` that an amnesty came after."""

_PASSAGES = "SELECT passage, lane, sequence, card FROM open_passages ORDER BY sequence"
_SEEN = "SELECT zone, since_us, assumed, trusted,"
_PRESENCE = f"{_SEEN} {FORGIVEN} FROM presence WHERE card = ?"
_AMNESTIES = (
    "SELECT substr(scope, 6), since_us FROM amnesties WHERE scope BETWEEN 'zone/' AND 'zone0'"
)
_MODES = (
    "SELECT name, since_us, until_us, modes.sequence, streams.stream, gate.estate, gate.agent "
    "FROM modes JOIN entries ON entries.sequence = modes.sequence "
    "JOIN streams ON streams.id = entries.stream, gate ORDER BY modes.sequence"
)


class Books:
    """Owned by the ledger's thread; raises sqlite3.Error."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._execute = conn.cursor().execute

    def open_passages(self) -> tuple[OpenPassage, ...]:
        """Grants that have no end in the journal yet, oldest first."""
        return tuple(
            OpenPassage(PassageId(passage), LaneId(lane), sequence, card)
            for passage, lane, sequence, card in self._execute(_PASSAGES).fetchall()
        )

    def presence(self, card: str) -> Presence | None:
        """Where the card with this label was last seen to go."""
        row = self._execute(_PRESENCE, (card,)).fetchone()
        if row is None:
            return None
        zone, since_us, assumed, trusted, forgiven = row
        return Presence(card, ZoneId(zone), since_us, bool(assumed), bool(forgiven), bool(trusted))

    def zone_counts(self) -> Mapping[ZoneId, int]:
        """The vehicles in every zone where any were counted."""
        return dict(self._execute("SELECT zone, vehicles FROM zone_counts").fetchall())

    def amnesties(self) -> Mapping[ZoneId, int]:
        """When whole zones were last forgiven."""
        return dict(self._execute(_AMNESTIES).fetchall())

    def modes(self) -> tuple[Mode, ...]:
        """What is in force, oldest first."""
        return tuple(
            Mode(name, since_us, until_us, f"/gate/v1/{estate}/{agent}/{stream}/{sequence:020d}")
            for name, since_us, until_us, sequence, stream, estate, agent in self._execute(
                _MODES
            ).fetchall()
        )
