"""Deposits: what the gate holds against a card, from the hand of its owner back into it.

Rules kept here:
- only kinds that may be held here are taken; one that the law refuses is refused with the law;
- money has an amount and no pocket; everything else lies in a pocket, and in one alone;
- receipts are numbered one after the other, for the gate; one act, one receipt;
- what is held ends once: returned, forfeited, due for a refund, or transferred;
- a mistake is reversed and never mended: nothing that was written is changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, by, conflict, found, reason
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.form import Form
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.plan_books import DepositKind
from agent.core.project_visits import RECEIPT

RETURNED, FORFEITED, REFUND_DUE, TRANSFERRED = "returned", "forfeited", "refund_due", "transferred"
ENDS = (RETURNED, FORFEITED, REFUND_DUE, TRANSFERRED)
MOST = 10**10
"""So many minor units of money are taken at most."""
_SMALL = 20
_HELD = Need("deposits", state="held", name="pockets")
_COUNTER = Need("counters", "name", RECEIPT)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is to be taken; ``amount`` in minor units, 0 and no currency for what is no money."""

    kind: str
    description: str
    owner: str
    amount: int
    currency: str
    pocket: str


def needs(_order: Order) -> tuple[Need, ...]:
    """What has to be looked up to take something: the pockets in use, the last receipt."""
    return (_HELD, _COUNTER)


def read(ask: Ask, forms: Sequence[Form], owner: str) -> list[Thing]:
    """What the guard takes, each with its pocket; raises `Fault`. ``owner`` where none is said."""
    used = {row["pocket"] for row in ask.rows(_HELD.called)}
    things = []
    for form in forms:
        kind = _kind(ask, form)
        thing = Thing(
            kind.kind,
            form.text("description"),
            form.text("owner") or owner,
            _amount(ask, form) if kind.money else 0,
            ask.books.currency if kind.money else "",
            "" if kind.money else _pocket(ask, form, used),
        )
        used.add(thing.pocket)
        things.append(thing)
    return things


def take(
    ask: Ask, out: Draft, visit: str, card: str, things: Sequence[Thing]
) -> tuple[int, list[str]]:
    """Write down what was taken; gives the number of the receipt (0 for nothing) and the ids."""
    if not things:
        return 0, []
    receipt = 1 + max((row["value"] for row in ask.rows(_COUNTER.called)), default=0)
    taken = []
    for thing in things:
        deposit = out.new_id()
        data: dict[str, object] = {
            "deposit": deposit,
            "visit": visit,
            "card": card,
            "kind": thing.kind,
            "amount": thing.amount,
            "currency": thing.currency,
            "pocket": thing.pocket,
            "receipt": receipt,
        }
        who = {
            "owner": thing.owner,
            "description": thing.description,
            "responsible": ask.books.responsible.get(thing.kind, ""),
        }
        book(ask, out, EntryType.DEPOSIT_TAKEN, f"deposit/{deposit}", data, who)
        taken.append(deposit)
    return receipt, taken


def end(ask: Ask, out: Draft, row: Row, form: Form) -> None:
    """Write down what becomes of a deposit, as the form says; raises `Fault`."""
    how = form.choice("end", ENDS)
    to, why = form.text("to"), form.text("why", LINE)
    if how == TRANSFERRED and not to:
        raise form.fault("say to whom it goes: the other gate or the office", "to")
    if how == FORFEITED and not why:
        raise form.fault("say why it is not given back", "why")
    data: dict[str, object] = {"end": how, **_told(row)}
    if why:
        data["why"] = why
    if form.flag("receipt_lost"):
        data["receiptlost"] = True
    who = _who(row)
    if how == TRANSFERRED:
        data["to"] = to
    else:
        who["recipient"] = to or who.get("owner", "")
    book(ask, out, EntryType.DEPOSIT_ENDED, f"deposit/{row['deposit']}", data, who)


def reverse(ask: Ask, out: Draft, row: Row, why: str) -> None:
    """Write down that it was never taken."""
    data = {**_told(row), "why": why}
    book(ask, out, EntryType.DEPOSIT_REVERSED, f"deposit/{row['deposit']}", data, _who(row))


