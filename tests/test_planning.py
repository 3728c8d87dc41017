"""From each example to the core's plan, the pins, the simulated gate, and the topic info."""

import json
from collections import Counter
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from agent import planning
from agent.app import make_bank, make_displays
from agent.core.effects import ShowText
from agent.core.events import Event, FrameFaulted, InputChanged
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.model import CardKind, Direction
from agent.core.plan import ArmKind, Blocked, Button, Drive, PassbackMode, RightOfWay, SensorTest
from agent.hands import Hands
from agent.inbox import Inbox
from agent.info import describe
from agent.ports import Condition, Display, Health
from agent.remembered import output_specs
from agent.replica import sim_spec
from agent.settings import Settings
from agent.settings.reading import read
from drivers.clock import SystemClock
from drivers.pin_factory import open_factory
from drivers.sim.spec import read_spec
from tests.core.builders import gate_plan, moment
from tests.settings.pages import CONFIG

EXAMPLES = sorted(path.stem for path in CONFIG.glob("*.yaml"))
SECOND = 1_000_000_000


def example(name: str) -> Settings:
    return read(CONFIG / f"{name}.yaml")


def in_software(name: str, folder: Path) -> Settings:
    """The example with the pins of a simulated gate."""
    text = (CONFIG / f"{name}.yaml").read_text("utf-8")
    if "\ngpio:" not in text:
        text += "\ngpio: {backend: socket, socket: run:pins}\n"
    file = folder / "gate.yaml"
    file.write_text(text, "utf-8")
    return read(file)


def pins_of(settings: Settings) -> list[int]:
    """Every pin of the file."""
    lanes = settings.lanes.values()
    inputs = [pin for lane in lanes for pin in lane.wired().values()]
    inputs += settings.emergency.wired().values()
    found = [pin.pin for lane in lanes for pin in lane.outputs().values()]
    found += [pin.pin for pin in inputs]
    return found + [pin.pair.pin for pin in inputs if pin.pair is not None]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_pin_is_driven_or_heard(name: str) -> None:
    settings = example(name)
    plan = planning.gate_plan(settings)
    factory = open_factory("mock", None)
    assert isinstance(factory, MockFactory)
    bank = make_bank(settings, plan, SystemClock(), factory)
    heard: list[Event | FrameFaulted] = []
    bank.start(heard.append)
    try:
        claimed = {info.name for info in factory.pins}
        assert claimed == {f"GPIO{pin}" for pin in pins_of(settings)}
    finally:
        bank.stop()
    told = {event.input for event in heard if isinstance(event, InputChanged)}
    for lane in plan.lanes.values():
        arm = lane.arm
        named = {arm.loop, arm.approach, arm.exit, arm.opened, arm.closed, *arm.safety}
        assert named - {None} <= told
        assert set(arm.buttons.values()) <= told
    common = {plan.emergency.fire, plan.emergency.lockdown} - {None}
    assert common <= told


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_simulated_gate_has_every_pin(name: str, tmp_path: Path) -> None:
    settings = in_software(name, tmp_path)
    spec = read_spec(json.loads(json.dumps(sim_spec(settings))))
    simulated = [wire.pin for lane in spec.lanes for wire in lane.relays.values()]
    simulated += [wire.pin for lane in spec.lanes for wire in lane.lamps.values()]
    for sensor in spec.sensors():
        simulated.append(sensor.wire.pin)
        simulated += [] if sensor.pair is None else [sensor.pair.pin]
        simulated += [] if sensor.test is None else [sensor.test.pin]
    assert set(simulated) == set(pins_of(settings))
    displays = [lane for lane in settings.lanes.values() if lane.signals.display is not None]
    assert len(spec.displays) == len(displays) == len(make_displays(settings))


def test_everything_of_the_guarded_gate_is_planned() -> None:
    plan = planning.gate_plan(example("guarded-gate"))
    lane = plan.lanes[LaneId("in-1")]
    arm = lane.arm
    assert arm.safety == ("in-1.loop", "in-1.safety", "in-1.safety-2")
    assert (arm.approach, arm.exit) == ("in-1.approach", "in-1.exit")
    assert arm.tests == {InputId("in-1.safety-2"): SensorTest(OutputId("in-1.test"), 200)}
    assert arm.buttons[Button.STOP] == "in-1.button-stop"
    assert arm.when_blocked is Blocked.DEAD_MAN
    assert arm.travel_ns == 6 * SECOND
    assert arm.ladder.pre_alarm_ns == 60 * SECOND
    assert arm.ladder.escalate_ns == (300 * SECOND, 900 * SECOND)
    assert lane.signals.red == "in-1.red"
    assert lane.signals.horn_ms == 1_000
    assert lane.signals.text
    assert lane.zones(Direction.IN) == ("outside", "estate")
    out = plan.lanes[LaneId("out-1")]
    assert (out.from_zone, out.to_zone) == ("outside", "estate"), "told as for a lane in"
    assert out.zones(Direction.OUT) == ("estate", "outside")
    assert (plan.emergency.fire, plan.emergency.lockdown) == ("gate.fire", "gate.lockdown")
    (zone,) = plan.zones.values()
    assert (zone.bays, zone.passback, zone.within_ns) == (400, PassbackMode.TIMED, 300 * SECOND)
    assert zone.kinds == {CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE}


