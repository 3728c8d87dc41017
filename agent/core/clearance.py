"""What still keeps a card inside when goods or a truck were looked at.

Rules kept here:
- a card with an open visit, or against which something is held, leaves through that visit's end,
  and by nothing else: looking at goods or a truck opens no arm for it;
- a truck is looked at and goods have their slip, both, before the arm opens for either;
- the duty at the lane goes on to what is left.
"""

from collections.abc import Sequence

from agent.core import issued
from agent.core.access import Duty
from agent.core.ask import Ask
from agent.core.booking import value
from agent.core.draft import Admit, Draft
from agent.core.ids import LaneId
from agent.core.model import Direction
from agent.core.needs import Need
from agent.core.orders import Order
from agent.core.plan import LanePlan
from agent.core.project_visits import duty_of

_VISITS, _HELD = "clearance.visits", "clearance.deposits"


def needs(order: Order) -> Sequence[Need]:
    """What is open for the card that the form names, and at the lane."""
    card = value(order, "card")
    if not card:
        return ()
    return (
        Need("visits", "card", card, "open", _VISITS),
        Need("deposits", "card", card, "held", _HELD),
        Need("duties", "duty", duty_of(value(order, "lane"))),
        *issued.loads(card),
    )


def due(ask: Ask, seen_to: Duty) -> str:
    """What the guard has to do next for the card, now that ``seen_to`` is; empty for nothing."""
    card = ask.form.text("card")
    if not card:
        return ""
    visit = next(iter(ask.rows(_VISITS)), None)
    undone = issued.undone(card, issued.is_truck(ask.plan, card), visit, ask.facts.rows)
    for duty in (Duty.INSPECTION_DUE, Duty.RELEASE_SLIP_DUE):
        if duty in undone and duty is not seen_to:
            return duty.value
    return Duty.DEPOSIT_DUE.value if visit is not None or ask.rows(_HELD) else ""


def next_duty(ask: Ask, lane: LaneId, due_next: str) -> dict[str, object]:
    """What an entry says of the duty that this card has at the lane: what it is from now on."""
    waits = {(row["lane"], row["card"]) for row in ask.rows("duties")}
    if due_next and (lane, ask.form.text("card")) in waits:
        return {"lane": lane, "duty": due_next}
    return {}


def leave(ask: Ask, out: Draft, lane: LanePlan, cause: str) -> None:
    """Let what was looked at out by this lane; with its card, if the form names one."""
    if not ask.form.given("card"):
        out.admit(Admit(lane.lane, Direction.OUT, cause=cause))
        return
    card = ask.card()
    named = {
        "holder": card.holder,
        "unit": card.unit,
        "department": card.department,
        "plate": card.plate,
    }
    told = {name: each for name, each in named.items() if each}
    out.admit(Admit(lane.lane, Direction.OUT, card.label, card.kind.value, cause, told))
