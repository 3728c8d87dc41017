"""Reading: the ledger as others see it, while the daemon writes.

Rules kept here:
- the handle cannot write; what is asked for is fetched whole, in batches where it may be long, so
  that no snapshot stays open and the write-ahead log can be used again;
- entries come as they are stored, ``data`` as the bytes that are sent.

A handle belongs to the thread that opened it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from agent.core.entries import StoredEntry
from agent.core.facts import Presence
from agent.core.ids import ZoneId
from agent.core.model import Card, Credential, Matching
from agent.core.needs import Need, Rows, merged
from agent.errors import StoreError
from agent.store.books import Books
from agent.store.erasure import Erasure, Slice
from agent.store.inside import Inside, inside
from agent.store.roster import Roster
from agent.store.rows import Row, card_of, order_of
from agent.store.schema import ENDS, SCHEMA, schema_of
from agent.store.search import Search

_WAIT_S = 2.0
_BATCH = 500
_ENTRIES = (
    "SELECT sequence, stream, boot, uptime_ms, time_us, recorded_us, quality, type, subject, "
    "actor, cause, data FROM entries WHERE"
)
_AFTER = f"{_ENTRIES} sequence > ? ORDER BY sequence LIMIT ?"
_TAIL = f"{_ENTRIES} 1 ORDER BY sequence DESC LIMIT ?"
_PERSONAL = "SELECT field, value FROM personal WHERE id BETWEEN ? AND ? ORDER BY id"
_GIVEN = "sequence IN (SELECT value FROM json_each(?)) ORDER BY sequence"
_THESE = f"{_ENTRIES} {_GIVEN}"
_PERSONALS = (
    "SELECT personal.id >> 5, field, personal.value FROM json_each(?) AS wanted CROSS JOIN "
    "personal ON personal.id BETWEEN wanted.value << 5 AND wanted.value << 5 | 31 "
    "ORDER BY personal.id"
)
_ROSTER = (
    "SELECT credential, label, kind, status, holder, unit, department, plate, valid_from, "
    "valid_until, windows, lanes, direction FROM cards WHERE generation = ?"
)
_CARDS = f"{_ROSTER} AND (low, credential) > (?, ?) ORDER BY low, credential LIMIT ?"

T = TypeVar("T")


class Reading:
    """Made by `open`, ended by `close`; also a context manager."""

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        """Not for callers: use `open`."""
        self._path = path
        self._conn = conn
        self._books = Books(conn)
        self._streams: dict[int, str] = {}
        self._boots: dict[int, str] = {}
        self._tables: frozenset[str] = frozenset()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger for reading; raises StoreError when it is missing or cannot be used."""
        try:
            there = path.exists()
        except OSError as error:
            raise StoreError(
                f"{path}: the ledger cannot be read ({error.strerror}): this user may not look "
                "into its directory; is it in the group gate-agent?"
            ) from error
        if not there:
            raise StoreError(
                f"{path}: there is no ledger here yet: it is made when gate-agent first runs; "
                "check `paths` in the settings"
            )
        try:
            conn = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=_WAIT_S,
                isolation_level=None,
            )
            conn.execute("PRAGMA query_only = ON")
            conn.execute("PRAGMA cache_size = -512")
            have = schema_of(conn)
        except sqlite3.Error as error:
            raise StoreError(
                f"{path}: the ledger cannot be read ({error}): see that this user may read the "
                "directory and its files, or what `gate-agent journal verify` says"
            ) from error
        except StoreError as error:
            raise StoreError(f"{path}: {error}") from error
        if have < SCHEMA:
            conn.close()
            raise StoreError(
                f"{path}: the ledger has schema {have}, this software reads {SCHEMA}: start the "
                "daemon once, it brings the file up to date"
            )
        return cls(path, conn)

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The journal

    def after(self, sequence: int, limit: int) -> list[StoredEntry]:
        """At most ``limit`` entries beyond ``sequence``, in order; raises StoreError."""
        return self._entries(_AFTER, (sequence, limit))

    def tail(self, count: int) -> list[StoredEntry]:
        """The last ``count`` entries, oldest first."""
        return self._entries(_TAIL, (count,))[::-1]

    def search(self, what: Search, limit: int = 100) -> list[StoredEntry]:
        """The newest ``limit`` entries that match, oldest first."""
        condition, values = what.where()
        sql = f"{_ENTRIES} {condition} ORDER BY sequence DESC LIMIT ?"
        return self._entries(sql, (*values, limit))[::-1]

    def export(self, what: Search | None = None) -> Iterator[dict[str, object]]:
        """All entries that match, in order, as dicts ready for CSV or JSON Lines.

        ``data`` is decoded, ``personal`` holds the fields that were not erased.
        """
        condition, values = (what or Search()).where()
        sql = f"{_ENTRIES} sequence > ? AND {condition} ORDER BY sequence LIMIT ?"
        last = 0
        while batch := self._entries(sql, (last, *values, _BATCH)):
            for entry in batch:
                row: dict[str, object] = entry._asdict()
                row["data"] = json.loads(entry.data)
                row["personal"] = self.personal(entry.sequence)
                yield row
            last = batch[-1].sequence

    def personal(self, sequence: int) -> dict[str, str]:
        """The personal fields of an entry that were not erased."""
        first = sequence << 5
        return dict(self._fetch(_PERSONAL, (first, first | 31)))

    def rows(self, sql: str, values: Iterable[object] = ()) -> list[dict[str, Any]]:
        """What a query gives, every row as a dict of its columns; raises StoreError.

        For queries that are few and short: see `agent.store.queries`.
        """
        try:
            found = self._conn.execute(sql, tuple(values))
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except sqlite3.Error as error:
            raise self._unread(error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that is read meanwhile is of one moment; for less than a second."""
        self._fetch("BEGIN")
        try:
            yield
        finally:
            self._fetch("COMMIT")

    def has(self, table: str) -> bool:
        """Is there such a table? A daemon older than this software may not have made it yet."""
        if table not in self._tables:
            found = self._fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
            self._tables = frozenset(name for (name,) in found)
        return table in self._tables

    def entries(self, sequences: Iterable[int]) -> dict[int, StoredEntry]:
        """These entries, as far as they are (still) there."""
        found = self._entries(_THESE, (json.dumps(list(sequences)),))
        return {entry.sequence: entry for entry in found}

    def personals(self, sequences: Iterable[int]) -> dict[int, dict[str, str]]:
        """The personal fields of these entries that were not erased; an entry has one at least."""
        found: dict[int, dict[str, str]] = {}
        for sequence, field, value in self._fetch(_PERSONALS, (json.dumps(list(sequences)),)):
            found.setdefault(sequence, {})[field] = value
        return found

    def head(self) -> tuple[int, bytes]:
        """Sequence and hash of the last entry; (0, zero bytes) when there is none."""
        rows = self._fetch("SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1")
        return rows[0] if rows else (0, bytes(32))

    def ends(self) -> tuple[int, int]:
        """The sequences of the first and the last entry; (0, 0) when there is none."""
        first, last = self._fetch(ENDS)[0]
        return first or 0, last or 0

    def counts(self) -> Mapping[str, int]:
        """``entries``, ``first``, ``last``, ``published``, ``cards``, ``personal``."""
        first, last = self._fetch(ENDS)[0]
        published, cards = self._fetch(
            "SELECT published, (SELECT cards FROM generations WHERE id = generation) FROM state"
        )[0]
        (personal,) = self._fetch("SELECT count(*) FROM personal")[0]
        entries = 0 if last is None else last - first + 1
        return {
            "entries": entries,
            "first": first or 0,
            "last": last or 0,
            "published": published,
            "cards": cards or 0,
            "personal": personal,
        }

    def erasable(self, before_us: int) -> Slice:
        """How many entries, and fields of them, an erasure with this moment (µs) would take."""

        def write(*_: object) -> None:
            raise StoreError("a handle that reads cannot write: this is a fault of the program")

        try:
            return Erasure(self._conn, write).count(before_us)
        except sqlite3.Error as error:
            raise self._unread(error) from error

    # The projections

    def inside(self, zone: str = "") -> Iterator[Inside]:
        """Everybody who is in ``zone``, or in any zone but outside."""
        return inside(self._fetch, self.personal, zone)

    def presence(self, card: str) -> Presence | None:
        """Where the card with this label was last seen to go."""
        return self._ask(lambda books: books.presence(card))

    def booked(self, needs: Iterable[Need]) -> Rows:
        """The rows of the books that a step would be given for these needs."""
        return self._ask(lambda books: merged((need, books.rows(need)) for need in needs))

    def zone_counts(self) -> Mapping[ZoneId, int]:
        """The vehicles in every zone where any were counted; may be below 0."""
        return self._ask(lambda books: books.zone_counts())

    # The roster

    def find_cards(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        """The cards of the ruling roster that match."""
        return self._roster().find(credential, matching)

    def card_by_label(self, label: str) -> Card | None:
        """The card of the ruling roster with this label."""
        return self._roster().by_label(label)

    def cards(self) -> Iterator[Card]:
        """All cards of the ruling roster, in batches, in the order in which they travel."""
        return map(card_of, self.roster_rows())

    def roster_rows(self) -> Iterator[Row]:
        """All rows of the ruling roster, likewise."""
        generation, last = self._generation(), (-1, "")
        while rows := self._fetch(_CARDS, (generation, *last, _BATCH)):
            yield from rows
            last = order_of(rows[-1][0])

    def _roster(self) -> Roster:
        return Roster(self._conn, self._generation())

    def _generation(self) -> int:
        return int(self._fetch("SELECT generation FROM state")[0][0])

    def _entries(self, sql: str, values: tuple[object, ...]) -> list[StoredEntry]:
        rows = self._fetch(sql, values)
        streams, boots = self._streams, self._boots
        try:
            return [StoredEntry(row[0], streams[row[1]], boots[row[2]], *row[3:]) for row in rows]
        except KeyError:
            streams.update(self._fetch("SELECT id, stream FROM streams"))
            boots.update(self._fetch("SELECT id, boot FROM boots"))
        return [StoredEntry(row[0], streams[row[1]], boots[row[2]], *row[3:]) for row in rows]

    def _ask(self, question: Callable[[Books], T]) -> T:
        try:
            return question(self._books)
        except sqlite3.Error as error:
            raise self._unread(error) from error

    def _fetch(self, sql: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._conn.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._unread(error) from error

    def _unread(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"{self._path}: the ledger cannot be read ({error}): see what "
            "`gate-agent journal verify` says"
        )
