"""The way out: the card back, the deposit back, and only then the arm.

Rules kept here:
- whoever leaves gives the card back, and every thing that is held for him gets its end; what is
  left behind by somebody who is gone already stays held until it is fetched;
- a truck is looked at, and goods have their slip, before the arm opens for the end of a visit;
- a guard may open although something is still open, with a reason: the visit stays open, what is
  held stays held, and the record says so;
- a visit that was written down by mistake is undone: the card is back and nothing was ever taken.
"""

from collections.abc import Mapping, Sequence

from agent.core import deposits, issued, passes
from agent.core.access import Duty, words
from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, by, conflict, found, reason, value
from agent.core.draft import Admit, Draft
from agent.core.entries import EntryType
from agent.core.form import Form
from agent.core.model import CardStatus, Direction
from agent.core.needs import Need, Row, Rows
from agent.core.orders import Order
from agent.core.plan import LanePlan
from agent.core.project_passes import is_pass
from agent.core.project_visits import duty_of

LEFT, CARD_LOST, WITHOUT_TAP = "left", "card_lost", "without_tap"
ELSEWHERE, MISTAKE = "elsewhere", "mistake"
OUTCOMES = (LEFT, CARD_LOST, WITHOUT_TAP, ELSEWHERE, MISTAKE)
"""How a visit ends: through this gate, without the card, long gone with the card found at the desk,
through another gate, or never begun."""


_WHO = ("visitor", "company", "unit", "department", "plate")


