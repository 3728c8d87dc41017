"""Carrying: rows of the books that outlive the entries which made them, written down anew.

Rules kept here:
- a row is carried as it is at that moment, so that what follows folds onto the same row;
- its personal fields come with it as far as they were not erased, and so does what its entry told;
- of a row that is not there any more it is carried that it is not.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from agent.core.entries import Entry, EntryType
from agent.core.model import Moment
from agent.core.project import PROJECTIONS
from agent.core.project_carried import packed, pointer
from agent.store.seal import COMMITMENTS

Key = tuple[str, str]
"""Table and key of a row."""

SLICE = 50
_MOST_TOLD = 8000
_TABLES = {each.table: each for each in PROJECTIONS}
_ENTRY = "SELECT actor, time_us, data, type FROM entries WHERE sequence = ?"
_PERSONAL = "SELECT field, value FROM personal WHERE id BETWEEN ? AND ? ORDER BY id"


def carrying(conn: sqlite3.Connection, keys: Iterable[Key], now: Moment) -> list[Entry]:
    """The entries that carry these rows; raises sqlite3.Error, KeyError for an unknown table."""
    return [_carried(conn, *key, now) for key in keys]


def _carried(conn: sqlite3.Connection, table: str, key: str, now: Moment) -> Entry:
    projection = _TABLES[table]
    words = ["SELECT * FROM", table, "WHERE", projection.key, "= ?"]
    row = conn.execute(" ".join(words), (key,)).fetchone()
    subject = f"{table}/{key}"
    if row is None:
        gone = {"table": table, "key": key, "values": None}
        return Entry(EntryType.BOOKS_CARRIED, subject, now, gone)
    values = dict(zip(projection.columns, row[1:], strict=True))
    sequence = values.get(pointer(table), 0)
    data: dict[str, object] = {"table": table, "key": key, "values": packed(values)}
    personal: Mapping[str, str] = {}
    found = conn.execute(_ENTRY, (sequence,)).fetchone()
    if found is not None:
        data |= _origin(*found)
        personal = dict(conn.execute(_PERSONAL, (sequence << 5, sequence << 5 | 31)).fetchall())
    return Entry(EntryType.BOOKS_CARRIED, subject, now, data, personal)


def _origin(actor: str, time_us: int, data: bytes, kind: str) -> dict[str, object]:
    """Who did what made the row, when, and what he told; of a carried row, what it carries."""
    told = json.loads(data)
    if kind == EntryType.BOOKS_CARRIED:
        return {name: told[name] for name in ("by", "sinceus", "told") if name in told}
    told.pop(COMMITMENTS, None)
    if len(json.dumps(told, ensure_ascii=False).encode()) > _MOST_TOLD:
        told = {}
    return {"by": actor, "sinceus": time_us, "told": told}
