"""The roster inside the ledger: look-ups in the ruling generation, staging of the next one.

Rules kept here:
- exactly one generation rules; a look-up sees that one only, whatever is being staged;
- a generation is staged in slices of a few milliseconds and rules from one row on, written in the
  transaction of its entry, after count and digest were found right;
- what does not rule is left over, and is dropped in slices, also after a crash;
- a card of the drawer that a visitor has stays one, whatever a new roster makes of it: as an active
  card it would leave by itself.

All calls come from the thread that owns the ledger. Nothing here begins a transaction except
`stage`, `begin` and `drop_old`: what needs an entry is run by the ledger inside its own.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace

from agent.core.model import Card, CardStatus, Credential, Matching
from agent.errors import RosterError, StoreError
from agent.store.books import DESK_KINDS
from agent.store.rows import RosterDigest, Row, card_of, low_key, row_of

_SELECT = (
    "SELECT credential, label, kind, status, holder, unit, department, plate, valid_from, "
    "valid_until, windows, lanes, direction FROM cards WHERE generation = ? AND"
)
_EXACT = f"{_SELECT} low = ? AND credential = ?"
_LOW32 = f"{_SELECT} low = ? LIMIT 3"
_LOW24 = f"{_SELECT} low BETWEEN ? AND ? LIMIT 3"
_LABEL = f"{_SELECT} label = ? LIMIT 1"
_DESK = f"{_SELECT} label = ? AND kind IN {DESK_KINDS} LIMIT 1"
_INSERT = (
    "INSERT INTO cards (generation, low, credential, label, kind, status, holder, unit, "
    "department, plate, valid_from, valid_until, windows, lanes, direction) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_USED = (
    "SELECT card FROM visits WHERE state = 'open' AND card <> '' "
    "UNION SELECT card FROM passes WHERE state <> 'in' "
    "UNION SELECT card FROM deposits WHERE state = 'held'"
)
"""Labels of the cards that visitors have, or against which something is held."""
_KEEP = "UPDATE cards SET kind = ?, status = ? WHERE generation = ? AND low = ? AND credential = ?"
_CHUNK = 16


class Roster:
    """Cards of the ruling generation, and the one that is being staged."""

    def __init__(self, conn: sqlite3.Connection, ruling: int) -> None:
        self._conn = conn
        self._execute = conn.cursor().execute
        self._staging: dict[int, RosterDigest] = {}
        self.ruling = ruling

    def find(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        """The cards that match: none, one, or, where it is ambiguous, up to three of them.

        Raises StoreError when the roster cannot be read.
        """
        key = low_key(int(credential.hex, 16))
        try:
            if matching is Matching.EXACT:
                text = f"{credential.scheme}:{credential.hex}"
                rows = self._execute(_EXACT, (self.ruling, key, text)).fetchall()
            elif matching is Matching.LOW32:
                rows = self._execute(_LOW32, (self.ruling, key)).fetchall()
            else:
                first = key & ~0xFF
                rows = self._execute(_LOW24, (self.ruling, first, first | 0xFF)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the roster cannot be read ({error}): see the kernel log") from error
        return tuple([card_of(row) for row in rows])

    def by_label(self, label: str) -> Card | None:
        """The card with this label in the ruling generation.

        Reads the whole roster, unless it is a card of the desk: not for the thread that decides
        (`Reading` has it too).
        """
        card = self._desk(self.ruling, label)
        if card is not None:
            return card
        row = self._execute(_LABEL, (self.ruling, label)).fetchone()
        return None if row is None else card_of(row)

    def _desk(self, generation: int, label: str) -> Card | None:
        row = self._execute(_DESK, (generation, label)).fetchone()
        return None if row is None else card_of(row)

    def begin(self) -> int:
        """Open a new generation and give its number; other unfinished ones become left-overs."""
        row = self._execute(
            "INSERT INTO generations (id) SELECT coalesce(max(id), 0) + 1 FROM "
            "(SELECT id FROM generations UNION ALL SELECT generation FROM state) RETURNING id"
        ).fetchall()
        generation = int(row[0][0])
        self._staging = {generation: RosterDigest()}
        return generation

    def stage(self, generation: int, cards: Sequence[Card], budget_ns: int) -> int:
        """Write as many of the cards as fit the budget, at least one slice; gives their number."""
        total = self._open(generation).copy()
        ends = time.perf_counter_ns() + budget_ns
        taken = 0
        self._execute("BEGIN IMMEDIATE")
        try:
            while taken < len(cards) and (not taken or time.perf_counter_ns() < ends):
                chunk = [row_of(card) for card in cards[taken : taken + _CHUNK]]
                for row in chunk:
                    total.add(row)
                self._conn.executemany(_INSERT, [_values(generation, row) for row in chunk])
                taken += len(chunk)
            self._execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                self._execute("ROLLBACK")
        self._staging[generation] = total
        return taken

    def check(self, generation: int, cards: int, digest: bytes) -> None:
        """Raise RosterError unless exactly this was staged."""
        total = self._open(generation)
        if total.cards != cards:
            raise RosterError(
                f"roster generation {generation} has {total.cards} cards, {cards} were announced: "
                "the old roster stays; send the whole roster again"
            )
        if total.digest() != digest:
            raise RosterError(
                f"roster generation {generation}: digest {total.digest().hex()} of what arrived is "
                f"not the announced {digest.hex()}: the old roster stays; send it again"
            )

    def kept(self, generation: int) -> tuple[Card, ...]:
        """The cards that a visitor has and that this generation would make active.

        They are given as they are to be: in stock, of the kind that they have now.
        """
        kept: dict[Credential, Card] = {}
        for (label,) in self._execute(_USED).fetchall():
            old = self._desk(self.ruling, label)
            found = [self._desk(generation, label)]
            if old is not None:
                key = low_key(int(old.credential.hex, 16))
                row = self._execute(_EXACT, (generation, key, str(old.credential))).fetchone()
                found.append(None if row is None else card_of(row))
            for card in found:
                if card is not None and card.status is CardStatus.ACTIVE:
                    same = old is not None and card.credential == old.credential
                    kind = old.kind if old is not None and same else card.kind
                    kept[card.credential] = replace(card, status=CardStatus.STOCK, kind=kind)
        return tuple(kept.values())

    def rule(self, generation: int) -> None:
        """Let this generation rule; runs inside the ledger's transaction."""
        total, kept = self._open(generation), self.kept(generation)
        for card in kept:
            row = row_of(card)
            self._execute(_KEEP, (row[2], row[3], *_values(generation, row)[:3]))
        self._execute(
            "UPDATE generations SET cards = ?, digest = ? WHERE id = ?",
            (total.cards, b"" if kept else total.digest(), generation),
        )
        self._execute("UPDATE state SET generation = ? WHERE id = 1", (generation,))

    def ruled(self, generation: int) -> None:
        """The switch was committed."""
        self._staging.clear()
        self.ruling = generation

    def put(self, card: Card) -> int:
        """Insert or replace one card of the ruling roster, inside the ledger's transaction.

        Gives the generation, which is a first one where there was none.
        """
        generation = self.ruling
        if generation == 0:
            generation = self.begin()
            self._execute("UPDATE state SET generation = ? WHERE id = 1", (generation,))
        row = row_of(card)
        values = _values(generation, row)
        gone = self._execute(
            "DELETE FROM cards WHERE generation = ? AND low = ? AND credential = ?", values[:3]
        ).rowcount
        self._execute(_INSERT, values)
        self._execute(
            "UPDATE generations SET cards = cards + 1 - ?, digest = x'' WHERE id = ?",
            (gone, generation),
        )
        return generation

    def drop_old(self, limit: int) -> bool:
        """Delete up to ``limit`` rows that neither rule nor are staged; True when more are left."""
        keep = {self.ruling, *self._staging}
        old = [
            number
            for (number,) in self._execute("SELECT id FROM generations ORDER BY id").fetchall()
            if number not in keep
        ]
        if not old:
            return False
        self._execute("BEGIN IMMEDIATE")
        try:
            gone = self._execute(
                "DELETE FROM cards WHERE generation = ? AND (low, credential) IN "
                "(SELECT low, credential FROM cards WHERE generation = ? "
                "ORDER BY low, credential LIMIT ?)",
                (old[0], old[0], limit),
            ).rowcount
            if gone < limit:
                self._execute("DELETE FROM generations WHERE id = ?", (old[0],))
            self._execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                self._execute("ROLLBACK")
        return gone == limit or len(old) > 1

    def _open(self, generation: int) -> RosterDigest:
        total = self._staging.get(generation)
        if total is None:
            raise RosterError(
                f"roster generation {generation} is not being staged (the agent was restarted, or "
                "another transfer began): begin again"
            )
        return total


def _values(generation: int, row: Row) -> tuple[object, ...]:
    number = int(row[0].partition(":")[2], 16)
    return (generation, low_key(number), *row)
