"""Calls over the intercom: what the lines tell, what keys and times do to a call.

Rules kept here:
- a call that was begun is ended, by one entry, whatever happens between;
- a key opens once, only while somebody talks, and only for who may; nobody opens from a call that
  came in, unless a PIN proves him: an address can be forged;
- a call that nobody answered in time is an alarm until it is answered or over;
- without the intercom the booth's screen rings all the same, and the gate goes on;
- no number is written down.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.core import call_keys, call_legs
from agent.core.call_keys import Meaning
from agent.core.call_state import (
    NO_LINE,
    WAITING,
    Call,
    Calls,
    Leg,
    Origin,
    Outcome,
    State,
    Trigger,
)
from agent.core.draft import Admit, Draft
from agent.core.effects import Accept, Dial, HangUp, StartTimer, StopTimer
from agent.core.entries import EntryType
from agent.core.events import LineTold, Turn, Why
from agent.core.facts import Facts
from agent.core.form import Fault
from agent.core.ids import CallId, LaneId, LineId
from agent.core.model import Direction
from agent.core.plan import GatePlan
from agent.core.plan_calls import CallsPlan, Party

TIMER = "call"
ALARM = "unanswered"
AGREED, DECLINED = "agreed", "declined"
_MS = 1_000_000
_TELL_NS = 60_000_000_000
Bar = Callable[[Admit], Fault | None]
"""Why a lane cannot let somebody through now; None when it can."""


def begun(
    plan: CallsPlan,
    calls: Calls,
    call: Call,
    out: Draft,
    *,
    actor: str = "",
    unit: str = "",
    data: Mapping[str, object] | None = None,
) -> tuple[Calls, str]:
    """Write down that a call begins, and let it ring or wait; gives its id too.

    ``call.cause`` is what caused it, ``unit`` whom it goes to, ``data`` what the entry tells
    besides.
    """
    name = CallId(out.new_id())
    told: dict[str, object] = {"call": name, "origin": call.origin.value, **(data or {})}
    if call.lane is not None:
        told["lane"] = call.lane
    if plan.recorded:
        told["recorded"] = True
    if calls.active is not None:
        told["waiting"] = True
    personal = {"unit": unit} if unit else {}
    subject = replace(call, call=name).subject
    cause = out.write(
        EntryType.CALL_BEGAN, subject, told, personal=personal, actor=actor, cause=call.cause
    )
    call = replace(call, call=name, cause=cause)
    if call.origin in (Origin.BUTTON, Origin.SCREEN):
        out.do(StartTimer(_key("alarm", name), out.at.mono_ns + plan.alarm_ns))
    out.do(StartTimer(_key("end", name), out.at.mono_ns + plan.rings_ns))
    if calls.active is not None:
        return replace(calls, waiting=(*calls.waiting, call)), name
    return _taken_up(plan, replace(calls, active=call), call, out), name


def visited(
    plan: CallsPlan,
    calls: Calls,
    lane: LaneId,
    origin: Origin,
    facts: Facts,
    out: Draft,
    *,
    actor: str,
    cause: str = "",
) -> Calls:
    """A visitor pressed the button of a lane; one press more while his call is on does nothing."""
    if any(call.lane == lane for call in calls.all) or len(calls.waiting) >= WAITING:
        return calls
    legs, silent = call_legs.of_lane(plan, lane, facts, out.at)
    call = Call(CallId(""), State.WAITING, origin, out.at.mono_ns, cause, lane, legs)
    data = {"quiet": silent} if silent else {}
    return begun(plan, calls, call, out, actor=actor, data=data)[0]


def told(plan: GatePlan, calls: Calls, event: LineTold, bar: Bar, out: Draft) -> Calls:
    """The intercom tells of a line; of one that is over it tells nothing new."""
    rules = plan.calls
    if rules is None:
        return calls
    call = calls.on_line(event.line)
    if call is None:
        return _called(rules, calls, event, out) if event.turn is Turn.CALLED else calls
    if event.turn is Turn.RANG and call.state is State.RINGING and call.rang_ns is None:
        calls = calls.put(_rang(call, out))
    elif event.turn is Turn.ANSWERED and call.may(Trigger.ANSWER):
        calls = calls.put(answered(rules, call, out))
    elif event.turn is Turn.KEY and call.state is State.ANSWERED:
        calls = _keyed(plan, rules, calls, call, event.key, bar, out)
    elif event.turn is Turn.ENDED:
        calls = _line_ended(rules, calls, call, event.why, out)
    return calls


def timer(plan: CallsPlan, calls: Calls, name: str, out: Draft) -> Calls:
    """A time is over; one that nobody waits for does nothing."""
    kind, _, which = name.partition("/")
    call = calls.find(which)
    if call is None:
        return calls
    if kind == "leg" and call.state is State.RINGING:
        return _next(plan, calls, call, Why.UNREACHABLE if call.rang_ns is None else None, out)
    if kind == "alarm" and call.state is not State.ANSWERED:
        return calls.put(_alarmed(call, out))
    if kind == "end":
        outcome = Outcome.UNANSWERED if call.answered_ns is None else Outcome.ANSWERED
        return ended(plan, calls, call, outcome, out)
    return calls


def restored(plan: GatePlan, facts: Facts, cause: str, out: Draft) -> None:
    """Calls of an earlier run are over: the agent stopped in between. Nothing is dialled for it."""
    for row in facts.rows.get(call_legs.OPEN_CALLS, ()):
        lane = LaneId(str(row["lane"]))
        data: dict[str, object] = {
            "call": row["call"],
            "outcome": Outcome.INTERRUPTED.value,
            "opened": bool(row["opened"]),
        }
        subject = "intercom"
        if lane in plan.lanes:
            data["lane"], subject = lane, f"lane/{lane}"
        out.write(EntryType.CALL_ENDED, subject, data, cause=cause)


def answered(plan: CallsPlan, call: Call, out: Draft, *, actor: str = "") -> Call:
    """Somebody talks to the visitor: the alarm is over, and the time to talk begins."""
    data = _data(call, waitms=(out.at.mono_ns - call.began_ns) // _MS)
    if actor:
        data["by"] = Party.BOOTH.value
    else:
        data |= {"by": call.leg.party.value, **_entry(call.leg)}
    out.write(EntryType.CALL_ANSWERED, call.subject, data, actor=actor, cause=call.cause)
    call = replace(_unalarmed(call, out), answered_ns=out.at.mono_ns)
    out.do(StopTimer(_key("leg", call.call)))
    out.do(StopTimer(_key("alarm", call.call)))
    out.do(StartTimer(_key("end", call.call), out.at.mono_ns + plan.talk_ns))
    return call.moved(Trigger.ANSWER)


def decided(
    plan: GatePlan,
    call: Call,
    answer: str,
    bar: Bar,
    out: Draft,
    *,
    by: str,
    actor: str,
    opens: bool,
    cause: str = "",
) -> Call:
    """Write down that who was called agreed or declined; open the lane where that is wanted."""
    data = _data(call, answer=answer, by=by)
    admit = None
    if opens and call.lane is not None and not call.opened:
        admit = admitting(plan, call.lane, out.next_id(), actor)
        barred = bar(admit)
        if barred is not None:
            data["refused"], admit = str(barred), None
    data["opened"] = admit is not None
    out.write(EntryType.CALL_DECIDED, call.subject, data, actor=actor, cause=cause or call.cause)
    if admit is not None:
        out.admit(admit)
    return replace(call, answer=answer, opened=call.opened or admit is not None)


def ended(
    plan: CallsPlan, calls: Calls, call: Call, outcome: Outcome, out: Draft, *, actor: str = ""
) -> Calls:
    """The call is over; the next one that waits is taken up."""
    for kind in ("leg", "alarm", "end"):
        out.do(StopTimer(_key(kind, call.call)))
    if call.line:
        out.do(HangUp(call.line))
    call = _unalarmed(call, out).moved(Trigger.END)
    talked = 0 if call.answered_ns is None else out.at.mono_ns - call.answered_ns
    data = _data(call, outcome=outcome.value, opened=call.opened)
    data |= {"tookms": (out.at.mono_ns - call.began_ns) // _MS, "talkms": talked // _MS}
    if call.answer:
        data["answer"] = call.answer
    if call.typed.wrong:
        data["wrong"] = call.typed.wrong
    out.write(EntryType.CALL_ENDED, call.subject, data, actor=actor, cause=call.cause)
    if calls.active is None or calls.active.call != call.call:
        left = tuple(each for each in calls.waiting if each.call != call.call)
        return replace(calls, waiting=left)
    if not calls.waiting:
        return replace(calls, active=None)
    first, *rest = calls.waiting
    return _taken_up(plan, replace(calls, active=first, waiting=tuple(rest)), first, out)


def _taken_up(plan: CallsPlan, calls: Calls, call: Call, out: Draft) -> Calls:
    """The line of sound is free for this call."""
    if call.origin is Origin.INCOMING:
        out.do(Accept(call.line, call.lane))
        return calls.put(replace(call.moved(Trigger.RING), rang_ns=call.began_ns))
    return _next(plan, calls.put(call), call, None, out, first=True)


def _next(
    plan: CallsPlan, calls: Calls, call: Call, why: Why | None, out: Draft, *, first: bool = False
) -> Calls:
    """Call the next one; ``why`` the last one did not answer, None when the time was over."""
    if not first:
        leg = call.leg
        rang = 0 if call.rang_ns is None else out.at.mono_ns - call.rang_ns
        data = _data(call, party=leg.party.value, rangms=rang // _MS, **_entry(leg))
        data["why"] = "time" if why is None else why.value
        out.write(EntryType.CALL_MISSED, call.subject, data, cause=call.cause)
        if call.line:
            out.do(HangUp(call.line))
    call = replace(call, line=NO_LINE, rang_ns=None)
    if call.at + 1 == len(call.legs):
        return ended(plan, calls, call, Outcome.UNANSWERED, out)
    call = replace(call.moved(Trigger.RING), at=call.at + 1)
    leg = call.leg
    out.do(StartTimer(_key("leg", call.call), out.at.mono_ns + leg.ring_ns))
    if not leg.number:
        return calls.put(_rang(call, out))
    call = replace(call, line=LineId(f"{call.call}.{call.at + 1}"))
    out.do(Dial(call.line, leg.number, call.lane))
    return calls.put(call)


def _called(plan: CallsPlan, calls: Calls, event: LineTold, out: Draft) -> Calls:
    """Somebody calls us: the control room is taken, or waits; everybody else is turned away."""
    if call_legs.from_control(plan, event.peer) and len(calls.waiting) < WAITING:
        call = Call(
            CallId(""),
            State.WAITING,
            Origin.INCOMING,
            out.at.mono_ns,
            "",
            plan.home,
            (Leg(Party.CONTROL, plan.rings_ns, may_open=bool(plan.keys.pin)),),
            0,
            event.line,
        )
        return begun(plan, calls, call, out)[0]
    out.do(HangUp(event.line))
    calls = replace(calls, refused=calls.refused + 1)
    if calls.told_ns is not None and out.at.mono_ns - calls.told_ns < _TELL_NS:
        return calls
    out.write(EntryType.CALL_REFUSED, "intercom", {"count": calls.refused})
    return replace(calls, refused=0, told_ns=out.at.mono_ns)


def _rang(call: Call, out: Draft) -> Call:
    leg = call.leg
    data = _data(call, party=leg.party.value, **_entry(leg))
    named = {"host": leg.name, "unit": leg.unit}
    personal = {name: value for name, value in named.items() if value}
    out.write(EntryType.CALL_RANG, call.subject, data, personal=personal, cause=call.cause)
    return replace(call, rang_ns=out.at.mono_ns)


def _line_ended(plan: CallsPlan, calls: Calls, call: Call, why: Why, out: Draft) -> Calls:
    call = replace(call, line=NO_LINE)
    if call.state is State.ANSWERED:
        outcome = Outcome.ANSWERED if why is Why.HUNG_UP else Outcome.LOST
        return ended(plan, calls, call, outcome, out)
    if call.origin is Origin.INCOMING:
        return ended(plan, calls, call, Outcome.CANCELLED, out)
    return _next(plan, calls, call, why, out)


def _keyed(
    plan: GatePlan, rules: CallsPlan, calls: Calls, call: Call, key: str, bar: Bar, out: Draft
) -> Calls:
    typed, meaning = call_keys.pressed(rules.keys, call.typed, key)
    call = replace(call, typed=typed)
    leg = call.leg
    if meaning is Meaning.WRONG:
        data = _data(call, party=leg.party.value, wrong=typed.wrong)
        out.write(EntryType.CALL_MISKEYED, call.subject, data, actor=leg.who, cause=call.cause)
    elif meaning is Meaning.OPEN and not call.opened and (leg.may_open or call.answer != AGREED):
        call = decided(plan, call, AGREED, bar, out, by="key", actor=leg.who, opens=leg.may_open)
        if leg.may_open and call.lane is not None and not call.opened:
            # Who presses it again and again makes no journal full of it.
            call = replace(call, typed=replace(typed, wrong=typed.wrong + 1))
    elif meaning is Meaning.DECLINE and not call.opened:
        call = decided(plan, call, DECLINED, bar, out, by="key", actor=leg.who, opens=False)
        return ended(rules, calls, call, Outcome.DECLINED, out, actor=leg.who)
    return calls.put(call)


def _alarmed(call: Call, out: Draft) -> Call:
    raised = EntryType.ALARM_RAISED
    return replace(call, alarm=_alarm(raised, call.subject, call.call, call.lane, call.cause, out))


def _unalarmed(call: Call, out: Draft) -> Call:
    if not call.alarm:
        return call
    _alarm(EntryType.ALARM_ENDED, call.subject, call.call, call.lane, call.alarm, out)
    return replace(call, alarm="")


def _alarm(
    kind: EntryType, subject: str, call: str, lane: LaneId | None, cause: str, out: Draft
) -> str:
    """Only visitors' calls are alarms, and these have a lane."""
    data = {"alarm": ALARM, "step": "alarm", "level": 1, "call": call, "lane": lane}
    return out.write(kind, subject, data, cause=cause)


def admitting(plan: GatePlan, lane: LaneId, cause: str = "", actor: str = "") -> Admit:
    """Let the visitor of this lane through: in, unless the lane leads out alone."""
    way = plan.lanes[lane].direction
    return Admit(lane, Direction.IN if way is Direction.BOTH else way, cause=cause, actor=actor)


def _data(call: Call, **more: object) -> dict[str, object]:
    lane: dict[str, object] = {} if call.lane is None else {"lane": call.lane}
    return {"call": call.call, **lane, **more}


def _entry(leg: Leg) -> dict[str, object]:
    return {"entry": leg.entry, "position": leg.position} if leg.entry else {}


def _key(kind: str, call: str) -> str:
    return f"{TIMER}:{kind}/{call}"
