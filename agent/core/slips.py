"""Release slips: goods leave only as a signed and stamped slip lists them.

Rules kept here:
- a slip is used once, not after its end, with every line ticked at its quantity and nothing more;
- a difference, a missing stamp or somebody who may not sign for the unit stops the exit, and is
  written down; a slip that was stopped may be shown again when the goods were put right;
- who may sign is who stands in the directory with the right to; where nobody does, the guard says
  why he believes the signature;
- the arm opens only when nothing else is due for the card; goods carried by hand are recorded the
  same way.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.core import clearance
from agent.core.access import Duty
from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, by, conflict, found, personal, reason, until_us
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.form import Form
from agent.core.model import Direction
from agent.core.needs import Need, Row
from agent.core.orders import Order

MOST = 1_000_000
LINES, EXTRA, NAME = 40, 10, 60
"""So many kinds of goods, and characters of a name: an entry is bounded."""
_WHO = ("signatory", "unit", "owner", "plate")
_WAYS = ("vehicle", "hand")


class Line(NamedTuple):
    """One kind of goods on a slip."""

    name: str
    quantity: int


def received(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{number, unit, signatory, stamp, lines: [{name, quantity}], owner, plate, until}``.

    ``owner`` is who carries the goods out, ``stamp`` whether the slip is stamped.
    """
    return _put(ask, out, EntryType.SLIP_RECEIVED, out.new_id())


def changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{slip}``, and what a new one has: what it lists from now on; a stopped one may be used."""
    row = found(ask, "slips", "slip", "open", "stopped")
    return _put(ask, out, EntryType.SLIP_CHANGED, row["slip"])


def _put(ask: Ask, out: Draft, kind: EntryType, slip: str) -> Mapping[str, object]:
    form = ask.form
    number = form.text("number", 64, needed=True)
    who = personal(form, *_WHO)
    if not who["unit"]:
        raise form.fault("say whose goods they are: the unit", "unit")
    same = [row for row in ask.rows("slips") if row["unit_slip"] == number]
    if any(row["state"] != "cancelled" and row["slip"] != slip for row in same):
        raise form.fault("a slip with this number is in the books already", "number", 409)
    lines = _lines(form)
    if not lines:
        raise form.fault("a slip lists at least one kind of goods", "lines")
    data: dict[str, object] = {
        "slip": slip,
        "number": number,
        "stamp": form.flag("stamp"),
        "lines": [line._asdict() for line in lines],
        "untilus": until_us(ask),
    }
    book(ask, out, kind, f"slip/{slip}", data, who)
    return {"slip": slip}


def used(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{slip, ticks, extra?, signatory, stamp, by, lane?, card?, why?}``: goods at the gate.

    ``ticks`` are ``[{line, quantity}]``, ``line`` counted from 0 in the order of the slip;
    ``extra`` are ``[{name, quantity}]`` that the slip does not list; ``signatory`` is who has
    signed, ``why`` the reason to believe a signature that nobody in the directory may give.

    Gives ``{slip, stopped: [...], released, due}``: where ``stopped`` holds anything the goods stay
    and that is written down; ``due`` names what keeps the card although the goods may leave.
    """
    form = ask.form
    row = found(ask, "slips", "slip", "open", "stopped")
    if 0 < row["until_us"] <= ask.now_us and ask.at.quality.trusted:
        raise conflict("this slip is no longer valid", "slip")
    lane = ask.lane() if form.given("lane") else None
    if lane is not None and lane.direction is Direction.IN:
        raise form.fault("lane %(lane)s does not lead that way", "lane", lane=lane.lane)
    way = form.choice("by", _WAYS, "vehicle")
    signatory = form.text("signatory", needed=True)
    counted, extra = _ticks(form), _lines(form, "extra", EXTRA)
    lines = [Line(**each) for each in json.loads(row["lines"])]
    against = differences(lines, counted, extra)
    against += _unsigned(ask, row, signatory)
    data: dict[str, object] = {"slip": row["slip"], "number": row["unit_slip"], "by": way}
    if form.given("card"):
        data["card"] = ask.card().label
    who = {name: row["personal"].get(name, "") for name in _WHO} | {"signatory": signatory}
    subject = f"slip/{row['slip']}"
    if against:
        data["differences"] = against
        book(ask, out, EntryType.SLIP_STOPPED, subject, data, who)
        return {"slip": row["slip"], "stopped": against, "released": False, "due": ""}
    data["lines"] = [line._asdict() for line in lines]
    if why := form.text("why", LINE):
        data["why"] = why
    due = clearance.due(ask, Duty.RELEASE_SLIP_DUE)
    if lane is not None:
        data |= clearance.next_duty(ask, lane.lane, due)
    cause = book(ask, out, EntryType.SLIP_USED, subject, data, who)
    released = lane is not None and not due
    if lane is not None and released:
        clearance.leave(ask, out, lane, cause)
    return {"slip": row["slip"], "stopped": [], "released": released, "due": due}


