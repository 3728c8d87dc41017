import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import LED, Button
from gpiozero.exc import PinEdgeDetectUnsupported, PinSetInput
from hypothesis import given
from hypothesis import strategies as st
from serial import Serial

from agent.core.events import InputChanged, Protected
from agent.core.ids import InputId, OutputId
from agent.core.plan import ArmPlan, Drive, Relay
from agent.errors import DeviceError, SettingsError
from drivers.gpio import InputSpec, OutputSpec, open_factory
from drivers.pin_socket import connect, message
from drivers.sim import SimClient, SimProcess
from drivers.sim.lines import em4100_frame
from drivers.sim.physics import Build, Car, Kind, Lane, Phase
from drivers.sim.spec import read_spec
from tests.patience import LIMIT_S, until
from tests.rigs.gate_rig import Heard, heard, make_bank

LIMIT_MS = int(LIMIT_S * 1000)

__all__ = ["heard"]

S = 1_000_000_000
UP_NS, DOWN_NS = 3 * S, 2 * S


def lane(**build: Any) -> Lane:
    return Lane(Build("in", UP_NS, DOWN_NS, **build), now_ns=0)


def press(of: Lane, which: str, at: int) -> None:
    of.relay(which, True, at)
    of.relay(which, False, at + S // 10)


def whats(of: Lane) -> list[str]:
    return [note.what for note in of.story]


# The physics, with time from outside.


def test_an_arm_takes_its_time() -> None:
    one = lane()
    press(one, "open", 10)
    one.advance(10 + UP_NS - 1)
    assert (one.opened, one.closed, one.moving) == (False, False, 1)
    one.advance(10 + UP_NS)
    assert (one.opened, one.closed, one.moving) == (True, False, 0)
    press(one, "close", 10 * S)
    assert one.next_ns() == 12 * S
    one.advance(12 * S)
    assert one.closed
    assert one.next_ns() is None


def test_an_arm_reverses_from_where_it_is() -> None:
    one = lane()
    press(one, "open", 0)
    press(one, "close", UP_NS // 2)  # half way up
    assert one.next_ns() == UP_NS // 2 + DOWN_NS // 2
    press(one, "stop", 2 * S)
    assert one.next_ns() is None
    assert 0 < one.place < one.span
    press(one, "open", 50 * S)
    one.advance(53 * S)
    assert one.opened


def test_a_maintained_arm_follows_its_relay() -> None:
    one = lane(maintained=True)
    one.relay("open", True, 0)
    one.advance(100 * S)
    assert one.opened
    one.relay("open", False, 100 * S)
    one.advance(102 * S)
    assert one.closed


def test_an_arm_closes_by_itself_only_where_it_is_built_so() -> None:
    plain, own = lane(), lane(self_close_ns=5 * S)
    for one in (plain, own):
        press(one, "open", 0)
        one.advance(1000 * S)
    assert plain.opened
    assert own.closed
    assert own.story[-1].ns == UP_NS + 5 * S + DOWN_NS


def test_its_own_logic_waits_for_the_car() -> None:
    one = lane(self_close_ns=S)
    one.drive(Car("A", enter_ns=0, under_ns=20 * S), 0)
    press(one, "open", 0)
    one.advance(100 * S)
    assert (one.closed, one.hits, one.passed) == (True, 0, 1)


def test_a_car_waits_for_the_arm_and_goes_through() -> None:
    one = lane()
    one.drive(Car("A", approach_ns=S, enter_ns=S, under_ns=2 * S), 0)
    one.advance(50 * S)
    assert one.cars[0].phase is Phase.WAITING
    press(one, "open", 50 * S)
    one.advance(54 * S)
    assert one.loop
    one.advance(56 * S)
    assert (one.loop, one.passed, list(one.cars)) == (False, 1, [])
    assert whats(one) == [
        "A comes",
        "A waits before the arm",
        "the arm goes up",
        "the arm is up",
        "A drives in",
        "A is under the arm",
        "A is through",
    ]


def test_a_car_that_backs_out_has_not_passed() -> None:
    one = lane()
    one.drive(Car("A", Kind.BACK_OUT), 0)
    press(one, "open", 0)
    one.advance(50 * S)
    assert (one.passed, list(one.cars)) == (0, [])
    assert whats(one)[-1] == "A backed out"


def test_a_stalled_car_stays_until_it_is_released() -> None:
    one = lane()
    one.release(0)  # nobody is there
    one.drive(Car("A", Kind.STALL), 0)
    press(one, "open", 0)
    one.advance(1000 * S)
    assert one.loop
    one.release(1000 * S)
    one.advance(1001 * S)
    assert (one.loop, one.passed) == (False, 1)


def test_the_next_car_follows_unless_it_is_polite() -> None:
    for polite, passed in ((False, 2), (True, 1)):
        one = lane()
        one.drive(Car("A"), 0)
        one.drive(Car("B", polite=polite), 0)
        press(one, "open", 0)
        one.advance(100 * S)
        assert one.passed == passed
        press(one, "open", 100 * S)  # now it is B's turn
        one.advance(200 * S)
        assert one.passed == 2


@pytest.mark.parametrize("who", ["car", "person"])
def test_an_arm_that_is_told_to_hits(who: str) -> None:
    one = lane()
    press(one, "open", 0)
    one.advance(10 * S)
    if who == "car":
        one.drive(Car("A", Kind.STALL), 10 * S)
    else:
        one.person(100 * S, 10 * S)
    press(one, "close", 20 * S)
    one.advance(50 * S)
    assert (one.hits, one.closed, one.moving) == (1, False, 0)
    assert one.loop is (who == "car")
    assert one.beam


def test_both_relays_together_are_told() -> None:
    one = lane()
    one.relay("open", True, 0)
    one.relay("close", True, 1)
    assert "open and close relay are on together" in whats(one)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 4 * S),
        st.sampled_from(["open", "close", "stop", "car", "stall", "release", "person", "look"]),
    ),
    max_size=30,
)


