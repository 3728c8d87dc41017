"""While a frame is on its way the step of a tap is rehearsed, and nothing comes of it."""

import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.entries import Entry
from agent.core.events import CardRead, ReaderFound
from agent.core.ids import ReaderId
from agent.core.model import ClockQuality, Moment
from agent.errors import StoreError
from agent.inbox import Begun, Inbox
from agent.store.verify import verify
from drivers.serial_reader import PIECES, SerialReader
from drivers.wire.em4100 import Em4100
from tests.core.builders import READER, gate_plan, moment
from tests.patience import LIMIT_S
from tests.rigs.loop_gates import A, ready
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread, short
from tests.store.build import at, granted, open_ledger

FRAME = bytes.fromhex("0236324533303836434544303803")


class Clock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


def rehearsing(fault: StoreError | None = None) -> tuple[OneThread, list[str]]:
    gate = ready(OneThread(gate_plan(), MemoryJournal([A]), moment(0)))
    seen: list[str] = []

    def rehearse(entries: Sequence[Entry], _now: Moment) -> None:
        seen.extend(short(entry) for entry in entries)
        if fault is not None:
            raise fault

    gate.loop._world = replace(gate.loop._world, rehearse=rehearse)
    return gate, seen


def test_the_last_tap_is_rehearsed_and_moves_nothing() -> None:
    gate, seen = rehearsing()
    gate.tap(A.credential, READER)
    gate.inbox.begun(READER)
    trace = gate.run()
    assert seen == ["granted"]
    assert trace.count("pulse open 500") == 1
    assert gate.types() == ["agent.started", "granted", "agent.stopped"]


def test_before_the_first_tap_there_is_nothing_to_rehearse() -> None:
    gate, seen = rehearsing()
    gate.inbox.begun(READER)
    gate.run()
    assert seen == []


def test_a_rehearsal_that_fails_is_forgotten() -> None:
    gate, seen = rehearsing(StoreError("the disk is full"))
    gate.tap(A.credential, READER)
    gate.inbox.begun(READER)
    gate.run()
    assert seen == ["granted"]
    assert gate.loop.counters["commits_failed"] == 0


def test_no_rehearsal_while_nothing_can_be_written() -> None:
    gate, seen = rehearsing()
    gate.fail(broken=True)
    gate.tap(A.credential, READER)
    gate.then(lambda: gate.inbox.begun(READER))
    gate.then(lambda: gate.trace.append("later"))
    gate.run()
    assert seen == []


def test_only_one_word_of_it_waits() -> None:
    inbox = Inbox({})
    for _ in range(100):
        inbox.begun(READER)
    assert inbox.waiting() == 1
    assert inbox.take(0) == Begun(READER)
    inbox.begun(READER)
    assert inbox.take(0) == Begun(READER)


def test_the_ledger_keeps_nothing_of_a_rehearsal(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        head = ledger.append([granted("p1", 1)], at(1))
        for _ in range(3):
            ledger.rehearse([granted("p2", 2)], at(2))
        assert ledger.head() == head
        assert [each.passage for each in ledger.open_passages()] == ["p1"]
        assert ledger.append([granted("p2", 3)], at(3)).sequence == head.sequence + 1
    assert verify(path).ok
    with sqlite3.connect(path) as conn:
        assert conn.execute("SELECT count(DISTINCT id >> 5) FROM personal").fetchone() == (2,)
    conn.close()


def test_a_rehearsal_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "gate.db")
    ledger.close()
    with pytest.raises(StoreError, match="rehearsal"):
        ledger.rehearse([granted("p1", 1)], at(1))


def test_the_reader_tells_of_every_piece_and_of_no_endless_noise(tmp_path: Path) -> None:
    told: list[ReaderId] = []
    came = threading.Semaphore(0)

    def begun(reader: ReaderId) -> None:
        told.append(reader)
        came.release()

    link = tmp_path / "line"
    master, slave = os.openpty()
    link.symlink_to(os.ttyname(slave))
    found, whole = threading.Event(), threading.Event()

    def heard(event: object) -> None:
        if isinstance(event, ReaderFound):
            found.set()
        if isinstance(event, CardRead):
            whole.set()

    reader = SerialReader(READER, str(link), 9600, Em4100(), Clock(), begun)
    reader.start(heard)
    try:
        # What comes before the line is set up is thrown away with the opening.
        assert found.wait(LIMIT_S)
        for byte in FRAME[:-1]:
            os.write(master, bytes((byte,)))
            assert came.acquire(timeout=LIMIT_S)
        os.write(master, FRAME[-1:])
        assert whole.wait(LIMIT_S)
        assert told == [READER] * (len(FRAME) - 1)
        whole.clear()
        for _ in range(3 * PIECES):
            os.write(master, b"\r")
            whole.wait(0.002)
        os.write(master, FRAME)
        assert whole.wait(LIMIT_S)
        assert len(told) <= len(FRAME) - 1 + PIECES
    finally:
        reader.stop()
        os.close(slave)
        os.close(master)
