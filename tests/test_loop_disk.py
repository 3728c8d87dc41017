"""The loop when nothing can be written, and orders that are asked twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.buttons import UNWRITTEN
from agent.core.entries import EntryType
from agent.core.events import ReaderLost
from agent.core.ids import InputId
from agent.core.model import Direction
from agent.core.plan import Button
from agent.ports import Condition
from tests.core.builders import (
    CLOSED,
    DESK_READER,
    FULL,
    LANE,
    LOOP,
    OPENED,
    OTHER_READER,
    READER,
    credential,
    gate_plan,
    moment,
)
from tests.rigs.loop_gates import A, B, Make, gates, ready
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread


@pytest.fixture(params=["memory", "ledger"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with gates(request.param, tmp_path / "ledger.db") as fresh:
        yield fresh


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


def test_an_entry_that_can_never_be_written_does_not_keep_the_others(make: Make) -> None:
    gate = ready(make())
    gate.fail(unfit="gate.reader.lost.v1")
    gate.put(ReaderLost(READER, "unplugged", gate.at))
    gate.tap(A.credential, READER)
    trace = gate.run()
    assert "pulse open 500" in trace
    assert gate.types() == ["agent.started", "granted", "agent.stopped"]
    assert gate.loop.counters["entries_lost"] == 1
    assert gate.loop.health().condition is Condition.OK


def test_a_disk_that_holds_everything_up_admits_nobody_late(make: Make) -> None:
    gate = ready(make())
    gate.take(6)
    gate.tap(A.credential, READER)
    gate.tap(B.credential, OTHER_READER)
    gate.take(0)
    gate.advance(40)
    trace = gate.run()
    assert [line for line in trace if "pulse open" in line] == []
    assert "show near denied" in trace
    assert gate.loop.counters["held_back"] == 1
    reasons = [entry.data.get("reason") for entry in gate.journal.entries]
    assert "too_late" in reasons, "the second tap waited behind the first commit"
    faults = [str(entry.data["detail"]) for entry in gate.journal.entries
              if entry.type == "gate.output.faulted.v1"]  # fmt: skip
    assert len(faults) == 1
    assert "held the record up for 6 s" in faults[0]
    assert "passage.ended no_entry" in gate.types()


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
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.fail(broken=True)
    gate.order(kind, "o-1", LANE)
    gate.order(kind, "o-1", LANE)
    gate.fail(broken=False)
    gate.advance(1)
    gate.order(kind, "o-1", LANE)
    trace = gate.run()
    assert [line for line in trace if line.startswith("pulse")] == moved
    assert [answer.code for answer in gate.answers] == [code] * 3
    assert not gate.loop._owed


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


def test_a_button_that_does_nothing_without_a_record_is_owed_like_a_card() -> None:
    pressed, out = InputId("button-open"), InputId("button-exit")
    arm = replace(FULL, buttons={Button.OPEN: pressed, Button.EXIT: out})
    journal = MemoryJournal()
    gate = ready(OneThread(gate_plan(arm, Direction.BOTH), journal, moment(0)))
    for name in (pressed, out):
        gate.level(name, False)
    gate.fail(broken=True)
    gate.level(pressed, True)
    gate.level(pressed, False)
    gate.level(out, True)
    gate.fail(broken=False)
    gate.advance(1)
    gate.level(pressed, True)
    trace = gate.run()
    assert [line for line in trace if line.startswith("pulse")] == ["pulse open 500"] * 2
    asked = [each for each in journal.written if each.type is EntryType.ARM_ORDERED]
    refused, let_out, let_in = asked
    assert refused.data == {
        "lane": LANE,
        "order": "open",
        "origin": "button",
        "reason": "open button",
        "refused": UNWRITTEN,
    }
    assert (refused.actor, "refused" in let_out.data, "refused" in let_in.data) == (
        pressed,
        False,
        False,
    )
    assert "passage" in let_in.data
