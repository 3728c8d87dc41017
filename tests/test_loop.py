"""The loop with a real ledger, and with a journal in memory, on a clock that is moved by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.events import OutputFaulted, Protected, ReaderLost
from agent.core.ids import InputId, OutputId
from agent.core.model import ClockQuality, Matching
from tests.core.builders import (
    BEAM,
    CLOSED,
    LANE,
    LOOP,
    MAINTAINED,
    OPENED,
    READER,
    gate_plan,
    moment,
)
from tests.rigs.loop_gates import A, Make, gates, ready
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread


@pytest.fixture(params=["memory", "ledger"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with gates(request.param, tmp_path / "ledger.db") as fresh:
        yield fresh


def test_commit_comes_before_the_act_and_the_news_after_it(make: Make) -> None:
    gate = ready(make())
    first = gate.journal.head().sequence + 1
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(LOOP, True)
    gate.level(LOOP, False)
    assert gate.run() == [
        "commit agent.started",
        f"heard 1 from {first}",
        "commit granted",
        "pulse open 500",
        "show near granted",
        f"heard 1 from {first + 1}",
        "commit passage.ended passed",
        "pulse close 500",
        f"heard 1 from {first + 2}",
        "commit agent.stopped",
        f"heard 1 from {first + 3}",
    ]
    assert [number for number, _ in gate.listener.heard] == list(range(first, first + 4))


def test_a_device_that_fails_comes_back_as_an_entry(make: Make) -> None:
    gate = ready(make())
    gate.outputs.stuck.add("open")
    gate.tap(A.credential, READER)
    trace = gate.run()
    assert "pulse open 500" not in trace
    assert gate.types() == ["agent.started", "granted", "output.faulted", "agent.stopped"]
    fault = gate.journal.entries[2]
    assert fault.data == {"output": "open", "detail": "open: the pin cannot be driven"}
    assert gate.loop.counters["outputs_faulted"] == 1


def test_a_held_relay_is_switched() -> None:
    gate = ready(OneThread(gate_plan(MAINTAINED), MemoryJournal([A]), moment(0)))
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.advance(15)
    trace = gate.run()
    assert [line for line in trace if line.endswith(" open")] == ["hold open", "release open"]


def test_timers_fire_in_their_time(make: Make) -> None:
    gate = ready(make())
    gate.tap(A.credential, READER)
    gate.advance(14.9)
    gate.then(lambda: gate.trace.append("nearly"))
    gate.advance(0.2)
    gate.then(lambda: gate.trace.append("over"))
    trace = gate.run()
    assert trace.index("nearly") < trace.index("pulse close 500") < trace.index("over")


def test_a_restart_ends_what_was_open_and_moves_nothing(make: Make) -> None:
    gate = ready(make())
    gate.tap(A.credential, READER)
    gate.order("open", "o-1", LANE)
    gate.run()
    again = make()
    trace = again.run()
    assert again.types() == [
        "agent.started",
        "passage.ended interrupted",
        "passage.ended interrupted",
        "agent.stopped",
    ]
    assert not any(line.startswith(("pulse", "hold", "release")) for line in trace)
    assert list(again.journal.open_passages()) == []


def test_the_clock_is_watched_once_a_second(make: Make) -> None:
    gate = make()
    gate.advance(1.5)
    gate.advance(1, stepped=3600)
    gate.judge(ClockQuality.ESTIMATED)
    gate.advance(1)
    gate.run()
    assert gate.types() == ["agent.started", "clock.stepped", "clock.doubted", "agent.stopped"]
    assert gate.journal.entries[1].data == {"deltams": 3_600_000}


def test_the_watchdog_is_fed_at_the_start_and_once_a_second(make: Make) -> None:
    gate = make()
    beats = []
    for _ in range(20):
        gate.advance(0.25)
        gate.then(lambda: beats.append(gate.beats))
    gate.run()
    assert beats[0] == 2
    assert beats[-1] - beats[0] == 4


def test_local_time_and_matching_reach_the_decision(make: Make) -> None:
    gate = make()
    seen = gate.loop.facts(ReaderLost(READER, "", moment(0)))
    assert seen.local.isoformat() == "2026-03-04T12:00:00"
    assert gate.journal.find_cards(A.credential, Matching.EXACT)[0].label == "A"


def test_what_came_before_the_end_is_still_recorded(make: Make) -> None:
    gate = ready(make())
    gate.then(lambda: gate.loop.stop("SIGTERM"))
    gate.put(Protected("raised", OutputId("open"), BEAM, gate.at))
    gate.put(OutputFaulted(OutputId("close"), "stuck", gate.at))
    gate.loop.run()
    assert gate.types() == ["agent.started", "arm.protected", "output.faulted", "agent.stopped"]
    assert gate.journal.entries[-1].data == {"reason": "SIGTERM"}


def test_the_end_does_not_wait_for_a_long_queue() -> None:
    gate = OneThread(gate_plan(), MemoryJournal(), moment(0))
    gate.then(lambda: gate.loop.stop("SIGTERM"))
    for _ in range(10):
        gate.advance(0.3)
    gate.loop.run()
    assert gate.inbox.waiting() > 0
    assert gate.types()[-1] == "agent.stopped"


def test_errands_that_come_after_the_end_are_drained_behind_a_wake_up() -> None:
    gate = OneThread(gate_plan(), MemoryJournal(), moment(0))
    gate.run()
    gate.loop.stop("again")
    saved: list[int] = []
    gate.then(lambda: saved.append(7))
    gate.put(ReaderLost(READER, "too late", gate.at))
    gate.loop.drain()
    assert saved == [7]
    assert gate.types()[-1] == "agent.stopped"
    assert gate.inbox.waiting() == 0


def test_views_are_told_when_they_change(make: Make) -> None:
    gate = make()
    gate.level(CLOSED, True)
    gate.level(InputId("bell"), True)
    gate.level(LOOP, True)
    gate.run()
    told = [[(view.position, view.loop) for view in views] for views in gate.listener.views]
    assert told == [[("unknown", "unknown")], [("closed", "unknown")], [("closed", "occupied")]]


def test_the_house_is_kept_also_when_it_is_never_idle() -> None:
    gate = OneThread(gate_plan(), MemoryJournal(), moment(0))
    for number in range(50):
        gate.level(LOOP, number % 2 == 0)
        gate.advance(0.1)
    gate.run()
    assert 1 <= gate.journal.housekept <= 4


def test_the_house_is_kept_when_idle_and_its_faults_are_loud() -> None:
    gate = OneThread(gate_plan(), MemoryJournal(), moment(0))
    gate.inbox.wake()
    gate.run()
    assert gate.journal.housekept == 1
    untidy = OneThread(gate_plan(), MemoryJournal(), moment(0))
    untidy.fail(untidy=True)
    untidy.inbox.wake()
    untidy.then(lambda: untidy.trace.append(untidy.loop.health().detail))
    assert "no checkpoint can be made: see the kernel log" in untidy.run()
    assert untidy.loop.counters["commits_failed"] == 1


def test_an_entry_of_the_ledgers_own_is_heard(make: Make) -> None:
    gate = make()
    first = gate.journal.head().sequence + 1
    gate.fail(freed=True)
    gate.inbox.wake()
    trace = gate.run()
    assert trace[:3] == [
        "commit agent.started",
        f"heard 1 from {first}",
        f"heard 0 from {first + 1}",
    ]
    assert gate.journal.head().sequence == first + 2


def test_a_reader_without_a_lamp_is_no_trouble(make: Make) -> None:
    gate = ready(make())
    gate.readers.clear()
    gate.tap(A.credential, READER)
    trace = gate.run()
    assert "pulse open 500" in trace
    assert not any(line.startswith("show") for line in trace)
