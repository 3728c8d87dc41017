"""Buttons that are wired at a lane: a press is an order of somebody whom nobody knows.

Rules kept here:
- only the change from released to pressed is a press: a button that is pressed when the agent
  starts, or whose wire comes back, asks for nothing;
- the stop button and a held (dead-man) close button have acted at the edge already, by the
  interlock; they are no orders here;
- the visitor's call button moves nothing and is no order (see `agent.core.calls`);
- an exit button lets out and never in, whatever the lane; in a lockdown it does nothing but is
  written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.entries import Entry, EntryType
from agent.core.events import InputChanged
from agent.core.ids import InputId, LaneId, OrderId
from agent.core.model import Direction
from agent.core.orders import Order
from agent.core.plan import Blocked, Button, LanePlan

UNWRITTEN = "the gate cannot write its ledger: nobody is let in by a button until it can"
_REASONS: Mapping[Button, str] = {
    Button.OPEN: "open button",
    Button.EXIT: "exit button",
    Button.CLOSE: "close button",
}


@dataclass(frozen=True, slots=True)
class Wired:
    """A button and the lane it belongs to."""

    lane: LaneId
    button: Button


def wired(plan: LanePlan) -> Mapping[InputId, Wired]:
    """The buttons of a lane by their inputs."""
    return {name: Wired(plan.lane, button) for button, name in plan.arm.buttons.items()}


def admits(button: Button, event: InputChanged) -> bool:
    """Whether this may let somebody in, so that it has to wait until it is written down.

    What it says besides (released, lost, believed again) is kept though nothing can be written.
    """
    return button is Button.OPEN and event.active is True and not event.fault


def pushed(before: bool | None, event: InputChanged) -> bool:
    """Is this the change from released to pressed, of a button that can be believed?"""
    return before is False and event.active is True and not event.fault


def pressed(
    plan: LanePlan, button: Button, before: bool | None, event: InputChanged
) -> Order | None:
    """The order that a button gives; None when it gives none."""
    if not pushed(before, event):
        return None
    if button not in _REASONS or (button is Button.CLOSE and held(plan)):
        return None
    if button is Button.EXIT and plan.direction is Direction.IN:
        return None
    kind = "close" if button is Button.CLOSE else "open"
    args = {"lane": plan.lane, "reason": _REASONS[button]}
    if button is Button.EXIT:
        args["direction"] = Direction.OUT.value
    order_id = OrderId(f"{event.input}:{event.at.mono_ns}")
    return Order(order_id, event.input, "button", kind, args)


def unwritten(
    plan: LanePlan, button: Button, before: bool | None, event: InputChanged
) -> Entry | None:
    """That a button was pressed that lets in, and did nothing, as nothing can be written.

    It is for later; None where no such button was pressed.
    """
    order = pressed(plan, button, before, event) if admits(button, event) else None
    if order is None:
        return None
    data: dict[str, object] = {
        "lane": plan.lane,
        "order": order.kind,
        "origin": order.origin,
        "reason": order.args["reason"],
        "refused": UNWRITTEN,
    }
    subject, kind = f"lane/{plan.lane}", EntryType.ARM_ORDERED
    return Entry(kind, subject, event.at, data, actor=order.actor, cause=order.order_id)


def held(plan: LanePlan) -> bool:
    """Whether the close button of this lane works for as long as it is held."""
    return plan.arm.when_blocked is Blocked.DEAD_MAN
