"""A Wiegand reader on pins, twice: in memory, and in a simulated gate's process."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, KeysTyped, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.pin_factory import open_factory
from drivers.pins import HOLE, Fall, MemoryFactory, MemoryFalls, PinFactory
from drivers.sim import SimProcess
from drivers.wiegand_lamp import LampSpec
from drivers.wiegand_pins import WiegandPins, WiegandSpec
from drivers.wire.registry import wiegand_meaning
from tests.drivers.test_serial_reader import Inbox, SystemClock, counters, wait_for_health
from tests.patience import LIMIT_S, until
from tests.wire.makers import wiegand

READER = ReaderId("in-1")
D0, D1, GREEN, BUZZER = 5, 6, 12, 13
MS = 1_000_000
SWAP = str.maketrans("01", "10")
SPEC = WiegandSpec(
    D0,
    D1,
    "wiegand-26",
    wiegand_meaning("wiegand-26"),
    green=LampSpec(GREEN),
    buzzer=LampSpec(BUZZER, active_low=False),
)


def card(number: int) -> str:
    return wiegand(f"{number:024b}", 12)


class Rig(Protocol):
    """Pins, and the reader that is wired to them."""

    def open(self) -> PinFactory:
        """What the driver opens."""

    def show(self, bits: str) -> int:
        """A card is held to the reader; the time of its last bit."""

    def rest(self, level: int) -> None:
        """What both wires rest at."""

    def levels(self, pin: int) -> list[int]:
        """What an output did, from its first level on."""


class Memory(MemoryFactory):
    """Pins in memory that outlast the factory's use, and whose falls can be told from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[MemoryFalls] = []
        for number in (D0, D1):
            self.pin(f"GPIO{number}").drive_high()

    def falls(self, numbers: Any, pull: str) -> MemoryFalls:
        self.heard.append(super().falls(numbers, pull))
        return self.heard[-1]


class MemoryRig:
    def __init__(self) -> None:
        self.pins = Memory()

    def open(self) -> PinFactory:
        return self.pins

    def show(self, bits: str) -> int:
        ends = time.monotonic_ns()
        begins = ends - 2 * MS * (len(bits) - 1)
        falls = [Fall(begins + 2 * MS * at, (D0, D1)[int(bit)]) for at, bit in enumerate(bits)]
        self.pins.heard[-1].pulses(falls)
        return ends

    def rest(self, level: int) -> None:
        for number in (D0, D1):
            pin = self.pins.pin(f"GPIO{number}")
            pin.drive_high() if level else pin.drive_low()

    def levels(self, pin: int) -> list[int]:
        trace = self.pins.pin(f"GPIO{pin}").trace
        return [one.level for one in trace if one.function == "output"]


class SimRig:
    def __init__(self, folder: Path) -> None:
        self.sim = SimProcess(
            {
                "pin_socket": str(folder / "pins"),
                "control_socket": str(folder / "control"),
                "wiegand": [{"reader": "in-1", "d0": D0, "d1": D1}],
            },
            folder,
        )

    def open(self) -> PinFactory:
        return open_factory("socket", self.sim.pin_socket)

    def show(self, bits: str) -> int:
        return self.sim.client.tap_wiegand("in-1", bits)

    def rest(self, level: int) -> None:
        self.sim.client.rest("in-1", level)

    def levels(self, pin: int) -> list[int]:
        return [one.level for one in self.sim.client.trace([pin]) if one.function == "output"]


