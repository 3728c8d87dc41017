"""The books made anew from the journal, beside the ledger, to be compared with what is there.

Rules kept here:
- the ledger is only read, in batches; one short snapshot at the end makes both sides the same age;
- what is made is held in memory, with the tables and folds that the daemon uses.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from agent.core.project import PROJECTIONS, project
from agent.store.projections import changes, create
from agent.store.reading import Reading

_BATCH = 2000


class Difference(NamedTuple):
    """A row that is not what the journal makes; None on a side where there is no such row."""

    table: str
    key: str
    there: Mapping[str, Any] | None
    made: Mapping[str, Any] | None

    def says(self) -> str:
        """One line that names the row and the columns that differ, without their values."""
        name = f"{self.table} {self.key}"
        if self.there is None:
            return f"{name}: it is missing"
        if self.made is None:
            return f"{name}: the journal does not make it"
        odd = [name for name in self.made if self.made[name] != self.there.get(name)]
        return f"{name}: {', '.join(odd)}"


class Rebuilt:
    """Made from the entries beyond ``after``. Also a context manager; raises StoreError."""

    def __init__(self, reading: Reading, after: int = 0) -> None:
        self._reading = reading
        self._last = after
        self._made = sqlite3.connect(":memory:", isolation_level=None)
        create(self._made)
        self.entries = 0

    def close(self) -> None:
        """Let go of the memory; safe to call twice."""
        self._made.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Fold everything that is written by now; ``progress`` hears how many entries are done."""
        while batch := self._reading.after(self._last, _BATCH):
            self._made.execute("BEGIN")
            for entry in batch:
                told = (entry.sequence, entry.type, json.loads(entry.data))
                for step in changes(project(*told, entry.time_us, entry.quality, entry.cause)):
                    self._made.execute(*step)
            self._made.execute("COMMIT")
            self._last = batch[-1].sequence
            self.entries += len(batch)
            progress(self.entries)

    def differences(self) -> list[Difference]:
        """What is there and what was made, compared at one moment."""
        self.catch_up()
        with self._reading.snapshot():
            self.catch_up()
            there = {each.table: self._there(each.table, each.key) for each in PROJECTIONS}
        found: list[Difference] = []
        for each in PROJECTIONS:
            have, made = there[each.table], _by_key(self._made, each.table, each.key)
            found += [
                Difference(each.table, key, have.get(key), made.get(key))
                for key in sorted(have.keys() | made.keys())
                if have.get(key) != made.get(key)
            ]
        return found

    def _there(self, table: str, key: str) -> dict[str, dict[str, Any]]:
        if not self._reading.has(table):
            return {}
        words = ["SELECT * FROM", table]
        return {row[key]: row for row in self._reading.rows(" ".join(words))}


def _by_key(conn: sqlite3.Connection, table: str, key: str) -> dict[str, dict[str, Any]]:
    words = ["SELECT * FROM", table]
    found = conn.execute(" ".join(words))
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {row[key]: row for row in rows}
