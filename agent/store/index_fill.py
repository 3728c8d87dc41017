"""How the search index is filled, a slice at a time, and what is taken out of it.

Rules kept here:
- a slice is one transaction, with the mark of how far it came: whoever is killed goes on there;
- movements of the same people and things share one bundle of pieces;
- what the journal erased or cut off is taken out when its entry is met: the span's hits at once,
  then the span is read again, then bundles that nothing points to go.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from agent.core.entries import StoredEntry
from agent.store.index_file import EMPTY
from agent.store.reading import Reading
from agent.store.words import pieces_of

SLICE = 2000
ERASED = "gate.personal.erased.v1"
CUT = "gate.journal.cut.v1"
DAY_US = 86_400_000_000

_KNOWN = 20_000
_ORPHANS = 500
_DAY = (
    "INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET "
    "first = min(first, excluded.first), last = max(last, excluded.last)"
)


class Filler:
    """Owned by the thread of its connection; raises sqlite3.Error and StoreError."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[bytes, int] = {}

    def fill(self, reading: Reading, entries: int) -> bool:
        """Take in at most so many entries; True when there is more to do."""
        if not self._agrees(reading):
            self._begin_anew(reading)
        row = self._conn.execute("SELECT upto, again, through FROM mark").fetchone()
        upto, again, through = row
        if again <= through:
            batch = [it for it in reading.after(again - 1, entries) if it.sequence <= through]
            done = batch[-1].sequence if len(batch) == entries else through
            self._take(reading, batch, "UPDATE mark SET again = ?", (done + 1,))
            return True
        if self._drop_orphans():
            return True
        batch = reading.after(upto, entries)
        if not batch:
            return False
        last = batch[-1].sequence
        mark = (last, _hash_of(reading, last))
        self._take(reading, batch, "UPDATE mark SET upto = ?, hash = ?", mark, news=True)
        return True

    def _agrees(self, reading: Reading) -> bool:
        row = self._conn.execute("SELECT stream, upto, hash FROM mark").fetchone()
        if row is None or row[0] != _stream_of(reading):
            return False
        upto, known = int(row[1]), bytes(row[2])
        return upto < max(1, reading.ends()[0]) or _hash_of(reading, upto) == known

    def _begin_anew(self, reading: Reading) -> None:
        self._known.clear()
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            for statement in EMPTY:
                self._conn.execute(statement)
            mark = (_stream_of(reading), max(0, reading.ends()[0] - 1))
            self._conn.execute("INSERT INTO mark VALUES (1, ?, ?, x'', 1, 0)", mark)
            self._conn.execute("COMMIT")
        finally:
            self._undo()

    def _take(
        self,
        reading: Reading,
        batch: Sequence[StoredEntry],
        mark: str,
        values: tuple[object, ...],
        *,
        news: bool = False,
    ) -> None:
        personals = reading.personals(entry.sequence for entry in batch)
        none: dict[str, str] = {}
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            hits: list[tuple[int, int]] = []
            days: dict[int, tuple[int, int, int]] = {}
            for entry in batch:
                personal = personals.get(entry.sequence, none)
                label = label_of(entry)
                if personal or label:
                    hits.append((self._bundle(label, personal), entry.sequence))
                day = entry.time_us // DAY_US
                first = days.get(day, (day, entry.sequence))[1]
                days[day] = (day, first, entry.sequence)
            self._conn.executemany("INSERT OR IGNORE INTO hits VALUES (?, ?)", sorted(hits))
            self._conn.executemany(_DAY, days.values())
            self._conn.execute(mark, values)
            if news:
                self._follow(batch)
            self._conn.execute("COMMIT")
        finally:
            self._undo()

    def _bundle(self, label: str, personal: dict[str, str]) -> int:
        told = json.dumps([label, sorted(personal.items())], ensure_ascii=False)
        name = blake2b(told.encode(), digest_size=16).digest()
        known = self._known.get(name)
        if known is not None:
            return known
        if len(self._known) >= _KNOWN:
            self._known.clear()
        row = self._conn.execute("SELECT id FROM bundles WHERE name = ?", (name,)).fetchone()
        if row is None:
            made = self._conn.execute(
                "INSERT INTO bundles (name, told) VALUES (?, ?)", (name, told)
            )
            row = (made.lastrowid,)
            pieces = [(*piece, row[0]) for piece in sorted(pieces_of(label, personal))]
            self._conn.executemany("INSERT OR IGNORE INTO pieces VALUES (?, ?, ?)", pieces)
        self._known[name] = row[0]
        return int(row[0])

    def _follow(self, batch: Iterable[StoredEntry]) -> None:
        """What was erased or cut off goes here too: the span is taken out and read again."""
        spans: list[tuple[int, int]] = []
        for entry in batch:
            if entry.type == ERASED:
                data = json.loads(entry.data)
                spans.append((int(data["from"]), int(data["through"])))
            elif entry.type == CUT:
                spans.append((0, int(json.loads(entry.data)["through"])))
        if not spans:
            return
        first, through = min(it[0] for it in spans), max(it[1] for it in spans)
        self._conn.execute("DELETE FROM hits WHERE sequence BETWEEN ? AND ?", (first, through))
        self._conn.execute("UPDATE mark SET again = ?, through = ?", (first, through))

    def _drop_orphans(self) -> bool:
        """Bundles that nothing points to any more; True when there were some."""
        if self._conn.execute("SELECT again FROM mark WHERE through > 0").fetchone() is None:
            return False
        found = self._conn.execute(
            "SELECT id, told FROM bundles WHERE NOT EXISTS "
            "(SELECT 1 FROM hits WHERE bundle = bundles.id) LIMIT ?",
            (_ORPHANS,),
        ).fetchall()
        self._known.clear()
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            for number, told in found:
                label, personal = json.loads(told)
                pieces = [(*piece, number) for piece in pieces_of(label, dict(personal))]
                self._conn.executemany(
                    "DELETE FROM pieces WHERE kind = ? AND piece = ? AND bundle = ?", pieces
                )
                self._conn.execute("DELETE FROM bundles WHERE id = ?", (number,))
            if len(found) < _ORPHANS:
                self._conn.execute("UPDATE mark SET again = 1, through = 0")
            self._conn.execute("COMMIT")
        finally:
            self._undo()
        # What was erased must not lie in the write-ahead file either.
        self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return True

    def _undo(self) -> None:
        if self._conn.in_transaction:
            self._known.clear()
            self._conn.execute("ROLLBACK")


def label_of(entry: StoredEntry) -> str:
    """The label of the card that an entry is about, empty where it is about none."""
    if entry.subject.startswith("card/"):
        return entry.subject[5:]
    if b'"card":"' not in entry.data:
        return ""
    label = json.loads(entry.data).get("card", "")
    return label if isinstance(label, str) else ""


def _stream_of(reading: Reading) -> str:
    sql = "SELECT stream FROM streams WHERE id = (SELECT stream FROM state)"
    return str(reading.rows(sql)[0]["stream"])


def _hash_of(reading: Reading, sequence: int) -> bytes:
    found = reading.rows("SELECT hash FROM entries WHERE sequence = ?", (sequence,))
    return bytes(found[0]["hash"]) if found else b""
