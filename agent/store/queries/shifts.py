"""Guards, shifts and the duty log.

Rules kept here:
- a guard's PIN never leaves the table, not even hashed;
- the duty log is the journal itself, between two moments, without the taps that went well;
- an override is what let somebody through against the rule: a visitor although something was open,
  and what was opened or held open by hand here, which is neither refused nor the centre's.
"""

from collections.abc import Mapping
from typing import Any

from agent.core.commands import ORIGIN
from agent.store.queries.counts import counts
from agent.store.queries.table import Row, bare, entries_told, listed
from agent.store.reading import Reading

_LOG = (
    "SELECT sequence FROM entries WHERE sequence > ? AND time_us >= ? AND time_us < ? "
    "AND type NOT IN ('gate.access.granted.v1', 'gate.passage.ended.v1', 'gate.arm.opened.v1', "
    "'gate.arm.closed.v1', 'gate.card.presented.v1', 'gate.books.carried.v1', "
    "'gate.personal.erased.v1', 'gate.command.answered.v1') ORDER BY sequence LIMIT ?"
)
_HIDDEN = ("pin",)
_OVERRIDES = (
    "SELECT count(*) AS many FROM entries WHERE sequence > ? AND (type = 'gate.visit.overridden.v1'"
    " OR type = 'gate.arm.ordered.v1'"
    " AND CAST(data AS TEXT) ->> '$.order' IN ('open', 'priority', 'hold_open')"
    " AND CAST(data AS TEXT) ->> '$.refused' IS NULL AND CAST(data AS TEXT) ->> '$.origin' <> ?)"
)


def guards(reading: Reading, state: str = "") -> list[Row]:
    """Guards by name: ``guard, name, card, role, state``; ``state`` empty: all."""
    where, values = ("state = ?", (state,)) if state else ("1", ())
    rows = bare(reading, "guards", where, values, "name, guard")
    return [{key: row[key] for key in row if key not in _HIDDEN} for row in rows]


def guard(reading: Reading, guard_id: str) -> Row | None:
    """One guard."""
    return next((row for row in guards(reading) if row["guard"] == guard_id), None)


def shift(reading: Reading, desk: str = "") -> Row | None:
    """The shift that is on at this desk, or the newest one that is on at any."""
    where = "state = 'on' AND (? = '' OR desk = ?)"
    found = _named(reading, listed(reading, "shifts", where, (desk, desk), "began_us DESC", 1))
    return found[0] if found else None


def shifts(reading: Reading, limit: int = 60) -> list[Row]:
    """The last shifts, newest first, each with ``guard_name``."""
    return _named(reading, listed(reading, "shifts", "1", (), "began_us DESC", limit))


def duty_log(
    reading: Reading, from_us: int, until_us: int, limit: int = 2000, after: int = 0
) -> list[Row]:
    """What happened between two moments (µs), in order; read on ``after`` the last one's sequence.

    Left out are the taps that went well, and what followed from them; of a command of the centre it
    is told what it did, as of every order, and not that it was answered.
    """
    first = max(after, _first(reading, from_us))
    found = reading.rows(_LOG, (first, from_us, until_us, limit))
    entries = reading.entries(row["sequence"] for row in found)
    return entries_told(reading, list(entries.values()))


def handover_counts(reading: Reading, shift_id: str = "") -> Mapping[str, Any]:
    """What the books say has to be there when a shift is handed over.

    ``documents, cash, other, cards_out, cards_stock, inside`` as `counts` gives them, and of the
    shift itself: ``overrides`` (how many), ``unsigned``, ``help``, ``shift`` (its row).
    """
    found = listed(reading, "shifts", "shift = ?", (shift_id,)) if shift_id else []
    row = _named(reading, found)[0] if found else shift(reading)
    return {
        **counts(reading),
        "overrides": _overrides(reading, row["sequence"]) if row else 0,
        "unsigned": listed(reading, "unsigned", "1", (), "since_us"),
        "help": listed(reading, "help", "state <> 'closed'", (), "asked_us"),
        "shift": row,
    }


def _overrides(reading: Reading, after: int) -> int:
    """How many there are beyond this entry, with which the shift began."""
    return int(reading.rows(_OVERRIDES, (after, ORIGIN))[0]["many"])


def _named(reading: Reading, rows: list[Row]) -> list[Row]:
    names = {row["guard"]: row["name"] for row in guards(reading)}
    return [row | {"guard_name": names.get(row["guard"], row["guard"])} for row in rows]


def _first(reading: Reading, from_us: int) -> int:
    """A sequence before which nothing of this time was written, found by halving.

    The time of writing rises with the sequence but for steps of the clock; a day is allowed for.
    """
    low, high = reading.ends()
    wanted = from_us - 86_400_000_000
    while low < high:
        middle = (low + high) // 2
        found = reading.rows(
            "SELECT recorded_us FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT 1",
            (middle,),
        )
        if found and found[0]["recorded_us"] < wanted:
            low = middle + 1
        else:
            high = middle
    return max(0, low - 1)
