"""The schema of the ledger: numbered migrations, each applied once, in one transaction.

Rules kept here:
- a migration that was released never changes; what is new gets the next number;
- ``user_version`` is the number of the last migration, the table ``migrations`` says when and by
  which version each was applied;
- a file with a newer schema, or one that is not ours, is refused and left untouched;
- entries are append only: triggers forbid every UPDATE, any INSERT that is not at the end (which
  also catches INSERT OR REPLACE), and DELETE except at or below a row of ``cuts``.

sqlite-utils is imported here only, and only when there is something to migrate: it costs 18 MB and
0.4 s that a gate which merely starts should not pay.
"""

import importlib.metadata
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.errors import StoreError

APPLICATION_ID = 0x67617465
"""``gate`` in ASCII, in the header of every ledger."""

PAGE_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    statements: tuple[str, ...]


_FIRST = Migration(
    1,
    "journal, personal fields, roster, cursor, results",
    (
        """CREATE TABLE migrations (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL,
            applied_at TEXT NOT NULL, software TEXT NOT NULL) STRICT""",
        """CREATE TABLE gate (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            estate TEXT NOT NULL, agent TEXT NOT NULL) STRICT""",
        "CREATE TABLE streams (id INTEGER PRIMARY KEY, stream TEXT NOT NULL UNIQUE) STRICT",
        "CREATE TABLE boots (id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE) STRICT",
        """CREATE TABLE entries (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            stream INTEGER NOT NULL REFERENCES streams (id),
            boot INTEGER NOT NULL REFERENCES boots (id),
            uptime_ms INTEGER NOT NULL,
            time_us INTEGER NOT NULL,
            recorded_us INTEGER NOT NULL,
            quality TEXT NOT NULL,
            type TEXT NOT NULL,
            subject TEXT NOT NULL,
            actor TEXT NOT NULL,
            cause TEXT NOT NULL,
            data BLOB NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT""",
        # The key is 32 * sequence + n: rows are then only ever added at the end of the table, which
        # writes a fifth less per commit than a key of (sequence, field).
        """CREATE TABLE personal (
            id INTEGER PRIMARY KEY,
            sequence INTEGER GENERATED ALWAYS AS (id >> 5) VIRTUAL,
            field TEXT NOT NULL,
            salt BLOB NOT NULL CHECK (length(salt) = 16), value TEXT NOT NULL) STRICT""",
        """CREATE TABLE cuts (
            sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL CHECK (length(hash) = 32),
            made_us INTEGER NOT NULL, signature BLOB NOT NULL) STRICT""",
        """CREATE TRIGGER entries_at_the_end BEFORE INSERT ON entries
            WHEN NEW.sequence <= (SELECT max(sequence) FROM entries)
            BEGIN SELECT RAISE(ABORT, 'an entry can only be added at the end'); END""",
        """CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
            BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END""",
        """CREATE TRIGGER entries_kept BEFORE DELETE ON entries
            WHEN NOT EXISTS (SELECT 1 FROM cuts WHERE sequence >= OLD.sequence)
            BEGIN SELECT RAISE(ABORT, 'an entry above the cut is never deleted'); END""",
        """CREATE TRIGGER personal_stays BEFORE UPDATE ON personal
            BEGIN SELECT RAISE(ABORT, 'a personal field is erased, never changed'); END""",
        """CREATE TRIGGER streams_stay BEFORE UPDATE ON streams
            BEGIN SELECT RAISE(ABORT, 'a stream is never renamed'); END""",
        """CREATE TRIGGER boots_stay BEFORE UPDATE ON boots
            BEGIN SELECT RAISE(ABORT, 'a boot is never renamed'); END""",
        """CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            stream INTEGER NOT NULL REFERENCES streams (id),
            published INTEGER NOT NULL DEFAULT 0,
            session INTEGER NOT NULL DEFAULT 0,
            generation INTEGER NOT NULL DEFAULT 0,
            filled INTEGER NOT NULL DEFAULT 0) STRICT""",
        """CREATE TABLE results (
            order_id TEXT PRIMARY KEY, status TEXT NOT NULL, code INTEGER NOT NULL,
            detail TEXT NOT NULL, kept_us INTEGER NOT NULL, trusted INTEGER NOT NULL) STRICT""",
        """CREATE TABLE generations (
            id INTEGER PRIMARY KEY, cards INTEGER NOT NULL DEFAULT 0,
            digest BLOB NOT NULL DEFAULT x'') STRICT""",
        # Clustered in the order in which a roster travels: staging then only ever adds at the end,
        # five times faster than at random places, and a look-up reads one tree instead of two.
        """CREATE TABLE cards (
            generation INTEGER NOT NULL REFERENCES generations (id),
            low INTEGER NOT NULL,
            credential TEXT NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL,
            status TEXT NOT NULL, holder TEXT NOT NULL, unit TEXT NOT NULL,
            department TEXT NOT NULL, plate TEXT NOT NULL, valid_from TEXT NOT NULL,
            valid_until TEXT NOT NULL, windows TEXT NOT NULL, lanes TEXT NOT NULL,
            direction TEXT NOT NULL,
            PRIMARY KEY (generation, low, credential)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE projections (
            name TEXT PRIMARY KEY, shape TEXT NOT NULL) STRICT""",
    ),
)

