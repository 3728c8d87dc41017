"""Passes: the cards of the drawer, in the hands of visitors and back.

Rules kept here:
- a card is given out only from the stock of the roster, and only while it lies in the drawer;
- what kind of card somebody gets goes by the visit: a vehicle has its plate, a contractor his card;
- a card that is lost is refused at the lanes until it is found.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, conflict, value
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.issued import DESK
from agent.core.model import Card, CardKind, CardStatus
from agent.core.needs import Need
from agent.core.orders import Order
from agent.core.visit_forms import CONTRACTOR, VIEWING, Visit

OUT, LOST = "out", "lost"


def needs(order: Order) -> tuple[Need, ...]:
    """What has to be looked up for the card that the form names."""
    card = value(order, "card")
    if not card:
        return ()
    return (Need("passes", "card", card), Need("visits", "card", card, "open"))


def offered(ask: Ask, visit: Visit) -> Card | None:
    """The card that is given out; None where there is none. Raises `Fault`."""
    form = ask.form
    if not form.given("card"):
        if visit.kind != VIEWING and not form.given("reason"):
            says = "hold a card of the drawer to the desk reader, or say why none is given"
            raise form.fault(says, "card")
        return None
    card = ask.card()
    _in_drawer(ask, card)
    if card.kind is CardKind.VISITOR_VEHICLE and not visit.plate:
        raise form.fault("this card is for a vehicle: write down its plate", "plate")
    if card.kind is CardKind.CONTRACTOR and visit.kind != CONTRACTOR:
        raise form.fault("this card is for contractors", "card")
    if card.kind is CardKind.VISITOR and visit.kind == CONTRACTOR:
        raise form.fault("a contractor gets a contractor's card", "card")
    return card


def issue(ask: Ask, out: Draft, card: Card, visit: str) -> None:
    """Write down that the card is given out."""
    data = {"card": card.label, "kind": card.kind.value, "visit": visit}
    book(ask, out, EntryType.PASS_ISSUED, f"card/{card.label}", data)


def back(ask: Ask, out: Draft, card: str, visit: str) -> None:
    """Write down that the card lies in the drawer again."""
    book(ask, out, EntryType.PASS_RETURNED, f"card/{card}", {"card": card, "visit": visit})


def missing(ask: Ask, out: Draft, card: str, visit: str, why: str) -> None:
    """Write down that the card is lost."""
    data = {"card": card, "visit": visit, "reason": why}
    book(ask, out, EntryType.PASS_LOST, f"card/{card}", data)


def lost(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{card, reason?}``: out of the drawer, or out of a visitor's pocket."""
    card = ask.card()
    _of_drawer(card)
    if _state(ask) == LOST:
        raise conflict("card %(card)s is known to be lost", "card", card=card.label)
    missing(ask, out, card.label, _visit(ask), ask.form.text("reason", LINE))
    return {"card": card.label}


def found(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{card}``: a card that was lost, or left by another gate, is here again."""
    card, visit = ask.card(), _visit(ask)
    state = _state(ask)
    if state != LOST and (state != OUT or visit):
        raise conflict("card %(card)s is not missed", "card", card=card.label)
    data = {"card": card.label, "visit": visit, "was": state}
    book(ask, out, EntryType.PASS_FOUND, f"card/{card.label}", data)
    return {"card": card.label, "visit": visit}


def _in_drawer(ask: Ask, card: Card) -> None:
    _of_drawer(card)
    state = _state(ask)
    if state == LOST:
        raise conflict(
            "card %(card)s is lost: if it is here, say so first", "card", card=card.label
        )
    if state == OUT or _visit(ask):
        says = "card %(card)s is out: if it is here, take it back first"
        raise conflict(says, "card", card=card.label)


def _of_drawer(card: Card) -> None:
    if card.kind not in DESK or card.status is not CardStatus.STOCK:
        says = "card %(card)s is none of the drawer (%(status)s)"
        raise conflict(says, "card", card=card.label, status=card.status.value)


def _state(ask: Ask) -> str:
    return next((str(row["state"]) for row in ask.rows("passes")), "")


def _visit(ask: Ask) -> str:
    """The open visit that has this card."""
    return next((str(row["visit"]) for row in ask.rows("visits")), "")


BOOK = Book(
    {
        "pass.lost": Act(lost, needs, ("card",)),
        "pass.found": Act(found, needs, ("card",)),
    }
)
