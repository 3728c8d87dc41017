"""Visits: somebody who is no resident and no staff comes in, and is written down from then on.

Rules kept here:
- opening a visit, giving a card out and taking a deposit are one act: all of it, or nothing;
- a card is given against a deposit, or the guard says why not; who views a house leaves nothing;
- who views a house is told to the sales office, a delivery to the patrol and the shift leader;
- whoever is declined is recorded with a reason;
- that a visitor is overdue is written down once, by a clock that can be trusted.
"""

from collections.abc import Mapping, Sequence

from agent.core import deposits, issued, notices, passes, visit_forms
from agent.core.ask import Act, Ask, Book, Sweep
from agent.core.booking import LINE, book, by, found, personal, reason
from agent.core.calls import DECLINED
from agent.core.draft import Admit, Draft
from agent.core.entries import EntryType
from agent.core.model import Card, Direction
from agent.core.needs import Need
from agent.core.orders import Order
from agent.core.plan import LanePlan
from agent.core.visit_forms import DELIVERY, KINDS, VIEWING, Visit

_TOLD: Mapping[str, tuple[tuple[str, ...], str]] = {
    VIEWING: (("sales",), "a visitor wants to view a house"),
    DELIVERY: (("patrol", "shift_leader"), "a delivery is on its way to a resident"),
}
"""Who is told of which kind of visit, and in which words; names stand in the private part."""
_TELL = ("route", "unloading")
_LATE = "visits.late"
_ASKED = ("host_declined", "nobody", "no_answer", "office_declined")


