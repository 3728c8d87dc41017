"""Projections: what the journal says, folded into rows that can be looked up.

Rules kept here:
- a projection is made from the entry as it is stored, so that a rebuild equals what was live;
- rows are applied in the transaction of their entry;
- presence moves with a passage that was seen, or that nobody could see (then it is assumed): who
  turned round or never came is where he was. It ends with what a card of the drawer was issued for;
- vehicles are counted where a sensor saw them, with or without a grant; where none could, one for
  each card of a vehicle. The sum is kept as it comes out, also when it is below 0.
"""

from collections.abc import Iterator, Mapping

from agent.core import (
    project_alarms,
    project_booth,
    project_calls,
    project_carried,
    project_passes,
    project_visits,
)
from agent.core.entries import EntryType
from agent.core.fold import Add, Drop, Fold, Projection, Put, Row, Set, Told
from agent.core.model import CardKind, ClockQuality
from agent.core.plan import OUTSIDE

__all__ = [
    "EVERYBODY",
    "PROJECTIONS",
    "Add",
    "Drop",
    "Projection",
    "Put",
    "Row",
    "Set",
    "project",
]


PROJECTIONS = (
    Projection("open_passages", "passage", {"lane": "TEXT", "sequence": "INTEGER", "card": "TEXT"}),
    Projection(
        "modes", "name", {"since_us": "INTEGER", "until_us": "INTEGER", "sequence": "INTEGER"}
    ),
    Projection(
        "presence",
        "card",
        {
            "zone": "TEXT",
            "kind": "TEXT",
            "lane": "TEXT",
            "since_us": "INTEGER",
            "trusted": "INTEGER",
            "assumed": "INTEGER",
            "sequence": "INTEGER",
            "granted": "INTEGER",
        },
    ),
    Projection("zone_counts", "zone", {"vehicles": "INTEGER"}),
    Projection("amnesties", "scope", {"since_us": "INTEGER", "sequence": "INTEGER"}),
    *project_visits.PROJECTIONS,
    *project_booth.PROJECTIONS,
    *project_calls.PROJECTIONS,
    *project_passes.PROJECTIONS,
    *project_alarms.PROJECTIONS,
)
"""``presence.granted`` is the sequence of the entry that granted the passage, 0 when it is not
known; ``amnesties.scope`` is ``all``, ``zone/…`` or ``card/…``, and forgives what has a lower
sequence; ``since_us`` there is 0 when the clock could not be trusted."""

EVERYBODY = "all"
_VEHICLES = frozenset({CardKind.VEHICLE.value, CardKind.VISITOR_VEHICLE.value})
_UNOBSERVED = "unobserved"
_COUNTED = frozenset({"passed", "tailgated", "forced", _UNOBSERVED})


def project(
    sequence: int,
    kind: str,
    data: Mapping[str, object],
    time_us: int = 0,
    quality: str = ClockQuality.SYNCED.value,
    cause: str = "",
) -> Iterator[Row]:
    """The rows that one entry changes. ``data`` is the entry's data, decoded.

    ``time_us``: when it happened, wall time in µs since 1970 UTC, by a clock of this ``quality``.
    """
    for fold in _FOLDS.get(kind, ()):
        yield from fold(Told(sequence, kind, data, time_us, quality, cause))


def _presence(told: Told) -> Iterator[Row]:
    data = told.data
    outcome, card = data.get("outcome"), data.get("card")
    if not card or "to" not in data or outcome not in {"passed", _UNOBSERVED}:
        return
    if data["to"] == OUTSIDE and project_passes.is_pass(card):
        # A pass is used up when he has left: its row would stay for ever.
        yield Drop("presence", str(card))
        return
    grant = told.cause.rpartition("/")[2]
    values: dict[str, str | int] = {
        "zone": str(data["to"]),
        "kind": str(data.get("kind", "")),
        "lane": str(data["lane"]),
        "since_us": told.time_us,
        "trusted": int(told.trusted),
        "assumed": int(outcome == _UNOBSERVED),
        "sequence": told.sequence,
        "granted": int(grant) if grant.isdecimal() else 0,
    }
    yield Put("presence", str(card), values)


