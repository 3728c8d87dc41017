"""From settings to what the calls of the gate go by.

Rules kept here:
- PINs are read where the daemon is put together, and by nobody who only looks at settings;
- the control room is heard at the first lane that calls somebody, unless told.
"""

from dataclasses import replace
from datetime import timedelta

from agent import keys
from agent.core.ids import LaneId
from agent.core.plan import DuressPlan, GatePlan
from agent.core.plan_calls import CallsPlan, Keys, Party, Step
from agent.keys import needed
from agent.settings import Settings
from agent.settings.intercom import CallStep
from agent.settings.units import nanoseconds


def calls_plan(settings: Settings) -> CallsPlan | None:
    """Whom the gate calls, without the PIN; None where there is no intercom."""
    told = settings.intercom
    if told is None:
        return None
    home = told.home or next(iter(told.lanes or settings.lanes))
    return CallsPlan(
        lanes={LaneId(lane): tuple(map(_step, steps)) for lane, steps in told.lanes.items()},
        dial=told.dial,
        control=told.control,
        home=LaneId(home),
        quiet=dict(told.quiet),
        keys=Keys(told.keys.open, told.keys.decline, wrong=told.keys.wrong),
        ring_ns=_times(told.ring),
        alarm_ns=nanoseconds(told.alarm_after),
        rings_ns=nanoseconds(told.ring_for),
        talk_ns=nanoseconds(told.talk_for),
        recorded=told.record is not None,
    )


def with_duress(plan: GatePlan, settings: Settings) -> GatePlan:
    """The same plan with the code of duress; raises FaultyKeyError that does not tell it."""
    told = settings.duress
    if told is None:
        return plan
    pin = needed("duress.pin", keys.duress_pin, told.pin)
    return replace(plan, duress=DuressPlan(pin, nanoseconds(told.within)))


def with_pin(plan: GatePlan, settings: Settings) -> GatePlan:
    """The same plan with the PIN of the intercom; raises FaultyKeyError that does not tell it."""
    told, calls = settings.intercom, plan.calls
    if told is None or calls is None or told.keys.secret_pin is None:
        return plan
    pin = needed("intercom.keys.secret_pin", keys.pin, told.keys.secret_pin)
    return replace(plan, calls=replace(calls, keys=replace(calls.keys, pin=pin)))


def _step(step: CallStep) -> Step:
    opens = step.opens and (step.number or step.unit) != ""
    return Step(Party(step.call), step.number, step.unit, _times(step.ring), opens)


def _times(spans: tuple[timedelta, ...]) -> tuple[int, ...]:
    return tuple(map(nanoseconds, spans))