def opened(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{kind, card, visitor, …, deposits: [{kind, …}], lane?, notify?, reason?, despite?, call?}``

    ``reason`` says why no card, or nothing for it, is taken; ``despite`` why a ban does not count;
    ``call`` is the one in which the host was asked. Gives ``{visit, receipt, deposits, pockets,
    tell}``; ``tell`` holds what the guard says to the visitor: route and rules of unloading.
    """
    told = visit_forms.read(ask)
    card = passes.offered(ask, told)
    things = _things(ask, told, card)
    lane = _entry(ask)
    visit = out.new_id()
    cause = _open(ask, out, visit, told, card, lane)
    if card is not None:
        passes.issue(ask, out, card, visit)
    label = card.label if card is not None else ""
    receipt, taken = deposits.take(ask, out, visit, label, things)
    _notify(ask, out, told)
    if lane is not None:
        kind = card.kind.value if card is not None else ""
        who = issued.named({"personal": told.personal})
        out.admit(Admit(lane.lane, Direction.IN, label, kind, cause, who))
    return {
        "visit": visit,
        "receipt": receipt,
        "deposits": taken,
        "pockets": [thing.pocket for thing in things if thing.pocket],
        "tell": _tell(ask) if told.kind == DELIVERY else {},
    }


def declined(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{kind, visitor, company, host, unit, plate, reason, asked, note, call?}``.

    ``call`` is the one in which somebody was asked about the visitor.
    """
    form, refused = ask.form, visit_forms.called(ask) == DECLINED
    data = {
        "kind": form.choice("kind", KINDS, visit_forms.COMPANY),
        "reason": reason(form),
        "asked": form.choice("asked", _ASKED, _ASKED[0] if refused else "nobody"),
        **visit_forms.by_call(ask),
    }
    who = personal(form, "visitor", "company", "host", "unit", "plate")
    who["description"] = form.text("note", LINE)
    book(ask, out, EntryType.VISIT_DECLINED, "visits", data, who)
    return {}


def changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{visit, …}``: the fields that are given replace what is written; an empty one clears it."""
    form, row = ask.form, found(ask, "visits", "visit", "open")
    who, fields = visit_forms.changed(ask, row)
    given = {**who, "destination": form.text("destination") or row["destination"]}
    visit_forms.complete(form, row["kind"], given)
    data: dict[str, object] = {"visit": row["visit"], "card": row["card"]}
    if "purpose" in ask.order.form:
        data["purpose"] = form.text("purpose")
    if form.given("destination"):
        data["destination"] = given["destination"]
    if "bay" in ask.order.form:
        data["bay"] = visit_forms.bay(ask, form.text("bay", 40), row["visit"])
    if form.given("until") or form.given("hours"):
        ends_us = visit_forms.until_us(ask, row["kind"], row["opened_us"])
        data |= {"untilus": ends_us, "overdue": 0}
    for name in ("truck", "goods", "bearer"):
        if name in ask.order.form:
            data[name] = int(form.flag(name))
    if "plate" in fields:
        data["vehicle"] = int(bool(who["plate"]))
    data["fields"] = fields
    book(ask, out, EntryType.VISIT_CHANGED, f"visit/{row['visit']}", data, who)
    return {"visit": row["visit"]}


def _open(
    ask: Ask, out: Draft, visit: str, told: Visit, card: Card | None, lane: LanePlan | None
) -> str:
    data: dict[str, object] = {
        "visit": visit,
        "agent": ask.plan.agent,
        "kind": told.kind,
        "card": card.label if card is not None else "",
        "passkind": card.kind.value if card is not None else "",
        "zone": lane.to_zone if lane is not None else "",
        "untilus": told.until_us,
        **told.data,
    }
    if why := ask.form.text("reason", LINE):
        data["reason"] = why
    return book(ask, out, EntryType.VISIT_OPENED, f"visit/{visit}", data, told.personal)


def _things(ask: Ask, told: Visit, card: Card | None) -> list[deposits.Thing]:
    """What is taken against the card; raises `Fault`."""
    form = ask.form
    forms = form.rows("deposits", 8)
    if told.kind == VIEWING and forms:
        raise form.fault("nothing is held for somebody who views a house", "deposits")
    if card is None and forms:
        raise form.fault("a deposit is held against a card: give one out", "card")
    if card is not None and told.kind != VIEWING and not forms and not form.given("reason"):
        says = "a card is given against a deposit: take one, or say why not"
        raise form.fault(says, "deposits")
    owner = told.personal["visitor"] or told.personal["company"] or told.plate
    return deposits.read(ask, forms, owner)


def _entry(ask: Ask) -> LanePlan | None:
    """The lane that is to be opened with it; None where none is."""
    return ask.lane() if ask.form.given("lane") else None


def _tell(ask: Ask) -> Mapping[str, str]:
    """What the guard says to somebody who delivers."""
    texts = ask.books.texts
    return {name: texts[name] for name in _TELL if name in texts}


def _notify(ask: Ask, out: Draft, told: Visit) -> None:
    """Tell those who have to know of this kind of visit, and whom the guard has named."""
    form = ask.form
    audiences, text = _TOLD.get(told.kind, ((), "a visitor was let in"))
    if form.given("notify"):
        audiences = (*audiences, form.choice("notify", notices.AUDIENCES))
    names = ("visitor", "company", "plate", "unit", "host")
    people = [told.personal[name] for name in names] + [str(told.data["bay"])]
    private = " · ".join(filter(None, people))[:LINE]
    for audience in dict.fromkeys(audiences):
        notices.tell(ask, out, audience, text, private, told.until_us)


def _open_needs(order: Order) -> Sequence[Need]:
    return (*visit_forms.open_needs(order), *passes.needs(order), *deposits.needs(order))


def _change_needs(order: Order) -> Sequence[Need]:
    return (*by("visits", "visit")(order), *visit_forms.bay_needs(order))


def _due(now_us: int) -> Sequence[Need]:
    return (Need("visits", "until_us", now_us, "open", _LATE, at_most=True),)


def _swept(ask: Ask, out: Draft) -> None:
    for row in ask.rows(_LATE):
        if not row["overdue"] and row["until_us"] <= ask.now_us:
            data = {
                "visit": row["visit"],
                "card": row["card"],
                "kind": row["kind"],
                "untilus": row["until_us"],
            }
            out.write(EntryType.VISIT_OVERDUE, f"visit/{row['visit']}", data)


BOOK = Book(
    {
        "visit.open": Act(opened, _open_needs, ("card",), admits=True),
        "visit.decline": Act(declined, visit_forms.call_needs),
        "visit.change": Act(changed, _change_needs),
    },
    (Sweep(_due, _swept),),
)
