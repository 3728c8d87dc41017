"""Open, close and stop by order of a person.

Rules kept here:
- opening by hand needs a reason and leaves a name; it begins a passage like a grant does;
- closing is refused while a safety input is not clear, and the refusal is written down;
- stop has already acted when it arrives here (it protects, and waits for nothing): it is recorded,
  and the arm stays where it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core import lane
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder
from agent.core.entries import EntryType
from agent.core.ids import LaneId
from agent.core.lane import Grant, LaneState
from agent.core.orders import Order
from agent.core.plan import LanePlan

KINDS = ("open", "close", "stop")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order cannot even be tried: a code as in HTTP, and a sentence."""

    code: int
    sentence: str


def asked(lanes: Mapping[LaneId, LanePlan], order: Order) -> LanePlan | Refusal:
    """The lane that the order is about, or why the order cannot even be tried."""
    if order.kind not in KINDS:
        return Refusal(404, f"{order.kind!r} is not an order for an arm: open, close or stop")
    name = order.args.get("lane", "")
    plan = lanes.get(LaneId(name))
    if plan is None:
        return Refusal(404, f"no lane {name!r} here; the lanes are {', '.join(lanes)}")
    if order.kind == "open" and not order.args.get("reason", "").strip():
        return Refusal(422, "opening by hand needs a reason: say why")
    if order.kind == "close" and not lane.can_lower(plan.arm):
        return Refusal(422, f"lane {name} closes by itself: no relay can close it")
    if order.kind == "stop" and plan.arm.stop is None:
        return Refusal(422, f"lane {name} has no stop relay")
    return plan


def ordered(plan: LanePlan, state: LaneState, order: Order, out: Draft) -> LaneState:
    """Write the order down and do it. `asked` found the lane."""
    data: dict[str, object] = {
        "lane": plan.lane,
        "order": order.kind,
        "origin": order.origin,
        "reason": order.args.get("reason", ""),
    }
    if order.kind == "open":
        passage = out.new_passage()
        cause = _write(plan, order, {**data, "passage": passage}, out)
        _answer(order, out)
        return lane.admit(plan, state, Grant(passage, "", cause), out)
    blocked = lane.blocked_by(plan, state) if order.kind == "close" else ""
    if blocked:
        _write(plan, order, {**data, "refused": blocked}, out)
        out.do(AnswerOrder(order.order_id, "rejected", 423, f"not closing: {blocked}"))
        return state
    _write(plan, order, data, out)
    _answer(order, out)
    return lane.close_ordered(plan, state, out) if order.kind == "close" else lane.halt(state)


def _write(plan: LanePlan, order: Order, data: dict[str, object], out: Draft) -> str:
    return out.write(
        EntryType.ARM_ORDERED,
        f"lane/{plan.lane}",
        data,
        actor=order.actor,
        cause=order.order_id,
    )


def _answer(order: Order, out: Draft) -> None:
    sentence = f"{order.kind} ordered at lane {order.args['lane']}"
    out.do(AnswerOrder(order.order_id, "done", 200, sentence))
