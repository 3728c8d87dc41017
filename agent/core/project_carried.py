"""Rows that outlive their entries: how a cut of the journal carries them on.

Rules kept here:
- a carried row is put whole, as it was; its personal fields belong to the carrying entry from then
  on, so its pointer moves there (`POINTERS`);
- columns that were added since begin empty, columns and tables that are gone are left out;
- long texts travel in pieces, since an entry's texts are bounded.
"""

from collections.abc import Iterator, Mapping, Sequence

from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Told

_PIECE = 200

POINTERS: Mapping[str, str] = {"presence": "granted", "amnesties": ""}
"""The column that names the entry with the personal fields, where it is not ``sequence``."""

OVER = frozenset(
    {
        "ended",
        "returned",
        "forfeited",
        "transferred",
        "reversed",
        "used",
        "cancelled",
        "stopped",
        "lifted",
        "answered",
        "closed",
        "in",
    }
)
"""States after which nothing is expected of a row."""

RUNS_OUT = frozenset({"appointments", "bans", "notices", "slips", "announced", "used_passes"})
"""Tables whose rows are over when their ``until_us`` is, whatever their state says."""


def pointer(table: str) -> str:
    """The column of this table that names the entry with the personal fields; empty for none."""
    return POINTERS.get(table, "sequence")


def in_force(table: str, row: Mapping[str, object], before_us: int) -> bool:
    """Is something still expected of this row, or was until after ``before_us``?"""
    if row.get("state") in OVER:
        return False
    until_us = row.get("until_us")
    if table not in RUNS_OUT or not isinstance(until_us, int):
        return True
    return not 0 < until_us < before_us


def packed(values: Mapping[str, str | int]) -> dict[str, object]:
    """The columns of a row as an entry can carry them."""
    return {name: _pieces(value) for name, value in values.items()}


def folds(projections: Sequence[Projection]) -> Mapping[str, tuple[Fold, ...]]:
    """The fold of carried rows into these tables."""
    known = {each.table: each for each in projections}

    def carried(told: Told) -> Iterator[Row]:
        table, key = str(told.data.get("table", "")), str(told.data.get("key", ""))
        projection, values = known.get(table), told.data.get("values")
        if projection is None:
            return
        if not isinstance(values, Mapping):
            yield Drop(table, key)
            return
        row = {name: _whole(values.get(name), kind) for name, kind in projection.columns.items()}
        if (column := pointer(table)) in row:
            row[column] = told.sequence
        yield Put(table, key, row)

    return {EntryType.BOOKS_CARRIED: (carried,)}


def _pieces(value: str | int) -> object:
    if isinstance(value, int) or len(value) <= _PIECE:
        return value
    return [value[n : n + _PIECE] for n in range(0, len(value), _PIECE)]


def _whole(value: object, kind: str) -> str | int:
    if kind == "INTEGER":
        return value if isinstance(value, int) else 0
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(map(str, value))
    return "" if value is None else str(value)
