"""The books: what the projected tables say, as the loop asks it.

Rules kept here:
- one question is one indexed look-up, or reads a table of a few rows;
- whether a presence is forgiven is seen by the number of the entry, never by a clock.
"""

import sqlite3
from collections.abc import Mapping
from functools import cache

from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.fold import TRUSTED
from agent.core.ids import LaneId, PassageId, ZoneId
from agent.core.needs import Need, Row
from agent.core.project import PROJECTIONS
from agent.errors import StoreError

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
_LATELY = 100_000
_TRUSTED = (
    "SELECT recorded_us FROM entries WHERE sequence > (SELECT max(sequence) FROM entries) - ? "
    "AND quality IN (?, ?) ORDER BY sequence DESC LIMIT 1"
)
_MODES = (
    "SELECT name, since_us, until_us, modes.sequence, streams.stream, gate.estate, gate.agent "
    "FROM modes JOIN entries ON entries.sequence = modes.sequence "
    "JOIN streams ON streams.id = entries.stream, gate ORDER BY modes.sequence"
)


REFERENCES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "guards": ("guard", ("guard", "name", "card", "role", "state", "changed_us")),
    "directory": (
        "entry",
        (
            "entry",
            "kind",
            "name",
            "unit",
            "department",
            "phones",
            "signs",
            "note",
            "quiet",
            "place",
        ),
    ),
}
"""Reference tables that may be asked for: key, and the columns that are told (no PIN)."""

DESK_KINDS = "('visitor', 'visitor_vehicle', 'contractor', 'guard', 'patrol')"
"""Cards that lie at the desk; as in the index of the schema."""

_CARDS = ("label", "kind", "status")
_PERSONAL = "SELECT field, value FROM personal WHERE id BETWEEN ? AND ? ORDER BY id"


@cache
def _question(table: str, column: str, *, state: bool, at_most: bool) -> str:
    """The statement for a need; raises StoreError for what is no table or column of the books."""
    columns = _COLUMNS.get(table)
    if columns is None or (column and column not in columns):
        raise StoreError(f"the books have no {table}.{column}: this is a fault of the program")
    conditions = ["1"]
    if table == "cards":
        ruling = "(SELECT generation FROM state WHERE id = 1)"
        conditions = [f"generation = {ruling}", f"kind IN {DESK_KINDS}"]
    if column:
        conditions.append(f"{column} {'<=' if at_most else '='} ?")
    if state:
        conditions.append("state = ?")
    where = " AND ".join(conditions)
    return " ".join(("SELECT", ", ".join(columns), "FROM", table, "WHERE", where))


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{each.table: (each.key, *each.columns) for each in PROJECTIONS},
    **{table: columns for table, (_, columns) in REFERENCES.items()},
    "cards": _CARDS,
}


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

    def rows(self, need: Need) -> tuple[Row, ...]:
        """The rows that a step asks for, each with its personal fields; raises StoreError too."""
        sql = _question(need.table, need.column, state=bool(need.state), at_most=need.at_most)
        values: list[str | int] = [need.value] if need.column else []
        if need.state:
            values.append(need.state)
        columns = _COLUMNS[need.table]
        found = [dict(zip(columns, row, strict=True)) for row in self._execute(sql, values)]
        for row in found:
            row["personal"] = self._personal(row.get("sequence", 0))
        return tuple(found)

    def _personal(self, sequence: int) -> dict[str, str]:
        if not sequence:
            return {}
        first = sequence << 5
        return dict(self._execute(_PERSONAL, (first, first | 31)).fetchall())

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

    def trusted_us(self) -> int:
        """When the last entry by a trusted clock was written; 0 where it is long ago."""
        row = self._execute(_TRUSTED, (_LATELY, *sorted(TRUSTED))).fetchone()
        return 0 if row is None else int(row[0])

    def modes(self) -> tuple[Mode, ...]:
        """What is in force, oldest first."""
        return tuple(
            Mode(name, since_us, until_us, f"/gate/v1/{estate}/{agent}/{stream}/{sequence:020d}")
            for name, since_us, until_us, sequence, stream, estate, agent in self._execute(
                _MODES
            ).fetchall()
        )
