"""What each consumer of the centre has of the journal, durable.

Rules kept here:
- a cursor is kept with the stream that it counts in, and says nothing about any other;
- within a stream a cursor only grows;
- the least of the named consumers is what all of them have; one that never said anything has
  nothing.
"""

import sqlite3
from collections.abc import Collection, Mapping

from agent.store.reading import Reading

_KNOWN = "SELECT consumer, stream, through FROM consumers"
_SAVE = (
    "INSERT INTO consumers VALUES (?, ?, ?) ON CONFLICT (consumer) DO UPDATE "
    "SET stream = excluded.stream, through = excluded.through "
    "WHERE excluded.stream <> stream OR excluded.through > through"
)
_RULING = "SELECT stream FROM streams WHERE id = (SELECT stream FROM state WHERE id = 1)"


class Consumers:
    """Owned by the ledger's thread; raises sqlite3.Error."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def known(self) -> Mapping[str, tuple[str, int]]:
        """By consumer: the stream, and the last entry of it that he has."""
        return {name: (stream, through) for name, stream, through in self._conn.execute(_KNOWN)}

    def save(self, cursors: Mapping[str, tuple[str, int]]) -> None:
        """Move these cursors, in one transaction; a lower number in the same stream is ignored."""
        conn = self._conn
        conn.execute("BEGIN IMMEDIATE")
        try:
            conn.executemany(_SAVE, [(name, *cursor) for name, cursor in cursors.items()])
            conn.execute("COMMIT")
        finally:
            if conn.in_transaction:
                conn.execute("ROLLBACK")


def least(reading: Reading, named: Collection[str]) -> tuple[int, str] | None:
    """The last entry that all these consumers have, and who has no more; None for no consumer.

    Raises StoreError.
    """
    (ruling,) = reading.rows(_RULING)
    have = dict.fromkeys(named, 0)
    for row in reading.rows(_KNOWN):
        if row["consumer"] in have and row["stream"] == ruling["stream"]:
            have[row["consumer"]] = row["through"]
    return min(((through, name) for name, through in have.items()), default=None)
