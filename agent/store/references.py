"""Reference tables: guards and the directory, changed by the entry that tells of it.

Rules kept here:
- a row changes in the transaction of its entry, and in no other;
- these are not projections: they last as long as they are in force, however old their entry.
"""

import sqlite3
from collections.abc import Mapping

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


class References:
    """Owned by the ledger's thread; raises sqlite3.Error, and StoreError for what is no row."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._execute = conn.cursor().execute

    def change(self, change: PutRow | DropRow) -> None:
        """Put or drop one row, inside the running transaction. ``values`` may be a part of it."""
        columns = TABLES.get(change.table)
        if columns is None:
            raise StoreError(f"{change.table} is no reference table: a fault of the program")
        key = columns[0]
        if isinstance(change, DropRow):
            self._execute(
                " ".join(("DELETE FROM", change.table, "WHERE", f"{key} = ?")), (change.key,)
            )
            return
        unknown = set(change.values) - set(columns[1:])
        if unknown:
            names = ", ".join(sorted(unknown))
            raise StoreError(f"{change.table} has no column {names}: a fault of the program")
        if set(change.values) == set(columns[1:]):
            marks = ",".join("?" * len(columns))
            values = (change.key, *[change.values[name] for name in columns[1:]])
            sql = " ".join(("INSERT OR REPLACE INTO", change.table, f"VALUES ({marks})"))
        else:
            changed = ", ".join(f"{name} = ?" for name in change.values)
            values = (*change.values.values(), change.key)
            sql = " ".join(("UPDATE", change.table, "SET", changed, "WHERE", f"{key} = ?"))
        self._execute(sql, values)
