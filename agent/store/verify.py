"""Verifying: is the journal what was written, from the first entry to the last?

Rules kept here:
- the check trusts nothing that it can compute: every hash is made anew from the columns, every
  personal field that still exists from its salt and value;
- it stops at the first entry that is wrong and says what is wrong with it and what to do;
- a chain alone cannot show that its end was cut off, or that it was made anew as a whole: the
  cursor of what was published shows the first, an anchor (a head that was published) both;
- where the beginning was cut off, the last cut is signed, and an entry beyond it tells the key;
- texts are read as bytes, so that a text that is not UTF-8 is found and not stumbled over.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent.errors import StoreError
from agent.store.chain import GENESIS, commitment, digest, framed, number
from agent.store.endmark import EndMark, signed
from agent.store.schema import ENDS, SCHEMA, schema_of
from agent.store.seal import COMMITMENTS

_BATCH = 1000
_CUT = b"gate.journal.cut.v1"
_WAIT_S = 2.0
_ENTRIES = (
    "SELECT entries.sequence, streams.stream, boots.boot, uptime_ms, time_us, recorded_us, "
    "quality, type, subject, actor, cause, data, hash FROM entries "
    "LEFT JOIN streams ON streams.id = entries.stream LEFT JOIN boots ON boots.id = entries.boot "
    "WHERE entries.sequence > ? AND entries.sequence <= ? ORDER BY entries.sequence LIMIT ?"
)
_PERSONAL = "SELECT id, field, salt, value FROM personal WHERE id >= ? AND id < ? ORDER BY id"
_COLUMNS = (
    "sequence",
    "stream",
    "boot",
    "uptime_ms",
    "time_us",
    "recorded_us",
    "quality",
    "type",
    "subject",
    "actor",
    "cause",
    "data",
    "hash",
)
_KINDS = (int, bytes, bytes, int, int, int, *(bytes,) * 7)
_ANCHORED = "the anchor: the journal was made anew from here or from an earlier entry on"

Anchor = tuple[int, bytes]
"""Sequence and hash of a head that was published."""

_RESTORE = (
    "keep this file as it is, it is evidence; copy it with its -wal file, compare with what the "
    "centre received, and restore a backup or begin a new ledger"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``bad`` is the first entry that is wrong, None when all is well.

    ``checked`` entries were found right, from ``first`` to ``last``; ``head`` is the hash of the
    last one. ``erased`` counts personal fields that are no longer there, which is no fault.
    """

    checked: int
    first: int
    last: int
    head: bytes
    erased: int
    bad: int | None = None
    what: str = ""
    advice: str = ""

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return self.bad is None

    @property
    def anchor(self) -> str:
        """The last entry that was found right, as ``SEQ:HASH``."""
        return f"{self.last}:{self.head.hex()}"


class _Fault(NamedTuple):
    sequence: int
    what: str
    advice: str = _RESTORE


