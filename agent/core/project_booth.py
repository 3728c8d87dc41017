"""What the journal says of the booth, as rows: who is expected, banned, on shift, and what is open.

Rules kept here:
- every noun of the booth is one row by its identifier; what is over stays, with its state;
- ``sequence`` is the entry that says all of the noun: that it began with, or the last one that put
  it down anew; what else is said later, notes and counts, stands in the entries that followed;
- an act that nobody has signed is there until somebody signs it; a priority passage asked nothing,
  so one that a desk gave without a reason waits as well, unless it was announced, with its way.
"""

import json
from collections.abc import Iterator, Mapping

from agent.core import deposit_law
from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Set, Told
from agent.core.selfcheck import MAINS

_TEXT, _NUMBER = "TEXT", "INTEGER"


def _table(
    table: str, key: str, texts: str, numbers: str, *indexes: str, fold: int = 1
) -> Projection:
    columns = dict.fromkeys(texts.split(), _TEXT) | dict.fromkeys(numbers.split(), _NUMBER)
    return Projection(table, key, columns, fold, indexes)


PROJECTIONS = (
    _table("appointments", "appointment", "state kind", "from_us until_us sequence", "state"),
    _table("bans", "ban", "state card", "until_us sequence", "state", "card"),
    _table("notices", "notice", "state audience", "from_us until_us sequence", "state"),
    _table(
        "slips",
        "slip",
        "state unit_slip lines",
        "until_us used_us sequence",
        "state",
        "unit_slip",
    ),
    _table("inspections", "card", "lane result", "made_us sequence"),
    _table(
        "help",
        "help",
        "state kind",
        "asked_us due_us asked_ms within_ms answered_us sequence",
        "state",
    ),
    _table("announced", "announced", "state kind", "count from_us until_us sequence", "state"),
    _table("unsigned", "act", "kind lane desk", "since_us sequence", fold=2),
    _table(
        "shifts",
        "shift",
        "state guard desk role",
        "without_card handed began_us ended_us sequence",
        "state, desk",
        "guard, state",
    ),
)
"""``slips.unit_slip`` is the slip's number, ``lines`` its goods as JSON; ``help.asked_ms`` is the
uptime in ms when it was asked, ``within_ms`` the time to answer; ``shifts.role`` is the role that
counts now, ``handed`` whether it was handed over; ``unsigned.kind`` is the kind of the order."""


def _text(data: Mapping[str, object], name: str) -> str:
    return str(data.get(name, ""))


def _number(data: Mapping[str, object], name: str) -> int:
    return int(str(data.get(name, 0)))


def _span(told: Told) -> dict[str, str | int]:
    return {"from_us": _number(told.data, "fromus"), "until_us": _number(told.data, "untilus")}


def _begun(told: Told, state: str = "open") -> dict[str, str | int]:
    return {"state": state, "sequence": told.sequence}


def _state(table: str, field: str, state: str) -> Fold:
    """A fold that leads the row which ``field`` names to this state."""

    def fold(told: Told) -> Iterator[Row]:
        yield Set(table, _text(told.data, field), {"state": state})

    return fold


def _made(told: Told) -> Iterator[Row]:
    values = _begun(told) | _span(told) | {"kind": _text(told.data, "kind")}
    yield Put("appointments", _text(told.data, "appointment"), values)


def _moved(told: Told) -> Iterator[Row]:
    yield Set("appointments", _text(told.data, "appointment"), _span(told))


def _came(told: Told) -> Iterator[Row]:
    """A visit that was expected."""
    if appointment := _text(told.data, "appointment"):
        yield Set("appointments", appointment, {"state": "used"})


