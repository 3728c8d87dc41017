"""The serial reader on real pseudo-terminals."""

import fcntl
import os
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted, KeysTyped, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import ClockQuality, Moment
from agent.errors import DeviceError
from agent.ports import CardReader, Condition
from drivers.serial_reader import FAULTS_PER_SECOND, SerialReader
from drivers.wire.em4100 import Em4100
from drivers.wire.registry import Options, make_decoder
from drivers.wire.wiegand_ascii10 import WiegandAscii10
from tests.parts import require
from tests.patience import LIMIT_S, QUIET_S, Watch, until

TIOCVHANGUP = 0x5437
READER = ReaderId("in-1")
FRAMES = {
    "em4100:62E3086CED": bytes.fromhex("0236324533303836434544303803"),
    "em4100:0100CDA4EC": bytes.fromhex("0230313030434441344543383403"),
    "em4100:3C00CE754C": bytes.fromhex("0233433030434537353443434203"),
}
GOOD = FRAMES["em4100:62E3086CED"]
BAD = bytes.fromhex("0236383030334235314336434203")


class SystemClock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


class Cable:
    """A pty behind a link, as a USB adapter behind its udev name; it can be pulled out."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends: list[int] = []

    def plug(self) -> None:
        master, slave = os.openpty()
        self._ends = [master]
        name = os.ttyname(slave)
        os.close(slave)
        self.link.symlink_to(name)

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        while self._ends:
            os.close(self._ends.pop())

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._ends[0], data) :]


class Inbox:
    """What the reader emits, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Event | FrameFaulted] = queue.Queue()

    def put(self, event: Event | FrameFaulted) -> None:
        self._queue.put(event)

    def next(self) -> Event | FrameFaulted:
        return self._queue.get(timeout=LIMIT_S)

    def rest(self) -> list[Event | FrameFaulted]:
        found = []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    def cards(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            event = self.next()
            if isinstance(event, CardRead):
                found.append(str(event.credential))
        return found


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "reader")
    yield cable
    cable.unplug()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def reader(cable: Cable) -> Iterator[SerialReader]:
    reader = SerialReader(READER, str(cable.link), 9600, Em4100(), SystemClock())
    yield reader
    reader.stop()


def counters(reader: CardReader) -> dict[str, int]:
    return dict(reader.health().counters or {})


def wait_for_count(reader: CardReader, name: str, value: int) -> None:
    until(lambda: counters(reader)[name] == value, f"{value} {name}")


def wait_for_health(reader: CardReader, condition: Condition) -> None:
    until(lambda: reader.health().condition is condition, f"health is {condition}")


