"""Errands in the loop's thread, and the workers that give them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent.commands.errands import Errands, StoppingError, Worker
from agent.errors import GateError, StoreError
from agent.inbox import Errand, Inbox
from tests.patience import LIMIT_S, until


def run_one(inbox: Inbox) -> None:
    """What the loop does with an errand."""
    item = inbox.take(LIMIT_S)
    assert isinstance(item, Errand)
    assert item.future.set_running_or_notify_cancel()
    try:
        item.future.set_result(item.run())
    except Exception as fault:  # noqa: BLE001 - as the loop does it
        item.future.set_exception(fault)


def asked(errands: Errands, run: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Ask from a thread of its own; gives what came, a result or a fault."""
    came: list[Any] = []

    def ask() -> None:
        try:
            came.append(errands.ask(run))
        except GateError as fault:
            came.append(fault)

    thread = threading.Thread(target=ask, name="asks", daemon=True)
    thread.start()
    return thread, came


def broken() -> int:
    raise StoreError("the disk is full")


def wrong() -> int:
    raise ZeroDivisionError


def test_an_errand_gives_what_it_finds_or_raises(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox({})
    errands = Errands(inbox.tell)
    for run, wanted in ((lambda: 7, "7"), (broken, "the disk is full"), (wrong, "a fault of the")):
        thread, came = asked(errands, run)
        run_one(inbox)
        thread.join(LIMIT_S)
        assert str(came[0]).startswith(wanted)
    assert "what the loop was told to do failed" in caplog.text


def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    inbox, done = Inbox({}), []
    thread, came = asked(Errands(inbox.tell, 0.1), lambda: done.append(1))
    thread.join(LIMIT_S)
    assert "was busy for 0.1 s: nothing was done" in str(came[0])
    run_one(inbox)
    assert not done


def test_who_waits_is_told_that_the_gate_stops() -> None:
    inbox, done = Inbox({}), []
    errands = Errands(inbox.tell)
    thread, came = asked(errands, lambda: done.append(1))
    until(inbox.waiting, "the errand")
    errands.stop()
    thread.join(LIMIT_S)
    assert isinstance(came[0], StoppingError)
    run_one(inbox)
    assert not done
    with pytest.raises(StoppingError):
        errands.ask(lambda: 1)


def test_what_was_begun_is_waited_for_when_the_gate_stops() -> None:
    inbox = Inbox({})
    errands = Errands(inbox.tell)
    thread, came = asked(errands, errands.stop)
    run_one(inbox)
    thread.join(LIMIT_S)
    assert came, "it ended, with the result or without"


def test_a_worker_does_one_thing_after_the_other_within_its_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, go, done = Worker("works", 2), threading.Event(), []
    assert worker.put(lambda: go.wait(LIMIT_S))
    worker.start()
    until(lambda: worker.put(lambda: done.append(1)), "room for another")
    until(lambda: worker.put(wrong), "room for a third")
    until(lambda: not worker.put(lambda: done.append(2)), "that it is full")
    go.set()
    until(lambda: worker.put(lambda: done.append(3)), "room again")
    until(lambda: 3 in done, "the last one")
    assert done[0] == 1
    assert "a command ended in a fault of the program" in caplog.text
    worker.stop()
    worker.stop()
    assert "works" not in [each.name for each in threading.enumerate()]


def test_what_waits_when_a_worker_stops_is_left_undone() -> None:
    worker, go, done = Worker("stops", 3), threading.Event(), []
    begun = threading.Event()

    def first() -> None:
        begun.set()
        go.wait(LIMIT_S)

    worker.put(first)
    worker.put(lambda: done.append(1))
    worker.start()
    assert begun.wait(LIMIT_S)
    stopping = threading.Thread(target=worker.stop, name="stopping", daemon=True)
    stopping.start()
    until(lambda: worker._over, "the stop")
    go.set()
    stopping.join(LIMIT_S)
    until(lambda: "stops" not in [each.name for each in threading.enumerate()], "its end")
    assert not done