@given(STEPS, st.booleans(), st.lists(st.integers(0, S), max_size=30))
def test_looking_more_often_changes_nothing(
    happens: list[tuple[int, str]], maintained: bool, looks: list[int]
) -> None:
    """The same story whether time is lived through in one step or in many; and it is sound."""
    once, often = lane(maintained=maintained), lane(maintained=maintained)
    now = 0
    for index, (passed, what) in enumerate(happens):
        now += passed
        for look in looks[: index % 5]:
            often.advance(now - passed + min(look, passed))
            assert 0 <= often.place <= often.span
        for one in (once, often):
            match what:
                case "open" | "close" | "stop":
                    press(one, what, now)
                case "car" | "stall":
                    kind = Kind.STALL if what == "stall" else Kind.THROUGH
                    one.drive(Car(f"{index}", kind), now)
                case "release":
                    one.release(now)
                case "person":
                    one.person(S, now)
                case _:
                    one.advance(now)
        now += S // 10
    for one in (once, often):
        one.advance(now + 1000 * S)
        assert one.moving == 0
        assert one.next_ns() is None
    assert once.story == often.story
    assert (once.place, once.hits, once.passed) == (often.place, often.hits, often.passed)


def test_frames_of_an_rdm6300() -> None:
    assert em4100_frame("0100CDA4EC") == b"\x020100CDA4EC84\x03"
    with pytest.raises(ValueError, match="ten hexadecimal digits"):
        em4100_frame("01")


# The process around it.

OPEN, CLOSE = OutputId("open"), OutputId("close")
LOOP, DOWN = InputId("loop"), InputId("down")


def spec(folder: Path) -> dict[str, Any]:
    return {
        "pin_socket": str(folder / "pins"),
        "control_socket": str(folder / "control"),
        "lanes": [
            {
                "lane": "in",
                "open": {"pin": 17},
                "close": {"pin": 27, "active_low": True},
                "loop": {"pin": 5},
                "safety": [{"pin": 5}, {"pin": 19}],
                "opened": {"pin": 6},
                "closed": {"pin": 13, "active_low": True},
                "open_ms": 200,
                "close_ms": 60_000,  # it is still on its way down after a standstill
            }
        ],
        "inputs": [{"pin": 26, "active_low": True}],
        "readers": [{"reader": "north", "link": str(folder / "north")}],
    }


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[SimProcess]:
    with SimProcess(spec(tmp_path), tmp_path) as running:
        yield running


def levels(client: SimClient) -> dict[int, int]:
    return {pin["pin"]: pin["level"] for pin in client.pins()}


