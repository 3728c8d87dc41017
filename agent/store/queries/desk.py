"""What else lies on the guard's desk: appointments, notices, help, slips, bans, directory.

Rules kept here:
- times are µs since 1970 UTC, and given by who asks: nothing here looks at a clock;
- a text narrows by a part of anything that the row says, names and plates among it.
"""

import json
from collections.abc import Sequence

from agent.store.queries.table import Row, bare, holds, listed
from agent.store.reading import Reading


def appointments(
    reading: Reading, from_us: int = 0, until_us: int = 0, text: str = "", state: str = "open"
) -> list[Row]:
    """Appointments that touch this span (0: without an end), in order; ``state`` empty: all."""
    where = "(? = '' OR state = ?) AND (? = 0 OR from_us < ?) AND (until_us = 0 OR until_us >= ?)"
    values = (state, state, until_us, until_us, from_us)
    return _narrowed(listed(reading, "appointments", where, values, "from_us", 1000), text)


def appointment(reading: Reading, appointment_id: str) -> Row | None:
    """One appointment."""
    return _one(listed(reading, "appointments", "appointment = ?", (appointment_id,)))


def open_appointments(reading: Reading, since_us: int) -> list[Row]:
    """Those that nobody came on yet and that were not over at this moment, without their people."""
    where = "state = 'open' AND (until_us = 0 OR until_us >= ?)"
    return bare(reading, "appointments", where, (since_us,), "appointment", 2000)


def open_slips(reading: Reading) -> list[Row]:
    """Slips that may still be used, without their people."""
    return bare(reading, "slips", "state IN ('open', 'stopped')", (), "slip", 2000)


def notices(reading: Reading, now_us: int, audience: str = "") -> list[Row]:
    """Notices in force at ``now_us``, newest first; each has ``text``.

    ``audience`` empty: of everybody; else those for it and those for all.
    """
    where = (
        "state = 'open' AND from_us <= ? AND (until_us = 0 OR until_us > ?) "
        "AND (? = '' OR audience IN ('all', ?))"
    )
    values = (now_us, now_us, audience, audience)
    rows = listed(reading, "notices", where, values, "from_us DESC", 200)
    return [row | {"text": str(row["data"].get("text", ""))} for row in rows]


def all_notices(reading: Reading, limit: int = 200) -> list[Row]:
    """All notices, newest first, also those to come and those that ended."""
    rows = listed(reading, "notices", "1", (), "from_us DESC", limit)
    return [row | {"text": str(row["data"].get("text", ""))} for row in rows]


def help_requests(reading: Reading, state: str = "", limit: int = 200) -> list[Row]:
    """Requests for help, newest first; ``state`` empty: all that are not closed."""
    where, values = ("state = ?", (state,)) if state else ("state <> 'closed'", ())
    return listed(reading, "help", where, values, "asked_us DESC", limit)


def help_request(reading: Reading, help_id: str) -> Row | None:
    """One request for help."""
    return _one(listed(reading, "help", "help = ?", (help_id,)))


def slips(reading: Reading, state: str = "open", text: str = "", limit: int = 200) -> list[Row]:
    """Release slips, newest first; each has ``lines`` as they were written down."""
    where, values = ("state = ?", (state,)) if state else ("1", ())
    rows = listed(reading, "slips", where, values, "sequence DESC", limit)
    return _narrowed([_unfolded(row) for row in rows], text)


def slip(reading: Reading, slip_id: str) -> Row | None:
    """One release slip."""
    row = _one(listed(reading, "slips", "slip = ?", (slip_id,)))
    return None if row is None else _unfolded(row)


def bans(reading: Reading, state: str = "open", text: str = "") -> list[Row]:
    """Bans, newest first, each with its ``reason``."""
    where, values = ("state = ?", (state,)) if state else ("1", ())
    rows = listed(reading, "bans", where, values, "sequence DESC", 1000)
    return _narrowed([row | {"reason": row["data"].get("reason", "")} for row in rows], text)


def announced(reading: Reading, now_us: int) -> list[Row]:
    """Expected priority passages that are open and not over yet, soonest first."""
    where = "state = 'open' AND (until_us = 0 OR until_us > ?)"
    return listed(reading, "announced", where, (now_us,), "from_us", 100)


def directory(reading: Reading, text: str = "", kind: str = "", limit: int = 100) -> list[Row]:
    """Entries of the directory, by name; ``phones`` as they are to be called, in turn."""
    where, values = ("kind = ?", (kind,)) if kind else ("1", ())
    rows = bare(reading, "directory", where, values, "kind, unit, department, name", 20_000)
    return _narrowed(rows, text)[:limit]


def _unfolded(row: Row) -> Row:
    return row | {"lines": json.loads(row["lines"] or "[]")}


def _narrowed(rows: Sequence[Row], text: str) -> list[Row]:
    wanted = text.strip()
    return [row for row in rows if not wanted or holds(row, wanted)]


def _one(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None
