"""What a person wants of an arm: open, priority, close, stop, hold open, release, clear a fault.

Rules kept here:
- an order names what is wanted, never a change of it: there is no toggle;
- opening by hand, holding open and clearing a fault need a reason and leave a name; a priority
  passage asks nothing. Opening begins a passage like a grant does;
- what a lock, a hold, a fault or a safety input forbids is refused, and the refusal is written
  down; in a lockdown only a named person is let out;
- stop has already acted when it arrives here (it protects, and waits for nothing): it is recorded,
  and the arm stays where it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.core import lane, motion
from agent.core.arm import REFUSES, TABLE, Lock, State, Trigger
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder
from agent.core.entries import EntryType
from agent.core.ids import LaneId
from agent.core.lane import LaneState
from agent.core.model import Direction
from agent.core.orders import Order
from agent.core.passages import Grant
from agent.core.plan import LanePlan

TRIGGERS: Mapping[str, Trigger] = {
    "open": Trigger.OPEN,
    "priority": Trigger.OPEN,
    "close": Trigger.CLOSE,
    "stop": Trigger.STOP,
    "hold_open": Trigger.HOLD,
    "release_hold": Trigger.RELEASE,
    "fault.clear": Trigger.CLEAR,
}
KINDS = tuple(TRIGGERS)
CONVOY = 50
"""So many vehicles at most pass on one grant."""
_REASONS = {
    "open": "opening by hand",
    "hold_open": "holding open",
    "fault.clear": "clearing a fault",
}
_NOT: Mapping[Trigger, str] = {
    Trigger.OPEN: "not opening",
    Trigger.CLOSE: "not closing",
    Trigger.STOP: "not stopping",
    Trigger.HOLD: "not holding it open",
    Trigger.RELEASE: "not releasing",
    Trigger.CLEAR: "not clearing",
}
_LOCKED: Mapping[Lock, str] = {
    Lock.FIRE: "fire, the arm stays up until the fire is reset",
    Lock.LOCKDOWN: "lockdown, only a named person is let out: open, and say for whom",
    Lock.ENTRY: "lockdown, held open it would let out as well as in",
}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order cannot be done: a code as in HTTP, and a sentence."""

    code: int
    sentence: str


def admits(order: Order) -> bool:
    """Whether the order may let somebody in: then nothing moves before it is written."""
    return TRIGGERS.get(order.kind) in {Trigger.OPEN, Trigger.HOLD}


def asked(lanes: Mapping[LaneId, LanePlan], order: Order) -> LanePlan | Refusal:
    """The lane that the order is about, or why the order cannot even be tried."""
    if order.kind not in TRIGGERS:
        known = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
        return Refusal(404, f"{order.kind!r} is not an order for an arm: {known}")
    name = order.args.get("lane", "")
    plan = lanes.get(LaneId(name))
    if plan is None:
        return Refusal(404, f"no lane {name!r} here; the lanes are {', '.join(lanes)}")
    sentence = _senseless(plan, order)
    return Refusal(422, sentence) if sentence else plan


def ordered(plan: LanePlan, state: LaneState, order: Order, out: Draft) -> LaneState:
    """Write the order down and do it. `asked` found the lane."""
    trigger = TRIGGERS[order.kind]
    data: dict[str, object] = {
        "lane": plan.lane,
        "order": order.kind,
        "origin": order.origin,
        "reason": order.args.get("reason", ""),
        **order.where,
    }
    if order.kind == "priority" and (announced := order.args.get("announced", "").strip()):
        data["announced"] = announced
    until = _until(order, out)
    refusal = until if isinstance(until, Refusal) else _refused(plan, state, order)
    if refusal is not None:
        _write(plan, order, {**data, "refused": refusal.sentence}, out)
        sentence = f"{_NOT[trigger]}: {refusal.sentence}"
        out.do(AnswerOrder(order.order_id, "rejected", refusal.code, sentence))
        return state
    if trigger is Trigger.OPEN:
        return _opened(plan, state, order, data, out)
    until_ns = None
    if isinstance(until, timedelta):
        us = until // _MICROSECOND
        until_ns = out.at.mono_ns + us * 1_000
        data |= {"until": order.args["until"], "untilus": out.at.wall_us + us}
    if trigger is Trigger.CLEAR:
        data["fault"] = state.arm.fault
    _write(plan, order, data, out)
    _answer(order, out)
    return lane.ordered(plan, state, trigger, out, until_ns=until_ns)