def stopped(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{slip, reason}``: the guard stops the goods himself."""
    row = found(ask, "slips", "slip", "open", "stopped")
    return _over(ask, out, row, EntryType.SLIP_STOPPED)


def cancelled(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{slip, reason}``: nothing leaves on it any more."""
    row = found(ask, "slips", "slip", "open", "stopped")
    return _over(ask, out, row, EntryType.SLIP_CANCELLED)


def differences(
    lines: Sequence[Line], counted: Mapping[int, int], extra: Iterable[Line] = ()
) -> list[Mapping[str, object]]:
    """Where what was counted is not what the slip lists; ``counted`` is by the number of the line.

    Each is ``{what, name, listed, counted}``; ``what`` is ``quantity`` or ``not_listed``.
    """
    against = [
        _against("quantity", line.name, line.quantity, counted.get(number, 0))
        for number, line in enumerate(lines)
        if counted.get(number, 0) != line.quantity
    ]
    if beyond := sum(count for number, count in counted.items() if number >= len(lines)):
        against.append(_against("not_listed", "", 0, beyond))
    against += [_against("not_listed", line.name, 0, line.quantity) for line in extra]
    return against


def _against(what: str, name: str, listed: int, counted: int) -> Mapping[str, object]:
    return {"what": what, "name": name, "listed": listed, "counted": counted}


def _unsigned(ask: Ask, row: Row, signatory: str) -> list[Mapping[str, object]]:
    """What is wrong with stamp and signature."""
    form, unit = ask.form, row["personal"].get("unit", "")
    against: list[Mapping[str, object]] = []
    if not form.flag("stamp"):
        against.append({"what": "stamp"})
    if not unit:
        return against
    may = {each["name"] for each in ask.rows("directory") if each["unit"] == unit and each["signs"]}
    listed = row["personal"].get("signatory", "")
    if (listed and listed != signatory) or (may and signatory not in may):
        against.append({"what": "signatory"})
    elif not may and not form.given("why"):
        says = "nobody of this unit stands in the directory as one who may sign: say why it is good"
        raise form.fault(says, "why")
    return against


def _lines(form: Form, field: str = "lines", limit: int = LINES) -> list[Line]:
    return [
        Line(each.text("name", NAME, needed=True), each.whole("quantity", 1, MOST))
        for each in form.rows(field, limit)
    ]


def _ticks(form: Form) -> Mapping[int, int]:
    counted: Counter[int] = Counter()
    for each in form.rows("ticks", LINES):
        counted[each.whole("line", 0, MOST)] += each.whole("quantity", 0, MOST)
    return counted


def _over(ask: Ask, out: Draft, row: Row, kind: EntryType) -> Mapping[str, object]:
    data = {"slip": row["slip"], "number": row["unit_slip"], "reason": reason(ask.form)}
    who = {name: row["personal"].get(name, "") for name in _WHO}
    book(ask, out, kind, f"slip/{row['slip']}", data, who)
    return {"slip": row["slip"]}


_NAMED = by("slips", "slip")


def _needs(order: Order) -> Sequence[Need]:
    return (*_NAMED(order), Need("directory", "signs", 1), *clearance.needs(order))


_NUMBERED = by("slips", "unit_slip", "number")

BOOK = Book(
    {
        "slip.receive": Act(received, _NUMBERED),
        "slip.change": Act(changed, lambda order: (*_NAMED(order), *_NUMBERED(order))),
        "slip.use": Act(used, _needs, ("card",), admits=True),
        "slip.stop": Act(stopped, _NAMED),
        "slip.cancel": Act(cancelled, _NAMED),
    }
)
