"""Care: what of the journal goes because of its age, and what of it is carried on.

Rules kept here:
- nothing goes by a clock that is not trusted, or that was set within the last hour;
- an entry goes only below a signed cut, and never before the broker has it (where there is one)
  and every consumer who is named has confirmed it (who asks for the cut sees to that);
- every call is a slice of a few milliseconds: taps come in between;
- what is removed is removed for good only after the entry that says so is on the disk.

Owned by the ledger's thread.
"""

import sqlite3
from collections.abc import Callable, Sequence

from agent.core.entries import Entry
from agent.core.fold import TRUSTED
from agent.core.model import Moment
from agent.core.project import PROJECTIONS
from agent.core.project_carried import in_force
from agent.errors import StoreError
from agent.store.carry import Key, carrying
from agent.store.endmark import EndMark
from agent.store.erasure import Erasure, Slice, Write

TRIM_ENTRIES = 100
STEADY_NS = 3600 * 1_000_000_000
"""How long a clock has to be trusted, without a step, before dates are judged by it."""

_STEP_US = 2_000_000
_DAY_US = 86_400_000_000
_TABLES = {each.table: each for each in PROJECTIONS}


class Care:
    """Raises sqlite3.Error and StoreError; ``began`` is told the first entry that is left."""

    def __init__(
        self, conn: sqlite3.Connection, write: Write, began: Callable[[int], None]
    ) -> None:
        self._conn = conn
        self._write = write
        self._began = began
        self._erasure = Erasure(conn, write)
        self._steady_ns: int | None = None
        self._offset_us = 0
        self._today = -1
        self._after = 0
        self._trims = self._to_trim() > 0

    # By age, by itself

    def daily(self, now: Moment, erase_after_us: int) -> bool:
        """A slice of what is to be done once a day; True when there is more of it today."""
        more = self.trim() if self._trims else False
        if more or not self._steady(now):
            return more
        day = now.wall_us // _DAY_US
        if self._today == day or not erase_after_us:
            return False
        done = self._erasure.slice(now.wall_us - erase_after_us, self._after, now)
        self._after = done.after
        if not done.after:
            self._today = day
        return bool(done.after)

    def _steady(self, now: Moment) -> bool:
        """Has the clock been trusted for an hour of this run, without a step?"""
        offset_us = now.wall_us - now.mono_ns // 1000
        stepped = abs(offset_us - self._offset_us) > _STEP_US
        self._offset_us = offset_us
        if not now.quality.trusted:
            self._steady_ns = None
        elif stepped or self._steady_ns is None:
            self._steady_ns = now.mono_ns
        return self._steady_ns is not None and now.mono_ns - self._steady_ns >= STEADY_NS

    # By command

    def erase(self, before_us: int, after: int, now: Moment, actor: str) -> Slice:
        """Erase a slice of the personal fields written before this moment (µs)."""
        self._believe(now, before_us)
        return self._erasure.slice(before_us, after, now, actor)

    def carry(self, keys: Sequence[Key], now: Moment) -> int:
        """Write these rows down anew; gives how many there were."""
        try:
            entries = carrying(self._conn, keys, now)
        except KeyError as unknown:
            raise StoreError(f"the books have no table {unknown}: nothing was carried") from None
        if entries:
            self._write(entries, now, _nothing)
        return len(entries)

    def cut(
        self, mark: EndMark, public: bytes, signature: bytes, entry: Entry, now: Moment
    ) -> None:
        """Set the end mark, with its entry; what lies below goes in slices (see `trim`)."""
        self._believe(now, mark.made_us)
        found = self._conn.execute(
            "SELECT hash, recorded_us, quality FROM entries WHERE sequence = ?", (mark.sequence,)
        ).fetchone()
        if found is None or found[0] != mark.hash:
            raise StoreError(
                f"entry {mark.sequence} is not what the mark says: nothing was cut; look at what "
                "`gate-agent journal verify` says"
            )
        if found[2] not in TRUSTED or found[1] > now.wall_us - _DAY_US:
            raise StoreError(f"entry {mark.sequence} is of today, or of unknown age: not cut")
        told = {
            "through": mark.sequence,
            "hash": mark.hash.hex(),
            "madeus": mark.made_us,
            "key": public.hex(),
            **entry.data,
        }
        row = (mark.sequence, mark.hash, mark.made_us, signature)
        said = Entry(entry.type, entry.subject, entry.at, told, entry.personal, entry.actor)
        self._write((said,), now, lambda: self._put("INSERT INTO cuts VALUES (?, ?, ?, ?)", row))
        self._trims = True

    def drop(self, keys: Sequence[Key], before_us: int) -> int:
        """Take rows out of which nothing is expected any more and whose entries are gone."""
        gone = 0
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            for table, key in keys:
                gone += self._drop(table, key, before_us)
            self._conn.execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")
        return gone

    def _drop(self, table: str, key: str, before_us: int) -> int:
        projection = _TABLES.get(table)
        if projection is None:
            return 0
        words = ["SELECT * FROM", table, "WHERE", projection.key, "= ?"]
        row = self._conn.execute(" ".join(words), (key,)).fetchone()
        if row is None or in_force(
            table, dict(zip(projection.columns, row[1:], strict=True)), before_us
        ):
            return 0
        words = ["DELETE FROM", table, "WHERE", projection.key, "= ?"]
        self._conn.execute(" ".join(words), (key,))
        return 1

    def trim(self, limit: int = TRIM_ENTRIES) -> bool:
        """Remove a slice of the entries below the cut; True when there are more."""
        first = self._to_trim()
        if not first:
            self._trims = False
            return False
        (cut,) = self._conn.execute("SELECT max(sequence) FROM cuts").fetchone()
        through = min(cut, first + limit - 1)
        self._conn.execute("PRAGMA secure_delete = ON").fetchone()
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            self._conn.execute("DELETE FROM personal WHERE id < ?", ((through + 1) << 5,))
            self._conn.execute("DELETE FROM entries WHERE sequence <= ?", (through,))
            self._conn.execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")
            self._conn.execute("PRAGMA secure_delete = OFF").fetchone()
        self._began(through + 1)
        self._trims = through < cut
        return self._trims

    def _to_trim(self) -> int:
        """The first entry below the cut, 0 when there is none."""
        row = self._conn.execute(
            "SELECT (SELECT min(sequence) FROM entries), (SELECT max(sequence) FROM cuts)"
        ).fetchone()
        first, cut = row
        return int(first) if first is not None and cut is not None and first <= cut else 0

    def _put(self, sql: str, values: tuple[object, ...]) -> None:
        self._conn.execute(sql, values)

    def _believe(self, now: Moment, moment_us: int) -> None:
        if not now.quality.trusted:
            raise StoreError(
                f"the clock is {now.quality.value}: nothing is removed by dates until it can be "
                "believed; see clock: in the settings, or the machine's time server"
            )
        if moment_us > now.wall_us:
            raise StoreError("that moment lies in the future: nothing was removed")


def _nothing() -> None:
    pass