def _opened(
    plan: LanePlan, state: LaneState, order: Order, data: dict[str, object], out: Draft
) -> LaneState:
    """Begin a passage, as a grant does; a convoy is one grant with a count."""
    passage = out.new_passage()
    count = int(order.args.get("count", "1")) if order.kind == "priority" else 1
    if count > 1:
        data = {**data, "count": count}
    cause = _write(plan, order, {**data, "passage": passage}, out)
    _answer(order, out)
    grant = Grant(passage, "", cause, direction=_direction(plan, order), count=count)
    return lane.admit(plan, state, grant, out)


def _direction(plan: LanePlan, order: Order) -> Direction:
    """Which way the order lets somebody go; at a two-way lane in, unless it says out."""
    if plan.direction is not Direction.BOTH:
        return plan.direction
    return Direction.OUT if order.args.get("direction") == Direction.OUT else Direction.IN


def _senseless(plan: LanePlan, order: Order) -> str:
    """Why this order can never be done at this lane, or not like this; empty when it can."""
    arm, kind, name = plan.arm, order.kind, plan.lane
    if kind in _REASONS and not order.args.get("reason", "").strip():
        return f"{_REASONS[kind]} needs a reason: say why"
    if kind == "close" and not motion.can_lower(arm):
        return f"lane {name} closes by itself: no relay can close it"
    if kind == "hold_open" and not motion.can_hold(arm):
        return f"lane {name} closes by itself: nothing can hold it open"
    if kind == "stop" and not motion.can_stop(arm):
        return f"lane {name} has no stop relay"
    return _misspelt(order)


def _misspelt(order: Order) -> str:
    """What of the order's arguments cannot be read; empty when all can."""
    if order.args.get("direction", "in") not in {"in", "out"}:
        return f"direction {order.args['direction']!r} is neither in nor out"
    count = order.args.get("count", "1")
    good = count.isascii() and count.isdecimal() and len(count) < 4 and 1 <= int(count) <= CONVOY
    if order.kind == "priority" and not good:
        return f"count {count!r} is not a number of vehicles: 1 to {CONVOY}"
    return ""


def _refused(plan: LanePlan, state: LaneState, order: Order) -> Refusal | None:
    """Why this order cannot be done now; None when it can."""
    arm, trigger = state.arm, TRIGGERS[order.kind]
    if trigger is Trigger.CLEAR and arm.state is not State.FAULTED:
        return Refusal(409, "the arm has no fault")
    if trigger is Trigger.RELEASE and not arm.held:
        return Refusal(409, "the arm is not held open")
    lock = _lock(plan, arm.lock, order)
    if trigger in REFUSES[lock]:
        return Refusal(423, _LOCKED[lock])
    if arm.state is State.FAULTED and (
        (arm.state, trigger) not in TABLE
        or (trigger is Trigger.OPEN and not motion.can_open(plan, arm, state.levels))
    ):
        return Refusal(423, f"the arm is faulted, clear the fault first: {arm.fault}")
    if (arm.state, trigger) not in TABLE:
        return Refusal(423, "the arm is held open, release it first")
    blocked = motion.blocked_by(plan, state.levels) if trigger is Trigger.CLOSE else ""
    return Refusal(423, blocked) if blocked else None


def _lock(plan: LanePlan, lock: Lock, order: Order) -> Lock:
    """What binds this order: a named person is let out, and who leaves by a two-way lane is not."""
    if order.kind == "open" and order.args.get("for", "").strip() and lock is not Lock.FIRE:
        return Lock.NONE
    leaves = TRIGGERS[order.kind] is Trigger.OPEN and _direction(plan, order) is Direction.OUT
    return Lock.LOCKDOWN if leaves and lock is Lock.ENTRY else lock


def _until(order: Order, out: Draft) -> timedelta | Refusal | None:
    """How long a hold is to last; None: until it is released."""
    text = order.args.get("until", "")
    if order.kind != "hold_open" or not text:
        return None
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        end = None
    if end is None or end.tzinfo is not None:
        return Refusal(422, f"until {text!r} is not a local time such as 2026-03-04T18:00")
    if not out.at.quality.trusted:
        return Refusal(422, "the clock cannot be trusted: hold it open without an end")
    if end <= out.local:
        return Refusal(422, f"until {text} has passed")
    return end - out.local


def _write(plan: LanePlan, order: Order, data: dict[str, object], out: Draft) -> str:
    kind = EntryType.ARM_ORDERED
    if order.kind == "fault.clear" and "refused" not in data:
        kind = EntryType.ARM_CLEARED
    who = order.args.get("for", "").strip()
    return out.write(
        kind,
        f"lane/{plan.lane}",
        data,
        personal={"holder": who} if who else None,
        actor=order.actor,
        cause=order.order_id,
    )


def _answer(order: Order, out: Draft) -> None:
    sentence = f"{order.kind} ordered at lane {order.args['lane']}"
    out.do(AnswerOrder(order.order_id, "done", 200, sentence))
