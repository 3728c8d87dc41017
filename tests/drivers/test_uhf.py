"""Long-range readers on real pseudo-terminals, the other end a process of its own."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import ClockQuality, Moment
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.sim.uhf import UhfSim
from drivers.uhf import Antenna, UhfLine, UhfReader
from drivers.wire import r2000, uhfreader18
from drivers.wire.tag_choice import EpcFilter
from drivers.wire.uhf_families import FAMILIES, Choices, make_family
from tests.patience import LIMIT_S, until

IN, OUT = ReaderId("in-1"), ReaderId("out-1")
NEAR, FAR, FOREIGN = "E28011700000020A00000001", "E28011700000020A00000002", "30340001"
MS = 1_000_000
LONG_NS = 3_600_000 * MS
"""A quiet time that no standstill of a machine outlives."""

each_family = pytest.mark.parametrize("name", FAMILIES)


class SystemClock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


class Heard:
    """What the readers emit, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Event | FrameFaulted] = queue.Queue()
        self.taps: list[tuple[str, str]] = []
        self.found = 0

    def put(self, event: Event | FrameFaulted) -> None:
        self.found += isinstance(event, ReaderFound)
        self._queue.put(event)

    def next(self, kind: type[Event | FrameFaulted]) -> Event | FrameFaulted:
        """The next event of this kind; taps on the way are kept."""
        while True:
            event = self._queue.get(timeout=LIMIT_S)
            if isinstance(event, CardRead):
                self.taps.append((event.reader, str(event.credential)))
            if isinstance(event, kind):
                return event

    def tap(self) -> tuple[str, str]:
        self.next(CardRead)
        return self.taps[-1]

    def rest(self) -> list[tuple[str, str]]:
        """All taps so far."""
        while not self._queue.empty():
            event = self._queue.get_nowait()
            if isinstance(event, CardRead):
                self.taps.append((event.reader, str(event.credential)))
        return self.taps


def antenna(reader: ReaderId = IN, **more: object) -> Antenna:
    return Antenna(reader, **{"quiet_ns": LONG_NS, **more})  # type: ignore[arg-type]


@contextmanager
def a_line(
    link: Path, name: str, *antennas: Antenna, power: int | None = None, address: int | None = None
) -> Iterator[tuple[Sequence[UhfReader], Heard]]:
    """Readers that were started, and what they emit."""
    wanted = antennas or (antenna(),)
    numbers = sorted(one.number for one in wanted if one.number)
    choices = Choices(address, numbers, power)
    line = UhfLine(str(link), 115_200, lambda: make_family(name, choices), wanted, SystemClock())
    heard = Heard()
    readers = [line.readers[one.reader] for one in wanted]
    try:
        for one in readers:
            one.start(heard.put)
        yield readers, heard
    finally:
        line.stop()


def count(reader: UhfReader, name: str) -> int:
    return (reader.health().counters or {})[name]


def wait_count(reader: UhfReader, name: str, least: int) -> None:
    until(lambda: count(reader, name) >= least, f"{least} {name}")


@each_family
def test_the_strongest_of_two_tags_is_one_tap(tmp_path: Path, name: str) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, name) as sim:
        if name == "uhfreader18":
            sim.show((NEAR, -48))
        else:
            sim.show((NEAR, -48), (FAR, -63))
        with a_line(link, name, power=26) as ((reader,), heard):
            assert isinstance(heard.next(ReaderFound), ReaderFound)
            assert heard.tap() == (IN, f"epc:{NEAR}")
            before = count(reader, "reads")
            wait_count(reader, "reads", before + 20)
            assert heard.rest() == [(IN, f"epc:{NEAR}")]
            until(lambda: reader.health().condition is Condition.OK, "health is ok")
            assert NEAR not in repr(reader.health())
            assert count(reader, "taps") == 1
        assert sim.change()["power"] == 26


@each_family
def test_noise_loss_and_delay(tmp_path: Path, name: str) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, name, noise=0.2, loss=0.05, delay_s=0.01) as sim:
        sim.show((NEAR, -48))
        with a_line(link, name) as ((reader,), heard):
            assert heard.tap() == (IN, f"epc:{NEAR}")
            wait_count(reader, "reads", 20)
            until(lambda: count(reader, "faults") > 0, "a fault")
            # A check of eight bits lets one in 256 torn frames through.
            wrong = set(heard.rest()) - {(IN, f"epc:{NEAR}")}
            assert not wrong or name == "r2000"


