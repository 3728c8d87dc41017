"""What this gate has, for the topic ``info``.

Rules kept here:
- what is told is what is wired: a centre can see what a lane will never be able to know.

Its fields are those of `agent.contract.messages`, which is loaded by none but type checkers.
"""

from typing import TYPE_CHECKING

from agent import __version__
from agent.core.plan import ArmKind, ArmPlan, Drive, GatePlan, LanePlan, ReaderPlan

if TYPE_CHECKING:
    from agent.contract.messages import Info, LaneInfo, ReaderInfo


def describe(plan: GatePlan) -> "Info":
    """Lanes with outputs, inputs and capabilities, readers, zones and inputs of the whole gate."""
    common = (plan.emergency.fire, plan.emergency.lockdown)
    return {
        "software": __version__,
        "contract": "gate/v1",
        "lanes": {lane.lane: _lane(lane) for lane in plan.lanes.values()},
        "readers": {reader.reader: _reader(reader) for reader in plan.readers.values()},
        "inputs": [name for name in common if name is not None],
        "zones": {zone.zone: {"bays": zone.bays} for zone in plan.zones.values()},
    }


def _reader(reader: ReaderPlan) -> "ReaderInfo":
    if reader.lane is not None:
        return {"lane": reader.lane}
    return {"desk": reader.desk} if reader.desk is not None else {}


def _lane(lane: LanePlan) -> "LaneInfo":
    arm, signals = lane.arm, lane.signals
    start, end = lane.zones(lane.direction)
    relays = [relay.output for relay in (arm.open, arm.close, arm.stop) if relay is not None]
    more = (signals.red, signals.green, signals.horn, *(one.output for one in arm.tests.values()))
    sensors = (arm.approach, arm.loop, arm.exit, *arm.safety, arm.opened, arm.closed)
    inputs = {name for name in (*sensors, *arm.buttons.values()) if name is not None}
    return {
        "kind": arm.kind.value,
        "direction": lane.direction.value,
        "from": start,
        "to": end,
        "outputs": [*relays, *dict.fromkeys(name for name in more if name is not None)],
        "inputs": sorted(inputs),
        "capabilities": {
            "close": arm.kind is ArmKind.BARRIER and _lowers(arm),
            "stop": arm.stop is not None,
            "position": arm.opened is not None or arm.closed is not None,
            "passage": (arm.closed if arm.kind is ArmKind.DOOR else arm.loop) is not None,
            "text": signals.text,
        },
    }


def _lowers(arm: ArmPlan) -> bool:
    return arm.close is not None or arm.open.drive is Drive.MAINTAINED
