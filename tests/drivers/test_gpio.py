import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.core.events import InputChanged, OutputFaulted, Protected
from agent.core.ids import InputId, OutputId
from agent.core.plan import ArmPlan, Drive, Relay
from agent.errors import DeviceError
from agent.ports import Condition
from drivers import pin_chip
from drivers.gpio import InputSpec, OutputSpec, PinBank, open_factory, relays_safe
from drivers.pins import MemoryFactory, Stand
from tests.patience import LIMIT_S, Watch, until
from tests.rigs.gate_rig import (
    BUTTON,
    BUTTON_PIN,
    CLOSE,
    CLOSE_PIN,
    DOWN_PIN,
    HELD_ARM,
    HOLD,
    HOLD_PIN,
    LOOP,
    LOOP_PIN,
    OPEN,
    OPEN_PIN,
    OUTPUTS,
    QUIET_MS,
    Heard,
    MemoryRig,
    PinRig,
    SimRig,
    bank,
    heard,
    make_bank,
    rig,
    sim,
    steps,
)

__all__ = ["bank", "heard", "rig", "sim"]

MS = 1_000_000
EARLY_MS = 100  # "on" may reach the other process late, "off" in time
LATE_MS = 300  # how late a loaded machine may be
OUT_0, OUT_1, REST = ("output", 0), ("output", 1), ("input", 0)


def wait_steps(rig: PinRig, pin: int, expected: list[tuple[str, int]]) -> None:
    """Wait until the whole trace is this; then it is compared once more, in full."""
    with suppress(AssertionError):
        until(lambda: len(steps(rig.trace(pin))) >= len(expected), "so many steps")
    assert steps(rig.trace(pin)) == expected


@pytest.fixture(name="watch")
def _watch() -> Iterator[Watch]:
    with Watch() as watch:
        yield watch


def lasted(rig: PinRig, pin: int, on: int, ms: float, watch: Watch) -> None:
    """The last pulse was as long as it should be, as far as the machine let it."""
    *_, start, end = rig.trace(pin)
    assert (start.level, end.level) == (on, 1 - on)
    stood_ms = watch.stood_s * 1000
    on_ms = (end.ns - start.ns) / MS
    assert ms - EARLY_MS - stood_ms <= on_ms < ms + LATE_MS + stood_ms


def after_quiet(told: InputChanged, last: Stand, watch: Watch) -> None:
    """An input was believed when it had been quiet for long enough, and soon then."""
    waited_ms = (told.at.mono_ns - last.ns) / MS
    assert QUIET_MS <= waited_ms < QUIET_MS + LATE_MS + watch.stood_s * 1000


def test_starting_moves_no_relay_and_makes_no_glitch(bank: PinBank, rig: PinRig) -> None:
    assert steps(rig.trace(OPEN_PIN)) == [REST, OUT_0]
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1]
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_1]
    assert bank.levels() == {OPEN: False, CLOSE: False, HOLD: False}


def test_outputs_are_claimed_before_inputs_are_looked_at(rig: PinRig, heard: Heard) -> None:
    free = 21  # nothing is wired to it: its pull-up shows when it was claimed
    bank = make_bank(rig.factory(), inputs=(InputSpec(BUTTON, free, pull="up"),))
    bank.start(heard)
    bank.stop()
    claimed = max(rig.trace(pin)[-1].ns for pin in (OPEN_PIN, CLOSE_PIN, HOLD_PIN))
    assert steps(rig.trace(free)) == [REST, ("input", 1)]
    assert rig.trace(free)[-1].ns > claimed


def test_every_first_level_is_told(bank: PinBank, heard: Heard) -> None:
    first = {event.input: (event.active, event.edges) for event in heard.of(InputChanged)}
    assert first == {"loop": (False, 0), "button": (False, 0), "down": (False, 0)}
    assert bank.inputs.levels() == {"loop": False, "button": False, "down": False}


def test_a_pulse_lasts_as_long_as_asked(bank: PinBank, rig: PinRig, watch: Watch) -> None:
    bank.pulse(OPEN, 120)
    assert bank.levels()[OPEN] is True
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    lasted(rig, OPEN_PIN, 1, 120, watch)


