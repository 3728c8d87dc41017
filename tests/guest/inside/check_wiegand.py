"""A Wiegand reader on a real GPIO character device: edges with the kernel's times."""

import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.core.events import CardRead, Event, FrameFaulted, ReaderFound
from agent.core.ids import ReaderId
from agent.core.model import ClockQuality, Moment
from agent.errors import DeviceError
from drivers.pin_factory import open_factory
from drivers.pin_falls import BUFFER, ChipFalls
from drivers.pins import HOLE, Fall
from drivers.wiegand_pins import WiegandPins, WiegandSpec
from drivers.wire.registry import wiegand_meaning
from tests.guest.inside.chip import LIMIT_S, Chip
from tests.wire.makers import wiegand

DEVICE = Path("/dev/gpiochip0")
D0, D1 = 24, 25
GAP_NS = 400_000_000
"""An emulated machine may take its time between two pulses."""


class RealClock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


@pytest.fixture
def chip() -> Chip:
    chip = Chip()
    for line in (D0, D1):
        chip.pull(line, 1)
    return chip


@pytest.fixture
def falls(chip: Chip) -> Iterator[ChipFalls]:
    del chip
    falls = ChipFalls(DEVICE, (D0, D1), "up")
    yield falls
    falls.close()


def pulse(chip: Chip, line: int) -> None:
    chip.pull(line, 0)
    chip.pull(line, 1)


def test_falls_come_in_order_with_the_kernels_times(chip: Chip, falls: ChipFalls) -> None:
    assert falls.read() == ()
    assert falls.levels() == [1, 1]
    before = time.monotonic_ns()
    for line in (D0, D1, D1, D0):
        pulse(chip, line)
    after = time.monotonic_ns()
    found = falls.read()
    assert [fall.pin for fall in found] == [D0, D1, D1, D0]
    times = [fall.ns for fall in found]
    assert before < times[0] < times[1] < times[2] < times[3] < after
    chip.pull(D1, 0)
    assert falls.levels() == [1, 0]
    falls.close()
    falls.close()


def test_what_the_kernel_could_not_keep_is_a_hole(chip: Chip, falls: ChipFalls) -> None:
    for _ in range(BUFFER + 20):
        pulse(chip, D0)
    found: list[Fall] = []
    while more := falls.read():
        found += more
    pulse(chip, D0)
    found += falls.read()
    pins = [fall.pin for fall in found]
    # At this speed some go missing in the interrupt already; those are holes as well.
    assert HOLE in pins
    assert 0 < pins.count(D0) <= BUFFER + 1


def test_lines_in_other_hands_and_chips_that_are_not_there(falls: ChipFalls) -> None:
    del falls
    with pytest.raises(DeviceError, match="GPIO25 and GPIO26: one is held by another process"):
        ChipFalls(DEVICE, (D1, 26), "floating")
    with pytest.raises(DeviceError, match="cannot be opened"):
        ChipFalls(Path("/dev/gpiochip77"), (D0, D1), "up")
    with pytest.raises(DeviceError, match="cannot be heard"):
        ChipFalls(DEVICE, (26, 4_000), "up")


def test_cards_at_a_reader(chip: Chip) -> None:
    told: SimpleQueue[Event | FrameFaulted] = SimpleQueue()
    form = wiegand_meaning("wiegand-26")
    spec = WiegandSpec(D0, D1, "wiegand-26", form, gap_ns=GAP_NS)
    reader = WiegandPins(ReaderId("in-1"), spec, RealClock(), lambda: open_factory("auto"))
    reader.start(told.put)
    assert isinstance(told.get(timeout=LIMIT_S), ReaderFound)
    for number in (0x123456, 0xFFFFFF):
        ends = time.monotonic() + LIMIT_S
        while time.monotonic() < ends:
            for bit in wiegand(f"{number:024b}", 12):
                pulse(chip, (D0, D1)[int(bit)])
            event = told.get(timeout=LIMIT_S)
            if isinstance(event, CardRead):
                assert str(event.credential) == f"w26:{number:06X}"
                break
        else:
            pytest.fail(f"no card in {LIMIT_S} s: {reader.health()}")
    reader.stop()
    # The lines are free again.
    ChipFalls(DEVICE, (D0, D1), "up").close()
