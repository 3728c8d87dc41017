"""What a person wants of a call: ring, call somebody, take it, note the answer, hang up.

Rules kept here:
- an order is done whole or not at all, and its answer says why not;
- the guard calls while nobody else does: the line of sound is one;
- who was called and declined is not let in by the same call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agent.core import call_legs, calls
from agent.core.booking import LINE
from agent.core.call_state import NO_LINE, Call, Calls, Origin, Outcome, State, Trigger
from agent.core.calls import AGREED, DECLINED, Bar
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, HangUp
from agent.core.facts import Facts
from agent.core.fields import unknown
from agent.core.form import Fault, Form
from agent.core.ids import CallId, LaneId
from agent.core.orders import Order
from agent.core.plan import GatePlan
from agent.core.plan_calls import CallsPlan

FIELDS: Mapping[str, frozenset[str]] = {
    "call.ring": frozenset({"lane"}),
    "call.place": frozenset({"unit", "entry", "lane", "despite", "reason"}),
    "call.answer": frozenset({"call"}),
    "call.decide": frozenset({"call", "answer", "open"}),
    "call.end": frozenset({"call"}),
}
"""By kind of order: the fields of its form."""
KINDS = tuple(FIELDS)
NO_INTERCOM = "this gate has no intercom: the settings have no intercom:"


@dataclass(frozen=True, slots=True)
class Asked:
    """An order about calls, with what it needs to be done."""

    plan: GatePlan
    rules: CallsPlan
    calls: Calls
    order: Order
    facts: Facts
    bar: Bar

    @property
    def form(self) -> Form:
        """What stands in the order's form."""
        return Form(self.order.form)

    def call(self) -> Call:
        """The call that the form names; raises `Fault`."""
        name = self.form.text("call", 64, needed=True)
        found = self.calls.find(name)
        if found is None:
            raise self.form.fault("this call is over", "call", 404)
        return found


Result = tuple[Calls, Mapping[str, object]]


def admits(order: Order) -> bool:
    """Whether the order may let somebody in: then nothing moves before it is written."""
    return order.kind == "call.decide"


def ordered(
    plan: GatePlan, known: Calls, order: Order, facts: Facts, bar: Bar, out: Draft
) -> Calls:
    """Do what ``order`` (its kind is in `KINDS`) wants, and answer it."""
    if plan.calls is None:
        return _refused(known, order, Fault(NO_INTERCOM, code=404), out)
    try:
        _known(order)
        after, result = DOES[order.kind](Asked(plan, plan.calls, known, order, facts, bar), out)
    except Fault as fault:
        return _refused(known, order, fault, out)
    out.do(AnswerOrder(order.order_id, "done", 200, f"{order.kind} is done", result))
    return after


def _known(order: Order) -> None:
    """Raise `Fault` for a field that nobody would look at."""
    for path, name, could_be in unknown(order.form, FIELDS[order.kind]):
        says = "%(word)s is none of: %(known)s"
        raise Fault(says, field=path, word=name, known=", ".join(could_be))


def _refused(known: Calls, order: Order, fault: Fault, out: Draft) -> Calls:
    out.drop()
    told = fault.result()
    out.do(AnswerOrder(order.order_id, "rejected", fault.code, str(fault), told))
    return known


def _ring(ask: Asked, out: Draft) -> Result:
    """``{lane}``: the visitor's button on a screen. Gives ``{call}``, of the one that is on too."""
    lane = _lane(ask)
    if lane not in ask.rules.lanes:
        raise ask.form.fault("lane %(lane)s calls nobody", "lane", 404, lane=lane)
    order = ask.order
    after = calls.visited(
        ask.rules,
        ask.calls,
        lane,
        Origin.SCREEN,
        ask.facts,
        out,
        actor=order.actor,
        cause=order.order_id,
    )
    call = next((each.call for each in after.all if each.lane == lane), None)
    if call is None:
        raise ask.form.fault("too many calls wait already", "lane", 429)
    return after, {"call": call}


