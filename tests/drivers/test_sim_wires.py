"""Wires of the simulated gate: cut, stuck, chattering, in pairs, tested; doors, lamps, lines."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial import Serial

from agent.errors import DeviceError
from drivers.pin_socket import connect, message
from drivers.sim import SimProcess
from drivers.sim.board import Board
from drivers.sim.gate import Gate
from drivers.sim.road import Car, Kind
from drivers.sim.spec import read_spec
from drivers.sim.wires import Wires

MS = 1_000_000


# Pure.


def test_a_cut_wire_drives_nothing() -> None:
    wires = Wires()
    assert wires.says(5, True, 0) is True
    wires.stick(5, False)
    assert wires.says(5, True, 0) is False
    wires.cut(5)
    assert wires.says(5, True, 0) is None
    wires.mend(5)
    assert (wires.says(5, True, 0), wires.next_ns()) == (True, None)


def test_a_loose_contact_moves_for_ever() -> None:
    wires = Wires()
    wires.chatter(5, 10, 100)
    said = []
    for _ in range(4):
        due = wires.next_ns()
        assert due is not None
        said.append((due, wires.says(5, False, due)))
    assert said == [(110, False), (120, True), (130, False), (140, True)]
    with pytest.raises(ValueError, match="none"):
        wires.chatter(5, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("sckm"), st.integers(0, 3), st.booleans())))
def test_the_last_thing_that_happened_to_a_wire_counts(
    happens: list[tuple[str, int, bool]],
) -> None:
    wires, last = Wires(), dict.fromkeys(range(4), ("m", False))
    for what, pin, on in happens:
        last[pin] = (what, on)
        match what:
            case "s":
                wires.stick(pin, on)
            case "c":
                wires.cut(pin)
            case "k":
                wires.chatter(pin, 10, 0)
            case _:
                wires.mend(pin)
    for pin, (what, on) in last.items():
        wanted = {"s": on, "c": None, "k": True, "m": False}[what]
        assert wires.says(pin, False, 0) is wanted


# In the process.


def spec(folder: Path) -> dict[str, Any]:
    return {
        "pin_socket": str(folder / "pins"),
        "control_socket": str(folder / "control"),
        "lanes": [
            {
                "lane": "in",
                "open": {"pin": 17},
                "approach": {"pin": 2},
                "exit": {"pin": 3},
                "safety": [
                    {"pin": 5, "pair": {"pin": 6}},
                    {"pin": 7, "active_low": True, "test": {"pin": 8}},
                ],
                "lamps": {"red": {"pin": 20, "active_low": True}, "green": {"pin": 21}},
                "open_ms": 100,
                "close_ms": 100,
            },
            {"lane": "door", "door": True, "open": {"pin": 18}, "closed": {"pin": 13}},
        ],
        "inputs": [{"pin": 26, "name": "gate.fire"}],
        "displays": [{"display": "in", "link": str(folder / "text")}],
    }


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[SimProcess]:
    with SimProcess(spec(tmp_path), tmp_path) as running:
        yield running


def levels(gate: SimProcess, *pins: int) -> list[int]:
    found = gate.client.pins()
    return [found[pin]["level"] for pin in pins]


def test_a_pair_says_it_twice(gate: SimProcess) -> None:
    assert levels(gate, 5, 6) == [0, 1]
    mark = gate.client.mark()
    gate.client.person("in", 100)  # who is gone before a slow machine looks
    gate.client.wait(60_000, pin=5, level=0)
    for pin, said in ((5, [1, 0]), (6, [0, 1])):
        assert [one.level for one in gate.client.trace([pin], since=mark)] == said
    gate.client.input("in.safety", True)
    assert levels(gate, 5, 6) == [1, 0]
    gate.client.cut(6)  # the second contact's own wire
    assert levels(gate, 5, 6) == [1, 0]
    gate.client.mend("in.safety")
    gate.client.mend(6)
    assert levels(gate, 5, 6) == [0, 1]


def test_a_cut_wire_reads_as_it_is_pulled(gate: SimProcess) -> None:
    with connect(gate.pin_socket) as line:
        line.send(message(b"I", 26, 1))
        line.recv(4)
        assert levels(gate, 26) == [0]
        gate.client.cut("gate.fire")
        assert levels(gate, 26) == [1]
        gate.client.mend("gate.fire")
        assert levels(gate, 26) == [0]
    with pytest.raises(DeviceError, match=r"gate\.flood"):
        gate.client.cut("gate.flood")


def test_a_loose_contact_makes_edges_until_it_is_mended(gate: SimProcess) -> None:
    mark = gate.client.mark()
    gate.client.chatter("gate.fire", 5)
    gate.client.wait(60_000, records=mark + 10)
    gate.client.mend("gate.fire")
    assert levels(gate, 26) == [0]
    edges = [one.level for one in gate.client.trace([26], since=mark)]
    assert edges == [number % 2 == 0 for number in range(len(edges))]


def test_a_sensor_answers_its_test_unless_it_is_dead(gate: SimProcess) -> None:
    with connect(gate.pin_socket) as line:
        line.send(message(b"O", 8, 0))
        line.recv(4)
        assert levels(gate, 7) == [1]
        line.send(message(b"W", 8, 1))
        gate.client.wait(60_000, pin=7, level=0)
        line.send(message(b"W", 8, 0))
        gate.client.wait(60_000, pin=7, level=1)
        gate.client.input("in.safety-2", False)
        line.send(message(b"W", 8, 1))
        gate.client.wait(60_000, pin=8, level=1)
        assert levels(gate, 7) == [1]


def test_lamps_are_lit_by_their_pins(gate: SimProcess) -> None:
    assert gate.client.arms()["in"]["lamps"] == {"red": False, "green": False}
    with connect(gate.pin_socket) as line:
        line.send(message(b"O", 20, 0))
        line.recv(4)
        gate.client.wait(60_000, lane="in", red=True, green=False)


def test_somebody_walks_through_the_door(gate: SimProcess) -> None:
    client = gate.client
    client.drive("door", "A", enter_ms=0, under_ms=100)
    client.wait(60_000, lane="door", waits="A", arm="down")
    with connect(gate.pin_socket) as line:
        line.send(message(b"O", 18, 1))
        line.recv(4)
        client.wait(60_000, lane="door", passed=1, arm="down")
    assert [one.level for one in client.trace([13])] == [1, 0, 1]
    with pytest.raises(DeviceError, match="no arm"):
        client.hand("door", 1)


def test_what_people_do_to_the_arm(gate: SimProcess) -> None:
    client = gate.client
    client.hand("in", 1)
    client.wait(60_000, lane="in", arm="up", above=1)
    client.drive("in", "A", shy=True, leave_ms=100)
    client.wait(60_000, lane="in", waits="A", approach=True)
    client.ask("wave", lane="in", car="A")
    client.wait(60_000, lane="in", exit=True)
    client.wait(60_000, lane="in", cars=0)
    client.hand("in", None)
    client.power("in", False)
    client.ask("reach", lane="in", high=0.5)
    said = [what for _, _, what in client.story()]
    assert said[-2:] == ["nobody holds the arm", "the operator has no power"]


def test_the_display_is_a_line(gate: SimProcess, tmp_path: Path) -> None:
    with Serial(str(tmp_path / "text"), timeout=2) as line:
        line.write("停\r\n".encode("gb18030"))
        line.flush()
        for _ in range(6_000):
            if gate.client.heard():
                break
            with pytest.raises(DeviceError, match="did not come"):
                gate.client.wait(10, records=1_000_000)
    assert b"".join(raw for _, who, raw in gate.client.heard() if who == "in") == b"\xcd\xa3\r\n"


@pytest.mark.parametrize(
    ("op", "arguments", "says"),
    [
        ("wave", {"lane": "in", "car": "Z"}, "Z is not there"),
        ("hand", {"lane": "in", "way": 2}, "lets go"),
        ("reach", {"lane": "in", "low": 2}, "0 to 1"),
        ("reach", {"lane": "door", "high": 0.5}, "wedge it"),
        ("chatter", {"pin": 26, "ms": 0}, "none"),
        ("cut", {"pin": 17}, "17"),
    ],
)
def test_what_cannot_be_done_is_said(
    gate: SimProcess, op: str, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(DeviceError, match=says):
        gate.client.ask(op, **arguments)


def test_what_a_stalled_machine_should_have_shown_is_shown_later(tmp_path: Path) -> None:
    board = Board()
    gate = Gate(read_spec(spec(tmp_path)), board)
    gate.start()
    gate.drive("in", Car("A", Kind.FORCE, enter_ns=50 * MS, under_ns=100 * MS))
    with board.lock:
        threading.Event().wait(0.4)  # nobody gets on: the car should have come and gone
    with board.lock:
        shown = board.changed.wait_for(lambda: [one.pin for one in board.trace].count(5) == 2, 60)
        came, gone = (one.ns for one in board.trace if one.pin == 5)
    gate.stop()
    assert shown
    assert gone - came >= 50 * MS
