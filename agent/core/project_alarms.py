"""What the journal says of alarms, as rows: those that stand.

Rules kept here:
- an alarm is one row by where it is, what it is and whom it is about, so that the end of one hides
  no other; it is dropped when it has ended;
- the silent alarm of duress is no row: what stands is shown at the booth;
- ``since_us`` is when its first step was raised, ``sequence`` the entry of the last one.
"""

from collections.abc import Iterator, Mapping

from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Set, Told

SILENT = frozenset({"duress"})
"""Alarms that stand nowhere, so that whoever stands at the booth does not learn of them."""
_TEXTS = ("alarm", "lane", "step", "call", "input")
_NUMBERS = ("level", "since_us", "sequence")

PROJECTIONS = (
    Projection(
        "alarms",
        "standing",
        dict.fromkeys(_TEXTS, "TEXT") | dict.fromkeys(_NUMBERS, "INTEGER"),
    ),
)
"""``standing`` is ``{lane}/{alarm}`` (``gate/…`` for the whole gate), with ``/{call or input}``
behind it where it is about one; ``level`` counts the steps that were reached."""


def silent(kind: object, data: Mapping[str, object]) -> bool:
    """Is this entry, or news of it, an alarm of which the booth is told nothing?"""
    return kind == EntryType.ALARM_RAISED and data.get("alarm") in SILENT


def key_of(data: Mapping[str, object]) -> str:
    """The key of the alarm that an entry is about."""
    where, what = data.get("lane") or "gate", data.get("alarm", "")
    about = data.get("call") or data.get("input")
    return f"{where}/{what}/{about}" if about else f"{where}/{what}"


def _raised(told: Told) -> Iterator[Row]:
    data = told.data
    if data.get("alarm") in SILENT:
        return
    level = int(str(data.get("level", 1)))
    step: dict[str, str | int] = {
        "step": str(data.get("step", "")),
        "level": level,
        "sequence": told.sequence,
    }
    if level > 1:
        yield Set("alarms", key_of(data), step)
        return
    texts = {name: str(data.get(name) or "") for name in _TEXTS}
    yield Put("alarms", key_of(data), {**texts, "since_us": told.time_us, **step})


def _ended(told: Told) -> Iterator[Row]:
    yield Drop("alarms", key_of(told.data))


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.ALARM_RAISED: (_raised,),
    EntryType.ALARM_ENDED: (_ended,),
}
