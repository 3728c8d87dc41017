"""Fire and lockdown of the whole gate: raised at once, latched, lifted only by a person.

Rules kept here:
- a fire contact that reads active, or on which the interlock has raised an arm, latches the fire;
  bouncing raises it once, and a restart neither ends nor repeats it;
- a fire contact that cannot be read is an alarm and nothing else: nothing moves for it;
- fire may be called by a person: at once and without a reason, and who called it is written down
  also when it burns already;
- a fire is reset by a person, with a reason, and only while its contact is known to be quiet;
- lockdown begins by its button or by order, and is lifted by order while nobody presses the
  button; a button that is stuck or cannot be read forbids nothing;
- fire goes before lockdown: nobody is kept in while it burns; a lockdown waits behind it;
- what is already as it was wanted is answered with done and written down nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, HoldFire
from agent.core.entries import EntryType
from agent.core.events import InputChanged, Protected
from agent.core.facts import Mode
from agent.core.orders import Order
from agent.core.plan import GatePlan

FIRE, LOCKDOWN, NONE = "fire", "lockdown", "none"
KINDS = (FIRE, "lockdown", "lift_lockdown", "fire_reset")
_SUBJECT = "gate"
_ALARM = "fire_input"


@dataclass(frozen=True, slots=True)
class Emergency:
    """What is in force, and what the inputs of the whole gate said last (None: unknown).

    ``unread`` is the id of the entry of the alarm that the fire contact cannot be read; empty while
    it can.
    """

    fire: bool = False
    fire_input: bool | None = None
    lockdown: bool = False
    lockdown_input: bool | None = None
    unread: str = ""


def name(emergency: Emergency) -> str:
    """``fire``, ``lockdown`` or ``none``: what counts now."""
    if emergency.fire:
        return FIRE
    return LOCKDOWN if emergency.lockdown else NONE


def locked_down(emergency: Emergency) -> bool:
    """Is nobody let out without his name? Not while it burns."""
    return emergency.lockdown and not emergency.fire


def restored(modes: Iterable[Mode], out: Draft) -> Emergency:
    """What an earlier run left in force is still so. Nothing moves and nothing is written."""
    names = {mode.name for mode in modes}
    if FIRE in names:
        out.do(HoldFire(on=True))
    return Emergency(fire=FIRE in names, lockdown=LOCKDOWN in names)


def input_changed(plan: GatePlan, state: Emergency, event: InputChanged, out: Draft) -> Emergency:
    """An input has a new level; other inputs than the two of the whole gate change nothing."""
    if event.input == plan.emergency.fire:
        state = _read(replace(state, fire_input=event.active), event, out)
        return _burns(state, event.input, out) if event.active else state
    if event.input == plan.emergency.lockdown:
        # One that is stuck is not pressed by anybody: it must not forbid for ever to lift.
        level = None if event.fault else event.active
        pressed = level is True and state.lockdown_input is not True
        state = replace(state, lockdown_input=level)
        if pressed and not state.lockdown:
            out.write(EntryType.EMERGENCY_RAISED, _SUBJECT, _by(LOCKDOWN, event.input))
            return replace(state, lockdown=True)
    return state


def protected(state: Emergency, event: Protected, out: Draft) -> Emergency:
    """The interlock has raised an arm; for a fire this latches it, however short the contact."""
    if event.what != FIRE:
        return state
    return _burns(state, event.because or event.output, out)


def ordered(plan: GatePlan, state: Emergency, order: Order, out: Draft) -> Emergency:
    """Begin or lift by order of a person. ``order.kind`` is one of `KINDS`."""
    if order.kind == FIRE:
        return _called(state, order, out)
    if not order.args.get("reason", "").strip():
        _answer(order, 422, f"{order.kind} needs a reason: say why", out)
        return state
    match order.kind:
        case "lockdown":
            if state.lockdown:
                return _already(state, order, "a lockdown is already in force", out)
            _write(EntryType.EMERGENCY_RAISED, LOCKDOWN, order, out)
            _answer(order, 200, "lockdown: entry only until it is lifted", out)
            return replace(state, lockdown=True)
        case "lift_lockdown":
            return _lift_lockdown(state, order, out)
        case _:
            return _reset_fire(plan, state, order, out)


def _called(state: Emergency, order: Order, out: Draft) -> Emergency:
    """Somebody calls fire. The interlock has raised the arms when this comes."""
    _write(EntryType.EMERGENCY_RAISED, FIRE, order, out)
    out.do(HoldFire(on=True))
    _answer(order, 200, "fire: every arm goes up and stays up until the fire is reset", out)
    return replace(state, fire=True)


def _lift_lockdown(state: Emergency, order: Order, out: Draft) -> Emergency:
    if not state.lockdown:
        return _already(state, order, "no lockdown is in force", out)
    if state.lockdown_input:
        sentence = "the lockdown button is still pressed: release it, then lift the lockdown"
        _answer(order, 423, sentence, out)
        return state
    _write(EntryType.EMERGENCY_LIFTED, LOCKDOWN, order, out)
    _answer(order, 200, "the lockdown is lifted", out)
    return replace(state, lockdown=False)


def _reset_fire(plan: GatePlan, state: Emergency, order: Order, out: Draft) -> Emergency:
    if not state.fire:
        return _already(state, order, "no fire is latched", out)
    if plan.emergency.fire is not None and state.fire_input is not False:
        active, unknown = "still active: clear it at the fire panel", "unknown: look at its wiring"
        found = active if state.fire_input else unknown
        _answer(order, 423, f"the fire input is {found}, then reset", out)
        return state
    _write(EntryType.EMERGENCY_LIFTED, FIRE, order, out)
    out.do(HoldFire(on=False))
    _answer(order, 200, "the fire is reset; the arms stay as they are", out)
    return replace(state, fire=False)


def _burns(state: Emergency, by: str, out: Draft) -> Emergency:
    if state.fire:
        return state
    out.write(EntryType.EMERGENCY_RAISED, _SUBJECT, _by(FIRE, by))
    out.do(HoldFire(on=True))
    return replace(state, fire=True)


def _read(state: Emergency, event: InputChanged, out: Draft) -> Emergency:
    """Raise the alarm of an unreadable fire contact once, and end it once."""
    data: dict[str, object] = {"alarm": _ALARM, "step": "alarm", "level": 1, "input": event.input}
    if event.active is None and not state.unread:
        data["detail"] = event.fault or "the fire contact cannot be read"
        return replace(state, unread=out.write(EntryType.ALARM_RAISED, _SUBJECT, data))
    if event.active is not None and state.unread:
        out.write(EntryType.ALARM_ENDED, _SUBJECT, data, cause=state.unread)
        return replace(state, unread="")
    return state


def _by(emergency: str, name: str) -> dict[str, object]:
    return {"emergency": emergency, "by": name}


def _write(kind: EntryType, emergency: str, order: Order, out: Draft) -> None:
    data: dict[str, object] = {
        "emergency": emergency,
        "origin": order.origin,
        "reason": order.args.get("reason", ""),
        **order.where,
    }
    out.write(kind, _SUBJECT, data, actor=order.actor, cause=order.order_id)


def _already(state: Emergency, order: Order, sentence: str, out: Draft) -> Emergency:
    _answer(order, 200, f"{sentence}: nothing to do", out)
    return state


def _answer(order: Order, code: int, sentence: str, out: Draft) -> None:
    status = "done" if code == 200 else "rejected"
    out.do(AnswerOrder(order.order_id, status, code, sentence))
