"""Whole groups: what every act has written, as it lies on the disk, and that nothing is half done.

Rules kept here:
- the journal is read while nobody writes it, after a kill and before the next start;
- an entry belongs to the order that caused it; a grant belongs to the order whose entry it names;
- an act is one transaction: its entries, its answer, the rows that follow from the entries, and
  what it changes in the reference tables and the roster are all there, or nothing of it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent.core.entries import EntryType, StoredEntry
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt
from tests.rigs.clerk import Written
from tests.rigs.house import House

_ENTRY = re.compile(r".+/[0-9a-f]+/([0-9]{20})")
_SIGNING: tuple[Written, ...] = (
    {"shift.began": 1},
    {"shift.ended": 1},
    {"shift.ended": 1, "shift.began": 1},
)
"""Signing on, signing off, and signing on at another desk."""


def short(kind: str) -> str:
    """``visit.opened`` of ``gate.visit.opened.v1``."""
    return kind.removeprefix("gate.").removesuffix(".v1")


def groups(entries: Iterable[StoredEntry]) -> Mapping[str, Counter[str]]:
    """What was written because of each order."""
    found: dict[str, Counter[str]] = {}
    order_of: dict[int, str] = {}
    for one in entries:
        named = _ENTRY.fullmatch(one.cause)
        order = one.cause
        if named is not None:
            granted = one.type == EntryType.ACCESS_GRANTED
            order = order_of.get(int(named[1]), "") if granted else ""
        if order:
            order_of[one.sequence] = order
            found.setdefault(order, Counter())[short(one.type)] += 1
    return found


def whole(rig: House, wants: Mapping[str, Written]) -> Mapping[str, Counter[str]]:
    """Assert that every act is there as a whole or not at all; gives what there is, by order.

    ``wants`` is what each order was to write; a daemon must not run.
    """
    assert rig.gate.daemon is None
    entries = rig.entries()
    found = groups(entries)
    for order, written in found.items():
        if order.startswith("sign-"):
            assert dict(written) in _SIGNING, (order, written)
        else:
            assert dict(written) == wants[order], (order, written)
    with Reading.open(rig.ledger) as reading:
        kept = reading.rows("SELECT order_id, status FROM results")
        assert {row["order_id"] for row in kept} == set(found), (
            "an answer for each act, and no other"
        )
        assert {row["status"] for row in kept} <= {"done"}
        _guards(reading, entries)
        _directory(reading, entries)
        _roster(reading, entries)
        _tokens(reading)
        with Rebuilt(reading) as made:
            assert [each.says() for each in made.differences()] == []
    return found


def _told(
    entries: Iterable[StoredEntry], *kinds: EntryType
) -> Iterator[tuple[StoredEntry, dict[str, Any]]]:
    return ((one, json.loads(one.data)) for one in entries if one.type in kinds)


def _guards(reading: Reading, entries: Iterable[StoredEntry]) -> None:
    """Who is enrolled, with which role and card, is what the journal says last."""
    told: dict[str, dict[str, str]] = {}
    kinds = EntryType.GUARD_ENROLLED, EntryType.GUARD_CHANGED, EntryType.GUARD_LEFT
    for one, data in _told(entries, *kinds):
        row = told.setdefault(data["guard"], {"state": "active"})
        row |= {name: data[name] for name in ("role", "card") if name in data}
        if one.type == EntryType.GUARD_LEFT:
            row |= {"state": "left", "card": ""}
    rows = reading.rows("SELECT guard, state, role, card FROM guards")
    assert {row.pop("guard"): row for row in rows} == told


def _directory(reading: Reading, entries: Iterable[StoredEntry]) -> None:
    """What was put into the directory and not dropped since stands in it."""
    told: set[str] = set()
    for _, data in _told(entries, EntryType.DIRECTORY_CHANGED):
        (told.add if data["change"] == "put" else told.discard)(data["entry"])
    assert {row["entry"] for row in reading.rows("SELECT entry FROM directory")} == told


def _roster(reading: Reading, entries: Iterable[StoredEntry]) -> None:
    """Every card that was changed has the number and the status that the journal says last."""
    told = {
        data["card"]: (one.sequence, data) for one, data in _told(entries, EntryType.CARD_CHANGED)
    }
    for label, (sequence, data) in told.items():
        card = reading.card_by_label(label)
        assert card is not None, label
        number = reading.personal(sequence)["credential"]
        assert (str(card.credential), card.status.value) == (number, data["status"]), label


def _tokens(reading: Reading) -> None:
    """Who is on can act, and nobody acts for a shift that never began."""
    shifts = {row["shift"]: row["state"] for row in reading.rows("SELECT * FROM shifts")}
    tokens = {row["shift"] for row in reading.rows("SELECT shift FROM tokens")}
    assert tokens <= set(shifts)
    assert {shift for shift, state in shifts.items() if state == "on"} <= tokens
