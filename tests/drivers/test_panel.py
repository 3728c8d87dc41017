"""Relays, inputs and sensor tests together, to the nanosecond.

On pins in memory, with a clock that goes only when the test says so. What the threads make of it is
in test_gpio.py.
"""

from dataclasses import replace

import pytest

from agent.core.events import InputChanged, OutputFaulted, Protected, SensorsTested
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import ArmKind, ArmPlan, Drive, Relay, SensorTest
from agent.errors import DeviceError
from drivers.lines import InputSpec, OutputSpec
from drivers.supervision import CONTRADICT
from tests.rigs.bench_panel import MS, BenchPanel, Change

LANE = LaneId("in")
OPEN, CLOSE, HOLD, PROBE = (OutputId(name) for name in ("open", "close", "hold", "probe"))
LOOP, BEAM, DOWN, FIRE = (InputId(name) for name in ("loop", "beam", "down", "fire"))
WITHIN_MS = 100

ARM = ArmPlan(
    open=Relay(OPEN, Drive.PULSE, 100),
    close=Relay(CLOSE, Drive.PULSE, 100),
    safety=(LOOP, BEAM),
    closed=DOWN,
    travel_ns=2_000 * MS,
)
TESTS = {BEAM: SensorTest(PROBE, WITHIN_MS)}
OUTPUTS = (
    OutputSpec(OPEN, 1, max_on_ms=400),
    OutputSpec(CLOSE, 2, max_on_ms=400),
    OutputSpec(HOLD, 3, on_exit="keep"),
    OutputSpec(PROBE, 4, max_on_ms=200),
)
INPUTS = (
    InputSpec(LOOP, 11, debounce_ms=60),
    InputSpec(BEAM, 12, debounce_ms=60, longest_ms=10_000),
    InputSpec(DOWN, 13, debounce_ms=60, pair_pin=14),
    InputSpec(FIRE, 15, debounce_ms=60),
)


def made(arm: ArmPlan = ARM, *, down: bool = True, fire: bool = False) -> BenchPanel:
    rig = BenchPanel({LANE: arm}, OUTPUTS, INPUTS, FIRE)
    rig.drive(DOWN, down)
    rig.drive(DOWN, down, pair=True)
    rig.drive(FIRE, fire)
    rig.start()
    rig.events.clear()
    return rig


def with_tests(*, down: bool = True) -> BenchPanel:
    return made(replace(ARM, tests=TESTS), down=down)


def change(rig: BenchPanel, output: OutputId, on: bool = True, ms: int | None = None) -> None:
    rig.panel.change(output, on, ms, None, rig.now_ns)
    rig.settle()


def lasted(rig: BenchPanel, output: OutputId) -> list[float]:
    """How long each stroke of an output lasted, in ms."""
    mine = [one for one in rig.changes if one.output == output]
    ons, offs = mine[::2], mine[1::2]
    assert all(one.on for one in ons)
    assert not any(one.on for one in offs)
    return [(off.at_ns - on.at_ns) / MS for on, off in zip(ons, offs, strict=True)]


def levels(rig: BenchPanel, name: InputId) -> list[tuple[bool | None, str]]:
    mine = [event for event in rig.of(InputChanged) if event.input == name]
    return [(event.active, event.fault) for event in mine]


# How long things are on


def test_a_pulse_lasts_as_long_as_asked() -> None:
    rig = made()
    change(rig, OPEN, ms=120)
    rig.wait(119)
    assert rig.on(OPEN)
    rig.wait(1)
    assert lasted(rig, OPEN) == [120]


def test_a_second_pulse_extends_and_never_toggles() -> None:
    rig = made()
    for ms in (100, 300, 20):
        change(rig, OPEN, ms=ms)
    rig.wait(10_000)
    assert lasted(rig, OPEN) == [300]


@pytest.mark.parametrize("ms", [60_000, None])
def test_nothing_is_on_for_longer_than_its_longest_time(ms: int | None) -> None:
    rig = made()
    change(rig, OPEN, ms=ms)
    rig.wait(399)
    change(rig, OPEN, ms=ms)
    rig.wait(60_000)
    assert lasted(rig, OPEN) == [400]


def test_a_pulse_that_was_let_go_early_may_be_given_again() -> None:
    rig = made()
    change(rig, OPEN, ms=300)
    rig.wait(50)
    change(rig, OPEN, on=False)
    rig.wait(50)
    change(rig, OPEN, ms=400)
    rig.wait(10_000)
    assert lasted(rig, OPEN) == [50, 400]