def _banned(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {
        "card": _text(data, "card"),
        "until_us": _number(data, "untilus"),
    }
    yield Put("bans", _text(data, "ban"), _begun(told) | values)


def _posted(told: Told) -> Iterator[Row]:
    values = _begun(told) | _span(told) | {"audience": _text(told.data, "audience")}
    yield Put("notices", _text(told.data, "notice"), values)


def _slip(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {
        "unit_slip": _text(data, "number"),
        "lines": json.dumps(data.get("lines", []), ensure_ascii=False),
        "until_us": _number(data, "untilus"),
        "used_us": 0,
    }
    yield Put("slips", _text(data, "slip"), _begun(told) | values)


def _slip_used(told: Told) -> Iterator[Row]:
    over: dict[str, str | int] = {"state": "used", "used_us": told.time_us}
    yield Set("slips", _text(told.data, "slip"), over)


def _inspected(told: Told) -> Iterator[Row]:
    data = told.data
    if card := _text(data, "card"):
        values: dict[str, str | int] = {
            "lane": _text(data, "lane"),
            "result": _text(data, "result"),
            "made_us": told.time_us,
            "sequence": told.sequence,
        }
        yield Put("inspections", card, values)


def _asked(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {
        "kind": _text(data, "kind"),
        "asked_us": told.time_us,
        "due_us": _number(data, "dueus"),
        "asked_ms": _number(data, "uptimems"),
        "within_ms": _number(data, "withinms"),
        "answered_us": 0,
    }
    yield Put("help", _text(data, "help"), _begun(told) | values)


def _answered(told: Told) -> Iterator[Row]:
    answered: dict[str, str | int] = {"state": "answered", "answered_us": told.time_us}
    yield Set("help", _text(told.data, "help"), answered)


def _announced(told: Told) -> Iterator[Row]:
    data = told.data
    values: dict[str, str | int] = {"kind": _text(data, "kind"), "count": _number(data, "count")}
    yield Put("announced", _text(data, "announced"), _begun(told) | _span(told) | values)


def _ordered(told: Told) -> Iterator[Row]:
    """An order that is to be written up, or one that an announced vehicle came on."""
    data = told.data
    if "refused" in data:
        return
    if data.get("unsigned") is True or _unasked(data):
        values: dict[str, str | int] = {
            "kind": _text(data, "order") or _text(data, "emergency"),
            "lane": _text(data, "lane"),
            "desk": _text(data, "desk"),
            "since_us": told.time_us,
            "sequence": told.sequence,
        }
        yield Put("unsigned", str(told.sequence), values)
    if announced := _text(data, "announced"):
        yield Set("announced", announced, {"state": "used"})


def _unasked(data: Mapping[str, object]) -> bool:
    """A priority passage from a desk, of which nothing tells why."""
    known = _text(data, "reason").strip() or _text(data, "announced")
    return data.get("order") == "priority" and "desk" in data and not known


def _signed(told: Told) -> Iterator[Row]:
    yield Drop("unsigned", _text(told.data, "act"))


def _signed_on(told: Told) -> Iterator[Row]:
    """Who goes on with his shift has begun it before."""
    data = told.data
    if data.get("again") is True:
        return
    values: dict[str, str | int] = {
        "guard": _text(data, "guard"),
        "desk": _text(data, "at"),
        "role": _text(data, "role"),
        "without_card": int(data.get("withoutcard") is True),
        "handed": 0,
        "began_us": told.time_us,
        "ended_us": 0,
    }
    yield Put("shifts", _text(data, "shift"), _begun(told, "on") | values)


def _signed_off(told: Told) -> Iterator[Row]:
    over: dict[str, str | int] = {"state": "ended", "ended_us": told.time_us}
    yield Set("shifts", _text(told.data, "shift"), over)


def _handed(told: Told) -> Iterator[Row]:
    yield Set("shifts", _text(told.data, "shift"), {"handed": 1})


def _leads(told: Told) -> Iterator[Row]:
    if told.data.get("change") == "leads":
        yield Set("shifts", _text(told.data, "shift"), {"role": "shift_leader"})


def _power(told: Told) -> Iterator[Row]:
    if told.kind == EntryType.POWER_RETURNED:
        yield Drop("modes", MAINS)
    else:
        values = {"since_us": told.time_us, "until_us": 0, "sequence": told.sequence}
        yield Put("modes", MAINS, values)


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.APPOINTMENT_MADE: (_made,),
    EntryType.APPOINTMENT_CHANGED: (_made,),
    EntryType.APPOINTMENT_MOVED: (_moved,),
    EntryType.APPOINTMENT_CANCELLED: (_state("appointments", "appointment", "cancelled"),),
    EntryType.VISIT_OPENED: (_came,),
    EntryType.BAN_SET: (_banned,),
    EntryType.BAN_CHANGED: (_banned,),
    EntryType.BAN_LIFTED: (_state("bans", "ban", "lifted"),),
    EntryType.NOTICE_POSTED: (_posted,),
    EntryType.NOTICE_CHANGED: (_posted,),
    EntryType.NOTICE_ENDED: (_state("notices", "notice", "ended"),),
    EntryType.SLIP_RECEIVED: (_slip,),
    EntryType.SLIP_CHANGED: (_slip,),
    EntryType.SLIP_USED: (_slip_used,),
    EntryType.SLIP_STOPPED: (_state("slips", "slip", "stopped"),),
    EntryType.SLIP_CANCELLED: (_state("slips", "slip", "cancelled"),),
    EntryType.INSPECTION_MADE: (_inspected,),
    EntryType.HELP_REQUESTED: (_asked,),
    EntryType.HELP_ANSWERED: (_answered,),
    EntryType.HELP_ESCALATED: (_state("help", "help", "escalated"),),
    EntryType.HELP_CLOSED: (_state("help", "help", "closed"),),
    EntryType.PRIORITY_ANNOUNCED: (_announced,),
    EntryType.PRIORITY_ENDED: (_state("announced", "announced", "ended"),),
    EntryType.ARM_ORDERED: (_ordered,),
    EntryType.EMERGENCY_RAISED: (_ordered,),
    EntryType.EMERGENCY_LIFTED: (_ordered,),
    EntryType.ACT_SIGNED: (_signed,),
    EntryType.SHIFT_BEGAN: (_signed_on,),
    EntryType.SHIFT_ENDED: (_signed_off,),
    EntryType.SHIFT_HANDED: (_handed,),
    EntryType.GUARD_CHANGED: (_leads,),
    EntryType.POWER_FAILED: (_power,),
    EntryType.POWER_RETURNED: (_power,),
    **deposit_law.FOLDS,
}
"""What each type of entry changes here."""
