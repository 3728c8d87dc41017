"""How the lanes look from outside after a step: their lamps and lines follow.

Rules kept here:
- nothing is said to a lane that looks as before;
- where what is said is recorded the lane's line says so, from the first ring to the end.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.core import emergency, lane, presence, signals
from agent.core.draft import Draft
from agent.core.gate_state import GateState
from agent.core.ids import LaneId, ZoneId
from agent.core.model import Direction
from agent.core.plan import GatePlan, LanePlan


def followed(
    gate: GatePlan, before: GateState, state: GateState, counts: Mapping[ZoneId, int], out: Draft
) -> GateState:
    """Let lamps and lines follow the lanes that look different now; ``counts`` are those now."""
    if counts == before.counts and state is before:
        return state
    heard, was = _recorded(gate, state), _recorded(gate, before)
    views = dict(before.views)
    name = emergency.name(state.emergency)
    for at, known in state.lanes.items():
        old = before.views.get(at)
        same = known is before.lanes[at] and state.emergency is before.emergency
        told = at in (heard, was) and heard != was
        if same and not told and counts == before.counts and old is not None:
            continue
        plan = gate.lanes[at]
        view = lane.view(plan, known, name)
        free = _free(gate, plan, counts)
        view = replace(view, text=signals.text(plan, view, free, recorded=at == heard))
        if view != old:
            signals.follow(plan, old, view, out)
            views[at] = view
    seen = before.views if views == before.views else views
    return replace(state, counts=counts, views=seen)


def _free(gate: GatePlan, plan: LanePlan, counts: Mapping[ZoneId, int]) -> int | None:
    zone = gate.zones.get(plan.zones(Direction.IN)[1])
    if zone is None or plan.direction is Direction.OUT:
        return None
    return presence.free(zone, counts)


def _recorded(gate: GatePlan, state: GateState) -> LaneId | None:
    """The lane at which what is said now is recorded."""
    call, rules = state.calls.active, gate.calls
    return call.lane if call is not None and rules is not None and rules.recorded else None
