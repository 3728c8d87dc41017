"""Rows of the books, each with what the journal says of it.

Rules kept here:
- a row is a dict of its columns and of what stands in the entry that its ``sequence`` names:
  ``personal`` (fields that were not erased), ``erased`` (there were some, and they are gone),
  ``data``, ``actor`` (as written), ``by`` (the guard's name where the actor is one, and client and
  person where it was the centre), ``at_us``;
- a row that was carried over a cut tells what its first entry told;
- where a file has no such table yet, there are no rows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.core.commands import ORIGIN
from agent.core.entries import StoredEntry
from agent.store.reading import Reading

Row = dict[str, Any]

LIMIT = 500
CARRIED = "gate.books.carried.v1"
_COMMITMENTS = "commitments"


def listed(
    reading: Reading,
    table: str,
    where: str = "1",
    values: Iterable[object] = (),
    order: str = "",
    limit: int = LIMIT,
) -> list[Row]:
    """Rows of a projected table that meet a condition, with their entries; raises StoreError.

    ``where`` and ``order`` are texts of this package, never what somebody typed.
    """
    return told(reading, bare(reading, table, where, values, order, limit))


def bare(
    reading: Reading,
    table: str,
    where: str = "1",
    values: Iterable[object] = (),
    order: str = "",
    limit: int = LIMIT,
) -> list[Row]:
    """The same without what the journal says."""
    if not reading.has(table):
        return []
    sorting = ("ORDER BY", order) if order else ()
    sql = " ".join(("SELECT * FROM", table, "WHERE", where, *sorting, "LIMIT ?"))
    return reading.rows(sql, (*values, limit))


def counted(reading: Reading, table: str, where: str = "1", values: Iterable[object] = ()) -> int:
    """How many rows of a table meet a condition."""
    if not reading.has(table):
        return 0
    parts = ["SELECT count(*) AS many FROM", table, "WHERE", where]
    return int(reading.rows(" ".join(parts), values)[0]["many"])


def told(reading: Reading, rows: Sequence[Row], pointer: str = "sequence") -> list[Row]:
    """These rows, each with what the entry says that its column ``pointer`` names."""
    wanted = {row[pointer] for row in rows}
    if not wanted:
        return list(rows)
    entries, personals = reading.entries(wanted), reading.personals(wanted)
    names = guard_names(reading)
    none: dict[str, str] = {}
    return [
        row | spoken(entries.get(row[pointer]), personals.get(row[pointer], none), names)
        for row in rows
    ]


def spoken(entry: StoredEntry | None, personal: dict[str, str], names: Mapping[str, str]) -> Row:
    """What an entry says, as it is put beside a row; an entry that is gone says nothing."""
    if entry is None:
        return {
            "personal": personal, "erased": False, "data": {}, "actor": "", "by": "", "at_us": 0,
        }  # fmt: skip
    data = json.loads(entry.data)
    promised = data.pop(_COMMITMENTS, {})
    actor, at_us = entry.actor, entry.time_us
    if entry.type == CARRIED:
        actor, at_us = str(data.get("by", "")), int(data.get("sinceus", 0))
        data = dict(data.get("told") or {})
    return {
        "personal": personal,
        "erased": len(personal) < len(promised),
        "data": data,
        "actor": actor,
        "by": names.get(actor) or actor.removeprefix(f"{ORIGIN}:"),
        "at_us": at_us,
    }


def entries_told(reading: Reading, entries: Sequence[StoredEntry]) -> list[Row]:
    """Entries as rows: their columns, and what `spoken` says of them."""
    personals = reading.personals(entry.sequence for entry in entries)
    names = guard_names(reading)
    none: dict[str, str] = {}
    rows: list[Row] = []
    for entry in entries:
        row: Row = entry._asdict()
        row |= spoken(entry, personals.get(entry.sequence, none), names)
        rows.append(row)
    return rows


def guard_names(reading: Reading) -> dict[str, str]:
    """The names of all guards, also of those who left, by id."""
    if not reading.has("guards"):
        return {}
    return {row["guard"]: row["name"] for row in reading.rows("SELECT guard, name FROM guards")}


def holds(row: Mapping[str, Any], text: str) -> bool:
    """Does a part of this text stand in the row's columns or personal fields? Case is ignored."""
    wanted = text.casefold().replace(" ", "")
    values = [*row.get("personal", {}).values(), *row.values()]
    return any(
        wanted in value.casefold().replace(" ", "") for value in values if isinstance(value, str)
    )