def _vehicles(told: Told) -> Iterator[Row]:
    data = told.data
    outcome, count = data.get("outcome"), 0
    if outcome in _COUNTED:
        count = int(str(data.get("vehicles", 0)))
    if outcome == _UNOBSERVED and data.get("kind") in _VEHICLES:
        count = max(1, count)
    if count and "to" in data:
        for end, change in (("from", -count), ("to", count)):
            if data[end] != OUTSIDE:
                yield Add("zone_counts", str(data[end]), {"vehicles": change})


def _counted(told: Told) -> Iterator[Row]:
    data = told.data
    yield Put("zone_counts", str(data["zone"]), {"vehicles": int(str(data["count"]))})


def _amnesties(told: Told) -> Iterator[Row]:
    data, scope = told.data, EVERYBODY
    for part in ("zone", "card"):
        if part in data:
            scope = f"{part}/{data[part]}"
    since_us = told.time_us if told.trusted else 0
    yield Put("amnesties", scope, {"since_us": since_us, "sequence": told.sequence})


def _passage_begun(told: Told) -> Iterator[Row]:
    """A grant, or an order that gave one."""
    data = told.data
    if told.kind == EntryType.ACCESS_GRANTED or "passage" in data:
        values: dict[str, str | int] = {
            "lane": str(data["lane"]),
            "sequence": told.sequence,
            "card": str(data.get("card", "")),
        }
        yield Put("open_passages", str(data["passage"]), values)


def _passage_ended(told: Told) -> Iterator[Row]:
    yield Drop("open_passages", str(told.data["passage"]))


def _modes(told: Told) -> Iterator[Row]:
    """What is in force until somebody lifts it: ``fire``, ``lockdown``, ``hold:{lane}``.

    An order for an arm is in force unless it was ``refused``; ``untilus`` is the end of a hold.
    Whatever else ends a hold is written as an arm that was released.
    """
    data = told.data
    begun = {"since_us": told.time_us, "until_us": 0, "sequence": told.sequence}
    match told.kind:
        case EntryType.EMERGENCY_RAISED:
            yield Put("modes", str(data["emergency"]), begun)
        case EntryType.EMERGENCY_LIFTED:
            yield Drop("modes", str(data["emergency"]))
        case EntryType.ARM_RELEASED:
            yield Drop("modes", f"hold:{data['lane']}")
        case EntryType.ARM_ORDERED if "refused" not in data:
            order = data.get("order")
            if order == "hold_open":
                until_us = int(str(data.get("untilus", 0)))
                yield Put("modes", f"hold:{data['lane']}", {**begun, "until_us": until_us})
            elif order == "release_hold":
                yield Drop("modes", f"hold:{data['lane']}")


_LANES: Mapping[str, tuple[Fold, ...]] = {
    EntryType.ACCESS_GRANTED: (_passage_begun,),
    EntryType.ARM_ORDERED: (_passage_begun, _modes),
    EntryType.ARM_RELEASED: (_modes,),
    EntryType.PASSAGE_ENDED: (_passage_ended, _presence, _vehicles),
    EntryType.EMERGENCY_RAISED: (_modes,),
    EntryType.EMERGENCY_LIFTED: (_modes,),
    EntryType.PRESENCE_FORGIVEN: (_amnesties,),
    EntryType.ZONE_COUNTED: (_counted,),
}

_NOUNS = (
    _LANES,
    project_visits.FOLDS,
    project_booth.FOLDS,
    project_calls.FOLDS,
    project_passes.FOLDS,
    project_alarms.FOLDS,
    project_carried.folds(PROJECTIONS),
)
_FOLDS: Mapping[str, tuple[Fold, ...]] = {
    kind: tuple(fold for noun in _NOUNS for fold in noun.get(kind, ()))
    for kind in {kind for noun in _NOUNS for kind in noun}
}
"""What each type of entry changes; all other types change nothing."""
