"""What the guard has to do, in one list, the most urgent first.

Rules kept here:
- somebody waits at a lane: first, who waits longest before the others; then help, by the time that
  is left; then what comes with priority within hours, alarms, visitors who should have left, acts
  without a name, deposits that nobody fetched, notices that are over;
- an item tells what it is about (``row``) and no more; words are the screen's.
"""

from collections.abc import Iterable

from agent.store.queries.deposits import not_fetched
from agent.store.queries.desk import announced
from agent.store.queries.table import Row, listed
from agent.store.queries.visits import overdue
from agent.store.reading import Reading

ORDER = ("duty", "help", "priority", "alarm", "overdue", "unsigned", "deposit", "notice")
_SOON_US = 12 * 3_600_000_000


def duties(reading: Reading) -> list[Row]:
    """What is due at the lanes, oldest first."""
    return listed(reading, "duties", "1", (), "since_us")


def unsigned(reading: Reading) -> list[Row]:
    """Acts that still want a name and a reason, oldest first."""
    return listed(reading, "unsigned", "1", (), "since_us")


def alarms(reading: Reading) -> list[Row]:
    """The alarms that stand, oldest first."""
    return listed(reading, "alarms", "1", (), "since_us")


def todo(reading: Reading, now_us: int, collect_within_us: int = 0) -> list[Row]:
    """Everything that is due, the most urgent first.

    An item is ``{what, key, lane, since_us, due_us, left_us, row}``: ``what`` is one of `ORDER`,
    ``key`` names the row, ``due_us`` and ``left_us`` are 0 where nothing runs out (``left_us`` is
    below 0 when it did). ``collect_within_us``: how long a deposit may wait after its visit.
    """
    asked = listed(reading, "help", "state IN ('open', 'escalated')", (), "due_us", 100)
    over = "state = 'open' AND until_us > 0 AND until_us <= ?"
    soon = [row for row in announced(reading, now_us) if row["from_us"] <= now_us + _SOON_US]
    ended = listed(reading, "notices", over, (now_us,), "until_us", 50)
    late = not_fetched(reading, now_us - collect_within_us)
    found = [
        *_items("duty", "duty", "since_us", "", duties(reading)),
        *_items("help", "help", "asked_us", "due_us", asked),
        *_items("priority", "announced", "from_us", "", soon),
        *_items("alarm", "standing", "since_us", "", alarms(reading)),
        *_items("overdue", "visit", "opened_us", "until_us", overdue(reading, now_us)),
        *_items("unsigned", "act", "since_us", "", unsigned(reading)),
        *_items("deposit", "deposit", "taken_us", "", late),
        *_items("notice", "notice", "from_us", "until_us", ended),
    ]
    for item in found:
        item["left_us"] = item["due_us"] - now_us if item["due_us"] else 0
    return found


def _items(what: str, key: str, since: str, due: str, rows: Iterable[Row]) -> list[Row]:
    return [
        {
            "what": what,
            "key": str(row[key]),
            "lane": str(row.get("lane", "") or row["data"].get("lane", "")),
            "since_us": row[since],
            "due_us": row[due] if due else 0,
            "row": row,
        }
        for row in rows
    ]
