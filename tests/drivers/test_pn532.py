"""The PN532 reader on a pty, with the module's side of it in a process of its own."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.pn532 import FAULTS_PER_SECOND, Pn532Reader
from tests.drivers.test_serial_reader import Inbox, SystemClock, counters, wait_for_health
from tests.patience import LIMIT_S, until

READER = ReaderId("in-1")
CARD, OTHER = "04112233445566", "B0864D25"


class Opposite:
    """The module's process, and orders to it."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rigs.pn532_module", str(link)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def __call__(self, order: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        answer = self._line()
        assert not answer.startswith("?"), answer
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Opposite]:
    module = Opposite(tmp_path / "reader")
    yield module
    module.close()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def reader(module: Opposite) -> Iterator[Pn532Reader]:
    reader = Pn532Reader(READER, str(module.link), SystemClock(), kinds=("a", "b"))
    yield reader
    reader.stop()


def next_of(inbox: Inbox, kind: type) -> object:
    """The next event of a kind; a machine that stood still may have made others before it."""
    while not isinstance(event := inbox.next(), kind):
        pass
    return event


def test_cards_come_and_go(module: Opposite, inbox: Inbox, reader: Pn532Reader) -> None:
    assert reader.health().condition is Condition.UNKNOWN
    reader.start(inbox.put)
    found = next_of(inbox, ReaderFound)
    assert isinstance(found, ReaderFound)
    assert found.detail == f"PN532 firmware 1.6 on {module.link}"
    module(f"card {CARD} 20 7577810280")
    assert inbox.cards(1) == [f"uid:{CARD}"]
    module("gone")
    until(lambda: counters(reader)["left"] == 1, "the card has left")
    module(f"card {OTHER}")
    module("cardb 01020304")
    assert f"uid:{OTHER}" in [*inbox.cards(1), f"uid:{OTHER}"]
    until(lambda: counters(reader)["cards"] >= 2, "the card of type B")
    wait_for_health(reader, Condition.OK)
    reader.show(Verdict.GRANTED)


def test_a_card_that_lies_there_is_read_once(
    module: Opposite, inbox: Inbox, reader: Pn532Reader
) -> None:
    module(f"card {CARD}")
    reader.start(inbox.put)
    assert inbox.cards(1) == [f"uid:{CARD}"]
    looks = counters(reader)["looks"]
    until(lambda: counters(reader)["looks"] > looks + 10, "ten looks more")
    module("sleep")
    wakes = counters(reader)["wakes"]
    until(lambda: counters(reader)["wakes"] > wakes, "the module is waked anew")
    looks = counters(reader)["looks"]
    until(lambda: counters(reader)["looks"] > looks + 4, "and asked again")
    assert not [event for event in inbox.rest() if isinstance(event, CardRead)]


@pytest.mark.parametrize("trouble", ["lose 3", "damage 3", "noise 5", "slow 1", "hang 2"])
def test_a_bad_line(module: Opposite, inbox: Inbox, reader: Pn532Reader, trouble: str) -> None:
    reader.start(inbox.put)
    next_of(inbox, ReaderFound)
    module(trouble)
    module(f"card {CARD}")
    assert inbox.cards(1) == [f"uid:{CARD}"]


def test_unplugged_and_plugged_in_again(
    module: Opposite, inbox: Inbox, reader: Pn532Reader
) -> None:
    reader.start(inbox.put)
    next_of(inbox, ReaderFound)
    module("unplug")
    lost = next_of(inbox, ReaderLost)
    assert isinstance(lost, ReaderLost)
    until(lambda: "is not there" in reader.health().detail, "the port is gone")
    assert reader.health().condition is Condition.DOWN
    module("plug")
    next_of(inbox, ReaderFound)
    module(f"card {CARD}")
    assert inbox.cards(1) == [f"uid:{CARD}"]
    assert counters(reader)["reconnects"] >= 1


def test_a_module_that_is_silent_is_lost_and_found(
    module: Opposite, inbox: Inbox, reader: Pn532Reader
) -> None:
    reader.start(inbox.put)
    next_of(inbox, ReaderFound)
    module("hang 1000000")
    lost = next_of(inbox, ReaderLost)
    assert isinstance(lost, ReaderLost)
    assert "no PN532 answers on" in lost.detail
    assert "SAMConfiguration was not acknowledged 3 times" in lost.detail
    assert reader.health().condition is Condition.DOWN
    module("hang 0")
    next_of(inbox, ReaderFound)
    module(f"card {CARD}")
    assert inbox.cards(1) == [f"uid:{CARD}"]


def test_faults_are_counted_and_told_a_few_a_second(
    module: Opposite, inbox: Inbox, reader: Pn532Reader
) -> None:
    reader.start(inbox.put)
    next_of(inbox, ReaderFound)
    began = time.monotonic()
    module("noise 5")
    until(lambda: counters(reader)["faults"] > 8, "many faults")
    until(lambda: "damaged frames on" in reader.health().detail, "it is said")
    wait_for_health(reader, Condition.DEGRADED)
    module("noise 0")
    wait_for_health(reader, Condition.OK)
    told = [event for event in inbox.rest() if isinstance(event, FrameFaulted)]
    assert 0 < len(told) <= FAULTS_PER_SECOND * (int(time.monotonic() - began) + 2)


def test_a_port_that_is_not_there(tmp_path: Path, inbox: Inbox) -> None:
    reader = Pn532Reader(READER, str(tmp_path / "absent"), SystemClock())
    reader.start(inbox.put)
    lost = inbox.next()
    assert isinstance(lost, ReaderLost)
    assert "is not there" in lost.detail
    with pytest.raises(DeviceError, match="started already"):
        reader.start(inbox.put)
    reader.stop()
    reader.stop()
    Pn532Reader(READER, "/dev/null", SystemClock()).stop()
    with pytest.raises(DeviceError, match="no kind of card"):
        Pn532Reader(READER, "/dev/null", SystemClock(), kinds=())


def test_a_reader_whose_events_go_nowhere_does_not_stop_silently(module: Opposite) -> None:
    stuck, inside = threading.Event(), threading.Event()

    def emit(_event: object) -> None:
        inside.set()
        stuck.wait(LIMIT_S)

    reader = Pn532Reader(READER, str(module.link), SystemClock())
    reader.start(emit)
    assert inside.wait(LIMIT_S)
    with pytest.raises(DeviceError, match="did not stop within"):
        reader.stop()
    stuck.set()
    reader.stop()