_SECOND = Migration(
    2,
    "the number of each projection's fold: presence, counts and modes are made from the journal",
    ("ALTER TABLE projections ADD COLUMN fold INTEGER NOT NULL DEFAULT 0",),
)

_THIRD = Migration(
    3,
    "what an order came to, guards, directory, tokens of who is signed on, the desk's cards",
    (
        "ALTER TABLE results ADD COLUMN result TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE guards (
            guard TEXT PRIMARY KEY, name TEXT NOT NULL, card TEXT NOT NULL, role TEXT NOT NULL,
            pin TEXT NOT NULL, state TEXT NOT NULL, changed_us INTEGER NOT NULL)
            STRICT, WITHOUT ROWID""",
        """CREATE TABLE directory (
            entry TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
            department TEXT NOT NULL, phones TEXT NOT NULL, signs INTEGER NOT NULL,
            note TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        "CREATE INDEX directory_units ON directory (unit)",
        """CREATE TABLE tokens (
            hash TEXT PRIMARY KEY, guard TEXT NOT NULL, role TEXT NOT NULL, desk TEXT NOT NULL,
            shift TEXT NOT NULL, since_us INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        # Only what lies at the desk: an index over residents would slow every new roster down.
        """CREATE INDEX cards_desk ON cards (generation, label)
            WHERE kind IN ('visitor', 'visitor_vehicle', 'contractor', 'guard', 'patrol')""",
    ),
)

_FOURTH = Migration(
    4,
    "the digest of the command that a result answers, what each consumer of the centre has",
    (
        "ALTER TABLE results ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE consumers (
            consumer TEXT PRIMARY KEY, stream TEXT NOT NULL, through INTEGER NOT NULL)
            STRICT, WITHOUT ROWID""",
    ),
)

_FIFTH = Migration(
    5,
    "the hours at which a line of the directory is not called, its place in the roster",
    (
        "ALTER TABLE directory ADD COLUMN quiet TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE directory ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
    ),
)

ENDS = "SELECT (SELECT min(sequence) FROM entries), (SELECT max(sequence) FROM entries)"
"""First and last entry. Asked for both at once SQLite would read the whole table."""

MIGRATIONS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
SCHEMA = MIGRATIONS[-1].number


def schema_of(conn: sqlite3.Connection) -> int:
    """The schema of an open file; raises StoreError when the file is not a ledger of ours."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(
            "this is an SQLite file, but not the ledger of a gate: check the path in the settings; "
            "nothing was changed"
        )
    (number,) = conn.execute("PRAGMA user_version").fetchone()
    if number > SCHEMA:
        raise StoreError(
            f"the ledger has schema {number}, this software knows up to {SCHEMA}: install the "
            "newer version again, or restore the backup made before the upgrade; nothing was "
            "changed"
        )
    return int(number)


def migrate(conn: sqlite3.Connection, have: int) -> None:
    """Bring an open file from schema ``have`` to `SCHEMA`, in one transaction."""
    wanted = [step for step in MIGRATIONS if step.number > have]
    if not wanted:
        return
    from sqlite_utils import Database  # noqa: PLC0415 - only when needed, see above

    db = Database(conn, recursive_triggers=False, execute_plugins=False)
    software = _software()
    with db.atomic():
        for step in wanted:
            for statement in step.statements:
                db.execute(statement)
            db.execute(
                "INSERT INTO migrations VALUES (?, ?, ?, ?)",
                (step.number, step.name, datetime.now(UTC).isoformat(timespec="seconds"), software),
            )
        db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _software() -> str:
    try:
        return importlib.metadata.version("gate-agent")
    except importlib.metadata.PackageNotFoundError:
        return "unpackaged"
