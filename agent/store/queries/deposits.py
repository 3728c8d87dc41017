"""Deposits and the drawer: what is held, for whom, and where it lies.

Rules kept here:
- a deposit comes with the card and names of its visit (``visit_row``), so that it can be found by
  what the person at the window says;
- what is to be given back at the office is the office's: it is not waited for here;
- pockets come in the order in which they lie in the drawer: numbers before words, by value.
"""

import json
from collections.abc import Sequence

from agent.store.queries.table import Row, holds, listed
from agent.store.reading import Reading

HELD = "state = 'held'"


def deposits(reading: Reading, state: str = "held", limit: int = 500, text: str = "") -> list[Row]:
    """Deposits in this state, newest first; ``state`` empty: all. ``text`` narrows them."""
    where, values = ("state = ?", (state,)) if state else ("1", ())
    rows = listed(reading, "deposits", where, values, "taken_us DESC, deposit DESC", limit)
    found = _with_visits(reading, rows)
    if not text.strip():
        return found
    return [
        row
        for row in found
        if holds(row, text) or holds(row["visit_row"] or {}, text) or text == str(row["receipt"])
    ]


def deposit(reading: Reading, deposit_id: str) -> Row | None:
    """One deposit."""
    found = _with_visits(reading, listed(reading, "deposits", "deposit = ?", (deposit_id,)))
    return found[0] if found else None


def pockets(reading: Reading) -> list[Row]:
    """What lies in the drawer, pocket by pocket."""
    rows = listed(reading, "deposits", "state = 'held' AND pocket <> ''", (), "", 2000)
    return sorted(_with_visits(reading, rows), key=lambda row: _place(str(row["pocket"])))


def not_fetched(reading: Reading, before_us: int, limit: int = 200) -> list[Row]:
    """What is still held though its visit ended before this moment (µs), oldest first."""
    rows = listed(reading, "deposits", HELD, (), "taken_us", 2000)
    found = []
    for row in _with_visits(reading, rows):
        visit = row["visit_row"]
        if visit is not None and visit["state"] == "ended" and visit["ended_us"] < before_us:
            found.append(row)
    return found[:limit]


def _with_visits(reading: Reading, rows: Sequence[Row]) -> list[Row]:
    ids = json.dumps(sorted({row["visit"] for row in rows}))
    where = "visit IN (SELECT value FROM json_each(?))"
    found = listed(reading, "visits", where, (ids,), "", 5000) if rows else []
    by_id = {row["visit"]: row for row in found}
    return [row | {"visit_row": by_id.get(row["visit"])} for row in rows]


def _place(pocket: str) -> tuple[bool, int, str]:
    number = pocket.isascii() and pocket.isdecimal()
    return not number, int(pocket) if number else 0, pocket
