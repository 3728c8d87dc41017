"""Whom a call goes to, in turn: from a lane's plan and the directory to the legs of a call.

Rules kept here:
- a unit's numbers are called in the order in which they stand, those of residents only: first the
  lines written by hand, then those of the roster in its order;
- a unit, and a line of the directory, is not called in its quiet hours, as far as the clock can
  tell them; then the next step comes at once;
- what is written as a number is dialled by the gate's pattern; an address is dialled as it is;
- a visitor's call ends at the booth's screen, which rings until somebody takes it.
"""

import json
import re
from collections.abc import Iterator, Sequence

from agent.core.call_state import Leg
from agent.core.events import Event, InputChanged, OrderReceived, Started
from agent.core.facts import Facts
from agent.core.form import Fault
from agent.core.ids import LaneId
from agent.core.model import Moment
from agent.core.needs import Need, Row
from agent.core.plan import Button, GatePlan
from agent.core.plan_calls import CallsPlan, Party, Step
from agent.core.windows import parse

OPEN_CALLS = "calls.open"
_DIALLED = re.compile(r"[^0-9+*#]")
_ADDRESS = re.compile(r"^(?:sips?:)?([^@;>]*@)?([^:;>?]+|\[[^\]]+\])")
_PARTIES = {
    "resident": Party.UNIT,
    "department": Party.DEPARTMENT,
    "emergency": Party.EMERGENCY,
}


def needs(plan: GatePlan, event: Event) -> Sequence[Need]:
    """What of the books a step about calls has to know."""
    calls = plan.calls
    if calls is None:
        return ()
    match event:
        case Started():
            return (Need("calls", state="open", name=OPEN_CALLS),)
        case InputChanged(name, active) if active:
            for lane, lane_plan in plan.lanes.items():
                if lane_plan.arm.buttons.get(Button.CALL) == name:
                    return _units(calls, lane)
        case OrderReceived(order) if order.kind == "call.ring":
            return _units(calls, LaneId(str(order.form.get("lane", ""))))
        case OrderReceived(order) if order.kind == "call.place":
            for column in ("entry", "unit"):
                if value := " ".join(str(order.form.get(column) or "").split()):
                    return (Need("directory", column, value),)
    return ()


def _units(calls: CallsPlan, lane: LaneId) -> Sequence[Need]:
    units = [step.unit for step in calls.lanes.get(lane, ()) if step.unit]
    return tuple(Need("directory", "unit", unit) for unit in dict.fromkeys(units))


def of_lane(plan: CallsPlan, lane: LaneId, facts: Facts, at: Moment) -> tuple[tuple[Leg, ...], int]:
    """The legs of the lane's own plan, and how many units are not called in their quiet hours."""
    legs: list[Leg] = []
    silent = 0
    for step in plan.lanes.get(lane, ()):
        if step.party is not Party.UNIT:
            legs.append(_one(plan, step))
            continue
        rows = [row for row in facts.rows.get("directory", ()) if row["unit"] == step.unit]
        awake = [row for row in rows if not quiet(plan, row, facts, at)]
        if _resting(plan.quiet.get(step.unit, ""), facts, at) or (rows and not awake):
            silent += 1
        else:
            legs += _resident(plan, awake, step.ring_ns, may_open=step.may_open)
    while legs and not legs[-1].number:
        legs.pop()
    return (*legs, Leg(Party.BOOTH, plan.rings_ns)), silent


def of_unit(
    plan: CallsPlan, unit: str, facts: Facts, at: Moment, *, despite: bool
) -> tuple[Leg, ...]:
    """The numbers of a unit, for the guard; raises `Fault` 404 where there is none.

    409 where all of them have their quiet hours, unless he calls ``despite`` these.
    """
    rows = facts.rows.get("directory", ())
    if not any(_resident(plan, rows, plan.ring_ns, may_open=True)):
        says = "the directory has no number of %(unit)s"
        raise Fault(says, field="unit", code=404, unit=unit)
    awake = [row for row in rows if despite or not quiet(plan, row, facts, at)]
    legs = tuple(_resident(plan, awake, plan.ring_ns, may_open=True))
    if not legs:
        raise _rests(unit)
    return legs


def of_entry(
    plan: CallsPlan, entry: str, facts: Facts, at: Moment, *, despite: bool
) -> tuple[Leg, ...]:
    """The numbers of one line of the directory, likewise."""
    rows = [row for row in facts.rows.get("directory", ()) if row["entry"] == entry]
    legs = tuple(leg for row in rows for leg in _numbers(plan, row, plan.ring_ns))
    if not legs:
        raise Fault("the directory has no number there", field="entry", code=404)
    if not despite and any(quiet(plan, row, facts, at) for row in rows):
        raise _rests(legs[0].unit or legs[0].name)
    return legs


def quiet(plan: CallsPlan, row: Row, facts: Facts, at: Moment) -> bool:
    """Is this line of the directory, or its unit, not to be called now?

    By a clock that nobody trusts it may be.
    """
    hours = (str(row["quiet"]), plan.quiet.get(str(row["unit"]), ""))
    return any(_resting(each, facts, at) for each in hours)


def _resting(hours: str, facts: Facts, at: Moment) -> bool:
    return bool(hours and at.quality.trusted) and parse(hours).open_at(
        facts.local, lambda _day: False
    )


def _rests(unit: str) -> Fault:
    says = "%(unit)s is not to be called at this hour"
    return Fault(says, field="despite", code=409, unit=unit)


def from_control(plan: CallsPlan, peer: str) -> bool:
    """Does this address belong to the control room? Ports and parameters do not count."""
    return _whose(peer) in {_whose(address) for address in plan.control}


def _whose(address: str) -> str:
    found = _ADDRESS.match(address.strip().lower())
    return f"{found[1] or ''}{found[2]}" if found else ""


def _one(plan: CallsPlan, step: Step) -> Leg:
    number = address(plan, step.number) if step.number else ""
    return Leg(step.party, step.ring_ns[0], number, may_open=step.may_open)


def _resident(
    plan: CallsPlan,
    rows: Iterator[Row] | Sequence[Row],
    ring_ns: tuple[int, ...],
    *,
    may_open: bool,
) -> Iterator[Leg]:
    place = 0
    for row in sorted(rows, key=lambda row: (row["place"], str(row["entry"]))):
        if row["kind"] == "resident":
            for leg in _numbers(plan, row, ring_ns[min(place, len(ring_ns) - 1) :], may_open):
                place += 1
                yield leg


def _numbers(
    plan: CallsPlan, row: Row, ring_ns: tuple[int, ...], may_open: bool = False
) -> Iterator[Leg]:
    party = _PARTIES.get(str(row["kind"]), Party.OTHER)
    for place, phone in enumerate(json.loads(row["phones"])):
        yield Leg(
            party,
            ring_ns[min(place, len(ring_ns) - 1)],
            address(plan, str(phone)),
            str(row["entry"]),
            str(row["name"]),
            str(row["unit"]),
            place + 1,
            may_open,
        )


def address(plan: CallsPlan, number: str) -> str:
    """What is dialled for a number of the directory or the settings."""
    if "@" in number or number.startswith(("sip:", "sips:")):
        return number
    return plan.dial.replace("{number}", _DIALLED.sub("", number))
