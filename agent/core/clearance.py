"""What still keeps a card inside when goods or a truck were looked at.

Rules kept here:
- a card with an open visit, or against which something is held, leaves through that visit's end,
  and by nothing else: looking at goods or a truck opens no arm for it.
"""

from collections.abc import Sequence

from agent.core.ask import Ask
from agent.core.booking import value
from agent.core.draft import Admit, Draft
from agent.core.model import Direction
from agent.core.needs import Need
from agent.core.orders import Order
from agent.core.plan import LanePlan

DEPOSIT_DUE = "deposit_due"


def needs(order: Order) -> Sequence[Need]:
    """What is open for the card that the form names."""
    card = value(order, "card")
    if not card:
        return ()
    return (
        Need("visits", "card", card, "open", "clearance.visits"),
        Need("deposits", "card", card, "held", "clearance.deposits"),
    )


def due(ask: Ask) -> str:
    """What the guard has to do first: ``deposit_due``, or nothing."""
    if ask.rows("clearance.visits") or ask.rows("clearance.deposits"):
        return DEPOSIT_DUE
    return ""


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
