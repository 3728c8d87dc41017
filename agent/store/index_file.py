"""The file of the search index: made, opened, and thrown away when it cannot be used.

Rules kept here:
- only its owner may read it; what is deleted is overwritten;
- a file that is damaged or of another format is begun anew: it holds nothing of its own.
"""

import os
import sqlite3
from pathlib import Path

from agent.errors import StoreError

FORMAT = 1

_WAIT_S = 5.0
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -4000",
)
_TABLES = (
    """CREATE TABLE IF NOT EXISTS mark (
        id INTEGER PRIMARY KEY CHECK (id = 1), stream TEXT NOT NULL, upto INTEGER NOT NULL,
        hash BLOB NOT NULL, again INTEGER NOT NULL, through INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS bundles (
        id INTEGER PRIMARY KEY, name BLOB UNIQUE, told TEXT) STRICT""",
    """CREATE TABLE IF NOT EXISTS pieces (
        kind INTEGER, piece TEXT, bundle INTEGER, PRIMARY KEY (kind, piece, bundle))
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS hits (
        bundle INTEGER, sequence INTEGER, PRIMARY KEY (bundle, sequence)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS days (
        day INTEGER PRIMARY KEY, first INTEGER, last INTEGER) STRICT""",
)
EMPTY = tuple(f"DELETE FROM {name}" for name in ("mark", "bundles", "pieces", "hits", "days"))  # noqa: S608 - our names
"""Statements that take everything out."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; raises StoreError when there can be no such file."""
    try:
        try:
            return _connected(path)
        except sqlite3.DatabaseError as error:
            if not damaged(error):
                raise
            discard(path)
        return _connected(path)
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, error) from error


def damaged(error: sqlite3.Error) -> bool:
    """Is it the file that is wrong, and not the moment (locked, no room)?"""
    return not isinstance(error, sqlite3.OperationalError)


def discard(path: Path) -> None:
    """Throw the file away; raises OSError."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def unusable(path: Path, error: Exception) -> StoreError:
    """What to say when the file cannot be used."""
    return StoreError(
        f"{path}: the search index cannot be used ({error}): it holds nothing of its own, so "
        "delete it and its -wal file, it is made anew; see also that there is room on the disk"
    )


def _connected(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    conn = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        (have,) = conn.execute("PRAGMA user_version").fetchone()
        if have not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"its format is {have}")
        for pragma in _SETTINGS:
            conn.execute(pragma).fetchone()
        if not have:
            for table in _TABLES:
                conn.execute(table)
            conn.execute(f"PRAGMA user_version = {FORMAT}")
    except sqlite3.Error:
        conn.close()
        raise
    return conn
