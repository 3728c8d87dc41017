"""The ledger: the writing side of the store, one per gate, owned by one thread.

Rules kept here:
- commit first, then act: `append` returns only when the entries are on the disk;
- when something fails, nothing of it was written, and it is loud (StoreError);
- what is put off (checkpoints, left-overs) is done by `housekeeping`, which the loop calls when it
  is idle.

The writing connection lives in the thread that opened it (sqlite3 refuses any other).
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from agent.core.effects import Change, PutCard
from agent.core.entries import Entry
from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.ids import ZoneId
from agent.core.model import Card, Credential, Matching, Moment
from agent.core.needs import Need, Rows, merged
from agent.errors import StoreError
from agent.ports import Head, Health, KeptResult
from agent.store.ballast import MIB, Ballast
from agent.store.books import Books
from agent.store.care import Care
from agent.store.consumers import Consumers
from agent.store.database import Identity, connect_writer, refusal
from agent.store.desk import Desk
from agent.store.disk import Disk
from agent.store.lock import Lock
from agent.store.projections import rebuild, refresh
from agent.store.references import NOTHING, Batch, References, ready
from agent.store.roster import Roster
from agent.store.scribe import Scribe
from agent.store.seal import Disclosure, Sealer

_PAGES_PER_CARD = 4
SLICE_NS = 5_000_000

T = TypeVar("T")


class Ledger:
    """Made by `open`, ended by `close`; also a context manager."""

    def __init__(
        self,
        path: Path,
        conn: sqlite3.Connection,
        lock: Lock,
        sealer: Sealer,
        boot: str,
        ballast: Ballast,
    ) -> None:
        """Not for callers: use `open`."""
        self._path = path
        self._conn = conn
        self._lock = lock
        (stream,) = conn.execute(
            "SELECT stream FROM streams WHERE id = (SELECT stream FROM state WHERE id = 1)"
        ).fetchone()
        (ruling,) = conn.execute("SELECT generation FROM state WHERE id = 1").fetchone()
        self._roster = Roster(conn, ruling)
        self._scribe = Scribe(conn, sealer, stream, boot)
        self._desk = Desk(conn)
        self._books = Books(conn)
        self._references = References(conn)
        self._consumers = Consumers(conn)
        self._disk = Disk(path, conn, self._scribe, self._desk, ballast)
        self._write = self._disk.write
        self._leftovers = True
        self._erase_after_us = 0
        self.care = Care(conn, self._write, self._scribe.begins)
        self.find_cards: Callable[[Credential, Matching], tuple[Card, ...]] = self._roster.find

    @classmethod
    def open(
        cls,
        path: Path,
        identity: Identity,
        disclosure: Disclosure,
        boot: str,
        *,
        ballast_bytes: int = 4 * MIB,
        erase_after_us: int = 0,
    ) -> Self:
        """Take the lock, open the file or make it, bring its schema up to date.

        ``erase_after_us``: `housekeeping` erases personal fields older than that (0: never).

        Raises StoreError with advice when another process writes, or the file is damaged, of
        another gate, or of a newer schema; then the file is as it was.
        """
        sealer = Sealer(disclosure)
        lock = Lock.take(path)
        try:
            conn = connect_writer(path, identity)
            try:
                refresh(conn)
                ledger = cls(path, conn, lock, sealer, boot, Ballast(path, ballast_bytes))
                ledger._agree()
            except sqlite3.Error as error:
                conn.close()
                raise refusal(path, error) from error
            except StoreError:
                conn.close()
                raise
        except StoreError:
            lock.release()
            raise
        ledger._erase_after_us = erase_after_us
        ledger._disk.lay()
        return ledger

    def _agree(self) -> None:
        head, published = self._scribe.head.sequence, self._desk.published
        if published > head:
            raise StoreError(
                f"{self._path}: the broker has entry {published}, but the journal ends at {head}: "
                "its end was removed, or an old copy was put in place. Its numbers must not be "
                "used twice: restore the right file, or move this one away so that the gate "
                "begins a new ledger"
            )

    def close(self) -> None:
        """End the connection and let go of the lock; safe to call twice."""
        self._conn.close()
        self._lock.release()

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

    def append(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult] = (),
        changes: Sequence[Change] = (),
    ) -> Head:
        """Commit all of it in one transaction; raises StoreError, then nothing was written."""
        if changes:
            return self._change(entries, now, results, changes)
        if results:
            return self._write(entries, now, lambda: self._desk.keep(results, now))
        if not entries:
            return self._scribe.head
        return self._write(entries, now, None)

    def _change(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult],
        changes: Sequence[Change],
    ) -> Head:
        """Write entries and results, and with them what they change in the reference tables."""
        generation = self._roster.ruling

        def change() -> None:
            nonlocal generation
            for each in changes:
                if isinstance(each, PutCard):
                    generation = self._roster.put(each.card)
                else:
                    self._references.change(ready((each,)))
            self._desk.keep(results, now)

        head = self._write(entries, now, change)
        self._roster.ruling = generation
        return head

    def rows(self, needs: Sequence[Need]) -> Rows:
        """The rows of the books that were asked for, with their personal fields."""
        return self._loud(
            "the books cannot be read",
            lambda: merged((need, self._books.rows(need)) for need in needs),
        )

    def rehearse(self, entries: Sequence[Entry], now: Moment) -> None:
        """Go through `append` up to the commit and undo it; raises StoreError as that does."""
        self._loud("the rehearsal failed", lambda: self._scribe.rehearse(entries, now))

    def head(self) -> Head:
        """The last committed entry."""
        return self._scribe.head

    def open_passages(self) -> tuple[OpenPassage, ...]:
        """Grants that have no end in the journal yet, oldest first."""
        return self._loud("open passages cannot be read", self._books.open_passages)

    def presence(self, card: str) -> Presence | None:
        """Where the card with this label was last seen to go."""
        return self._loud("presence cannot be read", lambda: self._books.presence(card))

    def zone_counts(self) -> Mapping[ZoneId, int]:
        """The vehicles in every zone where any were counted; may be below 0."""
        return self._loud("the counts cannot be read", self._books.zone_counts)

    def amnesties(self) -> Mapping[ZoneId, int]:
        """When whole zones were last forgiven, µs since 1970 UTC; 0 by a clock not trusted."""
        return self._loud("amnesties cannot be read", self._books.amnesties)

    def modes(self) -> tuple[Mode, ...]:
        """What is in force until somebody lifts it, oldest first."""
        return self._loud("modes cannot be read", self._books.modes)

    def rebuild(self) -> int:
        """Make every projected table anew from the journal; gives the count of entries read."""
        return self._loud("the projections were not rebuilt", lambda: rebuild(self._conn))

    def rebuild_at_start(self) -> None:
        """Let them be made anew when the ledger is opened next."""
        self._loud(
            "it was not noted that the projections are stale",
            lambda: self._conn.execute("UPDATE projections SET fold = -1"),
        )

    # The cursor, the session, what orders came to

    def published(self) -> int:
        """The last entry of the longest prefix that the broker has."""
        return int(self._desk.published)

    def save_published(self, sequence: int) -> None:
        """Move the cursor forward, committed; a lower number is ignored."""
        self._loud(
            "the published cursor was not saved",
            lambda: self._desk.save_published(sequence, self._scribe.head.sequence),
        )

    def next_session(self) -> int:
        """The number of a new session with the broker, committed."""
        return self._loud("the session was not numbered", self._desk.next_session)

    def trusted_us(self) -> int:
        """When the last entry by a trusted clock was written, µs since 1970 UTC; 0: not lately."""
        return self._loud("the last trusted time cannot be read", self._books.trusted_us)

    def acked(self) -> Mapping[str, tuple[str, int]]:
        """What each consumer of the centre has: the stream, and the last entry of it."""
        return self._loud("what consumers have cannot be read", self._consumers.known)

    def save_acked(self, cursors: Mapping[str, tuple[str, int]]) -> None:
        """Keep what these consumers have, committed; a lower number in a stream is ignored."""
        self._loud("what consumers have was not saved", lambda: self._consumers.save(cursors))

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        """What was answered to this order within the last 24 hours."""
        return self._loud("results cannot be read", lambda: self._desk.result(order_id, now))

    def answered(self) -> tuple[str, ...]:
        """The ids of all orders whose results are kept, oldest first."""
        return self._loud("results cannot be read", self._desk.answered)

    # The roster

    def card_by_label(self, label: str) -> Card | None:
        """The card of the ruling roster with this label."""
        return self._roster.by_label(label)

    def roster_begin(self) -> int:
        """Begin to stage a new roster; gives its generation. An unfinished one is abandoned."""
        return self._loud("no roster was begun", self._roster.begin)

    def roster_stage(self, generation: int, rows: Sequence[Card], budget_ns: int = SLICE_NS) -> int:
        """Stage as many cards as fit the budget, in one commit; gives how many were taken.

        The cards come in the order of `agent.store.rows.order_of`, over all calls.
        Call again with the rest. Raises StoreError, then nothing of this call was staged.
        """
        taken = self._loud(
            "a slice of the roster was not staged",
            lambda: self._roster.stage(generation, rows, budget_ns),
        )
        self._disk.wrote(taken * _PAGES_PER_CARD)
        return taken

    def roster_switch(
        self,
        generation: int,
        count: int,
        digest: bytes,
        entry: Entry,
        now: Moment,
        changes: Batch = NOTHING,
    ) -> Head:
        """Let the staged roster rule, together with its entry and what else comes with it.

        Raises StoreError when count or digest (`agent.store.rows`) are not those of what was
        staged; then the old roster rules on.
        """
        self._roster.check(generation, count, digest)

        def rule() -> None:
            self._roster.rule(generation)
            self._references.change(changes)

        self._disk.wrote(len(changes))
        head = self._write((entry,), now, rule)
        self._roster.ruled(generation)
        self._leftovers = True
        return head

    def roster_kept(self, generation: int) -> tuple[Card, ...]:
        """The cards that visitors have and that stay in stock, whatever this roster says."""
        return self._loud("the books cannot be read", lambda: self._roster.kept(generation))

    def turn(self, table: str) -> int:
        """As long as it is the same, no row of this reference table was changed."""
        return self._references.turn(table)

    def roster_drop_old(self, limit: int = 200) -> bool:
        """Delete up to ``limit`` left-over rows; True when there are more."""
        more = self._loud("old roster rows stay", lambda: self._roster.drop_old(limit))
        self._disk.wrote(limit * _PAGES_PER_CARD if more else 0)
        return more

    def put_card(self, card: Card, entry: Entry, now: Moment) -> Head:
        """Insert or replace one card of the ruling roster, together with its entry."""
        generation = self._roster.ruling

        def put() -> None:
            nonlocal generation
            generation = self._roster.put(card)

        head = self._write((entry,), now, put)
        self._roster.ruling = generation
        return head

    # Care

    @property
    def full(self) -> bool:
        """True from the moment the disk was full until there is room again."""
        return self._disk.full

    def health(self) -> Health:
        """How the disk of the ledger is."""
        return self._disk.health()

    def housekeeping(self, now: Moment | None = None) -> bool:
        """Take a little care while the loop is idle: checkpoint, reserve, old results and rosters.

        True when there is more to do, so that it is called again soon.

        Want of room is no error here. With ``now``, old results are forgotten, and an entry is
        written when there is room again after the disk was full (then `head` has moved).
        """
        try:
            self._disk.relieve(now)
            if self._leftovers:
                self._leftovers = self.roster_drop_old()
            elif now is not None:
                return self.care.daily(now, self._erase_after_us)
        except sqlite3.Error as error:
            if not self._disk.was_full(error):
                raise refusal(self._path, error) from error
        return self._leftovers

    def _loud(self, what: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {what} ({error})") from error
