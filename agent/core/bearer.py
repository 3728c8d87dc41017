"""The bearer of a card, seen by the guard; and a duty at a lane that comes to nothing.

Rules kept here:
- the guard's word opens the entry only for a card that was sent to him there, so that its dates,
  its lane and its hours were looked at before;
- what was shown is written down, and stays inside the gate;
- somebody who is refused, or who drives off, takes the duty with him.
"""

from collections.abc import Mapping, Sequence

from agent.core import issued
from agent.core.access import Duty
from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, conflict, reason, value
from agent.core.draft import Admit, Draft
from agent.core.entries import EntryType
from agent.core.model import Card, CardStatus, Direction
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.project_visits import duty_of


def confirmed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{card, lane, document}``: the bearer is the holder; opens the entry.

    ``document`` says what was shown: the picture on the card, a driving licence.
    """
    card, lane = ask.card(), ask.lane()
    document = ask.form.text("document", 80, needed=True)
    waits = {(row["card"], row["kind"]) for row in ask.rows("duties")}
    if (card.label, Duty.BEARER_CHECK.value) not in waits:
        says = "card %(card)s does not wait at this lane: hold it to the reader again"
        raise conflict(says, "card", card=card.label)
    visit = next(iter(ask.rows("visits")), None)
    _good(ask, card, visit)
    data: dict[str, object] = {"card": card.label, "kind": card.kind.value, "lane": lane.lane}
    who = {"holder": card.holder, "unit": card.unit, "department": card.department}
    who["plate"] = card.plate
    if visit is not None:
        data["visit"] = visit["visit"]
        who = issued.named(visit)
    who = {name: text for name, text in who.items() if text}
    told = {**who, "document": document}
    cause = book(ask, out, EntryType.BEARER_CONFIRMED, f"card/{card.label}", data, told)
    out.admit(Admit(lane.lane, Direction.IN, card.label, card.kind.value, cause, who))
    return {"card": card.label}


def refused(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{card, reason}``: whoever shows the card is not its holder, or cannot prove it."""
    card = ask.card()
    data: dict[str, object] = {
        "card": card.label,
        "kind": card.kind.value,
        "reason": reason(ask.form),
        "duties": [row["lane"] for row in ask.rows("duties")],
    }
    who = {"holder": card.holder}
    book(ask, out, EntryType.BEARER_REFUSED, f"card/{card.label}", data, who)
    return {"card": card.label}


def dismissed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{lane, reason}``: whoever waited there has gone."""
    lane, why = ask.lane(), reason(ask.form)
    row = ask.row("duties", "lane", lane.lane, "nobody waits for the guard at this lane")
    data = {"lane": lane.lane, "duty": row["kind"], "card": row["card"], "reason": why}
    book(ask, out, EntryType.DUTY_DISMISSED, f"lane/{lane.lane}", data)
    return {"lane": lane.lane}


def _good(ask: Ask, card: Card, visit: Row | None) -> None:
    """Raise a `Fault` for a card that was blocked or lost, or given back, since it was shown."""
    lost = any(row["state"] == "lost" for row in ask.rows("passes"))
    good = CardStatus.ACTIVE if visit is None else CardStatus.STOCK
    if lost or card.status is not good:
        says = "card %(card)s is no longer in use (%(status)s)"
        status = "lost" if lost else card.status.value
        raise conflict(says, "card", card=card.label, status=status)


def _confirm_needs(order: Order) -> Sequence[Need]:
    card = value(order, "card")
    return (
        Need("duties", "duty", duty_of(value(order, "lane"))),
        Need("visits", "card", card, "open"),
        Need("passes", "card", card),
    )


def _refuse_needs(order: Order) -> Sequence[Need]:
    return (Need("duties", "card", value(order, "card")),)


def _dismiss_needs(order: Order) -> Sequence[Need]:
    return (Need("duties", "duty", duty_of(value(order, "lane"))),)


BOOK = Book(
    {
        "bearer.confirm": Act(confirmed, _confirm_needs, ("card",), admits=True),
        "bearer.refuse": Act(refused, _refuse_needs, ("card",)),
        "duty.dismiss": Act(dismissed, _dismiss_needs),
    }
)
