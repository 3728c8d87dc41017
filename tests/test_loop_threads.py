"""The loop in a thread of its own, as others see it: asking, waiting, stopping."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.errors import GateError
from agent.inbox import NotKnownYetError
from tests.core.builders import READER, a_card, gate_plan, moment
from tests.patience import LIMIT_S, Watch, until
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread


@contextmanager
def running() -> Iterator[OneThread]:
    """A gate that works until the end of the block."""
    gate = OneThread(gate_plan(), MemoryJournal([a_card("A")]), moment(0))
    thread = threading.Thread(target=gate.loop.run, name="gate-loop")
    thread.start()
    try:
        yield gate
    finally:
        gate.loop.stop("end of the test")
        thread.join(LIMIT_S)
        assert not thread.is_alive(), "the loop does not stop"


def test_an_errand_runs_in_the_thread_of_the_loop() -> None:
    with running() as gate:
        name = gate.inbox.ask(lambda: threading.current_thread().name, LIMIT_S)
    assert name == "gate-loop"


def test_what_an_errand_raises_goes_to_the_asker_and_the_loop_goes_on() -> None:
    def fail() -> None:
        raise GateError("not today")

    def slow() -> None:
        raise TimeoutError("the errand's own")

    with running() as gate:
        with pytest.raises(GateError, match="not today"):
            gate.inbox.ask(fail, LIMIT_S)
        with pytest.raises(TimeoutError, match="the errand's own"):
            gate.inbox.ask(slow, LIMIT_S)
        gate.inbox.tell(fail)
        assert gate.inbox.ask(lambda: 7, LIMIT_S) == 7


def test_who_waits_too_long_hears_whether_it_was_begun() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def long_errand() -> None:
        begun.set()
        assert go_on.wait(LIMIT_S)

    with running() as gate:
        gate.inbox.tell(long_errand)
        assert begun.wait(LIMIT_S)
        with pytest.raises(
            NotKnownYetError, match=r"busy for 0\.05 s: nothing was done, try again"
        ):
            gate.inbox.ask(lambda: done.append("never"), 0.05)
        go_on.set()
        gate.inbox.ask(lambda: done.append("next"), LIMIT_S)
        assert done == ["next"]

        go_on.clear()

        def asked() -> str:
            """What is said; a slow machine may not begin within that time, and says so."""
            with pytest.raises(NotKnownYetError) as told:
                gate.inbox.ask(long_errand, 0.05)
            return str(told.value)

        until(lambda: "still at it after 0.05 s: look before" in asked(), "it is begun in time")
        go_on.set()


def test_a_tap_from_another_thread_is_decided_at_once() -> None:
    with running() as gate:
        gate.tap(a_card("A").credential, READER)
        trace = gate.inbox.ask(lambda: list(gate.trace), LIMIT_S)
    assert trace[2:5] == ["commit granted", "pulse open 500", "show near granted"]


def test_an_idle_loop_ticks_and_keeps_house() -> None:
    tidied = threading.Event()
    with running() as gate:
        gate.journal.tidied = tidied.set
        assert tidied.wait(LIMIT_S)
    assert gate.beats >= 1


def test_while_there_is_more_to_tidy_the_loop_comes_back_soon() -> None:
    rounds = threading.Semaphore(0)
    with running() as gate:
        gate.journal.busy = True
        gate.journal.tidied = rounds.release
        assert rounds.acquire(timeout=LIMIT_S)
        with Watch() as watch:
            assert all(rounds.acquire(timeout=LIMIT_S) for _ in range(5))
            # Otherwise it would come back after a second, each time.
            assert watch.ran_s < 2.5
