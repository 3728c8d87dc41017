"""Reference tables: guards and the directory, changed by the entry that tells of it.

Rules kept here:
- a row changes in the transaction of its entry, and in no other;
- these are not projections: they last as long as they are in force, however old their entry;
- every change of a table is counted, so that what was compared with it before can be told stale.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.effects import DropRow, PutRow
from agent.errors import StoreError

TABLES: Mapping[str, tuple[str, ...]] = {
    "guards": ("guard", "name", "card", "role", "pin", "state", "changed_us"),
    "directory": (
        "entry",
        "kind",
        "name",
        "unit",
        "department",
        "phones",
        "signs",
        "note",
        "quiet",
        "place",
    ),
    "tokens": ("hash", "guard", "role", "desk", "shift", "since_us"),
}
"""Every column of every reference table; the first one is its key."""

Values = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes made ready in any thread: statements in order, each with the rows it is run for."""

    steps: Sequence[tuple[str, Sequence[Values]]] = ()
    tables: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """How many rows it changes."""
        return sum(len(rows) for _, rows in self.steps)


NOTHING = Batch()


def ready(changes: Iterable[PutRow | DropRow]) -> Batch:
    """Make changes ready to be written; ``values`` may be a part of a row.

    Raises StoreError for what is no row.
    """
    steps: list[tuple[str, list[Values]]] = []
    tables: set[str] = set()
    for change in changes:
        columns = TABLES.get(change.table)
        if columns is None:
            raise StoreError(f"{change.table} is no reference table: a fault of the program")
        sql, values = _statement(change, columns)
        if not steps or steps[-1][0] != sql:
            steps.append((sql, []))
        steps[-1][1].append(values)
        tables.add(change.table)
    return Batch(steps, frozenset(tables))


def _statement(change: PutRow | DropRow, columns: Sequence[str]) -> tuple[str, Values]:
    key = columns[0]
    if isinstance(change, DropRow):
        return " ".join(("DELETE FROM", change.table, "WHERE", f"{key} = ?")), (change.key,)
    names = change.values.keys()
    if len(names) == len(columns) - 1 and all(name in names for name in columns[1:]):
        marks = ",".join("?" * len(columns))
        sql = " ".join(("INSERT OR REPLACE INTO", change.table, f"VALUES ({marks})"))
        return sql, (change.key, *[change.values[name] for name in columns[1:]])
    unknown = set(names) - set(columns[1:])
    if unknown:
        told = ", ".join(sorted(unknown))
        raise StoreError(f"{change.table} has no column {told}: a fault of the program")
    changed = ", ".join(f"{name} = ?" for name in names)
    sql = " ".join(("UPDATE", change.table, "SET", changed, "WHERE", f"{key} = ?"))
    return sql, (*change.values.values(), change.key)


class References:
    """Owned by the ledger's thread; raises sqlite3.Error."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._executemany = conn.cursor().executemany
        self._turns: Counter[str] = Counter()

    def change(self, batch: Batch) -> None:
        """Put and drop these rows, inside the running transaction."""
        self._turns.update(batch.tables)
        for sql, rows in batch.steps:
            self._executemany(sql, rows)

    def turn(self, table: str) -> int:
        """A number that another one follows whenever the table is changed, or was to be."""
        return self._turns[table]
