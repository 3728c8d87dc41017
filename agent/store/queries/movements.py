"""Taps and passages as the screen shows them, newest first, and cards of the roster.

Rules kept here:
- only the end of the journal is read: what lies further back is found by `agent.store.index`;
- a tap has the outcome of its passage beside it, as soon as that is known.
"""

from collections.abc import Sequence

from agent.store.queries.table import Row, bare, entries_told, told
from agent.store.reading import Reading
from agent.store.rows import COLUMNS

_NEAR = 20_000
_LATEST = "sequence > (SELECT max(sequence) FROM entries) - ? ORDER BY sequence DESC LIMIT ?"
_TAPS = (
    "SELECT sequence FROM entries WHERE type IN ('gate.access.granted.v1', "
    "'gate.access.denied.v1', 'gate.access.referred.v1', 'gate.card.presented.v1') AND "
)
_PASSAGES = "SELECT sequence FROM entries WHERE type = 'gate.passage.ended.v1' AND "
_SINCE = (
    "SELECT sequence FROM entries WHERE type = 'gate.passage.ended.v1' AND sequence > ? LIMIT 500"
)
_CARDS = (
    "FROM cards WHERE generation = (SELECT generation FROM state) AND "
    "(instr(label, ?) OR instr(holder, ?) OR instr(unit, ?) OR instr(department, ?) "
    "OR instr(plate, ?) OR credential = ?) ORDER BY label LIMIT ?"
)


def last_taps(reading: Reading, count: int = 20, lane: str = "") -> list[Row]:
    """The last decisions, newest first, each with ``outcome`` (empty while the passage goes on).

    With ``lane`` of that lane only, out of the last 500.
    """
    asked = 500 if lane else count
    rows = _entries(reading, reading.rows(_TAPS + _LATEST, (_NEAR, asked)))
    if lane:
        rows = [row for row in rows if row["data"].get("lane") == lane][:count]
    outcomes = _outcomes(reading, rows)
    return [row | {"outcome": outcomes.get(str(row["data"].get("passage")), "")} for row in rows]


def passages(reading: Reading, count: int = 20) -> list[Row]:
    """The last passages, newest first, each with the names of what let it in.

    ``personal`` is that of the grant, as far as the cause is one; ``granted`` is its sequence, 0
    when there is none.
    """
    rows = _entries(reading, reading.rows(_PASSAGES + _LATEST, (_NEAR, count)))
    for row in rows:
        grant = row["cause"].rpartition("/")[2]
        row["granted"] = int(grant) if grant.isdecimal() else 0
    return [
        row | {key: each[key] for key in ("personal", "erased")} | _noted(row)
        for row, each in zip(rows, told(reading, rows, "granted"), strict=True)
    ]


def cards(reading: Reading, text: str, limit: int = 50) -> list[Row]:
    """Cards of the ruling roster with this part of a label, name, unit or plate, by label.

    A whole ``scheme:HEX`` finds the card with that number. Each has ``where``: the zone that it
    was last seen to go to, empty when it is not known.
    """
    wanted = text.strip()
    if not wanted:
        return []
    sql = " ".join(("SELECT", ", ".join(COLUMNS), _CARDS))
    found = reading.rows(sql, (*[wanted] * 6, limit))
    seen = {label: _zone(reading, label) for label in {row["label"] for row in found}}
    return [row | {"where": seen[row["label"]]} for row in found]


def card(reading: Reading, label: str) -> Row | None:
    """The card of the ruling roster with this label."""
    return next((row for row in cards(reading, label) if row["label"] == label), None)


def _zone(reading: Reading, label: str) -> str:
    found = bare(reading, "presence", "card = ?", (label,))
    return str(found[0]["zone"]) if found else ""


def _entries(reading: Reading, numbers: Sequence[Row]) -> list[Row]:
    entries = reading.entries(row["sequence"] for row in numbers)
    return entries_told(reading, list(entries.values()))[::-1]


def _noted(row: Row) -> Row:
    return {"outcome": str(row["data"].get("outcome", ""))}


def _outcomes(reading: Reading, taps: Sequence[Row]) -> dict[str, str]:
    granted = [row["sequence"] for row in taps if "passage" in row["data"]]
    if not granted:
        return {}
    numbers = reading.rows(_SINCE, (min(granted),))
    ended = _entries(reading, numbers)
    return {str(row["data"].get("passage")): str(row["data"].get("outcome")) for row in ended}
