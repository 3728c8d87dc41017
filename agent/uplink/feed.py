"""The journal as the uplink reads it: forward, in batches, checked for holes.

Rules kept here:
- no more than one batch is held;
- an entry that is not there is an error that is said, never a gap that is passed over.
"""

from collections.abc import Callable
from typing import Protocol

from agent.core.entries import StoredEntry
from agent.errors import StoreError

BATCH = 500


class JournalReader(Protocol):
    """The reading side of the journal, used from one thread only."""

    def after(self, sequence: int, limit: int) -> list[StoredEntry]:
        """At most ``limit`` entries beyond ``sequence``, in order; raises GateError."""

    def close(self) -> None:
        """Let go of the file."""


class Feed:
    """Opens the journal when it is first needed, and again after `close`."""

    def __init__(self, opener: Callable[[], JournalReader]) -> None:
        self._opener = opener
        self._reader: JournalReader | None = None
        self._rows: list[StoredEntry] = []
        self._first = 0

    def take(self, sequence: int) -> StoredEntry:
        """The entry with this sequence; raises StoreError when the journal does not have it."""
        index = sequence - self._first
        if 0 <= index < len(self._rows):
            return self._rows[index]
        if self._reader is None:
            self._reader = self._opener()
        rows = self._reader.after(sequence - 1, BATCH)
        whole = 0
        while whole < len(rows) and rows[whole].sequence == sequence + whole:
            whole += 1
        del rows[whole:]
        self._rows, self._first = rows, sequence
        if not rows:
            raise StoreError(
                f"the journal has no entry {sequence}: nothing beyond it is sent; run"
                " `gate-agent journal verify`"
            )
        return rows[0]

    def peek(self, sequence: int) -> StoredEntry:
        """The same, without moving the batch: what is sent next is still at hand."""
        index = sequence - self._first
        if not 0 <= index < len(self._rows) and self._reader is not None:
            rows = self._reader.after(sequence - 1, 1)
            if rows and rows[0].sequence == sequence:
                return rows[0]
        return self.take(sequence)

    def close(self) -> None:
        """Forget the batch and let go of the journal."""
        reader, self._reader, self._rows = self._reader, None, []
        if reader is not None:
            reader.close()
