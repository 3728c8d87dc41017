"""The disk under the ledger: what is written when it is full, and what it has to be relieved of.

Rules kept here:
- when the disk is full the ballast is released once, so that the last entries fit, and an entry
  behind them says so; when there is room again it is laid again, and an entry says that;
- the write-ahead log is moved into the file when the loop is idle, or before it grows without end;
- when something fails, nothing of it was written, and it is loud (StoreError).

Owned by the ledger's thread.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.core.model import Moment
from agent.errors import StoreError
from agent.ports import Condition, Head, Health
from agent.store.ballast import Ballast, disk_full
from agent.store.desk import Desk
from agent.store.scribe import Also, Scribe

CHECKPOINT_PAGES = 1000
_WORST_PAGES = 16 * CHECKPOINT_PAGES
_PAGES_PER_ENTRY = 4


class Disk:
    """``path`` is the ledger's; ``ballast`` is what `lay` sets aside, and `relieve` again."""

    def __init__(
        self, path: Path, conn: sqlite3.Connection, scribe: Scribe, desk: Desk, ballast: Ballast
    ) -> None:
        self._path = path
        self._conn = conn
        self._scribe = scribe
        self._desk = desk
        self._ballast = ballast
        self._pages = 0

    @property
    def full(self) -> bool:
        """True from the moment the disk was full until there is room again."""
        return self._desk.filled

    def lay(self) -> None:
        """Set the reserve aside, unless it is in use."""
        if not self._desk.filled:
            self._ballast.lay()

    def health(self) -> Health:
        """How it is, for whoever keeps the machine."""
        if self._desk.filled:
            detail = "the disk is full and the reserve is in use: free some room now"
            return Health("disk", Condition.DOWN, detail)
        if not self._ballast.laid:
            detail = "too little room on the disk to set the reserve aside: free some room"
            return Health("disk", Condition.DEGRADED, detail)
        return Health("disk", Condition.OK, "")

    def wrote(self, pages: int) -> None:
        """So many pages more, about, are in the write-ahead log."""
        self._pages += pages

    def write(self, entries: Sequence[Entry], now: Moment, also: Also | None) -> Head:
        """Commit the entries, and ``also`` with them; raises StoreError, then nothing was."""
        self._pages += _PAGES_PER_ENTRY * len(entries)
        try:
            if self._pages > _WORST_PAGES:
                self._checkpoint()
            return self._scribe.write(entries, now, also)
        except sqlite3.Error as error:
            if not (self.was_full(error) and self._ballast.release()):
                raise self._unwritten(error) from error
        filled = Entry(EntryType.DISK_FILLED, "disk", now)

        def with_mark() -> None:
            if also is not None:
                also()
            self._desk.mark_filled(True)

        try:
            head = self._scribe.write((*entries, filled), now, with_mark)
        except sqlite3.Error as error:
            raise self._unwritten(error) from error
        self._desk.filled = True
        return head

    def was_full(self, error: sqlite3.Error) -> bool:
        """Was it want of room?"""
        return disk_full(error, self._path.parent)

    def relieve(self, now: Moment | None) -> None:
        """Checkpoint when it is due, and lay the reserve again when there is room for it.

        With ``now``, old results are forgotten with it, and an entry tells of the room. Raises
        sqlite3.Error, StoreError.
        """
        if self._pages >= CHECKPOINT_PAGES:
            if now is not None:
                self._desk.forget_results(now)
            self._checkpoint()
        if not self._ballast.laid and self._ballast.lay() and self._desk.filled and now:
            freed = Entry(EntryType.DISK_FREED, "disk", now)
            self._scribe.write((freed,), now, lambda: self._desk.mark_filled(False))
            self._desk.filled = False

    def _checkpoint(self) -> None:
        _, pages, moved = self._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._pages = 0 if moved == pages else pages - moved

    def _unwritten(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"{self._path}: nothing was written ({error}): nothing that admits may happen. Free "
            "room on the disk, or see the kernel log for its faults"
        )
