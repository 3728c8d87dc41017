"""The loop with a real ledger, and with a journal in memory, on a clock that is moved by hand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.core.entries import Entry, EntryType
from agent.core.events import OutputFaulted, Protected, ReaderLost
from agent.core.ids import InputId, OutputId
from agent.core.model import CardStatus, ClockQuality, Matching
from agent.core.personal import Level
from agent.ports import Condition
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.core.builders import (
    BEAM,
    CLOSED,
    DESK_READER,
    LANE,
    LOOP,
    MAINTAINED,
    OPENED,
    OTHER_READER,
    READER,
    a_card,
    credential,
    gate_plan,
    moment,
)
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread

A, B, LOST = a_card("A"), a_card("B"), a_card("L", CardStatus.LOST)
Make = Callable[[], OneThread]


@pytest.fixture(params=["memory", "ledger"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """A gate with cards A and B and a lost one; made again it is the next run on the same disk."""
    path = tmp_path / "ledger.db"
    memory = MemoryJournal([A, B, LOST])
    with ExitStack() as open_ones:

        def fresh() -> OneThread:
            if request.param == "memory":
                return OneThread(gate_plan(), memory, moment(0))
            open_ones.pop_all().close()
            disclosure = Disclosure(Level.MASKED, bytes(range(32)))
            identity = Identity("estate", "north")
            ledger = Ledger.open(path, identity, disclosure, "boot-1", ballast_bytes=0)
            open_ones.enter_context(ledger)
            if ledger.card_by_label("A") is None:
                for card in (A, B, LOST):
                    entry = Entry(EntryType.CARD_CHANGED, f"card/{card.label}", moment(0))
                    ledger.put_card(card, entry, moment(0))
            return OneThread(gate_plan(), ledger, moment(0))

        yield fresh


def ready(gate: OneThread) -> OneThread:
    for name in (LOOP, BEAM, OPENED, CLOSED):
        gate.level(name, name == CLOSED)
    return gate


def test_commit_comes_before_the_act_and_the_news_after_it(make: Make) -> None:
    gate = ready(make())
    first = gate.journal.head().sequence + 1
    gate.tap(A.credential, READER)
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


def test_nobody_is_admitted_without_a_record(make: Make) -> None:
    gate = ready(make())
    gate.fail(broken=True)
    gate.tap(A.credential, READER)
    gate.then(lambda: gate.trace.append("the disk is back"))
    gate.fail(broken=False)
    gate.advance(1)
    trace = gate.run()
    assert "pulse open 500" not in trace
    failed, shown, back, *rest = trace[2:]
    assert (failed, shown, back) == ("commit failed", "show near denied", "the disk is back")
    assert rest[0] == "commit denied"
    owed = gate.journal.entries[1]
    assert owed.data["reason"] == "ledger_unwritable"
    assert owed.personal == {"credential": str(A.credential)}
    assert gate.loop.counters["taps_not_recorded"] == 1
    assert gate.loop.counters["commits_failed"] == 1
    assert gate.loop.views()[0].waiting == 0


def test_owed_entries_are_written_first_and_heard_with_their_numbers(make: Make) -> None:
    gate = ready(make())
    first = gate.journal.head().sequence + 1
    gate.fail(broken=True)
    gate.tap(A.credential, READER)
    gate.put(ReaderLost(READER, "unplugged", gate.at))
    gate.fail(broken=False)
    gate.tap(B.credential, OTHER_READER)
    gate.run()
    assert gate.types() == ["agent.started", "denied", "reader.lost", "granted", "agent.stopped"]
    assert gate.listener.heard == list(enumerate(gate.journal.entries, first))
    granted = gate.journal.entries[3]
    assert granted.data["passage"] == f"north-{gate.journal.head().stream}-{first + 3}-1"


def test_what_follows_the_world_goes_on_without_the_disk(make: Make) -> None:
    gate = ready(make())
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.fail(broken=True)
    gate.level(LOOP, True)
    gate.level(LOOP, False)
    gate.fail(broken=False)
    trace = gate.run()
    assert trace[trace.index("commit failed") + 1] == "pulse close 500"
    assert gate.types()[-3:] == ["arm.opened", "passage.ended passed", "agent.stopped"]


def test_the_wait_ends_without_the_disk(make: Make) -> None:
    gate = ready(make())
    gate.tap(A.credential, READER)
    gate.fail(broken=True)
    gate.advance(16)
    gate.fail(broken=False)
    trace = gate.run()
    assert "pulse close 500" in trace
    assert gate.types()[-2:] == ["passage.ended no_entry", "agent.stopped"]


def test_an_unreadable_ledger_denies(make: Make) -> None:
    gate = ready(make())
    gate.fail(unreadable=True)
    gate.tap(A.credential, READER)
    gate.tap(A.credential, DESK_READER)
    gate.order("open", "o-1", LANE)
    gate.fail(unreadable=False)
    trace = gate.run()
    assert [line for line in trace if line.startswith(("show", "pulse"))] == [
        "show near denied",
        "show booth denied",
    ]
    assert gate.types() == ["agent.started", "denied", "agent.stopped"]
    assert gate.refusals == ["the ledger cannot be read: see the kernel log"]
    assert gate.loop.counters["taps_not_recorded"] == 2


def test_a_start_without_a_readable_ledger_is_loud(make: Make) -> None:
    gate = make()
    gate.journal.unreadable = True
    gate.run()
    assert gate.loop.counters["commits_failed"] == 1
    assert gate.types() == ["agent.stopped"]


def test_health_says_why_until_it_is_over(make: Make) -> None:
    gate = ready(make())
    seen = []
    for broken in (True, False):
        gate.fail(broken=broken)
        gate.tap(credential("X"), READER if broken else OTHER_READER)
        gate.then(lambda: seen.append(gate.loop.health()))
    gate.run()
    down, good = seen
    assert (down.condition, down.detail) == (Condition.DOWN, "the disk is full: free some room")
    assert down.counters is not None
    assert down.counters["owed"] == 1
    assert good.condition is Condition.OK


def test_a_card_at_the_desk_is_owed_as_it_was(make: Make) -> None:
    gate = ready(make())
    gate.fail(broken=True)
    gate.tap(A.credential, DESK_READER)
    gate.fail(broken=False)
    gate.run()
    assert gate.types() == ["agent.started", "card.presented", "agent.stopped"]


def test_an_order_is_done_once(make: Make) -> None:
    gate = ready(make())
    for number in ("o-1", "o-1", "o-2"):
        gate.order("open", number, LANE)
    trace = gate.run()
    assert trace.count("pulse open 500") == 2
    first, again, other = gate.answers
    assert (first.order_id, first.status, first.code) == ("o-1", "done", 200)
    assert (again.order_id, again.status, again.code, again.detail) == (
        "o-1",
        "done",
        200,
        first.detail,
    )
    assert other.order_id == "o-2"
    assert gate.types().count("arm.ordered") == 2


def test_an_order_is_done_once_over_a_restart(make: Make) -> None:
    gate = ready(make())
    gate.order("open", "o-1", LANE)
    gate.run()
    later = ready(make())
    later.order("open", "o-1", LANE)
    assert not any(line.startswith("pulse") for line in later.run())
    assert later.answers[0].code == 200


def test_a_refusal_is_kept_too(make: Make) -> None:
    gate = ready(make())
    gate.order("open", "o-1", LANE, reason=" ")
    gate.order("open", "o-1", LANE, reason="now with a reason")
    assert not any(line.startswith("pulse") for line in gate.run())
    assert [answer.code for answer in gate.answers] == [422, 422]


@pytest.mark.parametrize(
    ("kind", "code", "moved"),
    [("open", 503, []), ("close", 200, ["pulse close 500"]), ("dance", 404, [])],
)
def test_without_a_disk_an_order_is_still_one_order(
    make: Make, kind: str, code: int, moved: list[str]
) -> None:
    gate = ready(make())
    gate.fail(broken=True)
    gate.order(kind, "o-1", LANE)
    gate.order(kind, "o-1", LANE)
    gate.fail(broken=False)
    gate.advance(1)
    gate.order(kind, "o-1", LANE)
    trace = gate.run()
    assert [line for line in trace if line.startswith("pulse")] == moved
    assert [answer.code for answer in gate.answers] == [code] * 3
    assert not gate.loop._owed_answers


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


def test_a_full_house_of_owed_entries_loses_the_newest_and_counts(make: Make) -> None:
    gate = make()
    gate.fail(broken=True)
    for number in range(1001):
        gate.put(ReaderLost(READER, f"number {number}", gate.at))
        gate.order("dance", f"o-{number}", LANE)
    gate.fail(broken=False)
    gate.advance(1)
    gate.run()
    assert gate.loop.counters["entries_lost"] == 1
    assert gate.loop.counters["answers_lost"] == 1
    assert gate.types().count("reader.lost") == 1000
    assert gate.journal.entries[1].data == {"detail": "number 0"}
    assert len(gate.answers) == 1001