def test_a_pulse_is_bounded_by_the_longest_time(bank: PinBank, rig: PinRig, watch: Watch) -> None:
    bank.pulse(OPEN, 60_000)
    bank.pulse(OPEN, 60_000)
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    lasted(rig, OPEN_PIN, 1, 400, watch)


def test_a_second_pulse_extends_and_never_toggles(bank: PinBank, rig: PinRig, watch: Watch) -> None:
    bank.pulse(CLOSE, 100)
    bank.pulse(CLOSE, 300)
    bank.pulse(CLOSE, 20)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])
    lasted(rig, CLOSE_PIN, 0, 300, watch)


def test_a_pulse_does_not_end_what_is_held(bank: PinBank, rig: PinRig) -> None:
    bank.switch(HOLD, True)
    bank.pulse(HOLD, 10)
    bank.pulse(CLOSE, 60)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_1, OUT_0]
    bank.switch(HOLD, False)
    wait_steps(rig, HOLD_PIN, [REST, OUT_1, OUT_0, OUT_1])


def test_what_is_switched_on_is_cut_off_at_its_longest_time(
    bank: PinBank, rig: PinRig, watch: Watch
) -> None:
    bank.switch(OPEN, True)
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    lasted(rig, OPEN_PIN, 1, 400, watch)


def test_open_and_close_are_never_on_together(bank: PinBank, rig: PinRig) -> None:
    bank.pulse(CLOSE, 5_000)
    bank.pulse(OPEN, 100)
    bank.pulse(CLOSE, 100)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1, OUT_0, OUT_1])
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    closes, opens = rig.trace(CLOSE_PIN), rig.trace(OPEN_PIN)
    assert closes[3].ns <= opens[2].ns  # close let go before open pulled
    assert opens[3].ns <= closes[4].ns  # and the other way round


@pytest.mark.parametrize("ms", [0, -5])
def test_a_pulse_of_no_length_is_refused(bank: PinBank, rig: PinRig, ms: int) -> None:
    with pytest.raises(DeviceError, match="ask for 1 ms or more"):
        bank.pulse(OPEN, ms)
    assert steps(rig.trace(OPEN_PIN)) == [REST, OUT_0]


def test_an_unknown_output_is_refused(bank: PinBank) -> None:
    with pytest.raises(DeviceError, match="horn: no such output"):
        bank.pulse(OutputId("horn"), 10)


def test_closing_is_refused_while_occupied(bank: PinBank, rig: PinRig, heard: Heard) -> None:
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    with pytest.raises(DeviceError, match="close: not closing, safety input loop is occupied"):
        bank.pulse(CLOSE, 100)
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1]
    assert bank.health().counters is not None
    assert bank.health().counters["refused"] == 1  # type: ignore[index]  # asserted above
    rig.drive(LOOP_PIN, 0)
    heard.wait_input(LOOP, False)
    bank.pulse(CLOSE, 50)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])


def test_closing_is_refused_while_unknown(rig: PinRig, heard: Heard) -> None:
    blind = ArmPlan(
        Relay(OPEN, Drive.PULSE), Relay(CLOSE, Drive.PULSE), safety=(LOOP, InputId("beam"))
    )
    bank = make_bank(rig.factory(), blind)
    bank.start(heard)
    with pytest.raises(DeviceError, match="safety input beam is unknown"):
        bank.pulse(CLOSE, 100)
    bank.stop()
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1]


def test_a_safety_edge_while_closing_lifts_at_once(
    bank: PinBank, rig: PinRig, heard: Heard, watch: Watch
) -> None:
    bank.pulse(CLOSE, 1_000)
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    edge, closes, opens = rig.trace(LOOP_PIN)[-1], rig.trace(CLOSE_PIN), rig.trace(OPEN_PIN)
    assert closes[3].ns <= opens[2].ns
    # Long before any debounce of a loaded machine.
    assert opens[2].ns - edge.ns < LATE_MS * MS + watch.stood_s * 1e9
    told = [e for e in heard.events if isinstance(e, Protected | InputChanged)][3:]
    assert isinstance(told[0], Protected)
    assert (told[0].what, told[0].output, told[0].because) == ("raised", OPEN, LOOP)
    assert isinstance(told[1], InputChanged)
    assert told[1].at.mono_ns >= told[0].at.mono_ns