def _place(ask: Asked, out: Draft) -> Result:
    """``{unit | entry, lane?, despite?, reason?}``: call by the directory. Gives ``{call}``.

    The open key opens ``lane``. ``despite``: also in quiet hours, which takes a ``reason``.
    """
    form, rules = ask.form, ask.rules
    unit, entry = form.text("unit", 64), form.text("entry", 64)
    if bool(unit) is bool(entry):
        raise form.fault("say whom to call: a unit, or a line of the directory", "unit")
    if ask.calls.active is not None:
        raise form.fault("a call is on already: hang it up first", "call", 409)
    now, despite = out.at, form.flag("despite")
    reason = form.text("reason", LINE, needed=despite)
    if unit:
        legs = call_legs.of_unit(rules, unit, ask.facts, now, despite=despite)
    else:
        legs = call_legs.of_entry(rules, entry, ask.facts, now, despite=despite)
    whom = unit or legs[0].unit
    lane = _lane(ask) if form.given("lane") else None
    order = ask.order
    call = Call(CallId(""), State.WAITING, Origin.GUARD, now.mono_ns, order.order_id, lane, legs)
    data = {**order.where, **({"despite": True, "reason": reason} if despite else {})}
    after, name = calls.begun(rules, ask.calls, call, out, actor=order.actor, unit=whom, data=data)
    return after, {"call": name}


def _answer(ask: Asked, out: Draft) -> Result:
    """``{call}``: the guard talks to the visitor himself; nobody else is called any more."""
    call = ask.call()
    if not call.may(Trigger.ANSWER) or call.origin is Origin.GUARD:
        raise ask.form.fault("this call does not ring here", "call", 409)
    if call.line and call.origin is not Origin.INCOMING:
        out.do(HangUp(call.line))
        call = replace(call, line=NO_LINE)
    call = calls.answered(ask.rules, call, out, actor=ask.order.actor)
    return ask.calls.put(call), {"call": call.call}


def _decide(ask: Asked, out: Draft) -> Result:
    """``{call, answer: agreed | declined, open?}``: what was answered by voice.

    ``open`` opens the lane of the call, once. With what the guard himself decided while it still
    rings, and with whoever declined, the call is over.
    """
    form, call, order = ask.form, ask.call(), ask.order
    answer, opens = form.choice("answer", (AGREED, DECLINED)), form.flag("open")
    if call.origin is Origin.GUARD and call.state is not State.ANSWERED:
        raise form.fault("nobody has answered yet", "call", 409)
    if opens:
        _opening(ask, call, answer)
    call = calls.decided(
        ask.plan,
        call,
        answer,
        ask.bar,
        out,
        by="guard",
        actor=order.actor,
        opens=opens,
        cause=order.order_id,
    )
    result = {"call": call.call, "opened": call.opened}
    if answer == AGREED and call.state is State.ANSWERED:
        return ask.calls.put(call), result
    outcome = Outcome.ANSWERED if answer == AGREED else Outcome.DECLINED
    return calls.ended(ask.rules, ask.calls, call, outcome, out, actor=order.actor), result


def _opening(ask: Asked, call: Call, answer: str) -> None:
    """Raise a `Fault` unless the lane of the call can be opened with this answer."""
    if answer == DECLINED or call.lane is None:
        raise ask.form.fault("nothing is to be opened with this", "open")
    if call.opened:
        raise ask.form.fault("this call has opened once already", "open", 409)
    barred = ask.bar(calls.admitting(ask.plan, call.lane))
    if barred is not None:
        raise barred


def _end(ask: Asked, out: Draft) -> Result:
    """``{call}``: hang up."""
    call = ask.call()
    outcome = Outcome.CANCELLED if call.answered_ns is None else Outcome.ANSWERED
    after = calls.ended(ask.rules, ask.calls, call, outcome, out, actor=ask.order.actor)
    return after, {"call": call.call}


def _lane(ask: Asked) -> LaneId:
    given = ask.form.text("lane", needed=True)
    if LaneId(given) not in ask.plan.lanes:
        lanes = ", ".join(ask.plan.lanes)
        says = "there is no lane %(lane)s here; the lanes are %(lanes)s"
        raise ask.form.fault(says, "lane", 404, lane=given, lanes=lanes)
    return LaneId(given)


DOES: Mapping[str, Callable[[Asked, Draft], Result]] = {
    "call.ring": _ring,
    "call.place": _place,
    "call.answer": _answer,
    "call.decide": _decide,
    "call.end": _end,
}