def ended(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{visit, card_back, deposits: [{deposit, end, to?, why?, receipt_lost?}], lane?, outcome}``.

    Gives ``{visit, card, kept: [deposits that stay held]}``; with ``lane`` that exit opens.
    """
    form, row = ask.form, found(ask, "visits", "visit", "open")
    outcome = form.choice("outcome", OUTCOMES, LEFT)
    why = form.text("reason", LINE, needed=outcome == MISTAKE)
    lane = _exit(ask, row, outcome)
    is_back = _card_back(ask, row, outcome)
    ends, kept = _ends(ask, outcome)
    for deposit, each in ends:
        deposits.end(ask, out, deposit, each)
    for deposit in kept if outcome == MISTAKE else ():
        deposits.reverse(ask, out, deposit, why)
    _put_away(ask, out, row, outcome, why, is_back=is_back)
    left = [] if outcome == MISTAKE else [str(each["deposit"]) for each in kept]
    data: dict[str, object] = {
        "visit": row["visit"],
        "card": row["card"],
        "kind": row["kind"],
        "outcome": outcome,
        "cardback": is_back,
        "kept": left,
        "duties": [each["lane"] for each in ask.rows("duties")],
    }
    if why:
        data["reason"] = why
    if lane is not None:
        data["lane"] = lane.lane
    cause = book(ask, out, EntryType.VISIT_ENDED, f"visit/{row['visit']}", data, _who(row))
    if lane is not None:
        _open(out, lane, row, cause)
    return {"visit": row["visit"], "card": row["card"], "kept": left}


def overridden(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{visit | card, lane, reason}``: opens the exit although something is still open."""
    form = ask.form
    why, lane = reason(form), ask.lane()
    if form.given("visit"):
        row: Row = found(ask, "visits", "visit", "open")
    else:
        row = _bearer(ask)
    held = [str(each["deposit"]) for each in ask.rows("deposits") if each["visit"] == row["visit"]]
    duty = next((str(each["kind"]) for each in ask.rows("duties")), "")
    data: dict[str, object] = {
        "visit": row["visit"],
        "card": row["card"],
        "lane": lane.lane,
        "duty": duty,
        "held": held,
        "reason": why,
    }
    subject = f"visit/{row['visit']}" if row["visit"] else f"card/{row['card']}"
    cause = book(ask, out, EntryType.VISIT_OVERRIDDEN, subject, data, _who(row))
    _open(out, lane, row, cause)
    return {"visit": row["visit"], "card": row["card"], "held": held}


def _bearer(ask: Ask) -> Row:
    """The card that the form names, as a visit that has it; raises `Fault`."""
    card = ask.card()
    visit = next(iter(ask.rows("visits")), None)
    if visit is not None:
        return visit
    if card.status is not CardStatus.ACTIVE:
        says = "card %(card)s is not in use (%(status)s): open by hand"
        raise conflict(says, "card", card=card.label, status=card.status.value)
    who = {"visitor": card.holder, "unit": card.unit, "plate": card.plate}
    who["department"] = card.department
    return {"visit": "", "card": card.label, "pass_kind": card.kind.value, "personal": who}


def _exit(ask: Ask, row: Row, outcome: str) -> LanePlan | None:
    """The lane that is to be opened; raises `Fault` where something has to be looked at first."""
    if not ask.form.given("lane"):
        return None
    if outcome not in {LEFT, CARD_LOST}:
        raise ask.form.fault("who is not at the gate needs no open lane", "lane")
    lane = ask.lane()
    due = issued.undone(row["card"], False, row, ask.facts.rows)
    for duty in (Duty.INSPECTION_DUE, Duty.RELEASE_SLIP_DUE):
        if duty in due:
            raise conflict(words(duty), "lane")
    return lane


def _card_back(ask: Ask, row: Row, outcome: str) -> bool:
    """Is the card back? Raises `Fault` where it has to be, or cannot be."""
    form, card = ask.form, row["card"]
    is_back = bool(card) and form.flag("card_back")
    if is_back and outcome == CARD_LOST:
        raise form.fault("the card cannot be lost and back", "card_back")
    if is_back and _is_pass(row):
        raise form.fault("a pass is no card: there is nothing to give back", "card_back")
    missed = bool(card) and not is_back and not _known_lost(ask) and not _is_pass(row)
    if missed and outcome in {LEFT, WITHOUT_TAP, MISTAKE}:
        says = "take card %(card)s back, or say that it is lost"
        raise form.fault(says, "card_back", card=card)
    return is_back


def _is_pass(row: Row) -> bool:
    """Did he come by a QR pass, so that no card was given out?"""
    return is_pass(row["card"])


def _known_lost(ask: Ask) -> bool:
    return any(row["state"] == passes.LOST for row in ask.rows("passes"))


def _ends(ask: Ask, outcome: str) -> tuple[list[tuple[Row, Form]], list[Row]]:
    """What ends, with its form, and what stays held; raises `Fault`."""
    held = {str(each["deposit"]): each for each in ask.rows("deposits")}
    ends: list[tuple[Row, Form]] = []
    for form in ask.form.rows("deposits"):
        name = form.text("deposit", 100, needed=True)
        if name not in held:
            raise form.fault("this is not held for this visit", "deposit", 409)
        ends.append((held.pop(name), form))
    kept = list(held.values())
    if kept and outcome == LEFT:
        says = "something is still held (%(what)s): say what becomes of it"
        what = ", ".join(f"{each['kind']} {each['pocket']}".strip() for each in kept)
        raise ask.form.fault(says, "deposits", 409, what=what)
    if ends and outcome == MISTAKE:
        says = "what was written down by mistake was never taken: nothing of it ends"
        raise ask.form.fault(says, "deposits")
    return ends, kept


def _put_away(ask: Ask, out: Draft, row: Row, outcome: str, why: str, *, is_back: bool) -> None:
    """Write down where the card is."""
    if is_back:
        passes.back(ask, out, row["card"], row["visit"])
    elif row["card"] and outcome == CARD_LOST and not (_known_lost(ask) or _is_pass(row)):
        passes.missing(ask, out, row["card"], row["visit"], why)


def _who(row: Row) -> dict[str, str]:
    """Who it was; the rest stays where it was written first."""
    return {name: row["personal"][name] for name in _WHO if row["personal"].get(name)}


def _open(out: Draft, lane: LanePlan, row: Row, cause: str) -> None:
    who = issued.named(row)
    out.admit(Admit(lane.lane, Direction.OUT, row["card"], row["pass_kind"], cause, who))


def _end_needs(order: Order) -> Sequence[Need]:
    visit = value(order, "visit")
    return (
        Need("visits", "visit", visit),
        Need("deposits", "visit", visit, "held"),
        Need("passes", "visit", visit),
        Need("duties", "visit", visit),
    )


def _end_then(order: Order, rows: Rows) -> Sequence[Need]:
    del order
    cards = {row["card"] for row in rows.get("visits", ())} - {""}
    return tuple(need for card in cards for need in issued.loads(card))


def _override_needs(order: Order) -> Sequence[Need]:
    visit, card = value(order, "visit"), value(order, "card")
    duties = Need("duties", "duty", duty_of(value(order, "lane")))
    if visit:
        return (*by("visits", "visit")(order), Need("deposits", "visit", visit, "held"), duties)
    held = Need("deposits", "card", card, "held")
    return (Need("visits", "card", card, "open"), held, duties)


BOOK = Book(
    {
        "visit.end": Act(ended, _end_needs, admits=True, then=_end_then),
        "visit.override": Act(overridden, _override_needs, ("card",), admits=True),
    }
)
