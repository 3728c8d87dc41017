"""What the journal says of calls, as rows: who calls, how far it came, how it ended.

Rules kept here:
- a call is one row by its identifier; what is over stays, with its state ``ended``;
- ``sequence`` is the entry that began it, whose personal fields name the unit.
"""

from collections.abc import Iterator, Mapping

from agent.core.entries import EntryType
from agent.core.fold import Fold, Projection, Put, Row, Set, Told

_TEXTS = ("state", "stage", "lane", "origin", "party", "entry", "answer", "outcome")
_NUMBERS = ("began_us", "answered_us", "ended_us", "opened", "wrong", "alarm", "sequence")

PROJECTIONS = (
    Projection(
        "calls",
        "call",
        dict.fromkeys(_TEXTS, "TEXT") | dict.fromkeys(_NUMBERS, "INTEGER"),
        indexes=("state",),
    ),
)
"""``state`` is ``open`` or ``ended``, ``stage`` one of waiting, ringing, answered; ``party`` and
``entry`` are who is called or talks; ``alarm`` is 1 while it is one."""


def _text(told: Told, name: str) -> str:
    return str(told.data.get(name, ""))


def _number(told: Told, name: str) -> int:
    return int(str(told.data.get(name, 0)))


def _set(told: Told, values: Mapping[str, str | int]) -> Iterator[Row]:
    yield Set("calls", _text(told, "call"), values)


def _began(told: Told) -> Iterator[Row]:
    values: dict[str, str | int] = dict.fromkeys(_TEXTS, "") | dict.fromkeys(_NUMBERS, 0)
    values |= {
        "state": "open",
        "stage": "waiting" if told.data.get("waiting") is True else "ringing",
        "lane": _text(told, "lane"),
        "origin": _text(told, "origin"),
        "began_us": told.time_us,
        "sequence": told.sequence,
    }
    yield Put("calls", _text(told, "call"), values)


def _rang(told: Told) -> Iterator[Row]:
    who = {"party": _text(told, "party"), "entry": _text(told, "entry")}
    yield from _set(told, {"stage": "ringing", **who})


def _missed(told: Told) -> Iterator[Row]:
    yield from _set(told, {"stage": "ringing", "party": "", "entry": ""})


def _answered(told: Told) -> Iterator[Row]:
    who = {"party": _text(told, "by"), "entry": _text(told, "entry")}
    yield from _set(told, {"stage": "answered", "answered_us": told.time_us, **who})


def _decided(told: Told) -> Iterator[Row]:
    values: dict[str, str | int] = {"answer": _text(told, "answer")}
    if told.data.get("opened") is True:
        values["opened"] = 1
    yield from _set(told, values)


def _miskeyed(told: Told) -> Iterator[Row]:
    yield from _set(told, {"wrong": _number(told, "wrong")})


def _ended(told: Told) -> Iterator[Row]:
    yield from _set(
        told, {"state": "ended", "outcome": _text(told, "outcome"), "ended_us": told.time_us}
    )


def _alarm(told: Told) -> Iterator[Row]:
    if "call" in told.data:
        yield from _set(told, {"alarm": int(told.kind == EntryType.ALARM_RAISED)})


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.CALL_BEGAN: (_began,),
    EntryType.CALL_RANG: (_rang,),
    EntryType.CALL_MISSED: (_missed,),
    EntryType.CALL_ANSWERED: (_answered,),
    EntryType.CALL_DECIDED: (_decided,),
    EntryType.CALL_MISKEYED: (_miskeyed,),
    EntryType.CALL_ENDED: (_ended,),
    EntryType.ALARM_RAISED: (_alarm,),
    EntryType.ALARM_ENDED: (_alarm,),
}
