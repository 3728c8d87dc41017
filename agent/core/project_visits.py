"""What the journal says of visits, deposits, the desk's cards and the duties at the lanes, as rows.

Rules kept here:
- a visit, a deposit and a card of the desk are one row each; what is over stays, with its end;
- an entry that changes personal fields repeats all of them, and the row points to it from then on;
- a card that is issued anew begins anew: where its last bearer was says nothing about the next one;
- the duty at a lane is the last one that was found there, until somebody is let through, the visit
  ends, or the guard sends it away.
"""

from collections.abc import Iterator, Mapping

from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Set, Told

RECEIPT = "receipt"
"""The key in ``counters`` of the last receipt number that was used."""

PROJECTIONS = (
    Projection(
        "visits",
        "visit",
        {
            "state": "TEXT",
            "kind": "TEXT",
            "card": "TEXT",
            "pass_kind": "TEXT",
            "vehicle": "INTEGER",
            "truck": "INTEGER",
            "bay": "TEXT",
            "zone": "TEXT",
            "opened_us": "INTEGER",
            "until_us": "INTEGER",
            "overdue": "INTEGER",
            "ended_us": "INTEGER",
            "outcome": "TEXT",
            "bearer": "INTEGER",
            "appointment": "TEXT",
            "purpose": "TEXT",
            "destination": "TEXT",
            "answer": "TEXT",
            "origin": "TEXT",
            "sequence": "INTEGER",
        },
        indexes=("card, state", "state, until_us", "bay, state", "opened_us"),
    ),
    Projection(
        "deposits",
        "deposit",
        {
            "state": "TEXT",
            "visit": "TEXT",
            "card": "TEXT",
            "kind": "TEXT",
            "amount": "INTEGER",
            "currency": "TEXT",
            "pocket": "TEXT",
            "receipt": "INTEGER",
            "taken_us": "INTEGER",
            "ended_us": "INTEGER",
            "sequence": "INTEGER",
        },
        indexes=("visit, state", "card, state", "state, pocket", "receipt"),
    ),
    Projection(
        "passes",
        "card",
        {"state": "TEXT", "visit": "TEXT", "since_us": "INTEGER", "sequence": "INTEGER"},
        indexes=("state",),
    ),
    Projection(
        "duties",
        "duty",
        {
            "kind": "TEXT",
            "lane": "TEXT",
            "card": "TEXT",
            "visit": "TEXT",
            "reader": "TEXT",
            "since_us": "INTEGER",
            "sequence": "INTEGER",
        },
        indexes=("card",),
    ),
    Projection("goods", "card", {"since_us": "INTEGER", "sequence": "INTEGER"}),
    Projection("counters", "name", {"value": "INTEGER"}),
)
"""``visits.overdue``: that it is has been written down; ``visits.origin``: the gate that opened it;
``deposits.pocket`` is empty for money. A row of ``goods`` says that the card leaves with goods, for
which no slip was used yet."""

_CHANGES = {
    "card": "card",
    "passkind": "pass_kind",
    "vehicle": "vehicle",
    "truck": "truck",
    "bay": "bay",
    "untilus": "until_us",
    "overdue": "overdue",
    "bearer": "bearer",
    "purpose": "purpose",
    "destination": "destination",
}
"""What of a visit can change: the field of the entry, and its column."""


def duty_of(lane: object) -> str:
    """The key of the duty at a lane."""
    return f"lane/{lane}"


def _text(data: Mapping[str, object], name: str) -> str:
    return str(data.get(name, ""))


def _number(data: Mapping[str, object], name: str) -> int:
    found = data.get(name, 0)
    return int(found) if isinstance(found, int) else 0


