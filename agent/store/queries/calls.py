"""Calls over the intercom: those that are on, with whom the gate calls.

Rule kept here: a name comes from the directory as it is now; a number is never read here.
"""

from agent.store.queries.table import Row, listed
from agent.store.reading import Reading

_NAME = "SELECT name, unit FROM directory WHERE entry = ?"


def calls(reading: Reading) -> list[Row]:
    """The calls that ring, wait or are talked in, oldest first.

    ``who`` is the name of the one who is called, ``whose`` his unit; empty where nobody is named.
    """
    found = listed(reading, "calls", "state = 'open'", (), "began_us")
    return [row | _called(reading, str(row["entry"])) for row in found]


def call(reading: Reading, name: str) -> Row | None:
    """One call by its id, likewise, also when it is over; None where there is none."""
    found = listed(reading, "calls", "call = ?", (name,)) if name else []
    return found[0] | _called(reading, str(found[0]["entry"])) if found else None


def _called(reading: Reading, entry: str) -> Row:
    named = reading.rows(_NAME, (entry,)) if entry else []
    return (
        {"who": named[0]["name"], "whose": named[0]["unit"]} if named else {"who": "", "whose": ""}
    )
