"""What the books say of a card that is held to a lane's reader.

Rules kept here:
- a card of the drawer counts from the moment it is issued until its visit ends, and to enter only
  until the time that was agreed; one that was lost counts as lost;
- while its visit is open, or anything is held against it, a card leaves by the guard alone,
  whatever the roster says of it; and a truck is looked at since it last came in;
- a long-term contractor, and a visit that says so, is looked at in person at each entry;
- a visitor who is banned does not come in; residents and staff are marked, and so is who leaves;
- a resident's card costs one look at a short list, that of the bans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from agent.core import banned
from agent.core.access import Ban, Duty
from agent.core.facts import Facts
from agent.core.ids import ZoneId
from agent.core.model import Card, CardKind, CardStatus, Moment
from agent.core.needs import Need, Row
from agent.core.plan import OUTSIDE, GatePlan
from agent.core.project_passes import is_pass

DESK = frozenset({CardKind.VISITOR, CardKind.VISITOR_VEHICLE, CardKind.CONTRACTOR})
"""The kinds of cards that visitors are given."""

_NAMES = (
    ("visitor", "holder"),
    ("unit", "unit"),
    ("department", "department"),
    ("plate", "plate"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A card as it counts now, what bans say of it, and what the guard has to do first."""

    card: Card
    ban: Ban = Ban.NONE
    due: frozenset[Duty] = frozenset()


def needs(plan: GatePlan, cards: Sequence[Card]) -> Sequence[Need]:
    """What has to be looked up for a tap of these cards at a lane."""
    if len(cards) != 1:
        return ()
    label, kind = cards[0].label, cards[0].kind
    if kind in DESK:
        return (banned.OPEN, *uses(label), *loads(label))
    if is_truck(plan, label):
        return (banned.OPEN, *loads(label))
    return (banned.OPEN,)


def uses(card: str) -> tuple[Need, ...]:
    """What has to be looked up to know whether a visitor has a card of the drawer."""
    visits = Need("visits", "card", card, "open")
    return (visits, Need("passes", "card", card), held(card))


def held(card: str) -> Need:
    """What is held against a card."""
    return Need("deposits", "card", card, "held")


def in_use(rows: Mapping[str, Sequence[Row]]) -> bool:
    """Has a visitor the card, or is anything held against it? ``rows`` are those of `uses`."""
    away = any(row["state"] != "in" for row in rows.get("passes", ()))
    return away or bool(rows.get("visits") or rows.get("deposits"))


def loads(card: str) -> tuple[Need, ...]:
    """What has to be looked up of a truck, or of goods, that leave with a card."""
    return tuple(Need(table, "card", card) for table in ("presence", "inspections", "goods"))


def is_truck(plan: GatePlan, label: str) -> bool:
    """Is it the card of a truck that comes and goes without a visit?"""
    return any(label.startswith(beginning) for beginning in plan.books.trucks)


def known(
    plan: GatePlan, way: tuple[ZoneId, ZoneId], card: Card, facts: Facts, at: Moment
) -> Known:
    """What the books say of this card on this way."""
    leaves = way[1] == OUTSIDE
    rows = facts.rows
    visit = visit_of(facts)
    ban = _ban(card, visit, facts, at, leaves=leaves)
    due = set[Duty]()
    lent = visit is not None and not is_pass(card.label)
    if leaves:
        due |= undone(card.label, is_truck(plan, card.label), visit, rows)
        if lent or rows.get("deposits"):
            due.add(Duty.DEPOSIT_DUE)
    elif way[0] == OUTSIDE and _in_person(card, visit):
        due.add(Duty.BEARER_CHECK)
    lost = any(row["state"] == "lost" for row in rows.get("passes", ()))
    good = card.status in {CardStatus.STOCK, CardStatus.ACTIVE}
    if good and lost:
        card = replace(card, status=CardStatus.LOST)
    elif good and lent and visit is not None:
        card = _borne(card, visit, facts, at, leaves=leaves)
    return Known(card, ban, frozenset(due))


def visit_of(facts: Facts) -> Row | None:
    """The open visit of the card that was shown."""
    return next(iter(facts.rows.get("visits", ())), None)


def undone(
    card: str, truck: bool, visit: Row | None, rows: Mapping[str, Sequence[Row]]
) -> set[Duty]:
    """What has to be looked at before this card leaves: the truck's back, the goods' slip.

    ``rows`` are those of `loads`.
    """
    due = set[Duty]()
    if (truck or (visit is not None and visit["truck"])) and not _inspected(card, visit, rows):
        due.add(Duty.INSPECTION_DUE)
    if any(row["card"] == card for row in rows.get("goods", ())):
        due.add(Duty.RELEASE_SLIP_DUE)
    return due


def named(visit: Row) -> dict[str, str]:
    """Who is on a visit, by the names that a record of a passage has for it."""
    personal = visit["personal"]
    return {name: personal[field] for field, name in _NAMES if personal.get(field)}


def _inspected(card: str, visit: Row | None, rows: Mapping[str, Sequence[Row]]) -> bool:
    """Was its back clear when it was looked at, and that since it came in?"""
    came = next((row["sequence"] for row in rows.get("presence", ()) if row["card"] == card), 0)
    begun_us = visit["opened_us"] if visit is not None else 0
    return any(
        row["result"] == "clear" and row["sequence"] > came and row["made_us"] >= begun_us
        for row in rows.get("inspections", ())
        if row["card"] == card
    )


def _in_person(card: Card, visit: Row | None) -> bool:
    if visit is not None:
        return bool(visit["bearer"])
    return card.kind is CardKind.CONTRACTOR


def _borne(card: Card, visit: Row, facts: Facts, at: Moment, *, leaves: bool) -> Card:
    """A card of the drawer in the hands of a visitor; nobody is kept in by a date."""
    left = timedelta(microseconds=visit["until_us"] - at.wall_us)
    who = named(visit)
    return replace(
        card,
        status=CardStatus.ACTIVE,
        holder=who.get("holder", ""),
        unit=who.get("unit", ""),
        department=who.get("department", ""),
        plate=who.get("plate", ""),
        valid_until=None if leaves else facts.local + left,
    )


def _ban(card: Card, visit: Row | None, facts: Facts, at: Moment, *, leaves: bool) -> Ban:
    bans: Iterable[Row] = facts.rows.get(banned.OPEN.called, ())
    if not bans:
        return Ban.NONE
    who = visit["personal"] if visit is not None else {}
    signs = (card.plate, who.get("plate", ""))
    names = " / ".join((card.holder, who.get("visitor", ""), who.get("companions", "")))
    if banned.meant(bans, at, cards=(card.label,), signs=signs, names=names) is None:
        return Ban.NONE
    return Ban.REFUSED if card.kind in DESK and not leaves else Ban.MARKED
