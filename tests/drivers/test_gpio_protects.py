"""What protects, through the bank and its threads, on pins in memory and in another process."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.core.events import Event, FrameFaulted, Protected, SensorsTested
from agent.core.ids import InputId, OutputId
from agent.core.interlock import Interlock
from agent.core.plan import ArmPlan, Drive, Relay, SensorTest
from agent.errors import DeviceError
from drivers.gpio import OutputSpec, PinBank
from drivers.pins import PinFactory
from tests.patience import until
from tests.rigs.gate_rig import (
    ARM,
    BUTTON,
    BUTTON_PIN,
    CLOSE,
    CLOSE_PIN,
    DOWN,
    DOWN_PIN,
    HOLD,
    HOLD_PIN,
    INPUTS,
    LANE,
    LOOP,
    LOOP_PIN,
    OPEN_PIN,
    OUTPUTS,
    TRAVEL_NS,
    Heard,
    PinRig,
    RealClock,
    heard,
    rig,
    sim,
    steps,
)

__all__ = ["heard", "rig", "sim"]

STOP, PROBE = OutputId("stop"), OutputId("probe")
STOP_PIN, PROBE_PIN = 23, 24
OUT_0, OUT_1, REST = ("output", 0), ("output", 1), ("input", 0)
GUARDED = replace(
    ARM,
    stop=Relay(STOP, Drive.PULSE, 100),
    travel_ns=TRAVEL_NS,
    tests={LOOP: SensorTest(PROBE, 30_000)},
)
HELD = ArmPlan(Relay(HOLD, Drive.MAINTAINED), safety=(LOOP,), closed=DOWN, travel_ns=TRAVEL_NS)
SPECS = (
    *OUTPUTS,
    OutputSpec(STOP, STOP_PIN, max_on_ms=400),
    OutputSpec(PROBE, PROBE_PIN, max_on_ms=60_000),
)


class Deaf:
    """Takes every first level, and then hangs in the first event that it is told."""

    def __init__(self) -> None:
        self.started = False
        self.hung = threading.Event()
        self.free = threading.Event()

    def __call__(self, event: Event | FrameFaulted) -> None:
        del event
        if self.started:
            self.hung.set()
            self.free.wait()


def banked(factory: PinFactory, arm: ArmPlan = GUARDED, fire: InputId | None = None) -> PinBank:
    return PinBank(factory, SPECS, INPUTS, Interlock({LANE: arm}, fire), RealClock())


@pytest.fixture
def bank(rig: PinRig, heard: Heard) -> Iterator[PinBank]:
    """Of an arm that is down: nothing is taken to be falling."""
    rig.drive(DOWN_PIN, 1)
    made = banked(rig.factory(), replace(GUARDED, tests={}))
    made.start(heard)
    yield made
    made.stop()


def strokes(rig: PinRig, pin: int) -> list[tuple[str, int]]:
    """What the relay did after it was claimed."""
    return steps(rig.trace(pin))[2:]


def test_the_guards_stop_ends_the_closing(bank: PinBank, rig: PinRig, heard: Heard) -> None:
    bank.pulse(CLOSE, 60_000)
    bank.stop_arm(LANE)
    until(lambda: strokes(rig, STOP_PIN) == [OUT_1, OUT_0], "the stop relay's pulse")
    assert strokes(rig, CLOSE_PIN) == [OUT_0, OUT_1]
    closes, stops = rig.trace(CLOSE_PIN), rig.trace(STOP_PIN)
    assert closes[3].ns <= stops[2].ns
    heard.wait(lambda events: Protected in map(type, events))
    assert [(one.what, one.output) for one in heard.of(Protected)] == [("stopped", STOP)]


def test_an_order_to_open_reverses_and_opens_nothing_else(
    bank: PinBank, rig: PinRig, heard: Heard
) -> None:
    rig.drive(DOWN_PIN, 0)
    heard.wait_input(DOWN, False)
    bank.reopen(LANE)
    bank.pulse(CLOSE, 60_000)
    bank.reopen(LANE)
    until(lambda: strokes(rig, OPEN_PIN) == [OUT_1, OUT_0], "one pulse of the open relay")
    assert rig.trace(CLOSE_PIN)[3].ns <= rig.trace(OPEN_PIN)[2].ns
    heard.wait(lambda events: Protected in map(type, events))
    assert [one.what for one in heard.of(Protected)] == ["reopened"]


def test_a_latched_fire_forbids_closing_until_it_is_reset(bank: PinBank, rig: PinRig) -> None:
    bank.hold_fire(True)
    with pytest.raises(DeviceError, match="not closing, fire alarm"):
        bank.pulse(CLOSE, 100)
    bank.hold_fire(False)
    bank.pulse(CLOSE, 100)
    until(lambda: strokes(rig, CLOSE_PIN) == [OUT_0, OUT_1], "one pulse of the close relay")
    assert strokes(rig, OPEN_PIN) == []


def test_fire_at_the_contact_raises_at_its_edge(rig: PinRig, heard: Heard) -> None:
    bank = banked(rig.factory(), fire=BUTTON)
    bank.start(heard)
    rig.drive(BUTTON_PIN, 0)
    until(lambda: strokes(rig, OPEN_PIN) == [OUT_1, OUT_0], "the open relay's pulse")
    with pytest.raises(DeviceError, match="fire alarm"):
        bank.pulse(CLOSE, 100)
    bank.stop()


def test_a_sensor_is_tested(rig: PinRig, heard: Heard) -> None:
    bank = banked(rig.factory())
    bank.start(heard)
    with pytest.raises(DeviceError, match="have not been tested just now"):
        bank.pulse(CLOSE, 100)
    bank.test(LANE)
    until(lambda: strokes(rig, PROBE_PIN) == [OUT_1], "the test output")
    rig.drive(LOOP_PIN, 1)
    until(lambda: strokes(rig, PROBE_PIN) == [OUT_1, OUT_0], "the end of the test output")
    rig.drive(LOOP_PIN, 0)
    heard.wait(lambda events: SensorsTested in map(type, events))
    assert [one.failed for one in heard.of(SensorsTested)] == [()]
    bank.pulse(CLOSE, 100)
    bank.stop()


@pytest.mark.parametrize("down", [False, True])
def test_an_arm_that_fell_while_nobody_watched(rig: PinRig, heard: Heard, down: bool) -> None:
    """The daemon died, its relay was let go, and the arm falls while the next daemon starts."""
    rig.drive(DOWN_PIN, int(down))
    bank = banked(rig.factory(), HELD)
    bank.start(heard)
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    bank.stop()
    assert strokes(rig, HOLD_PIN) == ([] if down else [OUT_0])


def test_who_is_told_may_hang_and_the_gate_still_protects(rig: PinRig) -> None:
    deaf = Deaf()
    bank = banked(rig.factory(), replace(GUARDED, tests={}))
    bank.start(deaf)
    deaf.started = True
    try:
        rig.drive(DOWN_PIN, 1)  # debounced in no time: this is told, and never taken
        assert deaf.hung.wait(60)
        rig.drive(DOWN_PIN, 0)
        bank.pulse(CLOSE, 60_000)
        rig.drive(LOOP_PIN, 1)
        until(lambda: strokes(rig, OPEN_PIN) == [OUT_1, OUT_0], "lifted, and the pulse ended")
        assert strokes(rig, CLOSE_PIN) == [OUT_0, OUT_1]
        bank.stop_arm(LANE)
        until(lambda: strokes(rig, STOP_PIN) == [OUT_1, OUT_0], "stopped, and the pulse ended")
    finally:
        deaf.free.set()
        bank.stop()