def test_even_a_blip_of_safety_lifts(bank: PinBank, rig: PinRig, heard: Heard) -> None:
    bank.pulse(CLOSE, 1_000)
    rig.drive(LOOP_PIN, 1)
    rig.drive(LOOP_PIN, 0)
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    heard.wait_edges(LOOP, 2, active=False)


def test_no_lift_when_the_switch_says_down(bank: PinBank, rig: PinRig, heard: Heard) -> None:
    bank.pulse(CLOSE, 100)
    rig.drive(DOWN_PIN, 1)
    heard.wait_input(InputId("down"), True)
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    assert steps(rig.trace(OPEN_PIN)) == [REST, OUT_0]
    assert heard.of(Protected) == []


@pytest.mark.usefixtures("bank")
def test_safety_is_clear_only_after_quiet(rig: PinRig, heard: Heard, watch: Watch) -> None:
    rig.drive(LOOP_PIN, 1)
    active = heard.wait_input(LOOP, True)
    for level in (0, 1, 0, 1, 0):
        rig.drive(LOOP_PIN, level)
    last = rig.trace(LOOP_PIN)[-1]
    clear = heard.wait_input(LOOP, False)
    assert active.edges >= 1
    assert clear.edges >= 6
    after_quiet(clear, last, watch)


@pytest.mark.usefixtures("bank")
def test_other_inputs_are_believed_after_quiet(rig: PinRig, heard: Heard, watch: Watch) -> None:
    for level in (0, 1, 0, 1, 0):
        rig.drive(BUTTON_PIN, level)
    last = rig.trace(BUTTON_PIN)[-1]
    pressed = heard.wait_input(BUTTON, True)
    assert pressed.edges >= 5
    after_quiet(pressed, last, watch)
    assert [e.active for e in heard.of(InputChanged) if e.input == BUTTON] == [False, True]


@pytest.mark.usefixtures("bank")
def test_a_short_press_is_told_by_its_edges(rig: PinRig, heard: Heard) -> None:
    rig.drive(BUTTON_PIN, 0)
    rig.drive(BUTTON_PIN, 1)
    heard.wait_edges(BUTTON, 2, active=False)
    assert [e.active for e in heard.of(InputChanged) if e.input == BUTTON] == [False, False]


def test_stopping_ends_pulses_and_lets_go_of_nothing(rig: PinRig, heard: Heard) -> None:
    bank = make_bank(rig.factory())
    bank.start(heard)
    bank.switch(HOLD, True)
    bank.pulse(CLOSE, 60_000)
    bank.stop()
    bank.stop()
    wait_steps(rig, CLOSE_PIN, [REST, OUT_1, OUT_0, OUT_1])
    assert steps(rig.trace(OPEN_PIN)) == [REST, OUT_0]
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_1, OUT_0]
    assert bank.levels() == {OPEN: None, CLOSE: None, HOLD: None}
    assert bank.health().condition is Condition.DOWN
    with pytest.raises(DeviceError, match="not in use"):
        bank.pulse(OPEN, 10)
    assert not [
        t for t in threading.enumerate() if t.name in ("relay-timer", "pin-news", "pin-edges")
    ]


def test_a_kept_output_is_read_back_and_never_dropped(rig: PinRig, heard: Heard) -> None:
    bank = make_bank(rig.factory())
    bank.start(heard)
    bank.switch(HOLD, True)
    bank.stop()
    # A level is told to the simulated gate and not answered: others may come before it.
    wait_steps(rig, HOLD_PIN, [REST, OUT_1, OUT_0])
    assert relays_safe(rig.factory(), OUTPUTS) == {OPEN: False, CLOSE: False, HOLD: True}
    again = make_bank(rig.factory())
    again.start(heard)
    assert again.levels()[HOLD] is True
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_1, OUT_0]
    again.switch(HOLD, False)
    again.stop()
    wait_steps(rig, HOLD_PIN, [REST, OUT_1, OUT_0, OUT_1])


