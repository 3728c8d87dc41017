"""The thread of a driver, as a real thread: everything that can come before, amid and after it."""

import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.errors import DeviceError
from drivers.worker import Worker
from tests.patience import LIMIT_S, until

NAME, WHAT = "worker-in-1", "reader in-1 on /dev/ttyUSB7"


class Diary:
    """A worker that rests over and over, and what each of its rests came to."""

    def __init__(self, seconds: float = LIMIT_S) -> None:
        self.rests: SimpleQueue[bool] = SimpleQueue()
        self.names: list[str] = []
        self.worker = Worker(NAME, WHAT, self._run, LIMIT_S)
        self._seconds = seconds

    def _run(self) -> None:
        self.names.append(threading.current_thread().name)
        while not self.worker.stopping:
            self.rests.put(self.worker.rest(self._seconds))

    def next(self) -> bool:
        return self.rests.get(timeout=LIMIT_S)


@pytest.fixture
def diary() -> Iterator[Diary]:
    diary = Diary()
    yield diary
    diary.worker.stop()


def names() -> list[str]:
    return [each.name for each in threading.enumerate()]


def readable(number: int) -> bool:
    wait = select.poll()
    wait.register(number, select.POLLIN)
    return bool(wait.poll(0))


def test_it_runs_in_a_thread_of_this_name_until_it_is_stopped(diary: Diary) -> None:
    assert not diary.worker.started
    diary.worker.start()
    assert diary.worker.started
    until(lambda: diary.names, "it runs")
    assert diary.names == [NAME]
    assert NAME in names()
    assert not diary.worker.stopping
    diary.worker.stop()
    assert diary.worker.stopping
    assert NAME not in names()
    assert diary.rests.empty() or not diary.next(), "who is to stop was not woken for work"
    diary.worker.stop()
    assert diary.worker.started


def test_it_is_started_once(diary: Diary) -> None:
    diary.worker.once()
    diary.worker.start()
    for again in (diary.worker.once, diary.worker.start):
        with pytest.raises(DeviceError, match="in-1 on /dev/ttyUSB7 is started already: make a"):
            again()
    assert names().count(NAME) == 1
    diary.worker.stop()
    with pytest.raises(DeviceError, match="started already"):
        diary.worker.start()


def test_who_was_stopped_before_the_start_ends_at_once(diary: Diary) -> None:
    diary.worker.stop()
    assert not diary.worker.started
    diary.worker.start()
    until(lambda: diary.worker.fileno() < 0, "it has ended")
    assert diary.names == [NAME]
    assert diary.rests.empty()


def test_every_wake_up_ends_a_rest(diary: Diary) -> None:
    diary.worker.start()
    for _ in range(3):
        diary.worker.wake()
        assert diary.next() is True


def test_a_wake_up_waits_for_the_thread_and_many_are_one() -> None:
    go, gone = threading.Event(), threading.Event()
    rests: list[bool] = []

    def run() -> None:
        go.wait(LIMIT_S)
        rests.append(worker.rest(LIMIT_S))
        rests.append(worker.rest(0))
        gone.set()

    worker = Worker(NAME, WHAT, run, LIMIT_S)
    worker.start()
    worker.wake()
    worker.wake()
    go.set()
    assert gone.wait(LIMIT_S)
    assert rests == [True, False]
    worker.stop()


@pytest.mark.parametrize("seconds", [0.01, 0, -1])
def test_a_rest_is_over_in_time(seconds: float) -> None:
    diary = Diary(seconds)
    diary.worker.start()
    assert diary.next() is False
    diary.worker.stop()


def test_a_pause_is_ended_by_stop_and_by_no_wake_up() -> None:
    paused = threading.Event()
    seen: list[bool] = []

    def run() -> None:
        worker.wake()
        worker.pause(0.01)
        seen.append(worker.rest(LIMIT_S))
        paused.set()
        worker.pause(2 * LIMIT_S)
        worker.clear()
        seen.append(worker.rest(2 * LIMIT_S))

    worker = Worker(NAME, WHAT, run, LIMIT_S)
    worker.start()
    assert paused.wait(LIMIT_S)
    worker.stop()
    assert seen == [True, False], "the wake-up was kept, and nothing waits after stop"


def test_a_poll_takes_it_for_a_file_and_hears_of_stop() -> None:
    """What drivers do that wait for a line and for their worker at once."""
    heard: SimpleQueue[bool] = SimpleQueue()

    def run() -> None:
        wait = select.poll()
        wait.register(worker, select.POLLIN)
        heard.put(worker.fileno() in dict(wait.poll(1000 * LIMIT_S)))
        worker.clear()
        worker.clear()
        heard.put(bool(wait.poll(0)))
        heard.put(bool(wait.poll(2000 * LIMIT_S)))

    worker = Worker(NAME, WHAT, run, LIMIT_S)
    worker.start()
    worker.wake()
    assert heard.get(timeout=LIMIT_S), "woken"
    assert not heard.get(timeout=LIMIT_S), "taken back"
    worker.stop()
    assert heard.get(timeout=LIMIT_S), "told to stop"


def test_stop_says_which_thread_has_not_ended_and_may_be_tried_again() -> None:
    free = threading.Event()
    worker = Worker(NAME, WHAT, lambda: free.wait(2 * LIMIT_S), 0.05)
    worker.start()
    threads = threading.enumerate()
    says = rf"^{WHAT} did not stop within 0.05 s: its thread {NAME} is stuck .* look at device"
    for _ in range(2):
        with pytest.raises(DeviceError, match=says):
            worker.stop()
    free.set()
    next(each for each in threads if each.name == NAME).join(LIMIT_S)
    worker.stop()


def test_several_may_stop_it_at_once(diary: Diary) -> None:
    diary.worker.start()
    ended: SimpleQueue[bool] = SimpleQueue()

    def stop() -> None:
        diary.worker.stop()
        ended.put(NAME not in names())

    others = [threading.Thread(target=stop, name="stop", daemon=True) for _ in range(4)]
    for each in others:
        each.start()
    for each in others:
        assert ended.get(timeout=LIMIT_S)
        each.join(LIMIT_S)


def test_a_late_wake_up_reaches_no_other_file(diary: Diary) -> None:
    """The lowest free number is given to the next file that is opened."""
    diary.worker.wake()
    diary.worker.start()
    diary.worker.stop()
    diary.worker.wake()
    others = [os.eventfd(0, os.EFD_CLOEXEC) for _ in range(64)]
    diary.worker.wake()
    diary.worker.stop()
    assert not [each for each in others if readable(each)]
    for each in others:
        os.close(each)


def test_no_file_is_left_open() -> None:
    mine = Path("/proc/self/fd")
    before = len(list(mine.iterdir()))
    for _ in range(200):
        worker = Worker(NAME, WHAT, bool, LIMIT_S)
        worker.start()
        worker.stop()
        assert worker.fileno() < 0
    assert len(list(mine.iterdir())) < before + 100