def test_a_door_a_two_way_lane_and_an_operator_of_its_own() -> None:
    door = planning.gate_plan(example("pedestrian-door")).lanes[LaneId("door")]
    assert door.arm.kind is ArmKind.DOOR
    assert door.arm.open.pulse_ms == 5_000
    assert door.open_for_ns == 5 * SECOND
    assert not door.arm.closes_itself
    both = planning.gate_plan(example("two-way-lane")).lanes[LaneId("main")]
    assert both.right_of_way is RightOfWay.OUT
    assert both.arm.retries == 2
    alone = planning.gate_plan(example("self-closing")).lanes[LaneId("in-1")]
    assert alone.arm.closes_itself
    held = planning.gate_plan(example("maintained-relay")).lanes[LaneId("ramp")]
    assert not held.arm.closes_itself
    assert held.arm.open.drive is Drive.MAINTAINED


def test_no_output_is_on_for_ever_but_lamps_and_what_holds_an_arm_up() -> None:
    limits = {
        f"{name}:{spec.output}": spec.max_on_ms
        for name in EXAMPLES
        for spec in output_specs(example(name))
    }
    unbounded = {output for output, limit in limits.items() if limit is None}
    assert {output.rpartition(".")[2] for output in unbounded} == {"red", "green", "open"}
    assert [output for output in unbounded if output.endswith(".open")] == [
        "maintained-relay:ramp.open"
    ]
    assert limits["small-gate:in-1.open"] == 1_000
    assert limits["dead-man:out-1.close"] == 9_000, (
        "its travel, and a second for the core to end it"
    )
    assert limits["guarded-gate:in-1.test"] == 400


def test_sensors_may_share_the_output_that_tests_them(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    text = (CONFIG / "dead-man.yaml").read_text("utf-8")
    more = ("{pin: 19, test: {pin: 18, within: 500 ms}}", "{pin: 20, test: {pin: 21}}")
    lines = "".join(f"        - {one}\n" for one in more)
    file.write_text(text.replace("      opened: {pin: 25}", f"{lines}      opened: {{pin: 25}}"))
    settings = read(file)
    assert {spec.output: spec.pin for spec in output_specs(settings)} == {
        "out-1.open": 17, "out-1.close": 27, "out-1.test": 18, "out-1.test-2": 21,
    }  # fmt: skip
    (lane,) = planning.gate_plan(settings).lanes.values()
    assert [(test.output, test.within_ms) for test in lane.arm.tests.values()] == [
        ("out-1.test", 200),
        ("out-1.test", 500),
        ("out-1.test-2", 200),
    ]


def test_what_a_gate_tells_of_itself() -> None:
    told = json.loads(json.dumps(describe(planning.gate_plan(example("guarded-gate")))))
    lane = told["lanes"]["in-1"]
    assert lane["kind"] == "barrier"
    assert (lane["from"], lane["to"]) == ("outside", "estate")
    assert {"in-1.red", "in-1.test", "in-1.open"} <= set(lane["outputs"])
    assert {"in-1.button-stop", "in-1.approach"} <= set(lane["inputs"])
    assert lane["capabilities"] == {
        "close": True, "stop": True, "position": True, "passage": True, "text": True,
    }  # fmt: skip
    assert told["inputs"] == ["gate.fire", "gate.lockdown"]
    assert told["zones"] == {"estate": {"bays": 400}}
    door = describe(planning.gate_plan(example("pedestrian-door")))
    assert json.loads(json.dumps(door))["lanes"]["door"]["capabilities"]["close"] is False


class Board:
    """A display that keeps what it is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def show(self, text: str) -> None:
        """Keep it."""
        self.lines.append(text)

    def health(self) -> Health:
        """Always well."""
        return Health("display", Condition.OK, "")


def test_a_text_goes_to_the_display_of_its_lane() -> None:
    settings = example("guarded-gate")
    bank = make_bank(
        settings, planning.gate_plan(settings), SystemClock(), open_factory("mock", None)
    )
    board = Board()
    shown: Display = board
    hands = Hands(bank, Inbox({}), gate_plan(), Counter(), {LaneId("in-1"): shown})
    hands.do(ShowText(LaneId("in-1"), "请刷卡"), moment(0))
    hands.do(ShowText(LaneId("out-1"), "nobody sees this"), moment(0))
    assert board.lines == ["请刷卡"]