def taken(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{visit, kind, description, owner, amount, pocket, why?}``: one thing more for a visit.

    ``why`` is needed for a visit that is over: something of it is still here, say.
    """
    form = ask.form
    row = ask.row("visits", "visit", form.text("visit", needed=True))
    why = form.text("why", LINE)
    if row["state"] != "open" and not why:
        raise form.fault("this visit is over: say why something is held for it", "why", 409)
    things = read(ask, [form], row["personal"].get("visitor", ""))
    receipt, ids = take(ask, out, row["visit"], row["card"], things)
    return {"deposit": ids[0], "receipt": receipt, "pocket": things[0].pocket}


def ended(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{deposit, end, to?, why?, receipt_lost?}``."""
    row = found(ask, "deposits", "deposit", "held")
    end(ask, out, row, ask.form)
    return {"deposit": row["deposit"]}


def moved(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{deposit, pocket, reason, swap?}``: it lies in another pocket than was written.

    ``swap``: what was written for that pocket lies in this one's.
    """
    form, why = ask.form, reason(ask.form)
    row = found(ask, "deposits", "deposit", "held")
    if not row["pocket"]:
        raise conflict("money lies in no pocket", "deposit")
    form.text("pocket", _SMALL, needed=True)
    held = ask.rows(_HELD.called)
    used = {row["pocket"]} if form.flag("swap") else {each["pocket"] for each in held}
    pocket = _pocket(ask, form, used)
    _move(ask, out, row, pocket, why)
    for each in held:
        if each["pocket"] == pocket:
            _move(ask, out, each, row["pocket"], why)
    return {"deposit": row["deposit"], "pocket": pocket}


def reversed_(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{deposit, why}``: written down by mistake, nothing was ever taken."""
    row = found(ask, "deposits", "deposit", "held")
    reverse(ask, out, row, ask.form.text("why", LINE, needed=True))
    return {"deposit": row["deposit"]}


def _kind(ask: Ask, form: Form) -> DepositKind:
    books, name = ask.books, form.text("kind", 40, needed=True)
    if name in books.refused:
        raise form.fault(books.refused[name], "kind", 403)
    kind = books.kinds.get(name)
    if kind is None:
        known = ", ".join(books.kinds)
        raise form.fault("%(word)s is none of: %(known)s", "kind", word=name, known=known)
    return kind


def _amount(ask: Ask, form: Form) -> int:
    return form.whole("amount", 1, MOST, ask.books.cash_default or None)


def _pocket(ask: Ask, form: Form, used: set[str]) -> str:
    """The pocket that was named, or the first free one; raises `Fault`."""
    most, named = ask.books.pockets, form.text("pocket", _SMALL)
    if not named:
        for number in range(1, most + 1):
            if str(number) not in used:
                return str(number)
        raise form.fault("all %(pockets)s pockets are in use", "pocket", 409, pockets=most)
    good = named.isascii() and named.isdecimal() and len(named) < 6 and 1 <= int(named) <= most
    if not good:
        says = "there is no pocket %(pocket)s: 1 to %(pockets)s"
        raise form.fault(says, "pocket", pocket=named, pockets=most)
    pocket = str(int(named))
    if pocket in used:
        raise form.fault("something lies in pocket %(pocket)s", "pocket", 409, pocket=pocket)
    return pocket


def _move(ask: Ask, out: Draft, row: Row, pocket: str, why: str) -> None:
    data = {
        "deposit": row["deposit"],
        "visit": row["visit"],
        "pocket": pocket,
        "was": row["pocket"],
        "reason": why,
    }
    book(ask, out, EntryType.DEPOSIT_MOVED, f"deposit/{row['deposit']}", data)


def _told(row: Row) -> dict[str, object]:
    names = ("deposit", "visit", "card", "kind", "amount", "currency", "pocket", "receipt")
    return {name: row[name] for name in names}


def _who(row: Row) -> dict[str, str]:
    return dict(row["personal"])


_NAMED = by("deposits", "deposit")
BOOK = Book(
    {
        "deposit.take": Act(taken, lambda order: (*by("visits", "visit")(order), *needs(order))),
        "deposit.end": Act(ended, _NAMED),
        "deposit.move": Act(moved, lambda order: (*_NAMED(order), _HELD)),
        "deposit.reverse": Act(reversed_, _NAMED),
    }
)
