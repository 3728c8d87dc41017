"""The card desk: cards are issued, replaced, blocked, lost and found, one at a time.

Rules kept here:
- a card's number and its label belong to one card each: what is in use is not issued again;
- every change is one entry with what the card was and is, in one transaction with the roster, so
  that a lost card is refused from the next tap on;
- a lost card is good again only when it was found; a retired one never;
- a card of the drawer that is good again is of the drawer: it opens nothing without a visit;
- a replaced card keeps its place in the roster as lost or retired; without a label of its own the
  new card takes over the label, and with it where its holder is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.core import issued, windows
from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, conflict, reason, value
from agent.core.draft import Draft
from agent.core.effects import PutCard
from agent.core.entries import EntryType
from agent.core.form import Fault, Form
from agent.core.ids import LaneId
from agent.core.model import Card, CardKind, CardStatus, Credential, Direction
from agent.core.needs import Need, Row
from agent.core.orders import Order

_ACTIVE, _BLOCKED, _LOST = CardStatus.ACTIVE, CardStatus.BLOCKED, CardStatus.LOST
_STOCK, _RETIRED = CardStatus.STOCK, CardStatus.RETIRED
DESK_KINDS = frozenset({CardKind.VISITOR, CardKind.VISITOR_VEHICLE, CardKind.CONTRACTOR})
"""Kinds of which a stock lies at the desk."""
_IN_STOCK = DESK_KINDS - {CardKind.CONTRACTOR}
_LABEL = 64


def issue(ask: Ask, out: Draft) -> Mapping[str, object]:
    """A new card of the roster: every field of `agent.core.model.Card`, dates as local time.

    ``lanes`` is a list of lanes, none for all; ``stock`` lays it into the stock of the desk.
    """
    form = ask.form
    credential = _free_number(ask, "credential")
    label = _free_label(ask, "label")
    kind = CardKind(form.choice("kind", [kind.value for kind in CardKind]))
    stock = form.flag("stock")
    if stock and kind not in DESK_KINDS:
        raise form.fault("no stock is kept of this kind", "stock")
    begins, ends = form.moment("valid_from"), form.moment("valid_until")
    if begins is not None and ends is not None and ends <= begins:
        raise form.fault("the end must lie after the beginning", "valid_until")
    card = Card(
        credential,
        label,
        kind,
        _STOCK if stock else _ACTIVE,
        form.text("holder"),
        form.text("unit", 64),
        form.text("department", 64),
        form.text("plate", 16),
        begins,
        ends,
        _windows(form),
        _lanes(ask),
        Direction(form.choice("direction", [way.value for way in Direction], Direction.BOTH)),
    )
    if not stock and not (card.holder or card.plate):
        raise form.fault("say whose card it is", "holder")
    _put(ask, out, card, "", form.text("reason"))
    return {"card": label}


def replaced(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{label, credential, new_label?, reason}``: another card for the same holder."""
    form = ask.form
    old = ask.card("label")
    if old.status is _RETIRED:
        raise conflict("card %(card)s was retired: issue a new one", "label", card=old.label)
    credential, why = _free_number(ask, "credential"), reason(form)
    label = _free_label(ask, "new_label") if form.given("new_label") else old.label
    away = old.label if label != old.label else f"{old.label}~{out.new_id()}"
    status = _LOST if old.status is _LOST else _RETIRED
    good = old.status if old.status in (_STOCK, _BLOCKED, _ACTIVE) else _good(ask, old)
    _put(ask, out, replace(old, label=away, status=status), old.status.value, why, by=label)
    _put(ask, out, replace(old, credential=credential, label=label, status=good), "", why, of=away)
    return {"card": label, "old": away}


