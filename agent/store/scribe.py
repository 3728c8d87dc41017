"""The scribe: writes entries, and whatever goes with them, in one transaction.

Rules kept here:
- everything of a step is committed together or not at all; sequence numbers have no hole;
- what is remembered of the head changes only after the commit;
- this is the path of a card tap: prepared statements, tuples, no look-up that is not needed.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from agent.core.entries import Entry
from agent.core.model import Moment
from agent.core.project import project
from agent.ports import Head
from agent.store.chain import GENESIS, digest, framed, number
from agent.store.projections import Change, changes
from agent.store.schema import ENDS
from agent.store.seal import Sealer, clip

_ENTRY = "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_PERSONAL = "INSERT INTO personal (id, field, salt, value) VALUES (?,?,?,?)"

_TEXTS = 512

Also = Callable[[], None]
"""What else is done inside the transaction, after the entries."""


class _Texts(dict[str, tuple[str, bytes]]):
    """Header texts as they are stored and as they are hashed; most of them come again."""

    def __missing__(self, text: str) -> tuple[str, bytes]:
        stored = clip(text)
        pair = (stored, framed(stored.encode()))
        if len(self) >= _TEXTS:
            self.clear()
        self[text] = pair
        return pair


class Scribe:
    """Appends to one stream under one boot id. Owned by one thread."""

    def __init__(self, conn: sqlite3.Connection, sealer: Sealer, stream: str, boot: str) -> None:
        cursor = conn.cursor()
        self._conn = conn
        self._execute = cursor.execute
        self._executemany = cursor.executemany
        self._seal = sealer.seal
        (self._stream_id,) = cursor.execute(
            "SELECT id FROM streams WHERE stream = ?", (stream,)
        ).fetchone()
        cursor.execute("INSERT OR IGNORE INTO boots (boot) VALUES (?)", (boot,))
        (self._boot_id,) = cursor.execute("SELECT id FROM boots WHERE boot = ?", (boot,)).fetchone()
        self._origin = framed(stream.encode()) + framed(boot.encode())
        self._texts = _Texts()
        self.head = _read_head(cursor, stream, boot)

    def write(self, entries: Sequence[Entry], now: Moment, also: Also | None = None) -> Head:
        """Commit the entries, and ``also`` with them.

        Raises sqlite3.Error or StoreError, then nothing was written.
        """
        head = self.head
        sequence, previous = head.sequence, head.hash
        rows: list[tuple[object, ...]] = []
        personal: list[tuple[object, ...]] = []
        projected: list[Change] = []
        uptime_ms = now.mono_ns // 1_000_000
        recorded_us = now.wall_us
        uptime_frame, recorded_frame = number(uptime_ms), number(recorded_us)
        texts = self._texts
        for entry in entries:
            sequence += 1
            data, decoded, fields = self._seal(entry)
            at = entry.at
            time_us = at.wall_us
            quality, quality_frame = texts[at.quality.value]
            kind, kind_frame = texts[entry.type.value]
            subject, subject_frame = texts[entry.subject]
            actor, actor_frame = texts[entry.actor]
            cause, cause_frame = texts[entry.cause]
            columns = (
                number(sequence),
                self._origin,
                uptime_frame,
                number(time_us),
                recorded_frame,
                quality_frame,
                kind_frame,
                subject_frame,
                actor_frame,
                cause_frame,
            )
            previous = digest(previous, columns, data)
            rows.append(
                (
                    sequence,
                    self._stream_id,
                    self._boot_id,
                    uptime_ms,
                    time_us,
                    recorded_us,
                    quality,
                    kind,
                    subject,
                    actor,
                    cause,
                    data,
                    previous,
                )
            )
            personal += [(sequence << 5 | n, *field) for n, field in enumerate(fields)]
            projected += changes(project(sequence, kind, decoded, time_us, quality, cause))
        self._commit(rows, personal, projected, also)
        self.head = head = Head(
            head.stream, head.boot, head.first or min(sequence, 1), sequence, previous
        )
        return head

    def begins(self, sequence: int) -> None:
        """What lay below this entry was removed."""
        self.head = replace(self.head, first=sequence)

    def rehearse(self, entries: Sequence[Entry], now: Moment) -> None:
        """Do all of `write` but the commit; nothing of it stays. Raises what `write` raises."""
        with suppress(_UndoneError):
            self.write(entries, now, _undo)

    def _commit(
        self,
        rows: list[tuple[object, ...]],
        personal: list[tuple[object, ...]],
        projected: list[Change],
        also: Also | None,
    ) -> None:
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                execute(_ENTRY, row)
            if personal:
                self._executemany(_PERSONAL, personal)
            for sql, values in projected:
                execute(sql, values)
            if also is not None:
                also()
            execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                execute("ROLLBACK")


class _UndoneError(Exception):
    """Takes the place of the commit of a rehearsal, so that the transaction is rolled back."""


def _undo() -> None:
    raise _UndoneError


def _read_head(cursor: sqlite3.Cursor, stream: str, boot: str) -> Head:
    first, last = cursor.execute(ENDS).fetchone()
    if last is None:
        return Head(stream, boot, 0, 0, GENESIS)
    (found,) = cursor.execute("SELECT hash FROM entries WHERE sequence = ?", (last,)).fetchone()
    return Head(stream, boot, first, last, found)