@pytest.fixture(params=["memory", "simulated"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryRig | SimRig]:
    if request.param == "memory":
        yield MemoryRig()
        return
    rig = SimRig(tmp_path)
    yield rig
    rig.sim.stop()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def make() -> Iterator[Callable[..., WiegandPins]]:
    made: list[WiegandPins] = []

    def build(rig: Rig, spec: WiegandSpec = SPEC) -> WiegandPins:
        made.append(WiegandPins(READER, spec, SystemClock(), rig.open))
        return made[-1]

    yield build
    for reader in made:
        reader.stop()


Make = Callable[..., WiegandPins]


def started(make: Make, rig: Rig, inbox: Inbox, spec: WiegandSpec = SPEC) -> WiegandPins:
    reader = make(rig, spec)
    reader.start(inbox.put)
    found = inbox.next()
    assert isinstance(found, ReaderFound)
    assert found.detail == "GPIO5 (D0) and GPIO6 (D1), wiegand-26"
    return reader


def test_cards_become_card_reads(rig: Rig, inbox: Inbox, make: Make) -> None:
    reader = started(make, rig, inbox)
    for number in (0x123456, 0, 0xFFFFFF):
        ends = rig.show(card(number))
        event = inbox.next()
        assert isinstance(event, CardRead)
        assert str(event.credential) == f"w26:{number:06X}"
        # The silence that ends a card was waited for, and counted from its last bit.
        assert event.at.mono_ns >= ends + SPEC.gap_ns
    rig.show("0101")
    for bits, key in (("0101", "5"), ("11010010", "2"), ("1011", "#")):
        if bits != "0101":
            rig.show(bits)
        pressed = inbox.next()
        assert isinstance(pressed, KeysTyped)
        assert pressed.keys == key
        assert f"'{key}'" not in f"{pressed}"
    until(lambda: counters(reader)["keys"] == 3, "the keys are counted")
    assert counters(reader) == {
        "edges": 3 * 26 + 4 + 8 + 4,
        "frames": 3,
        "keys": 3,
        "faults": 0,
        "lamp_failures": 0,
        "reconnects": 0,
    }
    assert reader.health().condition is Condition.OK
    reader.stop()
    assert inbox.rest() == []


def test_a_thread_that_is_held_up_neither_cuts_cards_nor_joins_them(
    rig: Rig, inbox: Inbox, make: Make
) -> None:
    go_on, inside = threading.Event(), threading.Event()

    def slow(event: Any) -> None:
        inbox.put(event)
        if isinstance(event, CardRead):
            inside.set()
            assert go_on.wait(LIMIT_S)

    reader = make(rig)
    reader.start(slow)
    assert isinstance(inbox.next(), ReaderFound)
    numbers = [7, 8, 9, 10]
    for number in numbers:
        shown_ns = rig.show(card(number))
        # 26 bits and the silence after them: the next card begins behind that, by its own times.
        until(lambda: time.monotonic_ns() > shown_ns + 80 * MS, "time for the next card")  # noqa: B023
        assert inside.wait(LIMIT_S)
    go_on.set()
    assert inbox.cards(4) == [f"w26:{number:06X}" for number in numbers]


def test_swapped_wires_are_named_with_what_to_do(rig: Rig, inbox: Inbox, make: Make) -> None:
    reader = started(make, rig, inbox)
    for number in (1, 2):
        rig.show(card(number).translate(SWAP))
        fault = inbox.next()
        assert isinstance(fault, FrameFaulted)
        assert fault.reason == "d0_d1_swapped"
    wait_for_health(reader, Condition.DEGRADED)
    detail = reader.health().detail
    assert "D0 and D1 are swapped" in detail
    assert "change the two wires over" in detail
    assert "w26" not in detail
    rig.show(card(3))
    assert inbox.cards(1) == ["w26:000003"]
    assert reader.health().condition is Condition.OK


def test_faults_are_counted_and_told_a_few_a_second(rig: Rig, inbox: Inbox, make: Make) -> None:
    reader = started(make, rig, inbox)
    for count in range(1, 7):
        rig.show("0" * 12)
        until(lambda: counters(reader)["faults"] == count, f"{count} faults")  # noqa: B023
    until(lambda: "6 faults in a row" in reader.health().detail, "they are told")
    health = reader.health()
    assert health.condition is Condition.DEGRADED
    assert "most of them wrong_length" in health.detail
    assert 0 < len(inbox.rest()) <= 6


def test_wires_that_rest_low_are_told(rig: Rig, inbox: Inbox, make: Make) -> None:
    reader = started(make, rig, inbox)
    rig.rest(0)
    wait_for_health(reader, Condition.DEGRADED)
    assert "rest" in reader.health().detail
    assert "has the reader power" in reader.health().detail
    rig.rest(1)
    wait_for_health(reader, Condition.OK)


def test_the_lamp_and_the_buzzer(rig: Rig, inbox: Inbox, make: Make) -> None:
    reader = started(make, rig, inbox)
    assert rig.levels(GREEN) == [1]
    assert rig.levels(BUZZER) == [0]
    reader.show(Verdict.DENIED)
    until(lambda: rig.levels(BUZZER) == [0, 1, 0, 1, 0, 1, 0], "three beeps")
    reader.show(Verdict.REFERRED)
    until(lambda: len(rig.levels(BUZZER)) == 9, "one long beep")
    assert rig.levels(GREEN) == [1]
    reader.show(Verdict.GRANTED)
    until(lambda: rig.levels(GREEN)[:2] == [1, 0], "the green lamp is on")
    rig.show(card(5))
    assert inbox.cards(1) == ["w26:000005"]
    reader.show(Verdict.GRANTED)
    until(lambda: rig.levels(GREEN)[-2:] == [0, 1], "and off again")
    reader.show(Verdict.GRANTED)
    until(lambda: rig.levels(GREEN).count(0) == 3, "on once more")
    reader.stop()
    assert rig.levels(GREEN)[-1] == 1
    assert rig.levels(BUZZER)[-1] == 0


def test_a_reader_without_a_lamp_shows_nothing(rig: Rig, inbox: Inbox, make: Make) -> None:
    spec = WiegandSpec(D0, D1, "wiegand-26", wiegand_meaning("wiegand-26"))
    reader = started(make, rig, inbox, spec)
    reader.show(Verdict.GRANTED)
    rig.show(card(5))
    assert inbox.cards(1) == ["w26:000005"]
    assert rig.levels(GREEN) == []


def test_a_gate_that_goes_and_comes_again(tmp_path: Path, inbox: Inbox, make: Make) -> None:
    rig = SimRig(tmp_path)
    reader = started(make, rig, inbox)
    rig.sim.stop()
    lost = inbox.next()
    assert isinstance(lost, ReaderLost)
    assert "GPIO5 (D0) and GPIO6 (D1) cannot be heard" in lost.detail
    assert reader.health().condition is Condition.DOWN
    again = SimRig(tmp_path)
    assert isinstance(inbox.next(), ReaderFound)
    again.show(card(6))
    assert inbox.cards(1) == ["w26:000006"]
    assert counters(reader)["reconnects"] == 1
    again.sim.stop()


def test_pins_that_somebody_else_holds(tmp_path: Path, inbox: Inbox, make: Make) -> None:
    rig = SimRig(tmp_path)
    other = rig.open()
    held = other.falls((D0,), "up")
    reader = make(rig)
    reader.start(inbox.put)
    lost = inbox.next()
    assert isinstance(lost, ReaderLost)
    assert "GPIO5 is held by another process" in lost.detail
    held.close()
    assert isinstance(inbox.next(), ReaderFound)
    other.close()
    reader.stop()
    rig.sim.stop()


def test_pins_in_memory_are_heard_as_they_fall() -> None:
    pins = MemoryFactory()
    falls = pins.falls((D0, D1), "up")
    assert falls.levels() == [1, 1]
    pin = pins.pin(f"GPIO{D1}")
    before = time.monotonic_ns()
    pin.drive_low()
    pin.drive_high()
    pin.drive_low()
    found = falls.read()
    assert [fall.pin for fall in found] == [D1, D1]
    assert before < found[0].ns <= found[1].ns
    assert falls.read() == ()
    falls.pulses(Fall(number, D0) for number in range(MemoryFalls.BUFFER + 10))
    found = falls.read()
    assert found[0].pin == HOLE
    assert len(found) == MemoryFalls.BUFFER
    assert found[-1].ns == MemoryFalls.BUFFER + 9
    falls.close()
    falls.close()
    with pytest.raises(OSError, match="let go"):
        falls.read()


def test_edges_that_went_missing_spoil_their_card_alone(inbox: Inbox, make: Make) -> None:
    rig = MemoryRig()
    reader = started(make, rig, inbox)
    now = time.monotonic_ns()
    bits = card(0x123456)
    falls = [Fall(now + 2 * MS * at, (D0, D1)[int(bit)]) for at, bit in enumerate(bits)]
    rig.pins.heard[-1].pulses([*falls[:10], Fall(falls[11].ns, HOLE), *falls[11:]])
    fault = inbox.next()
    assert isinstance(fault, FrameFaulted)
    assert fault.reason == "edges_lost"
    rig.show(bits)
    assert inbox.cards(1) == ["w26:123456"]
    assert counters(reader)["faults"] == 1


def test_a_slow_listener_of_the_simulated_gate_is_told_of_holes(tmp_path: Path) -> None:
    rig = SimRig(tmp_path)
    pins = rig.open()
    falls = pins.falls((D0, D1), "up")
    assert falls.read() == ()
    for _ in range(400):
        rig.show("01" * 100)
    heard: list[Fall] = []
    while found := falls.read():
        heard += found
    assert 0 < len(heard) < 400 * 200
    assert HOLE not in {fall.pin for fall in heard}
    rig.show("0")
    assert [fall.pin for fall in until(falls.read, "one more")] == [HOLE, D0]
    falls.close()
    pins.close()
    rig.sim.stop()


def test_what_cannot_be_done_with_a_reader(inbox: Inbox, make: Make) -> None:
    reader = make(MemoryRig())
    reader.show(Verdict.GRANTED)
    reader.start(inbox.put)
    with pytest.raises(DeviceError, match="started already"):
        reader.start(inbox.put)
    reader.stop()
    reader.stop()
    reader.show(Verdict.GRANTED)
    make(MemoryRig()).stop()


def test_a_reader_whose_events_go_nowhere_does_not_stop_silently() -> None:
    stuck, inside = threading.Event(), threading.Event()

    def emit(_event: object) -> None:
        inside.set()
        stuck.wait(LIMIT_S)

    reader = WiegandPins(READER, SPEC, SystemClock(), MemoryRig().open)
    reader.start(emit)
    assert inside.wait(LIMIT_S)
    with pytest.raises(DeviceError, match="did not stop within"):
        reader.stop()
    stuck.set()
    reader.stop()