def test_a_held_arm_is_not_let_down_on_somebody(rig: PinRig, heard: Heard) -> None:
    held = (OutputSpec(HOLD, HOLD_PIN, on_exit="keep", max_on_ms=100),)
    bank = make_bank(rig.factory(), HELD_ARM, held)
    bank.start(heard)
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    bank.switch(HOLD, True)
    with pytest.raises(DeviceError, match="occupied"):
        bank.switch(HOLD, False)
    fault = heard.wait(lambda events: OutputFaulted in map(type, events))[-1]
    assert isinstance(fault, OutputFaulted)
    assert "held on: hold: not closing" in fault.detail
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_0, OUT_1]
    rig.drive(LOOP_PIN, 0)
    wait_steps(rig, HOLD_PIN, [REST, OUT_0, OUT_1, OUT_0])
    bank.stop()


def test_relays_safe_treats_all_before_it_complains(rig: PinRig) -> None:
    specs = (OutputSpec(OutputId("wrong"), 99), *OUTPUTS)
    with pytest.raises(DeviceError, match=r"wrong \(GPIO99\)"):
        relays_safe(rig.factory(), specs)
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1]
    assert steps(rig.trace(HOLD_PIN)) == [REST]


def test_a_pin_that_does_not_exist_stops_the_start(rig: PinRig, heard: Heard) -> None:
    outputs = (OutputSpec(OutputId("wrong"), 99), *OUTPUTS)
    bank = make_bank(rig.factory(), outputs=outputs)
    with pytest.raises(DeviceError, match=r"wrong \(GPIO99\)"):
        bank.start(heard)
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1]
    bank.stop()


def test_an_input_that_does_not_exist_stops_the_start(rig: PinRig, heard: Heard) -> None:
    bank = make_bank(rig.factory(), inputs=(InputSpec(InputId("wrong"), 99),))
    with pytest.raises(DeviceError, match=r"wrong \(GPIO99\)"):
        bank.start(heard)
    bank.stop()


def test_an_interlock_that_needs_a_relay_that_is_not_there(rig: PinRig, heard: Heard) -> None:
    bank = make_bank(rig.factory(), outputs=(OUTPUTS[1],))
    bank.start(heard)
    with pytest.raises(DeviceError, match="open: no such output, but the interlock needs it"):
        bank.pulse(CLOSE, 100)
    bank.stop()