def test_a_passage_as_the_pins_see_it(gate: SimProcess, heard: Heard) -> None:
    arm = ArmPlan(
        Relay(OPEN, Drive.PULSE, 50),
        Relay(CLOSE, Drive.PULSE, 50),
        safety=(LOOP,),
        closed=DOWN,
    )
    bank = make_bank(
        open_factory("socket", gate.pin_socket),
        arm,
        (OutputSpec(OPEN, 17), OutputSpec(CLOSE, 27, active_low=True)),
        (InputSpec(LOOP, 5, debounce_ms=20), InputSpec(DOWN, 13, active_low=True)),
    )
    bank.start(heard)
    client = gate.client
    client.drive("in", "A", enter_ms=10, under_ms=300)
    bank.pulse(OPEN, 50)
    heard.wait(lambda events: any(isinstance(e, InputChanged) and e.active for e in events))
    client.wait(LIMIT_MS, lane="in", passed=1)
    heard.wait_input(LOOP, False)
    bank.pulse(CLOSE, 50)
    client.wait(LIMIT_MS, lane="in", arm="falling")
    client.drive("in", "B", kind="stall", enter_ms=0)  # it goes as soon as the arm is up
    client.input(19, True)
    client.input(5, True)  # a truck's tail: the loop is occupied while the arm comes down
    client.wait(LIMIT_MS, lane="in", arm="up")
    heard.wait(lambda events: Protected in map(type, events))
    client.wait(LIMIT_MS, lane="in", loop=True)
    assert client.arms()["in"]["hits"] == 0
    client.input(5, None)
    client.release("in")
    client.wait(LIMIT_MS, lane="in", cars=0)
    bank.stop()
    # A level is told to the simulated gate and not answered: others may come before it.
    until(lambda: len(client.trace([17])) >= 5, "both pulses")
    opens = [(r.function, r.level) for r in client.trace([17])]
    assert opens == [("output", 0), ("output", 1), ("output", 0), ("output", 1), ("output", 0)]
    told = [what for _, _, what in client.story()]
    assert told.index("A is through") < told.index("the arm goes down") < len(told) - 1


def test_a_tap_comes_out_of_the_readers_line(gate: SimProcess, tmp_path: Path) -> None:
    link = tmp_path / "north"
    with Serial(str(link), timeout=LIMIT_S) as reader:
        ns = gate.client.tap_em4100("north", "0100CDA4EC")
        assert reader.read(14) == b"\x020100CDA4EC84\x03"
        assert gate.client.tap("north", b"\xff\x00") > ns
        assert reader.read(2) == b"\xff\x00"
        reader.write(b"beep")
        reader.flush()
        until(lambda: b"".join(raw for _, _, raw in gate.client.heard()) == b"beep", "the beep")
    gate.client.unplug("north")
    gate.client.unplug("north")
    assert not link.is_symlink()
    with pytest.raises(DeviceError, match="unplugged"):
        gate.client.tap("north", b"x")
    gate.client.replug("north")
    gate.client.replug("north")
    assert link.is_symlink()
    with Serial(str(link), timeout=LIMIT_S) as reader:
        gate.client.tap("north", b"back")
        assert reader.read(4) == b"back"


def test_a_line_that_nobody_reads_fills_up(gate: SimProcess) -> None:
    with pytest.raises(DeviceError, match="full"):  # noqa: PT012 - how many fit is the kernel's
        for _ in range(100):
            gate.client.tap("north", bytes(4096))


def test_switches_and_stuck_loops(gate: SimProcess) -> None:
    client = gate.client
    assert [levels(client)[pin] for pin in (5, 6, 13, 26)] == [0, 0, 0, 1]
    client.input(26, True)
    assert levels(client)[26] == 0
    client.input(5, True)
    assert levels(client)[5] == 1
    mark = client.mark()
    client.person("in", 50)  # who is gone before a slow machine looks
    client.wait(LIMIT_MS, pin=19, level=0, function="input")
    assert [one.level for one in client.trace([19], since=mark)] == [1, 0]
    assert levels(client)[5] == 1
    client.input(5, None)
    assert levels(client)[5] == 0
    assert client.arms()["in"] == {
        "arm": "down",
        "place": 0.0,
        "loop": False,
        "beam": False,
        "hits": 0,
        "passed": 0,
        "cars": [],
        "lamps": {},
    }


