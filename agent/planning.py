"""From settings to the core's plan, and to what the drivers are told.

Rules kept here:
- an output is called ``{lane}.{role}``, and so is an input (``in-1.open``, ``in-1.loop``,
  ``in-1.button-stop``); inputs of the whole gate are ``gate.fire``, ``gate.lockdown`` and
  ``gate.mains``;
- a loop under the arm is a safety input as well;
- what has nothing that could lower its arm has an operator that does so by itself;
- a lane out leads from its inner to its outer zone; the core wants both told as for a lane in.
"""

from agent.core.ids import (
    AgentId,
    DeskId,
    EstateId,
    InputId,
    LaneId,
    OutputId,
    ReaderId,
    ZoneId,
)
from agent.core.model import Direction
from agent.core.plan import (
    INSIDE,
    OUTSIDE,
    ArmKind,
    ArmPlan,
    Button,
    Drive,
    EmergencyPlan,
    GatePlan,
    Ladder,
    LanePlan,
    PassbackMode,
    ReaderPlan,
    Relay,
    SensorTest,
    SignalPlan,
    ZonePlan,
)
from agent.planning_books import books_plan
from agent.planning_calls import calls_plan
from agent.settings import Settings
from agent.settings import passage as told
from agent.settings.grounds import Passback, ZoneRules
from agent.settings.passage import Lane
from agent.settings.pins import OutputPin
from agent.settings.reader_pn532 import Pn532Reader
from agent.settings.readers import PcscReader
from agent.settings.units import milliseconds, nanoseconds

_GATE = "gate"


def gate_plan(settings: Settings) -> GatePlan:
    """The whole gate in the core's words."""
    return GatePlan(
        EstateId(settings.estate),
        AgentId(settings.gate),
        {LaneId(name): _lane_plan(name, lane) for name, lane in settings.lanes.items()},
        _reader_plans(settings),
        frozenset(settings.calendar.holidays),
        frozenset(settings.clock.pass_untrusted),
        {ZoneId(name): _zone_plan(name, zone) for name, zone in settings.zones.items()},
        _emergency_plan(settings),
        books_plan(settings, _common(settings, "mains")),
        calls_plan(settings),
        frozenset(settings.cards.require_proof),
    )


def _common(settings: Settings, name: str) -> InputId | None:
    return input_id(_GATE, name) if name in settings.emergency.wired() else None


def _emergency_plan(settings: Settings) -> EmergencyPlan:
    return EmergencyPlan(_common(settings, "fire"), _common(settings, "lockdown"))


def output_id(lane: str, role: str) -> OutputId:
    """The name of an output."""
    return OutputId(f"{lane}.{role}")


def input_id(lane: str, role: str) -> InputId:
    """The name of an input; ``gate`` in place of a lane for the inputs of the whole gate."""
    return InputId(f"{lane}.{role}")


def longest_ms(lane: Lane, role: str) -> int | None:
    """How long an output may be on at most; None: as long as it is asked for.

    A pulse may be renewed once while it lasts; a held close relay moves the arm, so that it ends
    with the movement; a lamp, and what holds an arm up, stay.
    """
    pin = lane.outputs()[role]
    if pin.drive is Drive.PULSE:
        return 2 * milliseconds(pin.pulse)
    return milliseconds(lane.travel) + 1_000 if role in ("close", "stop") else None


def _lane_plan(name: str, lane: Lane) -> LanePlan:
    outer, inner = OUTSIDE, INSIDE
    if lane.zones is not None:
        outer, inner = ZoneId(lane.zones.from_), ZoneId(lane.zones.to)
        if lane.direction is Direction.OUT:
            outer, inner = inner, outer
    # The strike of a door is released for one person, and for as long as it is released.
    waits = lane.open_for if lane.door is None else lane.door.strike.pulse
    return LanePlan(
        LaneId(name),
        lane.direction,
        _arm_plan(name, lane),
        nanoseconds(waits),
        outer,
        inner,
        lane.right_of_way,
        _signal_plan(name, lane),
    )


def _arm_plan(name: str, lane: Lane) -> ArmPlan:
    wired = {role: input_id(name, role) for role in lane.inputs.wired()}
    relays = {role: _relay(name, role, pin) for role, pin in lane.relays().items()}
    arm = lane.arm or told.Arm(open=lane.relays()["open"])
    ladder = (lane.arm or lane.door or arm).open_too_long
    pushed = arm.close is None and arm.open.drive is Drive.PULSE
    return ArmPlan(
        open=relays["open"],
        close=relays.get("close"),
        stop=relays.get("stop"),
        loop=wired.get("loop"),
        safety=tuple(wired[one] for one in wired if one == "loop" or one.startswith("safety")),
        opened=wired.get("opened"),
        closed=wired.get("closed"),
        approach=wired.get("approach"),
        exit=wired.get("exit"),
        buttons={
            Button(role.removeprefix("button-")): input_id(name, role)
            for role in lane.buttons.wired()
        },
        tests=_tests(name, lane),
        kind=ArmKind.BARRIER if lane.door is None else ArmKind.DOOR,
        closes_itself=lane.door is None and (arm.closes_itself or pushed),
        travel_ns=nanoseconds(arm.travel),
        when_blocked=arm.when_blocked,
        retries=arm.retries,
        ladder=Ladder() if ladder is None else _ladder(ladder),
    )


def _tests(name: str, lane: Lane) -> dict[InputId, SensorTest]:
    pins = lane.test_pins()
    return {
        input_id(name, role): SensorTest(
            output_id(name, told.test_role(pins.index(test.pin))), milliseconds(test.within)
        )
        for role, test in lane.inputs.tests().items()
    }


def _ladder(ladder: told.Ladder) -> Ladder:
    return Ladder(
        None if ladder.pre_alarm is None else nanoseconds(ladder.pre_alarm),
        None if ladder.alarm is None else nanoseconds(ladder.alarm),
        tuple(nanoseconds(step) for step in ladder.escalate),
    )


def _signal_plan(name: str, lane: Lane) -> SignalPlan:
    wired = {role: output_id(name, role) for role in lane.signals.outputs()}
    horn = lane.signals.horn
    return SignalPlan(
        wired.get("red"),
        wired.get("green"),
        wired.get("horn"),
        1_000 if horn is None else milliseconds(horn.pulse),
        lane.signals.display is not None,
    )


def _zone_plan(name: str, zone: ZoneRules) -> ZonePlan:
    rules = zone.passback or Passback(PassbackMode.OFF)
    return ZonePlan(
        ZoneId(name),
        zone.bays,
        frozenset(zone.refuse_when_full),
        rules.mode,
        0 if rules.within is None else nanoseconds(rules.within),
        frozenset(rules.kinds),
        rules.amnesty,
    )


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
            needs_proof=isinstance(reader, PcscReader | Pn532Reader)
            and reader.authenticate is not None
            and reader.authenticate.strict,
        )
    return plans