# What is believed


@pytest.mark.parametrize(("first", "second"), [(LOOP, BEAM), (BEAM, LOOP)])
def test_a_machine_that_stood_still_tells_inputs_in_the_order_of_their_changes(
    first: InputId, second: InputId
) -> None:
    rig = made()
    for name in (first, second):
        rig.drive(name, True)
    rig.wait(1_000)
    rig.events.clear()
    rig.drive(first, False)
    rig.now_ns += 5 * MS
    rig.drive(second, False)
    rig.now_ns += 500 * MS
    rig.wait(0)
    assert [event.input for event in rig.of(InputChanged)] == [first, second]


def test_a_cut_wire_of_a_pair_is_told_with_its_fault() -> None:
    rig = made()
    rig.drive(DOWN, False, pair=True)
    rig.wait(1_000)
    assert levels(rig, DOWN) == [(None, CONTRADICT)]
    rig.drive(DOWN, True, pair=True)
    rig.wait(1_000)
    assert levels(rig, DOWN) == [(None, CONTRADICT), (True, "")]


def test_a_stuck_beam_is_told_and_stays_active() -> None:
    rig = made()
    rig.drive(BEAM, True)
    rig.wait(20_000)
    assert levels(rig, BEAM) == [(True, ""), (True, "stuck: active for more than 10 s")]
    with pytest.raises(DeviceError, match="beam is occupied"):
        change(rig, CLOSE)
    rig.drive(BEAM, False)
    rig.wait(60)
    assert levels(rig, BEAM)[-1] == (False, "")


def test_a_chattering_loop_forbids_closing_and_says_why() -> None:
    rig = made()
    for _ in range(30):
        for active in (True, False):
            rig.drive(LOOP, active)
            rig.wait(40)
    level, fault = levels(rig, LOOP)[-1]
    assert level is None
    assert "chatters" in fault
    with pytest.raises(DeviceError, match="loop is unknown"):
        change(rig, CLOSE)
    rig.wait(60)
    assert levels(rig, LOOP)[-1] == (False, "")


# What protects


def test_a_safety_edge_lifts_within_its_own_call() -> None:
    rig = made(down=False)
    change(rig, CLOSE, ms=100)
    before = rig.now_ns
    rig.drive(LOOP, True)
    assert rig.changes[-2:] == [Change(before, CLOSE, False), Change(before, OPEN, True)]
    kinds = [type(event) for event in rig.events]
    assert kinds == [Protected, InputChanged]
    assert rig.events[0] == Protected("raised", OPEN, LOOP, rig.now())


def test_a_strike_stays_released_in_a_fire_and_never_longer_than_its_bound_at_once() -> None:
    # Its pulse is as long as the driver's bound, and was begun by a card just before.
    strike = ArmPlan(Relay(OPEN, Drive.PULSE, 400), closed=DOWN, kind=ArmKind.DOOR)
    rig = made(strike)
    change(rig, OPEN, ms=400)
    rig.wait(150)
    rig.drive(FIRE, True)
    rig.wait(10_000)
    assert rig.on(OPEN)
    strokes = [one for one in rig.changes if one.output == OPEN]
    gaps = [on.at_ns - off.at_ns for off, on in zip(strokes[1::2], strokes[2::2], strict=True)]
    assert len(gaps) >= 20
    assert set(gaps) == {0}
    assert len(rig.of(Protected)) == 1
    rig.drive(FIRE, False)
    rig.wait(1_000)
    assert rig.on(OPEN), "latched"
    rig.panel.hold_fire(False, rig.now_ns)
    rig.wait(400)
    assert not rig.on(OPEN)
    count = len(rig.changes)
    rig.wait(10_000)
    assert len(rig.changes) == count
    assert max(lasted(rig, OPEN)) <= 400


def test_fire_that_burns_at_the_start_raises() -> None:
    rig = BenchPanel({LANE: ARM}, OUTPUTS, INPUTS, FIRE)
    rig.drive(FIRE, True)
    rig.start()
    assert rig.of(Protected) == [Protected("fire", OPEN, None, rig.now())]
    rig.wait(10_000)
    assert lasted(rig, OPEN) == [100]