def test_a_frame_becomes_a_card_read(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    assert reader.health().condition is Condition.UNKNOWN
    cable.plug()
    reader.start(inbox.put)
    found = inbox.next()
    assert isinstance(found, ReaderFound)
    assert found.reader == READER
    before = time.monotonic_ns()
    cable.send(GOOD)
    event = inbox.next()
    assert isinstance(event, CardRead)
    assert event.reader == READER
    assert str(event.credential) == "em4100:62E3086CED"
    assert before < event.at.mono_ns < time.monotonic_ns()
    reader.stop()
    assert reader.health().condition is Condition.OK
    assert counters(reader) == {
        "bytes": 14,
        "frames": 1,
        "keys": 0,
        "faults": 0,
        "reconnects": 0,
    }


def test_split_and_glued_frames(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    cable.send(GOOD[:5])
    cable.send(GOOD[5:])
    assert inbox.cards(1) == ["em4100:62E3086CED"]
    cable.send(b"".join(FRAMES.values()))
    assert inbox.cards(3) == list(FRAMES)


def test_a_wrong_checksum_is_told_and_counted(
    cable: Cable, inbox: Inbox, reader: SerialReader
) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    cable.send(BAD)
    fault = inbox.next()
    assert isinstance(fault, FrameFaulted)
    assert fault.reason == "bad_checksum"
    assert fault.raw == BAD
    cable.send(GOOD)
    assert inbox.cards(1) == ["em4100:62E3086CED"]
    assert counters(reader)["faults"] == 1


def test_faults_are_all_counted_but_few_are_told(
    cable: Cable, inbox: Inbox, reader: SerialReader
) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    began = time.monotonic()
    cable.send(BAD * 100)
    cable.send(GOOD)
    told = 0
    while isinstance(inbox.next(), FrameFaulted):
        told += 1
    seconds = time.monotonic() - began
    assert FAULTS_PER_SECOND <= told <= FAULTS_PER_SECOND * (int(seconds) + 2)
    assert counters(reader)["faults"] == 100


def test_only_faults_degrade_and_a_frame_heals(
    cable: Cable, inbox: Inbox, reader: SerialReader
) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    cable.send(BAD * 4)
    wait_for_count(reader, "faults", 4)
    assert reader.health().condition is Condition.OK
    cable.send(BAD)
    wait_for_health(reader, Condition.DEGRADED)
    assert "baud" in reader.health().detail
    cable.send(GOOD)
    wait_for_health(reader, Condition.OK)


def test_unplug_and_replug(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    assert isinstance(inbox.next(), ReaderFound)
    for turn in range(1, 4):
        seen = counters(reader)["bytes"]
        cable.send(GOOD[:7])
        wait_for_count(reader, "bytes", seen + 7)
        cable.unplug()
        lost = inbox.next()
        assert isinstance(lost, ReaderLost)
        assert str(cable.link) in lost.detail
        assert reader.health().condition is Condition.DOWN
        cable.plug()
        assert isinstance(inbox.next(), ReaderFound)
        cable.send(GOOD[7:] + FRAMES["em4100:0100CDA4EC"])
        assert inbox.cards(1) == ["em4100:0100CDA4EC"]
        wait_for_count(reader, "frames", turn)
        assert counters(reader)["reconnects"] == turn


def test_absent_at_first_is_lost_once(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    reader.start(inbox.put)
    assert isinstance(inbox.next(), ReaderLost)
    assert reader.health().condition is Condition.DOWN
    with pytest.raises(queue.Empty):
        inbox._queue.get(timeout=QUIET_S)
    cable.plug()
    assert isinstance(inbox.next(), ReaderFound)
    cable.send(GOOD)
    assert inbox.cards(1) == ["em4100:62E3086CED"]


def test_a_flood_of_garbage_is_survived(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    garbage = bytes(range(4, 256)) * 1000
    cable.send(garbage + GOOD)
    assert inbox.cards(1) == ["em4100:62E3086CED"]
    assert counters(reader)["faults"] == -(-len(garbage) // 64)
    assert len(inbox.rest()) < 100


def test_stop_while_waiting_for_bytes(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    with Watch() as watch:
        reader.stop()
        assert watch.ran_s < 0.5
    assert inbox.rest() == []
    reader.stop()


def test_stop_while_absent(inbox: Inbox, reader: SerialReader) -> None:
    reader.start(inbox.put)
    inbox.next()
    with pytest.raises(queue.Empty):
        inbox._queue.get(timeout=1.0)
    with Watch() as watch:
        reader.stop()
        assert watch.ran_s < 0.5


def test_stop_before_start(reader: SerialReader) -> None:
    reader.stop()


def test_start_twice_is_refused(inbox: Inbox, reader: SerialReader) -> None:
    reader.start(inbox.put)
    with pytest.raises(DeviceError, match="started already"):
        reader.start(inbox.put)


def test_two_programs_do_not_share_a_port(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    assert isinstance(inbox.next(), ReaderFound)
    other = SerialReader(ReaderId("in-2"), str(cable.link), 9600, Em4100(), SystemClock())
    second = Inbox()
    other.start(second.put)
    try:
        lost = second.next()
        assert isinstance(lost, ReaderLost)
        assert "lock" in lost.detail
    finally:
        other.stop()


def test_a_key_ends_with_silence_and_is_no_card(cable: Cable, inbox: Inbox) -> None:
    reader = SerialReader(READER, str(cable.link), 9600, WiegandAscii10(), SystemClock())
    cable.plug()
    reader.start(inbox.put)
    try:
        inbox.next()
        cable.send(b"5")
        wait_for_count(reader, "keys", 1)
        pressed = inbox.next()
        assert isinstance(pressed, KeysTyped)
        assert (pressed.reader, pressed.keys) == (READER, "5")
        cable.send(b"0000123478\r\n")
        assert inbox.cards(1) == ["w32:0001E256"]
        assert inbox.rest() == []
    finally:
        reader.stop()


def test_keys_of_a_line_are_told_as_its_pattern_names_them(cable: Cable, inbox: Inbox) -> None:
    decoder = make_decoder("line", Options(pattern=r"K(?P<keys>[0-9*#]+)|(?P<credential>\w+)"))
    reader = SerialReader(READER, str(cable.link), 9600, decoder, SystemClock())
    cable.plug()
    reader.start(inbox.put)
    try:
        inbox.next()
        cable.send(b"K471108#\r\n")
        pressed = inbox.next()
        assert isinstance(pressed, KeysTyped)
        assert pressed.keys == "471108#"
        assert "471108" not in f"{pressed}{reader.health()}"
        cable.send(b"AB12\r\n")
        assert inbox.cards(1) == ["qr:41423132"]
    finally:
        reader.stop()


def test_a_hung_up_line_is_lost_and_opened_again(
    cable: Cable, inbox: Inbox, reader: SerialReader
) -> None:
    """As the kernel does when a USB adapter is pulled: reads end, the descriptor stays."""
    require("root")
    cable.plug()
    reader.start(inbox.put)
    assert isinstance(inbox.next(), ReaderFound)
    line = os.open(cable.link, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.ioctl(line, TIOCVHANGUP)
    finally:
        os.close(line)
    assert isinstance(inbox.next(), ReaderLost)
    assert isinstance(inbox.next(), ReaderFound)
    cable.send(GOOD)
    assert inbox.cards(1) == ["em4100:62E3086CED"]


def test_a_port_that_is_not_there_is_told_with_what_to_do(
    cable: Cable, inbox: Inbox, reader: SerialReader
) -> None:
    reader.start(inbox.put)
    lost = inbox.next()
    assert isinstance(lost, ReaderLost)
    wanted = "is not there: is the adapter plugged in? see ls /dev/serial/by-path"
    assert lost.detail == f"{cable.link} {wanted}"


def test_a_port_that_is_no_serial_line_says_so(
    tmp_path: Path, inbox: Inbox, reader: SerialReader
) -> None:
    (tmp_path / "reader").write_text("no tty")
    reader.start(inbox.put)
    lost = inbox.next()
    assert isinstance(lost, ReaderLost)
    assert "configure" in lost.detail


def test_health_tells_nothing_of_cards(cable: Cable, inbox: Inbox, reader: SerialReader) -> None:
    cable.plug()
    reader.start(inbox.put)
    inbox.next()
    cable.send(GOOD + BAD * 6)
    inbox.cards(1)
    wait_for_health(reader, Condition.DEGRADED)
    told = repr(reader.health())
    assert "62E3086CED" not in told
    assert "68003B51C6" not in told


def test_there_is_no_lamp(reader: SerialReader) -> None:
    reader.show(Verdict.GRANTED)


def test_stop_names_a_reader_that_is_stuck(cable: Cable) -> None:
    reader = SerialReader(READER, str(cable.link), 9600, Em4100(), SystemClock())
    stuck, free = threading.Event(), threading.Event()

    def emit(_event: Event | FrameFaulted) -> None:
        stuck.set()
        free.wait(LIMIT_S * 2)

    cable.plug()
    reader.start(emit)
    assert stuck.wait(LIMIT_S)
    with pytest.raises(DeviceError, match=r"in-1 .* did not stop"):
        reader.stop()
    free.set()
    reader.stop()


def test_swapped_wires_of_a_converter_are_named_with_what_to_do(cable: Cable, inbox: Inbox) -> None:
    decoder = make_decoder("wiegand-26")
    reader = SerialReader(READER, str(cable.link), 9600, decoder, SystemClock())
    cable.plug()
    reader.start(inbox.put)
    assert isinstance(inbox.next(), ReaderFound)
    good, swapped = b"10000000100000000011001110\r\n", b"01111111011111111100110001\r\n"
    cable.send(swapped * 2)
    wait_for_health(reader, Condition.DEGRADED)
    until(lambda: "the last 2 cards" in reader.health().detail, "both are told")
    assert "change the two wires over" in reader.health().detail
    cable.send(good)
    wait_for_health(reader, Condition.OK)
    cable.send(swapped + b"nonsense\r\n")
    wait_for_count(reader, "faults", 4)
    assert reader.health().condition is Condition.OK
    reader.stop()
