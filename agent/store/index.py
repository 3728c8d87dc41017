"""The search index: a file of its own, in which every part of a name or plate finds its entries.

Rules kept here:
- it holds nothing that the journal does not say, and is made anew from it when its format, the
  stream or the hash of the last indexed entry differs, or when it is damaged;
- it is filled in slices, by whoever has the time: never by the daemon, never on a tap's path;
- what was erased is not found from that moment on: every hit is read again from the journal and
  has to meet what was asked.

A handle belongs to the thread that opened it; several may be open, one of them fills.
"""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from agent.store.index_file import connect, damaged, discard, unusable
from agent.store.index_fill import DAY_US, SLICE, Filler
from agent.store.index_find import newest_first
from agent.store.queries.table import Row, entries_told
from agent.store.reading import Reading
from agent.store.search import Search
from agent.store.words import Wanted

_MOST_READ = 20


class Found(NamedTuple):
    """``rows`` newest first, as `agent.store.queries.table` makes them of entries.

    ``before`` is to be given to look further back, 0 when there is nothing more. The index knows
    the journal up to ``upto``; it ends at ``head``.
    """

    rows: list[Row]
    before: int
    upto: int
    head: int


class SearchIndex:
    """Made by `open`, ended by `close`; also a context manager. Raises StoreError."""

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        """Not for callers: use `open`."""
        self._path = path
        self._conn = conn
        self._filler = Filler(conn)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index, or begin one; what is there and cannot be used is thrown away."""
        return cls(path, connect(path))

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def upto(self) -> int:
        """The last entry that the index knows, 0 for none."""
        try:
            row = self._conn.execute("SELECT upto FROM mark").fetchone()
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error
        return 0 if row is None else int(row[0])

    def fill(self, reading: Reading, entries: int = SLICE) -> bool:
        """Take in at most so many entries, one commit; True when there is more to do.

        A file that turns out to be damaged is begun anew.
        """
        try:
            return self._filler.fill(reading, entries)
        except sqlite3.Error as error:
            if not damaged(error):
                raise unusable(self._path, error) from error
        self._conn.close()
        try:
            discard(self._path)
        except OSError as error:
            raise unusable(self._path, error) from error
        self._conn = connect(self._path)
        self._filler = Filler(self._conn)
        return True

    def find(self, reading: Reading, wanted: Wanted, limit: int = 50, before: int = 0) -> Found:
        """The newest entries that meet all conditions, at most ``limit``, older than ``before``."""
        try:
            return self._find(reading, wanted, limit, before)
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error

    def _find(self, reading: Reading, wanted: Wanted, limit: int, before: int) -> Found:
        upto, head = self.upto, reading.ends()[1]
        low, high = self._span(wanted, before or head + 1, upto, head)
        conditions = wanted.conditions()
        rows: list[Row] = []
        last = high
        for _ in range(_MOST_READ):
            if conditions:
                numbers = newest_first(self._conn, conditions, low, last, 2 * limit)
            else:
                numbers = _by_scan(reading, wanted, low, last, 2 * limit)
            entries = list(reading.entries(numbers).values())[::-1]
            for row in entries_told(reading, entries):
                if _meets(row, wanted):
                    rows.append(row)
                    if len(rows) == limit:
                        return Found(rows, row["sequence"], upto, head)
            if len(numbers) < 2 * limit:
                return Found(rows, 0, upto, head)
            last = numbers[-1]
        return Found(rows, last, upto, head)

    def _span(self, wanted: Wanted, before: int, upto: int, head: int) -> tuple[int, int]:
        """The sequences to look between: from the first, below the second."""
        low, high = 1, before
        if wanted.since is None and wanted.until is None:
            return low, high
        first_day = 0 if wanted.since is None else wanted.since // DAY_US
        last_day = 1 << 40 if wanted.until is None else wanted.until // DAY_US
        row = self._conn.execute(
            "SELECT min(first), max(last) FROM days WHERE day BETWEEN ? AND ?",
            (first_day, last_day),
        ).fetchone()
        # Beyond what is indexed only a scan can tell.
        if row[0] is None:
            return upto + 1, high
        return row[0], min(high, (head if upto < head else row[1]) + 1)


def _meets(row: Row, wanted: Wanted) -> bool:
    data = row["data"]
    label = row["subject"][5:] if row["subject"].startswith("card/") else data.get("card", "")
    at = row["time_us"]
    return (
        wanted.meets(str(label), row["personal"])
        and row["type"].startswith(wanted.type)
        and (not wanted.lane or wanted.lane in (data.get("lane"), row["subject"][5:]))
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at <= wanted.until)
    )


def _by_scan(reading: Reading, wanted: Wanted, low: int, high: int, limit: int) -> list[int]:
    what = Search("", "", "", wanted.lane, wanted.type, wanted.since, wanted.until)
    condition, values = what.where()
    parts = ["SELECT sequence FROM entries WHERE sequence >= ? AND sequence < ? AND", condition]
    sql = " ".join([*parts, "ORDER BY sequence DESC LIMIT ?"])
    return [row["sequence"] for row in reading.rows(sql, (low, high, *values, limit))]
