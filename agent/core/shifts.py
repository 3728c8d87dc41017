"""Shifts: a guard is on from signing on to signing off, at one desk.

Rules kept here:
- only signing on begins a shift, and only signing off, another desk or leaving ends it;
- who signs on again at the desk where he is on goes on with his shift: it has begun once;
- a shift that was begun without the guard's card says so;
- a guard may lead while no shift leader is on: he says why, it is written down, and it ends with
  his shift.
"""

from collections.abc import Mapping, Sequence

from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, conflict, found, reason, value
from agent.core.draft import Draft
from agent.core.effects import DropRow, PutRow
from agent.core.entries import EntryType
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.roles import Role

ON = "on"


def begun(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard, role, desk, hash, without_card, drop: [hash]}``, from `agent.signing_requests`.

    ``hash`` is that of the new token, ``drop`` are those of tokens that count no more.
    """
    form = ask.form
    guard, role = form.text("guard", needed=True), form.text("role", needed=True)
    desk = form.text("desk", needed=True)
    on = [row for row in ask.rows("shifts.on") if row["state"] == ON]
    here = next((row for row in on if row["desk"] == desk), None)
    for row in on:
        if row is not here:
            end(ask, out, row, "elsewhere")
    shift = out.new_id() if here is None else str(here["shift"])
    data: dict[str, object] = {"shift": shift, "guard": guard, "at": desk, "role": role}
    if form.flag("without_card"):
        data["withoutcard"] = True
    if here is not None:
        data["again"] = True
    book(ask, out, EntryType.SHIFT_BEGAN, f"shift/{shift}", data)
    token: dict[str, str | int] = {
        "guard": guard,
        "role": role,
        "desk": desk,
        "shift": shift,
        "since_us": ask.now_us,
    }
    for old in form.texts("drop"):
        out.do(DropRow("tokens", old))
    out.do(PutRow("tokens", form.text("hash", needed=True), token))
    return {"shift": shift}


def ended(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{shift, drop: [hash]}``, from `agent.signing_requests`."""
    row = found(ask, "shifts", "shift", ON)
    end(ask, out, row, "signed_off")
    for old in ask.form.texts("drop"):
        out.do(DropRow("tokens", old))
    return {"shift": row["shift"]}


def end(ask: Ask, out: Draft, row: Row, why: str) -> None:
    """Write down that a shift is over: ``signed_off``, ``elsewhere``, ``role`` or ``left``."""
    data = {
        "shift": row["shift"],
        "guard": row["guard"],
        "at": row["desk"],
        "why": why,
        "handed": bool(row["handed"]),
    }
    book(ask, out, EntryType.SHIFT_ENDED, f"shift/{row['shift']}", data)


def led(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{reason}``: the guard who is on leads, since no shift leader is."""
    on = [row for row in ask.rows("shifts.on") if row["state"] == ON]
    mine = next((row for row in on if row["guard"] == ask.actor), None)
    if mine is None:
        raise conflict("you are not on shift: sign on first", "")
    if any(row["role"] == Role.SHIFT_LEADER for row in on):
        raise conflict("a shift leader is on: ask there", "")
    data = {
        "guard": ask.actor,
        "shift": mine["shift"],
        "change": "leads",
        "reason": reason(ask.form),
    }
    book(ask, out, EntryType.GUARD_CHANGED, f"guard/{ask.actor}", data)
    return {"shift": mine["shift"], "role": Role.SHIFT_LEADER.value}


def _begins(order: Order) -> Sequence[Need]:
    return (Need("shifts", "guard", value(order, "guard"), ON, "shifts.on"),)


def _ends(order: Order) -> Sequence[Need]:
    return (Need("shifts", "shift", value(order, "shift")),)


def _leads(_order: Order) -> Sequence[Need]:
    return (Need("shifts", state=ON, name="shifts.on"),)


BOOK = Book(
    {
        "shift.begin": Act(begun, _begins),
        "shift.end": Act(ended, _ends),
        "shift.lead": Act(led, _leads),
    }
)