def verify(
    path: Path,
    anchor: Anchor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Check the whole journal; ``progress`` hears how many entries of how many are done.

    Works while the daemon writes: the end is where it was at the beginning of the check. Raises
    StoreError when there is no ledger, or none of ours.
    """
    conn = _open(path)
    try:
        return _Check(conn, anchor, progress or (lambda _done, _all: None)).run()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    finally:
        conn.close()


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreError(f"{path}: there is no ledger here: check `paths` in the settings")
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S, isolation_level=None
    )
    try:
        conn.execute("PRAGMA query_only = ON")
        have = schema_of(conn)
    except sqlite3.Error as error:
        conn.close()
        raise _unreadable(path, error) from error
    except StoreError as error:
        conn.close()
        raise StoreError(f"{path}: {error}") from error
    if have != SCHEMA:
        conn.close()
        raise StoreError(
            f"{path}: the ledger has schema {have}, this software checks {SCHEMA}: start the "
            "daemon once, it brings the file up to date"
        )
    conn.text_factory = bytes
    return conn


def _unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"{path}: the file is damaged, not even its ends can be read ({error}): {_RESTORE}"
    )


class _Check:
    """One run over one file."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        anchor: Anchor | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._conn = conn
        self._anchor = anchor
        self._progress = progress
        self._hash = GENESIS
        self._checked = self._first = self._last = self._erased = 0
        self._marks: dict[int, tuple[str, Mapping[str, object]]] = {}

    def run(self) -> Verdict:
        fault = self._look()
        told = (self._checked, self._first, self._last, self._hash, self._erased)
        return Verdict(*told) if fault is None else Verdict(*told, *fault)

    def _look(self) -> _Fault | None:
        one = self._conn.execute
        start = one(ENDS).fetchone()
        low, end = start if start[0] is not None else (1, 0)
        (published,) = one("SELECT published FROM state").fetchone()
        cut = one("SELECT sequence, hash FROM cuts ORDER BY sequence DESC LIMIT 1").fetchone()
        self._last = low - 1
        if low > 1 and (cut is None or low > cut[0] + 1):
            return _Fault(1 if cut is None else cut[0] + 1, "it is missing, and no cut explains it")
        if low > 1:
            self._hash = b"" if low <= cut[0] else cut[1]
        self._first = low
        fault = None
        for batch in (_BATCH, 1):  # One by one where a batch cannot be read, to name the first.
            try:
                fault = self._walk(end, cut, batch)
                break
            except sqlite3.Error as error:
                fault = _Fault(self._last + 1, f"it cannot be read, the file is damaged ({error})")
        return fault or self._look_at_cut() or self._look_at_end(end, published)

    def _walk(self, end: int, cut: Anchor | None, batch: int) -> _Fault | None:
        everything = end - self._last
        while self._last < end:
            rows = self._conn.execute(_ENTRIES, (self._last, end, batch)).fetchall()
            if rows and cut is not None:
                self._follow(rows[0][0], cut)
            kept = self._kept(self._last + 1, rows[-1][0]) if rows else {}
            for row in rows:
                if row[0] != self._last + 1:
                    break
                what = (
                    self._entry(row)
                    or self._commitments(row, kept.get(row[0], []))
                    or self._against(cut, row, "the one in the cut that was signed")
                    or self._against(self._anchor, row, _ANCHORED)
                )
                if what:
                    return _Fault(row[0], what)
                if row[7] == _CUT:
                    data = json.loads(row[11])
                    self._marks[data.get("through", 0)] = (row[1].decode(), data)
                self._last, self._hash = row[0], row[12]
                self._checked += 1
            if not rows or rows[-1][0] != self._last:
                return _Fault(self._last + 1, "it is missing")
            self._progress(self._checked, everything)
        return None

    def _follow(self, low: int, cut: Anchor) -> None:
        """Entries below the cut may be removed while the check runs: go on behind them."""
        if self._last + 1 < low <= cut[0] + 1:
            (first,) = self._conn.execute("SELECT min(sequence) FROM entries").fetchone()
            if first == low:
                self._last, self._first = low - 1, low
                self._hash = b"" if low <= cut[0] else cut[1]

    def _look_at_cut(self) -> _Fault | None:
        """The last cut has to be signed with the key that its entry names."""
        sql = "SELECT sequence, hash, made_us, signature FROM cuts ORDER BY sequence DESC LIMIT 1"
        row = self._conn.execute(sql).fetchone()
        if row is None:
            return None
        sequence, found, made_us, signature = row
        if sequence not in self._marks:
            return _Fault(sequence, "it was cut off, and no entry says who did it")
        stream, data = self._marks[sequence]
        estate, agent = self._conn.execute("SELECT estate, agent FROM gate").fetchone()
        mark = EndMark(estate.decode(), agent.decode(), stream, sequence, found, made_us)
        try:
            key = bytes.fromhex(str(data.get("key", "")))
        except ValueError:
            key = b""
        if data.get("hash") != found.hex() or not signed(mark, key, signature):
            return _Fault(sequence, "it was cut off, and the mark of the cut is not signed")
        return None

    def _entry(self, row: tuple[Any, ...]) -> str:
        """What is wrong with the entry itself; empty when nothing is."""
        for name, kind, part in zip(_COLUMNS, _KINDS, row, strict=True):
            if type(part) is not kind:
                return f"its {name} is missing or of another kind"
        if self._hash == b"":
            return ""  # Below a cut, where the entry before it is gone.
        columns = [framed(part) if type(part) is bytes else number(part) for part in row[:11]]
        if digest(self._hash, columns, row[11]) == row[12]:
            return ""
        return (
            "its hash does not fit: this entry was changed, or another one was put in its place, "
            "or the order was changed"
        )

    def _commitments(self, row: tuple[Any, ...], kept: list[tuple[bytes, bytes, bytes]]) -> str:
        """What is wrong with the personal fields that still exist; empty when nothing is."""
        try:
            promised = json.loads(row[11]).get(COMMITMENTS, {})
            for field, salt, value in kept:
                name = field.decode()
                if promised.get(name) != commitment(salt, name, value.decode()):
                    return f"its personal field {name!r} was changed: it breaks its commitment"
        except (ValueError, KeyError, TypeError, AttributeError):
            return "its data or its personal fields are not what the program writes"
        self._erased += len(promised) - len(kept)
        return ""

    def _kept(self, first: int, last: int) -> dict[int, list[tuple[bytes, bytes, bytes]]]:
        """Personal rows of these entries, by sequence."""
        rows = self._conn.execute(_PERSONAL, (first << 5, (last + 1) << 5)).fetchall()
        found: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
        for key, field, salt, value in rows:
            found.setdefault(key >> 5, []).append((field, salt, value))
        return found

    @staticmethod
    def _against(known: Anchor | None, row: tuple[Any, ...], whose: str) -> str:
        if known is None or known[0] != row[0] or known[1] == row[12]:
            return ""
        return f"its hash is not {whose}"

    def _look_at_end(self, end: int, published: int) -> _Fault | None:
        if published > end:
            return _Fault(
                end + 1, f"it is missing: the broker has up to {published}, the end was cut off"
            )
        if self._anchor is not None and self._anchor[0] > end:
            return _Fault(
                end + 1,
                f"it is missing: the anchor is entry {self._anchor[0]}, the end was cut off",
            )
        if self._anchor is not None and 0 < self._anchor[0] < self._first:
            return _Fault(
                self._anchor[0],
                "the anchor lies below the cut, so nothing can be compared with it",
                "give a newer anchor: the head that `status` or `tele` published last",
            )
        (beyond,) = self._conn.execute("SELECT max(id) FROM personal").fetchone()
        if beyond is not None and beyond >> 5 > end and not self._grown(beyond >> 5):
            return _Fault(
                end + 1, "it is missing, but its personal fields are there: the end was cut off"
            )
        return None

    def _grown(self, sequence: int) -> bool:
        """True when the daemon wrote this entry while the check ran."""
        (now,) = self._conn.execute("SELECT max(sequence) FROM entries").fetchone()
        return now is not None and now >= sequence


def parse_anchor(text: str) -> Anchor:
    """Read ``SEQ:HASH``; raises StoreError that says what an anchor looks like."""
    sequence, _, hexadecimal = text.partition(":")
    try:
        anchor = int(sequence), bytes.fromhex(hexadecimal)
    except ValueError:
        anchor = (-1, b"")
    if anchor[0] < 0 or len(anchor[1]) != len(GENESIS):
        raise StoreError(
            f"{text!r} is not an anchor: write the sequence, a colon and the 64 hexadecimal digits "
            "of the hash, as `headseq` and `headhash` were published"
        )
    return anchor