def test_filter_and_least_strength(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    wanted = antenna(wanted=EpcFilter("E280"), least_dbm=-60)
    with UhfSim(link, "r2000") as sim, a_line(link, "r2000", wanted) as ((reader,), heard):
        sim.show((FOREIGN, -30), (FAR, -61))
        wait_count(reader, "filtered", 50)
        sim.show((FOREIGN, -30), (FAR, -61), (NEAR, -60))
        assert heard.tap() == (IN, f"epc:{NEAR}")
        assert heard.rest() == [(IN, f"epc:{NEAR}")]


@pytest.mark.parametrize("name", ["r2000", "uhfreader288"])
def test_each_antenna_is_a_reader_of_its_own(tmp_path: Path, name: str) -> None:
    link = tmp_path / "uhf"
    places = (antenna(IN, number=1), antenna(OUT, number=3))
    with UhfSim(link, name) as sim, a_line(link, name, *places) as ((in_, out), heard):
        # Each antenna sees the other one's tag as well, only weaker.
        sim.show(*((NEAR, -50, 1), (NEAR, -60, 3), (FAR, -60, 1), (FAR, -50, 3), (FOREIGN, -50, 2)))
        assert {heard.tap(), heard.tap()} == {(IN, f"epc:{NEAR}"), (OUT, f"epc:{FAR}")}
        wait_count(in_, "reads", 20)
        wait_count(out, "reads", 20)
        wait_count(out, "elsewhere", 20)
        assert len(heard.rest()) == 2


def test_the_wanted_antenna_is_set_and_others_do_not_count(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    place = antenna(number=2)
    with UhfSim(link, "r2000") as sim, a_line(link, "r2000", place) as ((reader,), heard):
        heard.next(ReaderFound)
        sim.show((NEAR, -50, 1))
        rounds = sim.change()["rounds"]
        until(lambda: sim.change()["rounds"] > rounds + 5, "rounds")
        assert sim.change()["antenna"] == 2
        assert count(reader, "reads") == 0
        sim.show((NEAR, -50, 2))
        assert heard.tap() == (IN, f"epc:{NEAR}")


def test_a_car_that_leaves_and_returns_is_a_second_tap(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    place = antenna(quiet_ns=200 * MS, window_ns=50 * MS)
    with UhfSim(link, "r2000") as sim, a_line(link, "r2000", place) as ((_reader,), heard):
        sim.show((NEAR, -50))
        heard.tap()
        sim.show()
        rounds = sim.change()["rounds"]
        until(lambda: sim.change()["rounds"] > rounds + 20, "rounds without a tag")
        sim.show((NEAR, -50))
        heard.tap()


@pytest.mark.parametrize("name", ["m100", "uhfreader288"])
def test_unplugged_and_plugged_in_again(tmp_path: Path, name: str) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, name) as sim:
        sim.show((NEAR, -50))
        with a_line(link, name) as ((reader,), heard):
            heard.next(ReaderFound)
            heard.tap()
            sim.change(plugged=False)
            lost = heard.next(ReaderLost)
            assert isinstance(lost, ReaderLost)
            assert str(link) in lost.detail
            until(lambda: "is not there" in reader.health().detail, "the port is gone")
            assert reader.health().condition is Condition.DOWN
            sim.change(plugged=True)
            heard.next(ReaderFound)
            reads = count(reader, "reads")
            wait_count(reader, "reads", reads + 5)
            # The car stood there all the time.
            assert len(heard.rest()) == 1
            wait_count(reader, "reconnects", 1)


def test_a_reader_without_power_is_lost_and_found_again(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, "m100") as sim, a_line(link, "m100") as ((reader,), heard):
        heard.next(ReaderFound)
        sim.change(mute=True)
        lost = heard.next(ReaderLost)
        assert isinstance(lost, ReaderLost)
        assert "fell silent" in lost.detail
        sim.change(mute=False)
        heard.next(ReaderFound)
        until(lambda: reader.health().condition is Condition.OK, "health is ok")


def test_an_inventory_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """Somebody presses reset: the reader is there again before it is missed."""
    link = tmp_path / "uhf"
    with UhfSim(link, "m100") as sim, a_line(link, "m100") as ((reader,), heard):
        heard.next(ReaderFound)
        until(lambda: sim.change()["rounds"] > 2, "rounds")
        sim.change(mute=True)
        sim.change(mute=False)
        wait_count(reader, "restarts", 1)
        sim.show((NEAR, -50))
        heard.tap()


def test_another_protocol_is_told(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, "uhfreader18", active=True), a_line(link, "r2000") as ((reader,), heard):
        heard.next(ReaderLost)
        words = "not r2000: another protocol, or the wrong baud; the bytes look like uhfreader18"
        until(lambda: words in reader.health().detail, words)
        assert reader.health().condition is Condition.DOWN


def test_active_mode_is_told(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with (
        UhfSim(link, "uhfreader18", active=True),
        a_line(link, "uhfreader18") as (
            (reader,),
            heard,
        ),
    ):
        heard.next(ReaderLost)
        until(lambda: "active mode" in reader.health().detail, "active mode is told")
        assert heard.found == 0


def test_another_address_does_not_answer(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, "r2000", address=3) as sim:
        with a_line(link, "r2000", address=4) as (_, heard):
            lost = heard.next(ReaderLost)
            assert isinstance(lost, ReaderLost)
            assert "address" in lost.detail
        sim.show((NEAR, -50))
        with a_line(link, "r2000", address=3) as (_, heard):
            heard.tap()


@pytest.mark.parametrize(
    ("name", "command", "words"),
    [
        ("r2000", r2000.SET_POWER, "power of 26 dBm: the parameter is wrong"),
        ("uhfreader18", uhfreader18.SET_POWER, "power of 26 dBm: the parameter is wrong"),
        ("r2000", r2000.ROUND, "inventory: the parameter is wrong"),
    ],
)
def test_a_refusal_is_told_in_health(tmp_path: Path, name: str, command: int, words: str) -> None:
    link = tmp_path / "uhf"
    with (
        UhfSim(link, name, refuse=[command]) as sim,
        a_line(link, name, power=26) as (
            (reader,),
            _heard,
        ),
    ):
        until(lambda: words in reader.health().detail, words)
        assert reader.health().condition is Condition.DEGRADED
        sim.change(refuse=[])
        if command == r2000.ROUND:
            until(lambda: reader.health().condition is Condition.OK, "health is ok")


def test_a_port_that_is_not_there_and_one_that_is_no_line(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with a_line(link, "r2000") as ((reader,), heard):
        lost = heard.next(ReaderLost)
        assert isinstance(lost, ReaderLost)
        assert "is not there" in lost.detail
        assert reader.health().condition is Condition.DOWN
    link.write_text("no tty")
    with a_line(link, "r2000") as (_, heard):
        lost = heard.next(ReaderLost)
        assert isinstance(lost, ReaderLost)
        assert "is not there" not in lost.detail


def test_starting_and_stopping(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    places = (antenna(IN, number=1), antenna(OUT, number=2))
    line = UhfLine(str(link), 115_200, lambda: make_family("r2000"), places, SystemClock())
    first, second = line.readers[IN], line.readers[OUT]
    first.stop()
    assert first.health().condition is Condition.UNKNOWN
    heard = Heard()
    first.start(heard.put)
    with pytest.raises(DeviceError, match="in-1 is started already"):
        first.start(heard.put)
    assert first.health().condition is Condition.UNKNOWN
    second.show(Verdict.GRANTED)
    first.stop()
    second.stop()


def test_a_line_whose_taps_nobody_takes_says_so_when_it_is_stopped(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    stuck, free = threading.Event(), threading.Event()

    def emit(_event: Event | FrameFaulted) -> None:
        stuck.set()
        free.wait(LIMIT_S * 2)

    line = UhfLine(str(link), 115_200, lambda: make_family("m100"), [antenna()], SystemClock())
    reader = line.readers[IN]
    reader.start(emit)
    assert stuck.wait(LIMIT_S)
    with pytest.raises(DeviceError, match="did not stop"):
        reader.stop()
    free.set()
    reader.stop()
