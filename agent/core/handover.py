"""Handover: what lies in the drawer is counted against the books, and both guards sign.

Rules kept here:
- what was counted, what the books say and every difference are written down as they are: a
  difference stops nobody, and is never smoothed away;
- cash is counted by currency in minor units, pieces (documents and other things in pockets) and
  cards in the drawer by number;
- who hands over signs with card or PIN, and so does who takes over; where nobody takes over, one
  signature is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, conflict, found, part, value
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.guards import ACTIVE
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.plan_books import BooksPlan

MOST = 1_000_000_000_000
_OUT = frozenset({"out", "lost"})
_OPEN: Mapping[str, tuple[str, ...]] = {
    "visits": ("open",),
    "help": ("open", "answered", "escalated"),
    "notices": ("open",),
    "duties": ("",),
    "unsigned": ("",),
}
"""What is told with a handover, and in which states it is still open."""


def handed_over(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{shift, cash: {currency: amount}, documents, cards, note, to, presented: {from, to}}``.

    ``cash`` may also be ``{amount}``, in the gate's own currency. ``signed: {from, to}`` (``card``
    or ``pin``) and ``also: {alarms, overrides}`` are the words of `agent.signing_requests`: how
    both have signed, and what no row of the books tells.
    Gives ``{differences: [{what, counted, booked}]}``.
    """
    form = ask.form
    row = found(ask, "shifts", "shift", "on")
    if row["guard"] != ask.actor:
        raise form.fault("this is the shift of %(guard)s", "shift", 403, guard=row["guard"])
    signed = _signed(ask)
    counted = {
        **_cash(ask),
        "documents": form.whole("documents", 0, MOST),
        "cards": form.whole("cards", 0, MOST),
    }
    booked = in_the_books(ask.books, ask.rows("deposits"), ask.rows("cards"), ask.rows("passes"))
    against = differences(counted, booked)
    data: dict[str, object] = {
        "shift": row["shift"],
        "from": row["guard"],
        "to": form.text("to"),
        "signed": signed,
        "counted": counted,
        "booked": booked,
        "differences": against,
        "open": {**{name: len(ask.rows(name)) for name in _OPEN}, **_also(ask)},
    }
    note = {"text_private": form.text("note", LINE)}
    book(ask, out, EntryType.SHIFT_HANDED, f"shift/{row['shift']}", data, note)
    return {"shift": row["shift"], "differences": against}


def in_the_books(
    plan: BooksPlan, deposits: Iterable[Row], cards: Iterable[Row], passes: Iterable[Row]
) -> Mapping[str, int]:
    """What should lie in the drawer: ``cash.{currency}``, ``documents``, ``cards``.

    ``deposits`` are those held here, ``cards`` those of the stock, ``passes`` what is out or lost.
    """
    booked: Counter[str] = Counter({f"cash.{plan.currency}": 0, "documents": 0})
    for row in deposits:
        kind = plan.kinds.get(row["kind"])
        if row["amount"] if kind is None else kind.money:
            booked[f"cash.{row['currency']}"] += row["amount"]
        else:
            booked["documents"] += 1
    away = {row["card"] for row in passes if row["state"] in _OUT}
    booked["cards"] = sum(row["label"] not in away for row in cards)
    return dict(booked)


def differences(
    counted: Mapping[str, int], booked: Mapping[str, int]
) -> list[Mapping[str, object]]:
    """Every number that is not the same in both; what is missing on one side is 0."""
    names = (*booked, *(name for name in counted if name not in booked))
    return [
        {"what": name, "counted": counted.get(name, 0), "booked": booked.get(name, 0)}
        for name in names
        if counted.get(name, 0) != booked.get(name, 0)
    ]


def _cash(ask: Ask) -> dict[str, int]:
    given, names = part(ask, "cash")
    counted: Counter[str] = Counter()
    for name in names or ("amount",):
        currency = ask.books.currency if name == "amount" else name
        if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
            raise given.fault("%(currency)s is no currency", name, currency=currency)
        counted[f"cash.{currency}"] += given.whole(name, 0, MOST)
    return dict(counted)


def _also(ask: Ask) -> dict[str, int]:
    also, names = part(ask, "also")
    return {name: also.whole(name, 0, MOST) for name in names}


def _signed(ask: Ask) -> dict[str, object]:
    form = ask.form
    signed, _ = part(ask, "signed")
    if not signed.given("from"):
        raise form.fault("sign: hold your card to the reader, or give your PIN", "presented.from")
    to = form.text("to")
    if not to:
        return {"from": signed.text("from")}
    if to == ask.actor:
        raise conflict("hand over to somebody else", "to")
    guard = ask.row("guards", "guard", to)
    if guard["state"] != ACTIVE:
        raise conflict("%(guard)s is no longer a guard here", "to", guard=to)
    if not signed.given("to"):
        says = "who takes over signs: hold the card to the reader, or give the PIN"
        raise form.fault(says, "presented.to")
    return {"from": signed.text("from"), "to": signed.text("to")}


def _needs(order: Order) -> Sequence[Need]:
    return (
        Need("shifts", "shift", value(order, "shift")),
        Need("guards", "guard", value(order, "to")),
        Need("deposits", state="held"),
        Need("cards", "status", "stock"),
        Need("passes"),
        *(Need(name, state=state) for name, states in _OPEN.items() for state in states),
    )


BOOK = Book({"shift.hand_over": Act(handed_over, _needs)})