def test_a_relay_turned_on_by_somebody_else_is_turned_off_and_told(heard: Heard) -> None:
    rig = MemoryRig()
    bank = make_bank(rig.factory())
    bank.start(heard)
    rig.factory().pin(f"GPIO{OPEN_PIN}").state = 1
    wait_steps(rig, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    heard.wait(lambda events: sum(isinstance(e, OutputFaulted) for e in events) >= 1)
    assert "reads on" in heard.of(OutputFaulted)[0].detail
    bank.switch(HOLD, True)
    rig.factory().pin(f"GPIO{HOLD_PIN}").state = 1
    heard.wait(lambda events: sum(isinstance(e, OutputFaulted) for e in events) >= 2)
    assert "reads off" in heard.of(OutputFaulted)[1].detail
    bank.stop()
    assert steps(rig.trace(HOLD_PIN)) == [REST, OUT_1, OUT_0, OUT_1]  # nothing is turned on for it


def test_an_edge_that_was_lost_is_found(heard: Heard) -> None:
    rig = MemoryRig()
    bank = make_bank(rig.factory())
    bank.start(heard)
    bank.pulse(CLOSE, 50)
    lost: MemoryFactory = rig.factory()  # type: ignore[assignment]  # a MemoryRig's factory is one
    lost.pin(f"GPIO{LOOP_PIN}")._change_state(True)
    heard.wait_input(LOOP, True)
    assert heard.of(Protected)
    bank.stop()


def test_a_gate_that_is_gone_makes_inputs_unknown(sim: SimRig, heard: Heard) -> None:
    bank = make_bank(sim.factory())
    bank.start(heard)
    assert bank.health().condition is Condition.OK
    sim.sim.process.kill()
    heard.wait_input(LOOP, None)
    heard.wait_input(BUTTON, None)
    with pytest.raises(DeviceError, match="cannot be turned on"):
        bank.pulse(OPEN, 100)
    assert bank.levels() == {OPEN: None, CLOSE: None, HOLD: None}
    health = bank.health()
    assert health.condition is Condition.DEGRADED
    assert "loop: unknown" in health.detail
    with pytest.raises(DeviceError, match="left on"):
        bank.stop()


def test_a_pulse_that_cannot_be_ended_is_told(sim: SimRig, heard: Heard) -> None:
    bank = make_bank(sim.factory())
    bank.start(heard)
    bank.pulse(CLOSE, 1_000)
    sim.sim.process.kill()
    heard.wait(lambda events: any("turned off" in getattr(e, "detail", "") for e in events))
    with pytest.raises(DeviceError, match="left on"):
        bank.stop()


def test_a_pin_in_other_hands_is_named(sim: SimRig, heard: Heard) -> None:
    bank = make_bank(sim.factory())
    bank.start(heard)
    with pytest.raises(DeviceError, match=r"close .*held by another process"):
        relays_safe(sim.factory(), OUTPUTS)
    bank.pulse(OPEN, 10)
    wait_steps(sim, OPEN_PIN, [REST, OUT_0, OUT_1, OUT_0])
    bank.stop()


@pytest.mark.parametrize("heal", ["relays-safe", "next start"])
def test_a_killed_daemon_leaves_its_relay_on(sim: SimRig, heard: Heard, heal: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.rigs.pulsing_child", str(sim.sim.pin_socket)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"on\n"
    child.kill()
    child.wait(LIMIT_S)
    wait_steps(sim, OPEN_PIN, [REST, OUT_0, OUT_1])
    if heal == "relays-safe":
        assert relays_safe(sim.factory(), OUTPUTS) == {OPEN: False, CLOSE: False, HOLD: True}
    else:
        bank = make_bank(sim.factory())
        bank.start(heard)
        assert bank.levels() == {OPEN: False, CLOSE: False, HOLD: True}
        bank.stop()
    assert steps(sim.trace(OPEN_PIN)) == [REST, OUT_0, OUT_1, OUT_0]
    assert steps(sim.trace(HOLD_PIN)) == [REST, OUT_1, OUT_0]
    assert steps(sim.trace(CLOSE_PIN)) == [REST, OUT_1]


def test_backends(tmp_path: Path) -> None:
    assert isinstance(open_factory("mock"), MemoryFactory)
    with pytest.raises(DeviceError, match="name the path"):
        open_factory("socket")
    with pytest.raises(DeviceError, match="no simulated gate answers"):
        open_factory("auto", tmp_path / "nobody")
    if not list(Path("/dev").glob("gpiochip*")):
        for backend in ("auto", "lgpio"):
            with pytest.raises(DeviceError, match="pinctrl-rp1"):
                open_factory(backend)


def test_a_chip_is_known_by_its_label(tmp_path: Path) -> None:
    for name in ("gpiochip0", "gpiochip4", "gpiochips"):
        (tmp_path / name).write_bytes(b"")
    assert pin_chip.find_chip(folder=tmp_path) is None  # files are no chips
    with pytest.raises(DeviceError, match="cannot be read as it is"):
        pin_chip.standing(tmp_path / "gpiochip0", 17)
    with pytest.raises(DeviceError, match="cannot be opened"):
        pin_chip.standing(tmp_path / "gpiochip9", 17)


def test_requests_have_the_size_the_kernel_expects() -> None:
    for request, layout in (
        (pin_chip._CHIP_INFO, pin_chip._CHIP),
        (pin_chip._LINE_INFO, pin_chip._INFO),
        (pin_chip._REQUEST, pin_chip._LINE_REQUEST),
        (pin_chip._GET_VALUES, pin_chip._VALUES),
    ):
        assert request >> 16 & 0x3FFF == layout.size


def test_a_lift_that_fails_is_told_and_closing_ends(heard: Heard) -> None:
    rig = MemoryRig()
    bank = make_bank(rig.factory())
    bank.start(heard)
    bank.pulse(CLOSE, 1_000)
    rig.factory().pin(f"GPIO{OPEN_PIN}").function = "input"  # as a pin that refuses to be driven
    rig.drive(LOOP_PIN, 1)
    heard.wait_input(LOOP, True)
    assert steps(rig.trace(CLOSE_PIN)) == [REST, OUT_1, OUT_0, OUT_1]
    assert heard.of(Protected) == []
    fault = heard.of(OutputFaulted)[0]
    assert (fault.output, "cannot be turned on" in fault.detail) == (OPEN, True)
    with pytest.raises(DeviceError, match="left on"):
        bank.stop()
