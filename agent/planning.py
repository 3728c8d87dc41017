"""From settings to the core's plan, and to what the drivers are told.

Rules kept here:
- a relay is called ``{lane}.{role}`` and an input ``{lane}.{role}`` (``in-1.open``, ``in-1.loop``);
- a loop under the arm is a safety input as well;
- a maintained relay has no longest time, a pulse relay may be on for twice its pulse at most.
"""

from agent.core.ids import AgentId, DeskId, EstateId, InputId, LaneId, OutputId, ReaderId
from agent.core.model import Direction
from agent.core.plan import ArmPlan, Drive, GatePlan, LanePlan, ReaderPlan, Relay
from agent.settings import Settings
from agent.settings.models import Lane, OutputPin
from agent.settings.units import milliseconds, nanoseconds


def gate_plan(settings: Settings) -> GatePlan:
    """The whole gate in the core's words."""
    return GatePlan(
        EstateId(settings.estate),
        AgentId(settings.gate),
        {LaneId(name): _lane_plan(name, lane) for name, lane in settings.lanes.items()},
        _reader_plans(settings),
        frozenset(settings.calendar.holidays),
        frozenset(settings.clock.pass_untrusted),
    )


def output_id(lane: str, role: str) -> OutputId:
    """The name of a relay."""
    return OutputId(f"{lane}.{role}")


def input_id(lane: str, role: str) -> InputId:
    """The name of an input."""
    return InputId(f"{lane}.{role}")


def _lane_plan(name: str, lane: Lane) -> LanePlan:
    wired = {role: input_id(name, role) for role in lane.inputs.wired()}
    safety = tuple(wired[role] for role in wired if role == "loop" or role.startswith("safety"))
    arm = ArmPlan(
        open=_relay(name, "open", lane.arm.open),
        close=None if lane.arm.close is None else _relay(name, "close", lane.arm.close),
        stop=None if lane.arm.stop is None else _relay(name, "stop", lane.arm.stop),
        loop=wired.get("loop"),
        safety=safety,
        opened=wired.get("opened"),
        closed=wired.get("closed"),
    )
    return LanePlan(LaneId(name), lane.direction, arm, nanoseconds(lane.open_for))


def _relay(lane: str, role: str, pin: OutputPin) -> Relay:
    return Relay(output_id(lane, role), Drive(pin.drive), milliseconds(pin.pulse))


def _reader_plans(settings: Settings) -> dict[ReaderId, ReaderPlan]:
    lanes = {reader: name for name, lane in settings.lanes.items() for reader in lane.readers}
    desks = {reader: name for name, desk in settings.desks.items() for reader in desk.readers}
    plans = {}
    for name, reader in settings.readers.items():
        lane, desk = lanes.get(name), desks.get(name)
        plans[ReaderId(name)] = ReaderPlan(
            ReaderId(name),
            lane=None if lane is None else LaneId(lane),
            desk=None if desk is None else DeskId(desk),
            side=reader.side or Direction.IN,
            matching=reader.matching,
            quiet_ns=nanoseconds(reader.quiet),
        )
    return plans
