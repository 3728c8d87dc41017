"""Erasing: personal fields go when what they belong to is over and old enough; the chain stays.

Rules kept here:
- what is erased is chosen by the time at which entries were written, by a clock that was trusted;
  what was written by another clock goes with the next entry that was written by a trusted one;
- fields of what is in force stay: open visits, deposits that are held, bans, calls for help; those
  of visits and deposits stay for as long again from the day on which they ended;
- a slice is one transaction with an entry that names the span, so that an index can follow;
- what is erased is overwritten in the file (``secure_delete``).
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.core.entries import Entry, EntryType
from agent.core.fold import TRUSTED
from agent.core.model import Moment
from agent.core.project import PROJECTIONS
from agent.core.project_carried import OVER, RUNS_OUT

SLICE_FIELDS = 500
_IDS = "SELECT id FROM personal WHERE id >= ? ORDER BY id LIMIT ?"
_HEADERS = (
    "SELECT sequence, recorded_us, quality FROM entries WHERE sequence IN "
    "(SELECT value FROM json_each(?)) ORDER BY sequence"
)
_NEXT_TRUSTED = (
    "SELECT recorded_us FROM entries WHERE sequence > ? AND quality IN (SELECT value FROM "
    "json_each(?)) ORDER BY sequence LIMIT 1"
)
_OF_BOOKS = (
    "SELECT sequence, type, data FROM entries WHERE sequence IN (SELECT value FROM json_each(?)) "
    "AND substr(type, 1, 11) IN ('gate.visit.', 'gate.deposi', 'gate.books.')"
)
_LASTING = {"visit": "visits", "deposit": "deposits"}
_KEPT_WITHOUT_STATE = ("duties", "goods", "unsigned")
_DELETE = "DELETE FROM personal WHERE id BETWEEN ? AND ?"

Write = Callable[[Sequence[Entry], Moment, Callable[[], None]], object]
"""Commits entries, and what else is done with them, in one transaction."""


class Slice(NamedTuple):
    """What one slice came to. ``after``: where the next one begins, 0 when this was the last."""

    after: int
    entries: int
    fields: int


class Erasure:
    """Owned by the ledger's thread; raises sqlite3.Error and StoreError."""

    def __init__(self, conn: sqlite3.Connection, write: Write) -> None:
        self._conn = conn
        self._write = write

    def slice(self, before_us: int, after: int, now: Moment, actor: str = "") -> Slice:
        """Erase fields of entries written before this moment (µs), from ``after`` on."""
        ids = [row[0] for row in self._conn.execute(_IDS, (after, SLICE_FIELDS))]
        if not ids:
            return Slice(0, 0, 0)
        sequences = sorted({number >> 5 for number in ids})
        old, ended = self._old(sequences, before_us)
        kept = self._kept(before_us) | self._lasting(old, before_us) if old else frozenset()
        doomed = [sequence for sequence in old if sequence not in kept]
        last = 0 if ended else (sequences[-1] + 1) << 5
        if not doomed:
            return Slice(last, 0, 0)
        fields = self._erase(doomed, now, actor)
        return Slice(last, len(doomed), fields)

    def count(self, before_us: int) -> Slice:
        """How much of it there would be; writes nothing."""
        after = entries = fields = 0
        kept = self._kept(before_us)
        while True:
            ids = [row[0] for row in self._conn.execute(_IDS, (after, SLICE_FIELDS))]
            sequences = sorted({number >> 5 for number in ids})
            old, ended = self._old(sequences, before_us) if ids else ([], True)
            doomed = frozenset(old) - kept - self._lasting(old, before_us)
            entries += len(doomed)
            spans = [(sequence << 5, sequence << 5 | 31) for sequence in doomed]
            fields += sum(map(self._fields, spans))
            if ended:
                return Slice(0, entries, fields)
            after = (sequences[-1] + 1) << 5

    def _fields(self, span: tuple[int, int]) -> int:
        sql = "SELECT count(*) FROM personal WHERE id BETWEEN ? AND ?"
        return int(self._conn.execute(sql, span).fetchone()[0])

    def _old(self, sequences: Sequence[int], before_us: int) -> tuple[list[int], bool]:
        """Those that are old enough, and whether there are none behind them."""
        old: list[int] = []
        waiting: list[int] = []
        for sequence, recorded_us, quality in self._conn.execute(
            _HEADERS, (json.dumps(sequences),)
        ).fetchall():
            waiting.append(sequence)
            if quality not in TRUSTED:
                continue
            if recorded_us >= before_us:
                return old, True
            old += waiting
            waiting = []
        if waiting:
            trusted = json.dumps(sorted(TRUSTED))
            found = self._conn.execute(_NEXT_TRUSTED, (waiting[-1], trusted)).fetchone()
            if found is None or found[0] >= before_us:
                return old, True
            old += waiting
        return old, False

    def _kept(self, before_us: int) -> frozenset[int]:
        """The entries whose fields belong to something at the desk that is in force."""
        kept: set[int] = set()
        for each in PROJECTIONS:
            if each.table in _LASTING.values() or "sequence" not in each.columns:
                continue
            values: list[object] = []
            if "state" in each.columns:
                where = "state IN (SELECT value FROM json_each(?))"
                values.append(json.dumps(self._states(each.table)))
                if each.table in RUNS_OUT:
                    where += " AND NOT (until_us > 0 AND until_us < ?)"
                    values.append(before_us)
            elif each.table in _KEPT_WITHOUT_STATE:
                where = "1"
            else:
                continue
            words = ["SELECT sequence FROM", each.table, "WHERE", where]
            kept |= {row[0] for row in self._conn.execute(" ".join(words), values)}
        return frozenset(kept)

    def _states(self, table: str) -> list[str]:
        """The states in which something is expected, of those that occur: a few seeks."""
        least = ["SELECT min(state) AS state FROM", table]
        words = ["WITH RECURSIVE known AS (", *least, "UNION ALL SELECT (", *least]
        words.append("WHERE state > known.state) FROM known WHERE known.state IS NOT NULL)")
        found = self._conn.execute(" ".join([*words, "SELECT state FROM known"])).fetchall()
        return [state for (state,) in found if state is not None and state not in OVER]

    def _lasting(self, sequences: Sequence[int], before_us: int) -> frozenset[int]:
        """Those of them that belong to a visit or deposit that is open, or ended not long ago."""
        kept: set[int] = set()
        for sequence, kind, told in self._conn.execute(_OF_BOOKS, (json.dumps(sequences),)):
            data = json.loads(told)
            keys = [(table, data[name]) for name, table in _LASTING.items() if name in data]
            if kind == EntryType.BOOKS_CARRIED:
                keys = [(data["table"], data["key"])]
            if any(self._lasts(table, key, before_us) for table, key in keys):
                kept.add(sequence)
        return frozenset(kept)

    def _lasts(self, table: str, key: str, before_us: int) -> bool:
        if table not in _LASTING.values():
            return False
        column = table.removesuffix("s")
        words = ["SELECT state, ended_us FROM", table, "WHERE", column, "= ?"]
        row = self._conn.execute(" ".join(words), (key,)).fetchone()
        return row is not None and (row[0] not in OVER or row[1] >= before_us)

    def _erase(self, doomed: Sequence[int], now: Moment, actor: str) -> int:
        spans = [(sequence << 5, sequence << 5 | 31) for sequence in doomed]
        fields = sum(map(self._fields, spans))
        data = {
            "from": doomed[0],
            "through": doomed[-1],
            "entries": len(doomed),
            "fields": fields,
        }
        entry = Entry(EntryType.PERSONAL_ERASED, "journal", now, data, actor=actor)
        self._conn.execute("PRAGMA secure_delete = ON").fetchone()
        try:
            self._write((entry,), now, lambda: self._delete(spans))
        finally:
            self._conn.execute("PRAGMA secure_delete = OFF").fetchone()
        return fields

    def _delete(self, spans: Sequence[tuple[int, int]]) -> None:
        self._conn.executemany(_DELETE, spans)
