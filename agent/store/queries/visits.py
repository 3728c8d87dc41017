"""Visits, as the screen asks for them.

Rules kept here:
- a visit comes with its deposits (``deposits``) and the state of its card (``pass``);
- open visits are few and looked through as they are; what ended is found by `agent.store.index`.
"""

import json
from collections.abc import Sequence

from agent.store.queries.table import Row, bare, holds, listed, told
from agent.store.reading import Reading

_OF_THESE = "visit IN (SELECT value FROM json_each(?))"
_LOOK_BACK = 3000
_NEARLY = 100
_EARLIER = (
    "WITH newest AS (SELECT * FROM visits ORDER BY opened_us DESC LIMIT ?) "
    "SELECT DISTINCT newest.* FROM newest CROSS JOIN personal "
    "ON personal.id BETWEEN newest.sequence << 5 AND newest.sequence << 5 | 31 "
    "WHERE (field = 'idhash' AND personal.value = ?) OR "
    "(field IN ('visitor', 'company', 'plate', 'phone') "
    "AND instr(lower(replace(personal.value, ' ', '')), ?)) ORDER BY opened_us DESC LIMIT ?"
)


def visits(reading: Reading, state: str = "open", limit: int = 200) -> list[Row]:
    """Visits in this state, newest first; ``state`` empty: all of them."""
    where, values = ("state = ?", (state,)) if state else ("1", ())
    return _whole(reading, listed(reading, "visits", where, values, "opened_us DESC", limit))


def visit(reading: Reading, visit_id: str) -> Row | None:
    """One visit."""
    found = _whole(reading, listed(reading, "visits", "visit = ?", (visit_id,)))
    return found[0] if found else None


def visit_of_card(reading: Reading, card: str) -> Row | None:
    """The open visit of the card with this label."""
    where = "card = ? AND state = 'open'"
    found = _whole(reading, listed(reading, "visits", where, (card,), "opened_us DESC", 1))
    return found[0] if found else None


def visits_by(reading: Reading, text: str, state: str = "open", limit: int = 50) -> list[Row]:
    """Visits with this part of a name, plate, unit, phone, card, pocket or receipt in them.

    With ``state`` empty the newest 3,000 are looked through.
    """
    found = []
    for row in visits(reading, state, _LOOK_BACK):
        numbers = [str(each[key]) for each in row["deposits"] for key in ("pocket", "receipt")]
        if holds(row, text) or text.strip() in numbers:
            found.append(row)
    return found[:limit]


def overdue(reading: Reading, now_us: int, limit: int = 100) -> list[Row]:
    """Open visits that should have ended by now (µs since 1970 UTC), the longest overdue first."""
    where = "state = 'open' AND until_us > 0 AND until_us < ?"
    return _whole(reading, listed(reading, "visits", where, (now_us,), "until_us", limit))


def earlier(reading: Reading, text: str, limit: int = 8) -> list[Row]:
    """Earlier visitors with this part of a name, plate or phone, or exactly this ``idhash``.

    Each of them once, newest first, out of the newest 3,000 visits: for filling in a form while
    somebody types. Deposits are not told.
    """
    wanted = text.casefold().replace(" ", "")
    if not wanted or not reading.has("visits"):
        return []
    rows = reading.rows(_EARLIER, (_LOOK_BACK, text, wanted, _NEARLY))
    found: dict[tuple[str, ...], Row] = {}
    for row in told(reading, rows):
        key = tuple(row["personal"].get(name, "") for name in ("visitor", "plate", "phone"))
        found.setdefault(key, row)
    return list(found.values())[:limit]


def _whole(reading: Reading, rows: Sequence[Row]) -> list[Row]:
    if not rows:
        return []
    ids = json.dumps([row["visit"] for row in rows])
    held: dict[str, list[Row]] = {}
    for deposit in told(reading, bare(reading, "deposits", _OF_THESE, (ids,), "deposit", 5000)):
        held.setdefault(deposit["visit"], []).append(deposit)
    out = {row["visit"]: row for row in bare(reading, "passes", _OF_THESE, (ids,), "", 5000)}
    return [
        row | {"deposits": held.get(row["visit"], []), "pass": out.get(row["visit"])}
        for row in rows
    ]