@pytest.mark.parametrize(
    ("op", "arguments", "says"),
    [
        ("fly", {}, "fly"),
        ("drive", {"lane": "out", "car": "A"}, "out"),
        ("drive", {"lane": "in", "car": "A", "kind": "hover"}, "hover"),
        ("tap", {"reader": "south", "bytes": ""}, "south"),
        ("tap", {"reader": "north", "bytes": "xy"}, "hexadecimal"),
        ("input", {"pin": 2, "active": True}, "2"),
        ("input", {"pin": 5, "active": 1}, "true, false or null"),
        ("wait", {"for": {"weather": "fine"}}, "weather"),
        ("wait", {"for": {"pin": 77}}, "GPIO77"),
    ],
)
def test_what_cannot_be_done_is_said(
    gate: SimProcess, op: str, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(DeviceError, match=says):
        gate.client.ask(op, **arguments)


def test_a_wait_has_a_limit(gate: SimProcess) -> None:
    wants: list[dict[str, Any]] = [
        {"records": 1_000_000},
        {"pin": 17, "function": "output"},
        {"pin": 6, "level": 1},
        {"lane": "in", "hits": 1},
    ]
    for wanted in wants:
        with pytest.raises(DeviceError, match="did not come to"):
            gate.client.wait(20, **wanted)


def test_the_pin_socket_says_what_it_does_not_do(gate: SimProcess) -> None:
    with connect(gate.pin_socket) as line:
        line.send(message(b"R", 99))
        assert line.recv(4)[:1] == b"N"
        line.send(message(b"W", 17, 1))  # not claimed: nothing moves
        line.send(message(b"W", 99, 1))
        line.recv(4)
        line.send(message(b"R", 17))
        assert line.recv(4) == b"V\x11\0\0"
        line.send(message(b"O", 17, 1))
        assert line.recv(4) == b"V\x11\x03\0"
        with connect(gate.pin_socket) as other:
            other.send(message(b"O", 17, 0))
            assert other.recv(4)[:1] == b"B"
        line.send(message(b"F", 17))
        assert line.recv(4) == b"V\x11\x03\0"
        with connect(gate.pin_socket) as other:
            other.send(message(b"I", 17, 1))
            assert other.recv(4) == b"V\x11\x01\0"  # its pull-up
    assert gate.client.trace([17])[0].who == os.getpid()
    mark = gate.client.mark()
    assert len(gate.client.trace()) == mark
    gate.client.input(26, True)
    assert [r.pin for r in gate.client.trace(since=mark)] == [26]
    assert [r.level for r in gate.client.trace([17])] == [1, 1]


def test_gpiozero_takes_the_pins_for_real_ones(gate: SimProcess) -> None:
    factory = open_factory("auto", gate.pin_socket)
    with (
        LED(17, pin_factory=factory) as lamp,
        Button(5, pull_up=None, active_state=True, pin_factory=factory) as loop,
    ):
        lamp.on()
        assert lamp.is_lit
        assert levels(gate.client)[17] == 1
        gate.client.input(5, True)
        assert loop.wait_for_press(LIMIT_S)
        with pytest.raises(PinEdgeDetectUnsupported):
            loop.pin.edges = "rising"
        with pytest.raises(PinSetInput):
            loop.pin.state = 1
        assert loop.pin.pull == "floating"
        loop.pin.function = "input"
        loop.pin.pull = "up"
        assert (loop.pin.function, lamp.pin.function) == ("input", "output")
    factory.close()
    assert levels(gate.client)[17] == 1  # let go, and still driven


def test_it_ends_when_it_is_told(tmp_path: Path) -> None:
    gate = SimProcess(spec(tmp_path), tmp_path)
    gate.client.stop()
    assert gate.process.wait(LIMIT_S) == 0
    assert not list(tmp_path.glob("[pcn]*"))  # no socket, no line is left behind
    with pytest.raises(DeviceError, match="arms"):
        gate.client.arms()
    gate.stop()
    gate.stop()
    with pytest.raises(DeviceError, match="start it first"):
        SimClient(tmp_path / "control")


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    gate = SimProcess(spec(tmp_path), tmp_path)
    with gate.client, socket.socket(socket.AF_UNIX) as mute:
        mute.connect(str(tmp_path / "control"))
        mute.sendall(json.dumps({"op": "arms"}).encode() + b"\n")
        assert json.loads(mute.recv(4096))["ok"]
    assert gate.process.stdin is not None
    gate.process.stdin.close()
    assert gate.process.wait(LIMIT_S) == 0
    gate.stop()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pin_socket": None}, "cannot be used"),
        ({"lanes": [{"lane": "in"}]}, "open"),
        ({"lanes": [{"lane": "in", "open": {"pin": 1}, "drive": "magic"}]}, "magic"),
        ({"lanes": [{"lane": "in", "open": {"pin": 1}, "open_ms": 0}]}, "0 ms"),
        ({"readers": [{"reader": "x"}]}, "link"),
    ],
)
def test_a_spec_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read_spec({**spec(tmp_path), **change})


def test_a_spec_with_its_parts() -> None:
    whole = read_spec(
        {
            "pin_socket": "a",
            "control_socket": "b",
            "lanes": [
                {"lane": "x", "open": {"pin": 4}, "drive": "maintained", "self_close_ms": 1.5}
            ],
        }
    )
    assert whole.lanes[0].build == Build("x", maintained=True, self_close_ns=1_500_000)


def test_a_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}", "utf-8")
    command = [sys.executable, "-m", "drivers.sim"]
    bad = subprocess.run([*command, str(tmp_path / "bad.json")], capture_output=True, check=False)
    assert (bad.returncode, b"lacks 'pin_socket'" in bad.stderr) == (2, True)
    none = subprocess.run(command, capture_output=True, check=False)
    assert (none.returncode, b"usage" in none.stderr) == (2, True)
    with pytest.raises(DeviceError, match="did not become ready"):
        SimProcess({**spec(tmp_path), "lanes": [{}]}, tmp_path)
