"""The small books that the ledger keeps beside the journal: cursor, session, kept results.

Rules kept here:
- ``published`` only grows, and never beyond the head;
- the session number grows by one per connection to the broker and is durable before it is used;
- the result of an order is given again for 24 hours; by date nothing is thrown away while the clock
  cannot be trusted, or when it could not when the result was kept; the count is bounded instead.
"""

import sqlite3
from collections.abc import Sequence

from agent.core.model import Moment
from agent.errors import StoreError
from agent.ports import KeptResult
from agent.store.seal import clip

KEEP_US = 24 * 3600 * 1_000_000
KEEP_COUNT = 10_000


class Desk:
    """Books of one row each. Owned by the ledger's thread; raises sqlite3.Error and StoreError."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._execute = conn.cursor().execute
        self.published, self.session, filled = self._execute(
            "SELECT published, session, filled FROM state WHERE id = 1"
        ).fetchone()
        self.filled = bool(filled)

    def save_published(self, sequence: int, head: int) -> None:
        """Move the cursor of what the broker has; a lower number is ignored."""
        if sequence > head:
            raise StoreError(
                f"published cannot be {sequence}, the journal ends at {head}: nothing was saved; "
                "this is a fault of the program, please report it"
            )
        if sequence > self.published:
            self._execute("UPDATE state SET published = ? WHERE id = 1", (sequence,))
            self.published = sequence

    def next_session(self) -> int:
        """One more than ever before, committed."""
        self._execute("UPDATE state SET session = ? WHERE id = 1", (self.session + 1,))
        self.session += 1
        return int(self.session)

    def mark_filled(self, filled: bool) -> None:
        """Note in the running transaction that the reserve is in use, or no longer is."""
        self._execute("UPDATE state SET filled = ? WHERE id = 1", (int(filled),))

    def keep(self, results: Sequence[KeptResult], at: Moment) -> None:
        """Keep the results, each over an earlier one of the same order."""
        for kept in results:
            self._execute(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    clip(kept.order_id),
                    clip(kept.status),
                    kept.code,
                    clip(kept.detail),
                    at.wall_us,
                    int(at.quality.trusted),
                    kept.result,
                    kept.digest,
                ),
            )

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        """The kept result, unless it is known to be older than 24 hours."""
        row = self._execute(
            "SELECT order_id, status, code, detail, result, digest, kept_us, trusted FROM results "
            "WHERE order_id = ?",
            (clip(order_id),),
        ).fetchone()
        if row is None:
            return None
        if now.quality.trusted and row[7] and now.wall_us - row[6] > KEEP_US:
            return None
        return KeptResult(*row[:6])

    def answered(self) -> tuple[str, ...]:
        """The ids of all orders whose results are kept, oldest first."""
        rows = self._execute("SELECT order_id FROM results ORDER BY rowid")
        return tuple(row[0] for row in rows)

    def forget_results(self, at: Moment) -> None:
        """Delete results that are too old, and the oldest ones beyond the bound."""
        if at.quality.trusted:
            self._execute(
                "DELETE FROM results WHERE trusted = 1 AND kept_us < ?", (at.wall_us - KEEP_US,)
            )
        (last,) = self._execute("SELECT max(rowid) FROM results").fetchone()
        if last is not None and last > KEEP_COUNT:
            self._execute("DELETE FROM results WHERE rowid <= ?", (last - KEEP_COUNT,))
