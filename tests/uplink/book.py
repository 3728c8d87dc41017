"""A small journal for the uplink's tests: a real SQLite file, read as the ledger is read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic_ns, time_ns

from agent.core.entries import StoredEntry
from agent.core.model import ClockQuality, Moment
from agent.ports import Head
from tests.patience import LIMIT_S

STREAM = "0f6e2a4c-5b1d-4a6e-9a31-7d5f3c2b1a90"
BOOT = "b8f0c1d2-0000-4000-8000-00000000b007"
_TABLE = """CREATE TABLE IF NOT EXISTS entries (sequence INTEGER PRIMARY KEY,
 stream TEXT, boot TEXT, uptime_ms INTEGER, time_us INTEGER, recorded_us INTEGER, quality TEXT,
 type TEXT, subject TEXT, actor TEXT, cause TEXT, data BLOB) STRICT"""
_KEPT = "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value INTEGER) STRICT"
KINDS = ("gate.access.granted.v1", "gate.arm.faulted.v1", "gate.passage.ended.v1")
_SAID = (
    b'"card":"V-%03d","kind":"visitor","passage":"north-%d","note":"%b"',
    b'"fault":"closing","detail":"try %d of %d: not down within 8 s %b"',
    b'"vehicles":%d,"passage":"north-%d","outcome":"passed","to":"inside%b"',
)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Moment:
        return Moment(time_ns() // 1000, monotonic_ns(), ClockQuality.SYNCED)


class Reader:
    """The reading side, for one thread."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)

    def after(self, sequence: int, limit: int) -> list[StoredEntry]:
        rows = self._connection.execute(
            "SELECT * FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?", (sequence, limit)
        )
        return [StoredEntry._make(row) for row in rows]

    def close(self) -> None:
        self._connection.close()


class Book:
    """The writing side; every call uses a connection of its own, so any thread may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)
            connection.execute(_KEPT)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=LIMIT_S)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def reader(self) -> Reader:
        return Reader(self.path)

    def append(self, count: int, *, age_s: float = 0.0, padding: int = 0) -> Head:
        """Write ``count`` more entries, recorded ``age_s`` ago."""
        now_us = time_ns() // 1000 - int(age_s * 1e6)
        uptime = monotonic_ns() // 1_000_000
        first = self.head().sequence + 1

        def row(n: int) -> StoredEntry:
            told = _SAID[n % 3] % (n % 1000, n, b"x" * padding)
            data = b'{"lane":"in-%d",%b}' % (1 + n % 2, told)
            return StoredEntry(
                n, STREAM, BOOT, uptime, now_us + n, now_us + n, "synced", KINDS[n % 3],
                f"lane/in-{1 + n % 2}", "", f"north-{n - 1}" if n % 3 else "", data,
            )  # fmt: skip

        with self._open() as connection:
            connection.executemany(
                "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (row(n) for n in range(first, first + count)),
            )
        return self.head()

    def cut(self, first: int) -> Head:
        """Retention: remove everything below ``first``."""
        with self._open() as connection:
            connection.execute("DELETE FROM entries WHERE sequence < ?", (first,))
        return self.head()

    def head(self) -> Head:
        with self._open() as connection:
            first, last = connection.execute(
                "SELECT coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM entries"
            ).fetchone()
        return Head(STREAM, BOOT, first, last, sha256(b"%d" % last).digest())

    def rows(self) -> list[StoredEntry]:
        return self.reader().after(0, 10_000_000)

    def keep(self, name: str, value: int) -> None:
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def kept(self, name: str) -> int:
        with self._open() as connection:
            found = connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def next_session(self) -> int:
        session = self.kept("session") + 1
        self.keep("session", session)
        return session