def test_a_stop_that_was_pressed_while_a_close_waited_for_the_disk() -> None:
    rig = made(down=False)
    decided = rig.now_ns
    change(rig, CLOSE, ms=100)
    rig.wait(200)
    assert rig.panel.reopen(LANE, rig.now_ns) == []
    rig.settle()
    rig.wait(200)
    before = len(rig.changes)
    rig.panel.change(CLOSE, True, 100, decided, rig.now_ns)
    rig.settle()
    assert len(rig.changes) == before
    assert rig.panel.counts["overtaken"] == 1
    change(rig, CLOSE, ms=100)
    assert rig.on(CLOSE)


def test_what_cannot_be_lifted_is_told_and_tried_at_the_next_edge() -> None:
    rig = made(down=False)
    change(rig, CLOSE, ms=100)
    pin = rig.factory.pin("GPIO1")
    pin.function = "input"  # as a pin that refuses to be driven
    rig.drive(LOOP, True)
    assert [event.output for event in rig.of(OutputFaulted)] == [OPEN]
    assert not rig.of(Protected)
    assert not rig.on(CLOSE)
    pin.output_with_state(0)
    rig.drive(BEAM, True)
    assert rig.on(OPEN)
    assert [event.what for event in rig.of(Protected)] == ["raised"]


# Sensor tests


def test_sound_sensors_are_tested_and_told_and_nobody_stands_there() -> None:
    rig = with_tests()
    with pytest.raises(DeviceError, match="have not been tested"):
        change(rig, CLOSE)
    rig.panel.test(LANE, rig.now_ns)
    rig.panel.test(LANE, rig.now_ns)  # one at a time
    rig.settle()
    assert rig.on(PROBE)
    with pytest.raises(DeviceError, match="beam is unknown"):
        change(rig, CLOSE)  # and blind as it is now, nothing closes
    rig.wait(30)
    rig.drive(BEAM, True)
    assert not rig.on(PROBE)
    rig.wait(30)
    assert not rig.events
    rig.drive(BEAM, False)
    assert rig.events == [SensorsTested(LANE, (), rig.now())]
    change(rig, CLOSE)
    rig.wait(1_000)
    assert levels(rig, BEAM) == []  # no edge of the test was an obstacle
    assert lasted(rig, PROBE) == [30]


def test_a_sensor_that_does_not_answer_has_failed() -> None:
    rig = with_tests()
    rig.panel.test(LANE, rig.now_ns)
    rig.wait(WITHIN_MS - 1)
    assert rig.on(PROBE)
    rig.wait(2)
    assert not rig.on(PROBE)
    rig.wait(WITHIN_MS)
    assert [event.failed for event in rig.of(SensorsTested)] == [(BEAM,)]
    with pytest.raises(DeviceError, match="beam did not answer its test"):
        change(rig, CLOSE)


def test_who_walks_in_during_a_test_is_seen_at_its_end() -> None:
    rig = with_tests()
    rig.panel.test(LANE, rig.now_ns)
    rig.wait(10)
    rig.drive(BEAM, True)
    rig.wait(WITHIN_MS - 1)
    assert not rig.events
    rig.wait(1)
    told = [type(event) for event in rig.events]
    assert told == [InputChanged, SensorsTested]  # first that somebody is there
    assert rig.of(SensorsTested)[0].failed == ()  # the sensor works
    with pytest.raises(DeviceError, match="beam is occupied"):
        change(rig, CLOSE)
    rig.drive(BEAM, False)
    rig.wait(60)
    with pytest.raises(DeviceError, match="have not been tested"):
        change(rig, CLOSE)


def test_nothing_is_tested_while_somebody_stands_there() -> None:
    rig = with_tests()
    rig.drive(BEAM, True)
    rig.events.clear()
    rig.panel.test(LANE, rig.now_ns)
    rig.settle()
    assert rig.events == [SensorsTested(LANE, (), rig.now())]
    assert not rig.on(PROBE)


def test_tests_that_cannot_be_made() -> None:
    with pytest.raises(DeviceError, match="no sensor can be tested"):
        made().panel.test(LANE, 0)
    rig = with_tests(down=False)
    rig.interlock.tested(LANE, (), rig.now_ns)
    change(rig, CLOSE, ms=100)
    with pytest.raises(DeviceError, match="not tested while the arm goes down"):
        rig.panel.test(LANE, rig.now_ns)
    rig.wait(3_000)
    rig.factory.pin("GPIO4").function = "input"
    with pytest.raises(DeviceError, match="probe"):
        rig.panel.test(LANE, rig.now_ns)
    rig.drive(BEAM, True)  # it is believed again
    assert levels(rig, BEAM) == [(True, "")]
