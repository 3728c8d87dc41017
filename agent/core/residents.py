"""Residents and their telephones as a roster tells of them, brought into the directory.

Rules kept here:
- a line that somebody wrote by hand stays, and stands for its resident whatever the roster says;
- a line that came from a roster is as the last one has it, and goes when that has it no more;
- residents of one unit are called in the order of the file, after the lines written by hand;
- what is as it should be already is not written again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agent.core.directory import line_of, phones_of
from agent.core.effects import DropRow, PutRow
from agent.core.form import Form
from agent.core.needs import Need, Row

NEEDS = (Need("directory", "kind", "resident"),)
"""The rows that `brought` wants to know."""

MOST = 10_000
"""Residents of one roster."""


@dataclass(frozen=True, slots=True)
class Resident:
    """Who lives in a unit; ``phones`` in the order in which they are called, at least one."""

    unit: str
    name: str
    phones: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Brought:
    """What is to be written: ``changes`` of the directory, and how many lines they come to.

    ``put`` are new or changed, ``dropped`` gone, ``kept`` those of residents whom somebody has
    written down by hand.
    """

    changes: tuple[PutRow | DropRow, ...]
    put: int
    dropped: int
    kept: int


def resident(form: Form) -> Resident:
    """``{unit, name, phones: [text]}``; raises `Fault`."""
    unit = form.text("unit", 64, needed=True)
    name = form.text("name", 80, needed=True)
    phones = phones_of(form)
    if not phones:
        raise form.fault("this is needed", "phones")
    return Resident(unit, name, phones)


def brought(
    there: Iterable[Row], residents: Iterable[Resident], new_id: Callable[[int], str]
) -> Brought:
    """Bring the directory up to date; ``there`` are its rows of residents.

    ``residents`` are each there once (by unit and name), in the order in which they are called.
    Both are gone through once, and at the pace of whoever gives them.
    ``new_id`` makes the key of the n-th new line, from 1.
    """
    by_hand: set[tuple[str, str]] = set()
    of_roster: dict[tuple[str, str], Row] = {}
    for row in there:
        if row["place"]:
            of_roster[_who(row)] = row
        else:
            by_hand.add(_who(row))
    changes: list[PutRow | DropRow] = []
    places: dict[str, int] = {}
    kept = new = 0
    for each in residents:
        if (each.unit, each.name) in by_hand:
            kept += 1
            continue
        places[each.unit] = place = places.get(each.unit, 0) + 1
        values = line_of("resident", each.name, each.unit, phones=each.phones, place=place)
        known = of_roster.pop((each.unit, each.name), None)
        if known is None:
            new += 1
            changes.append(PutRow("directory", new_id(new), values))
        elif any(known[name] != value for name, value in values.items()):
            changes.append(PutRow("directory", str(known["entry"]), values))
    put = len(changes)
    changes += [DropRow("directory", str(row["entry"])) for row in of_roster.values()]
    return Brought(tuple(changes), put, len(of_roster), kept)


def _who(row: Row) -> tuple[str, str]:
    return str(row["unit"]), str(row["name"])
