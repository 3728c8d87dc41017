"""The file of the ledger: how it is made, opened for writing, and refused.

Rules kept here:
- a new ledger is made whole under another name and then renamed, so a file that is there is never
  an unfinished one: an empty or damaged file is refused, and nothing is ever recreated over it;
- WAL, ``synchronous = FULL``, foreign keys, no automatic checkpoint (the loop does them when idle);
- at most 2 MB of its pages are kept in memory: more makes no look-up faster, the kernel keeps them
  too (docs/memory.md);
- a ledger belongs to one estate and gate for ever.
"""

import os
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StoreError
from agent.store.schema import PAGE_SIZE, SCHEMA, migrate, schema_of

_WAIT_S = 2.0
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -2000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
)
_SMALL = ("gate", "streams", "boots", "state", "cuts", "generations", "migrations")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose ledger it is."""

    estate: str
    agent: str


def connect_writer(path: Path, identity: Identity) -> sqlite3.Connection:
    """The writing connection, in autocommit mode; the caller holds the lock.

    Makes the file when there is none. Raises StoreError with advice when what is there cannot be
    used; it is left as it was.
    """
    beside = path.with_name(path.name + "-wal")
    if not path.exists():
        if beside.exists() and beside.stat().st_size:
            raise StoreError(
                f"{path} is missing, but its write-ahead file {beside} is there: somebody moved "
                "the ledger. Bring both back together, or move the second one away too to begin "
                "a new ledger"
            )
        _make(path, identity)
    try:
        conn = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, cached_statements=256)
    except sqlite3.Error as error:
        raise refusal(path, error) from error
    try:
        _use(conn, identity)
    except sqlite3.Error as error:
        conn.close()
        raise refusal(path, error) from error
    except StoreError as error:
        conn.close()
        raise StoreError(f"{path}: {error}") from error
    return conn


def refusal(path: Path, error: sqlite3.Error) -> StoreError:
    """What to say when SQLite cannot use the file."""
    return StoreError(
        f"{path}: the ledger cannot be used ({error}). It was not changed. Copy it with its -wal "
        "file to a safe place, see what `gate-agent journal verify` says of the copy, then restore "
        "a backup, or move it away so that the gate begins a new ledger"
    )


def _make(path: Path, identity: Identity) -> None:
    fresh = path.with_name(path.name + ".new")
    try:
        for leftover in (fresh, path.with_name(fresh.name + "-journal")):
            leftover.unlink(missing_ok=True)
        conn = sqlite3.connect(fresh, isolation_level=None)
        try:
            conn.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            conn.execute("PRAGMA synchronous = FULL")
            migrate(conn, 0)
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO gate VALUES (1, ?, ?)", (identity.estate, identity.agent))
            conn.execute("INSERT INTO streams VALUES (1, ?)", (secrets.token_hex(6),))
            conn.execute("INSERT INTO state (id, stream) VALUES (1, 1)")
            conn.execute("COMMIT")
            conn.execute("PRAGMA journal_mode = WAL")
        finally:
            conn.close()
        fresh.chmod(0o640)
        fresh.rename(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path}: a new ledger cannot be made here ({error}): the directory must exist, belong "
            "to the user that gate-agent runs as, and have some megabytes of room"
        ) from error


def _use(conn: sqlite3.Connection, identity: Identity) -> None:
    have = _inspect(conn)
    found = Identity(*conn.execute("SELECT estate, agent FROM gate").fetchone())
    if found != identity:
        raise StoreError(
            f"this ledger belongs to gate {found.agent} of estate {found.estate}, the settings say "
            f"gate {identity.agent} of estate {identity.estate}: correct `paths` or the names in "
            "the settings; nothing was changed"
        )
    for pragma in _SETTINGS:
        conn.execute(pragma)
    (mode,) = conn.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"the file system does not let the ledger use a write-ahead log (mode {mode}): put it "
            "on a local disk"
        )
    migrate(conn, have)


def _inspect(conn: sqlite3.Connection) -> int:
    """The schema of a file that looks sound; raises StoreError or sqlite3.Error."""
    (pages,) = conn.execute("PRAGMA page_count").fetchone()
    if pages == 0:
        raise StoreError(
            "the file is empty; a ledger never is, so this one was cut off. Restore a backup, or "
            "move the file away so that the gate begins a new ledger"
        )
    have = schema_of(conn)
    if have == SCHEMA:
        for table in _SMALL:
            (verdict,) = conn.execute(f"PRAGMA quick_check('{table}')").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    if conn.execute("SELECT count(*) FROM gate, state").fetchone() != (1,):
        raise sqlite3.DatabaseError("the rows that name the gate are missing")
    return have