def blocked(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{label, reason}``."""
    return _turned(ask, out, _BLOCKED, (_ACTIVE, _STOCK))


def unblocked(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{label, reason, stock?}``."""
    return _turned(ask, out, _good(ask, ask.card("label")), (_BLOCKED,))


def lost(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{label, reason}``: refused from now on."""
    return _turned(ask, out, _LOST, (_ACTIVE, _STOCK, _BLOCKED))


def found(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{label, reason, stock?}``: a lost card is back."""
    return _turned(ask, out, _good(ask, ask.card("label")), (_LOST,))


def good(card: Card, rows: Mapping[str, Sequence[Row]], *, stock: bool = False) -> CardStatus:
    """What a card is when it is good again: one of the drawer what it was, in stock.

    A contractor's is one of the drawer while a visitor has it, where nobody is its holder, and
    where the desk says so (``stock``). ``rows`` are those of `issued.uses`.
    """
    nobodys = stock or issued.in_use(rows) or not (card.holder or card.plate)
    drawer = card.kind in _IN_STOCK or (card.kind in DESK_KINDS and nobodys)
    return _STOCK if drawer else _ACTIVE


def _good(ask: Ask, card: Card) -> CardStatus:
    return good(card, ask.facts.rows, stock=ask.form.flag("stock"))


def _uses(order: Order) -> Sequence[Need]:
    return issued.uses(value(order, "label"))


def _turned(
    ask: Ask, out: Draft, status: CardStatus, before: tuple[CardStatus, ...]
) -> Mapping[str, object]:
    card, why = ask.card("label"), reason(ask.form)
    if card.status not in before:
        says = "card %(card)s is %(status)s: this cannot be done with it"
        raise conflict(says, "label", card=card.label, status=card.status.value)
    _put(ask, out, replace(card, status=status), card.status.value, why)
    return {"card": card.label, "was": card.status.value, "status": status.value}


def _put(ask: Ask, out: Draft, card: Card, was: str, why: str, **more: str) -> None:
    """Write the change down and put the card; what it names stands with the personal fields."""
    data = {"card": card.label, "kind": card.kind.value, "was": was, "status": card.status.value}
    data |= {name: each for name, each in (*more.items(), ("reason", why)) if each}
    who = {
        "credential": str(card.credential),
        "holder": card.holder,
        "unit": card.unit,
        "department": card.department,
        "plate": card.plate,
    }
    book(ask, out, EntryType.CARD_CHANGED, f"card/{card.label}", data, who)
    out.do(PutCard(card))


def _free_number(ask: Ask, field: str) -> Credential:
    text = ask.form.text(field, 160, needed=True)
    try:
        credential = Credential.parse(text)
    except ValueError:
        says = "this is no card number: hold the card to the reader, or write scheme:HEX"
        raise ask.form.fault(says, field) from None
    for card in ask.facts.cards:
        if card.credential == credential:
            raise conflict("this card is %(card)s already", field, card=card.label)
    return credential


def _free_label(ask: Ask, field: str) -> str:
    label = ask.form.text(field, _LABEL, needed=True)
    if any(mark in label for mark in ":~"):
        raise ask.form.fault("a label holds neither : nor ~", field)
    if any(card.label == label for card in ask.facts.cards):
        raise conflict("there is a card %(card)s already", field, card=label)
    return label


def _windows(form: Form) -> str:
    text = form.text("windows")
    try:
        windows.parse(text)
    except ValueError as fault:
        raise form.fault("%(why)s", "windows", why=str(fault)) from None
    return text


def _lanes(ask: Ask) -> tuple[LaneId, ...]:
    lanes = tuple(LaneId(name) for name in ask.form.texts("lanes"))
    for lane in lanes:
        if lane not in ask.plan.lanes:
            says = "there is no lane %(lane)s here"
            raise Fault(says, field="lanes", code=404, lane=lane)
    return lanes


BOOK = Book(
    {
        "card.issue": Act(issue, cards=("label", "credential")),
        "card.replace": Act(replaced, _uses, cards=("label", "new_label", "credential")),
        "card.block": Act(blocked, cards=("label",)),
        "card.unblock": Act(unblocked, _uses, cards=("label",)),
        "card.lost": Act(lost, cards=("label",)),
        "card.found": Act(found, _uses, cards=("label",)),
    }
)
