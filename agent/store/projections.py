"""Projected tables: made, applied and rebuilt from what `agent.core.project` says.

Rules kept here:
- a projected table holds nothing that the journal does not say, so it can be dropped and made anew;
- its shape and the number of its fold are noted in the file; when the software's differ, all
  projected tables are rebuilt at open.
"""

import json
import sqlite3
from collections.abc import Iterable
from functools import cache

from agent.core.project import PROJECTIONS, Add, Projection, Put, Row, Set, project

_BATCH = 2000

_PUT = {
    each.table: (
        " ".join(("INSERT OR REPLACE INTO", each.table, f"VALUES (?{',?' * len(each.columns)})")),
        tuple(each.columns),
    )
    for each in PROJECTIONS
}
_ADD = {
    each.table: " ".join(
        (
            "INSERT INTO",
            each.table,
            f"VALUES (?{',?' * len(each.columns)})",
            f"ON CONFLICT ({each.key}) DO UPDATE SET",
            ", ".join(f"{name} = {name} + excluded.{name}" for name in each.columns),
        )
    )
    for each in PROJECTIONS
    if set(each.columns.values()) == {"INTEGER"}
}
_DROP = {
    each.table: " ".join(("DELETE FROM", each.table, "WHERE", f"{each.key} = ?"))
    for each in PROJECTIONS
}

_BY_NAME = {each.table: each for each in PROJECTIONS}

Change = tuple[str, tuple[str | int, ...]]
"""One statement with its values, ready to run."""


def changes(steps: Iterable[Row]) -> list[Change]:
    """The statements that bring these steps into the tables."""
    found: list[Change] = []
    for step in steps:
        if isinstance(step, Put):
            sql, columns = _PUT[step.table]
            found.append((sql, (step.key, *[step.values[name] for name in columns])))
        elif isinstance(step, Add):
            columns = _PUT[step.table][1]
            found.append((_ADD[step.table], (step.key, *[step.values[name] for name in columns])))
        elif isinstance(step, Set):
            found.append((_set(step.table, tuple(step.values)), (*step.values.values(), step.key)))
        else:
            found.append((_DROP[step.table], (step.key,)))
    return found


@cache
def _set(table: str, names: tuple[str, ...]) -> str:
    """The statement that changes these columns; raises KeyError for what is no column."""
    projection = _BY_NAME[table]
    unknown = set(names) - set(projection.columns)
    if unknown:
        raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
    changed = ", ".join(f"{name} = ?" for name in names)
    return " ".join(("UPDATE", table, "SET", changed, "WHERE", f"{projection.key} = ?"))


def refresh(conn: sqlite3.Connection) -> None:
    """Rebuild all projected tables if any of them is not as this software would make it."""
    known = {tuple(row) for row in conn.execute("SELECT name, shape, fold FROM projections")}
    if known != {_noted(each) for each in PROJECTIONS}:
        rebuild(conn)


def rebuild(conn: sqlite3.Connection) -> int:
    """Make every projected table anew from the journal, in one transaction; count of entries."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        for (name,) in conn.execute("SELECT name FROM projections").fetchall():
            conn.execute(f'DROP TABLE IF EXISTS "{name}"')
        conn.execute("DELETE FROM projections")
        create(conn)
        for each in PROJECTIONS:
            conn.execute("INSERT INTO projections VALUES (?, ?, ?)", _noted(each))
        count = _fold(conn)
        conn.execute("COMMIT")
    finally:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
    return count


def create(conn: sqlite3.Connection) -> None:
    """Make the projected tables, empty, in any database; runs inside its transaction."""
    for each in PROJECTIONS:
        columns = "".join(f", {name} {kind} NOT NULL" for name, kind in each.columns.items())
        conn.execute(
            f"CREATE TABLE {each.table} ({each.key} TEXT PRIMARY KEY{columns}) "
            "STRICT, WITHOUT ROWID"
        )
        for number, index in enumerate(each.indexes):
            columns, _, condition = index.partition(" WHERE ")
            where = f" WHERE {condition}" if condition else ""
            name = f"{each.table}_{number}"
            conn.execute(f"CREATE INDEX {name} ON {each.table} ({columns}){where}")


def _fold(conn: sqlite3.Connection) -> int:
    count = last = 0
    while True:
        rows = conn.execute(
            "SELECT sequence, type, data, time_us, quality, cause FROM entries "
            "WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (last, _BATCH),
        ).fetchall()
        if not rows:
            return count
        for sequence, kind, data, *header in rows:
            for change in changes(project(sequence, kind, json.loads(data), *header)):
                conn.execute(*change)
        count += len(rows)
        last = rows[-1][0]


def _noted(each: Projection) -> tuple[str, str, int]:
    shape: list[object] = [each.key, dict(each.columns)]
    if each.indexes:
        shape.append(list(each.indexes))
    return each.table, json.dumps(shape), each.fold
