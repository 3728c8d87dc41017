"""Guards: who may sign on, with which card and PIN, in which role.

Rules kept here:
- a PIN comes here as a hash (`agent.signing`) and goes into the table of guards alone;
- one card belongs to one guard who is active;
- a role enrols, and changes, only those it stands above (`agent.core.roles.RANK`); whoever has the
  machine itself stands above all;
- another card, PIN or role is written down: that one has it, never what it is;
- who leaves is signed off.
"""

import re
from collections.abc import Mapping, Sequence

from agent.core import shifts
from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, conflict, value
from agent.core.draft import Draft
from agent.core.effects import PutRow
from agent.core.entries import EntryType
from agent.core.form import Fault
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.roles import RANK, Role

ACTIVE, LEFT = "active", "left"
_ID = re.compile(r"g-[a-z0-9-]{1,100}")


def enrolled(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard?, name, card?, role, pin}``; ``guard`` is ``g-…``, made where none is given."""
    form = ask.form
    guard = form.text("guard", 102) or f"g-{out.new_id()}"
    if _ID.fullmatch(guard) is None:
        raise form.fault("write g- and small letters, digits or -: g-1001", "guard")
    if ask.rows("guards"):
        raise form.fault("%(guard)s is in the books already", "guard", 409, guard=guard)
    role = Role(form.choice("role", [role.value for role in Role], Role.GUARD))
    _outranks(ask, role, "role")
    name, pin = form.text("name", 80, needed=True), form.text("pin", needed=True)
    card = _free_card(ask, guard)
    values = {
        "name": name,
        "card": card,
        "role": role.value,
        "pin": pin,
        "state": ACTIVE,
        "changed_us": ask.now_us,
    }
    data = {"guard": guard, "role": role.value, "card": card}
    book(ask, out, EntryType.GUARD_ENROLLED, f"guard/{guard}", data, {"holder": name})
    out.do(PutRow("guards", guard, values))
    return {"guard": guard}


def card_changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard, card, reason}``: another card, or none (lost, and no new one yet)."""
    row = _known(ask)
    card = _free_card(ask, row["guard"])
    data = {"change": "card", "card": card, "was": row["card"]}
    return _changed(ask, out, row, data, {"card": card})


def pin_changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard, pin, reason}``."""
    row = _known(ask)
    pin = ask.form.text("pin", needed=True)
    return _changed(ask, out, row, {"change": "pin"}, {"pin": pin})


def role_changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard, role, reason}``: the guard is signed off, and has it when he signs on again."""
    row = _known(ask)
    role = Role(ask.form.choice("role", [role.value for role in Role]))
    _outranks(ask, role, "role")
    for shift in ask.rows("shifts.on"):
        shifts.end(ask, out, shift, "role")
    data = {"change": "role", "role": role.value, "was": row["role"]}
    return _changed(ask, out, row, data, {"role": role.value})


def left(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{guard, reason}``: may no longer sign on, and is signed off."""
    row = _known(ask)
    guard = str(row["guard"])
    for shift in ask.rows("shifts.on"):
        shifts.end(ask, out, shift, "left")
    data = {"guard": guard, "reason": ask.form.text("reason", LINE)}
    book(ask, out, EntryType.GUARD_LEFT, f"guard/{guard}", data)
    out.do(PutRow("guards", guard, {"state": LEFT, "card": "", "changed_us": ask.now_us}))
    return {"guard": guard}


def _known(ask: Ask) -> Row:
    """The guard whom the form names, if he is active and the actor stands above him."""
    form = ask.form
    says = "there is no guard %(thing)s here"
    row = ask.row("guards", "guard", form.text("guard", needed=True), says)
    if row["state"] != ACTIVE:
        raise conflict("%(guard)s is no longer a guard here", "guard", guard=row["guard"])
    _outranks(ask, Role(row["role"]), "guard")
    return row


def _outranks(ask: Ask, role: Role, field: str) -> None:
    """Raise `Fault` unless the actor stands above this role. Who is no guard has the machine."""
    if _ID.fullmatch(ask.actor) is None:
        return
    mine = next((row["role"] for row in ask.rows("actor")), "")
    if mine not in RANK or role not in RANK[Role(mine)]:
        says = "only somebody above may do this for %(role)s"
        raise Fault(says, field=field, code=403, role=role.value)


def _free_card(ask: Ask, guard: str) -> str:
    form = ask.form
    card = form.text("card", 64)
    for row in ask.rows("holders"):
        if card and row["state"] == ACTIVE and row["guard"] != guard:
            says = "this is the card of %(guard)s"
            raise form.fault(says, "card", 409, guard=row["guard"])
    return card


def _changed(
    ask: Ask, out: Draft, row: Row, data: Mapping[str, object], values: Mapping[str, str]
) -> Mapping[str, object]:
    guard = str(row["guard"])
    told = {"guard": guard, **data, "reason": ask.form.text("reason", LINE)}
    book(ask, out, EntryType.GUARD_CHANGED, f"guard/{guard}", told)
    out.do(PutRow("guards", guard, {**values, "changed_us": ask.now_us}))
    return {"guard": guard}


def _needs(order: Order) -> Sequence[Need]:
    guard, card = value(order, "guard"), value(order, "card")
    return (
        Need("guards", "guard", guard),
        Need("guards", "guard", order.actor, name="actor"),
        Need("guards", "card", card, name="holders"),
        Need("shifts", "guard", guard, shifts.ON, "shifts.on"),
    )


BOOK = Book(
    {
        "guard.enrol": Act(enrolled, _needs),
        "guard.card": Act(card_changed, _needs),
        "guard.pin": Act(pin_changed, _needs),
        "guard.role": Act(role_changed, _needs),
        "guard.leave": Act(left, _needs),
    }
)