def _opened(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {
        "state": "open",
        "opened_us": told.time_us,
        "until_us": _number(data, "untilus"),
        "overdue": 0,
        "ended_us": 0,
        "outcome": "",
        "pass_kind": _text(data, "passkind"),
        "origin": _text(data, "agent"),
        "sequence": told.sequence,
    }
    for name in ("kind", "card", "bay", "zone", "appointment", "purpose", "destination", "answer"):
        values[name] = _text(data, name)
    for name in ("vehicle", "truck", "bearer"):
        values[name] = _number(data, name)
    yield Put("visits", str(data["visit"]), values)


def _changed(told: Told) -> Iterator[Row]:
    values: dict[str, str | int] = {"sequence": told.sequence}
    for name, column in _CHANGES.items():
        found = told.data.get(name)
        if isinstance(found, str | int):
            values[column] = int(found) if isinstance(found, bool) else found
    yield Set("visits", str(told.data["visit"]), values)


def _overdue(told: Told) -> Iterator[Row]:
    yield Set("visits", str(told.data["visit"]), {"overdue": 1})


def _ended(told: Told) -> Iterator[Row]:
    """Whoever left with no lane of ours in it is nowhere any more."""
    data = told.data
    over: dict[str, str | int] = {"state": "ended", "ended_us": told.time_us}
    over["outcome"] = _text(data, "outcome")
    yield Set("visits", str(data["visit"]), over)
    card = data.get("card")
    if card:
        yield Drop("goods", str(card))
    if card and not data.get("lane"):
        yield Drop("presence", str(card))


def _lanes(told: Told) -> Iterator[Row]:
    """The duties that are over with this entry: at its lane, and at those that it names."""
    lanes = told.data.get("duties", ())
    named = list(lanes) if isinstance(lanes, list | tuple) else []
    for lane in (*named, told.data.get("lane")):
        if lane:
            yield Drop("duties", duty_of(lane))


def _admitted(told: Told) -> Iterator[Row]:
    """A grant, or an order that gave one."""
    if told.kind == EntryType.ACCESS_GRANTED or "passage" in told.data:
        yield Drop("duties", duty_of(told.data["lane"]))


def _referred(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {"since_us": told.time_us, "sequence": told.sequence}
    for name, column in (("duty", "kind"), *((each, each) for each in _DUTY)):
        values[column] = _text(data, name)
    yield Put("duties", duty_of(data["lane"]), values)


_DUTY = ("lane", "card", "visit", "reader")


def _loaded(told: Told) -> Iterator[Row]:
    """Goods are to leave with this card, or what was to leave did not agree with its slip."""
    data = told.data
    if data.get("card") and (data.get("goods") or told.kind == EntryType.SLIP_STOPPED):
        values = {"since_us": told.time_us, "sequence": told.sequence}
        yield Put("goods", str(data["card"]), values)


def _released(told: Told) -> Iterator[Row]:
    if told.data.get("card"):
        yield Drop("goods", str(told.data["card"]))


def _goes_on(told: Told) -> Iterator[Row]:
    """What the guard has to do next for the card that waits at this lane."""
    if told.data.get("duty"):
        yield Set("duties", duty_of(told.data["lane"]), {"kind": _text(told.data, "duty")})


def _pass(told: Told, state: str, visit: str = "") -> Iterator[Row]:
    values: dict[str, str | int] = {
        "state": state,
        "visit": visit,
        "since_us": told.time_us,
        "sequence": told.sequence,
    }
    yield Put("passes", str(told.data["card"]), values)


def _issued(told: Told) -> Iterator[Row]:
    yield from _pass(told, "out", _text(told.data, "visit"))
    yield Drop("presence", str(told.data["card"]))


def _returned(told: Told) -> Iterator[Row]:
    yield from _pass(told, "in")


def _lost(told: Told) -> Iterator[Row]:
    yield from _pass(told, "lost", _text(told.data, "visit"))


def _found(told: Told) -> Iterator[Row]:
    visit = _text(told.data, "visit")
    yield from _pass(told, "out" if visit else "in", visit)


def _taken(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {
        "state": "held",
        "amount": _number(data, "amount"),
        "receipt": _number(data, "receipt"),
        "taken_us": told.time_us,
        "ended_us": 0,
        "sequence": told.sequence,
    }
    for name in ("visit", "card", "kind", "currency", "pocket"):
        values[name] = _text(data, name)
    yield Put("deposits", str(data["deposit"]), values)
    yield Put("counters", RECEIPT, {"value": _number(data, "receipt")})


def _given_back(told: Told) -> Iterator[Row]:
    state = "reversed" if told.kind == EntryType.DEPOSIT_REVERSED else _text(told.data, "end")
    over: dict[str, str | int] = {"state": state, "ended_us": told.time_us}
    over["sequence"] = told.sequence
    yield Set("deposits", str(told.data["deposit"]), over)


def _moved(told: Told) -> Iterator[Row]:
    yield Set("deposits", str(told.data["deposit"]), {"pocket": _text(told.data, "pocket")})


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.VISIT_OPENED: (_opened, _loaded),
    EntryType.VISIT_CHANGED: (_changed, _loaded),
    EntryType.VISIT_OVERDUE: (_overdue,),
    EntryType.VISIT_OVERRIDDEN: (_lanes,),
    EntryType.VISIT_ENDED: (_ended, _lanes),
    EntryType.INSPECTION_MADE: (_goes_on,),
    EntryType.SLIP_USED: (_released, _goes_on),
    EntryType.SLIP_STOPPED: (_loaded,),
    EntryType.PASS_ISSUED: (_issued,),
    EntryType.PASS_RETURNED: (_returned,),
    EntryType.PASS_LOST: (_lost,),
    EntryType.PASS_FOUND: (_found,),
    EntryType.DEPOSIT_TAKEN: (_taken,),
    EntryType.DEPOSIT_ENDED: (_given_back,),
    EntryType.DEPOSIT_REVERSED: (_given_back,),
    EntryType.DEPOSIT_MOVED: (_moved,),
    EntryType.BEARER_CONFIRMED: (_lanes,),
    EntryType.BEARER_REFUSED: (_lanes,),
    EntryType.DUTY_DISMISSED: (_lanes,),
    EntryType.ACCESS_REFERRED: (_referred,),
    EntryType.ACCESS_GRANTED: (_admitted,),
    EntryType.ARM_ORDERED: (_admitted,),
}
"""What each type of entry changes here."""
