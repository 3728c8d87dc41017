"""The loop with buttons, lamps, lines and emergencies, on a disk that fails, blocks, returns."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.entries import EntryType
from agent.core.ids import InputId, OrderId
from agent.core.model import CardKind
from agent.core.orders import Order
from agent.core.personal import Level
from agent.core.plan import INSIDE
from agent.core.plan_books import BooksPlan
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.core.builders import (
    BEAM,
    CLOSED,
    LANE,
    LOOP,
    OPENED,
    READER,
    a_card,
    gate_plan,
    moment,
)
from tests.core.whole import FIRE, LOCKDOWN, OUT, OUT_READER, RAMP, whole
from tests.rigs.contract import card_known
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread

A = replace(a_card("A"), kind=CardKind.VEHICLE)
OPEN_BUTTON, EXIT_BUTTON = InputId("in-1.button-open"), InputId("out-1.button-exit")
OUT_CLOSED, OUT_OPENED = InputId("out-1.closed"), InputId("out-1.opened")
INPUTS = (
    LOOP,
    BEAM,
    OPENED,
    OUT_OPENED,
    InputId("out-1.loop"),
    InputId("ramp-1.loop"),
    OPEN_BUTTON,
    EXIT_BUTTON,
    FIRE,
    LOCKDOWN,
)


@pytest.fixture(params=["memory", "ledger"])
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OneThread]:
    """Two runs of a test: on a journal in memory, and on a real ledger."""
    with ExitStack() as stack:
        if request.param == "memory":
            yield ready(OneThread(whole(), MemoryJournal([A]), moment(0)))
            return
        disclosure, identity = Disclosure(Level.MASKED, bytes(32)), Identity("estate", "north")
        path = tmp_path / "ledger.db"
        ledger = Ledger.open(path, identity, disclosure, "boot-1", ballast_bytes=0)
        stack.callback(ledger.close)
        ledger.put_card(A, card_known(A, moment(0)), moment(0))
        yield ready(OneThread(whole(), ledger, moment(0)))


def ready(gate: OneThread) -> OneThread:
    for name in INPUTS:
        gate.level(name, False)
    for name in (CLOSED, OUT_CLOSED):
        gate.level(name, True)
    return gate


def order(gate: OneThread, kind: str, **args: str) -> None:
    """An order that is about no lane, or about a named one."""
    told = Order(OrderId(f"o-{kind}"), "Li", "cli", kind, {"reason": "asked", **args})
    gate.then(lambda: gate.answers.append(gate.loop.take_order(told)))


def moved(trace: list[str]) -> list[str]:
    """What the arms' relays did."""
    return [line for line in trace if line.startswith("pulse")]


def test_an_open_button_opens_nothing_that_is_not_written(gate: OneThread) -> None:
    gate.fail(broken=True)
    gate.level(OPEN_BUTTON, True)
    gate.level(OPEN_BUTTON, False)
    gate.then(lambda: gate.trace.append("the disk is back"))
    gate.fail(broken=False)
    gate.advance(2)
    gate.level(OPEN_BUTTON, True)
    trace = gate.run()
    back = trace.index("the disk is back")
    assert moved(trace[:back]) == []
    assert trace[:back].count("commit failed") == 2, "the press, and then what is owed of it"
    assert moved(trace[back:]) == ["pulse open 500"], "pressed again"
    assert gate.loop.counters["commits_failed"] == 2
    told = [line for line in trace[back:] if line.startswith("commit ") and "arm.ordered" in line]
    assert len(told) == 2, "the press that opened nothing, and the one that did"


def test_what_an_open_button_says_besides_is_kept_without_the_disk(gate: OneThread) -> None:
    gate.fail(broken=True)
    gate.level(OPEN_BUTTON, None)
    gate.level(OPEN_BUTTON, True)
    gate.fail(broken=False)
    trace = gate.run()
    assert moved(trace) == [], "it came back pressed: nobody has pressed it"


def test_an_exit_button_lets_out_without_the_disk_and_is_written_later(gate: OneThread) -> None:
    gate.fail(broken=True)
    gate.level(EXIT_BUTTON, True)
    gate.then(lambda: gate.trace.append("the disk is back"))
    gate.fail(broken=False)
    gate.advance(2)
    gate.run()
    back = gate.trace.index("the disk is back")
    assert "pulse out-1.open 500" in gate.trace[:back]
    assert gate.types() == ["agent.started", "arm.ordered", "agent.stopped"]
    owed = gate.journal.entries[1]
    assert (owed.actor, owed.data["reason"]) == (EXIT_BUTTON, "exit button")
    assert not gate.loop._owed


@pytest.mark.parametrize(("kind", "lane"), [("priority", OUT), ("hold_open", RAMP), ("open", LANE)])
def test_no_order_that_lets_in_is_done_unwritten(gate: OneThread, kind: str, lane: str) -> None:
    gate.fail(broken=True)
    order(gate, kind, lane=lane)
    gate.fail(broken=False)
    trace = gate.run()
    assert moved(trace) == []
    assert [answer.code for answer in gate.answers] == [503]


def test_emergencies_wait_for_no_disk_and_are_written_later(gate: OneThread) -> None:
    gate.fail(broken=True)
    gate.level(FIRE, True)
    order(gate, "lockdown")
    order(gate, "close", lane=LANE)
    gate.then(lambda: gate.trace.append("the disk is back"))
    gate.fail(broken=False)
    gate.advance(2)
    trace = gate.run()
    assert "fire held" in trace[: trace.index("the disk is back")]
    assert [answer.code for answer in gate.answers] == [200, 423]
    assert [view.mode for view in gate.loop.views()] == ["fire"] * 3
    assert [entry.data.get("emergency") for entry in gate.journal.entries[1:3]] == [
        "fire",
        "lockdown",
    ]
    assert {mode.name for mode in gate.journal.modes()} == {"fire", "lockdown"}


def test_a_button_that_the_disk_held_up_opens_nothing_late(gate: OneThread) -> None:
    gate.take(6)
    gate.level(OPEN_BUTTON, True)
    gate.take(0)
    assert moved(gate.run()) == []
    assert gate.loop.counters["held_back"] == 1
    told = [entry for entry in gate.journal.entries if entry.type is EntryType.OUTPUT_FAULTED]
    assert [entry.data["output"] for entry in told] == ["open"]


def test_an_exit_button_that_the_disk_held_up_lets_out_all_the_same(gate: OneThread) -> None:
    gate.take(6)
    gate.level(EXIT_BUTTON, True)
    gate.take(0)
    assert moved(gate.run()) == ["pulse out-1.open 500"]
    assert gate.loop.counters["held_back"] == 0


def test_what_is_held_back_moves_no_arm_and_drops_no_lamp(gate: OneThread) -> None:
    gate.level(CLOSED, False)
    gate.level(OPENED, True)  # lifted by hand: it stands open, and the lamp is red
    gate.take(6)
    gate.tap(A.credential, READER)
    gate.take(0)
    trace = gate.run()
    assert moved(trace) == []
    assert "show near denied" in trace
    shown = trace[trace.index("commit granted") :]
    lamps = [line for line in shown if line.split(" ")[-1].endswith((".red", ".green"))]
    assert lamps[:2] == ["release in-1.red", "hold in-1.green"]
    assert gate.loop.counters["held_back"] == 1, "the relay of the arm alone"
    told = [entry for entry in gate.journal.entries if entry.type is EntryType.OUTPUT_FAULTED]
    assert [entry.data["output"] for entry in told] == ["open"]


def test_a_lamp_that_fails_is_written_down_and_the_arm_opens(gate: OneThread) -> None:
    gate.outputs.stuck |= {"in-1.green", "in-1.red"}
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    trace = gate.run()
    assert moved(trace) == ["pulse open 500"]
    lamps = [
        entry.subject for entry in gate.journal.entries if entry.type is EntryType.OUTPUT_FAULTED
    ]
    assert lamps == [
        "output/in-1.green",
        "output/in-1.red",  # at the start
        "output/in-1.red",
        "output/in-1.green",  # the arm came up
    ]
    assert gate.loop.views()[0].position == "open"


def test_every_lane_has_timers_of_its_own(gate: OneThread) -> None:
    gate.tap(A.credential, OUT_READER)
    gate.level(OUT_CLOSED, False)
    gate.level(OUT_OPENED, True)
    gate.advance(8)
    gate.level(OPEN_BUTTON, True)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.advance(8)
    gate.then(lambda: gate.trace.append("out-1 is over"))
    gate.advance(8)
    trace = gate.run()
    over = trace.index("out-1 is over")
    assert moved(trace[:over]) == [
        "pulse out-1.open 500",
        "pulse open 500",
        "pulse out-1.close 500",
    ]
    assert moved(trace[over:]) == ["pulse close 500"]


def test_the_lines_of_other_lanes_follow_a_passage_here(gate: OneThread) -> None:
    gate.tap(A.credential, READER)
    for name, level in ((CLOSED, False), (OPENED, True), (LOOP, True), (LOOP, False)):
        gate.level(name, level)
    gate.level(OPENED, False)
    gate.level(CLOSED, True)
    gate.advance(60)
    seen: list[str] = []
    gate.then(lambda: seen.append(gate.loop.views()[0].text))
    gate.tap(A.credential, OUT_READER)
    gate.level(OUT_CLOSED, False)
    gate.level(OUT_OPENED, True)
    gate.level(InputId("out-1.loop"), True)
    gate.level(InputId("out-1.loop"), False)
    gate.then(lambda: seen.append(gate.loop.views()[0].text))
    gate.run()
    assert seen == ["请刷卡 余1 FREE", "请刷卡 余2 FREE"]
    assert gate.journal.zone_counts() == {INSIDE: 0}


def test_what_follows_the_world_goes_on_though_nothing_can_be_read(gate: OneThread) -> None:
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.fail(unreadable=True)
    gate.level(LOOP, True)
    gate.level(FIRE, True)
    gate.level(FIRE, False)
    gate.level(LOOP, False)
    seen: list[str] = []
    gate.then(lambda: seen.extend((gate.loop.views()[0].mode, gate.loop.views()[0].loop)))
    gate.fail(unreadable=False)
    trace = gate.run()
    assert "fire held" in trace
    assert seen == ["fire", "clear"]
    assert "passage.ended passed" in gate.types()


def test_a_timer_goes_on_though_nothing_can_be_read(gate: OneThread) -> None:
    gate.tap(A.credential, READER)
    gate.level(CLOSED, False)
    gate.level(OPENED, True)
    gate.fail(unreadable=True)
    gate.advance(16)
    gate.fail(unreadable=False)
    assert "pulse close 500" in gate.run()


def test_the_parts_are_looked_at_when_the_power_is_back() -> None:
    plan = replace(gate_plan(), books=BooksPlan(mains=InputId("gate.mains")))
    gate = OneThread(plan, MemoryJournal(), moment(0))
    for active in (False, True):
        gate.level(InputId("gate.mains"), active)
        gate.run()
    gate.run()
    kinds = [entry.type for entry in gate.journal.entries]
    assert kinds.count(EntryType.AGENT_CHECKED) == 1
    checked = next(each for each in gate.journal.entries if each.type is EntryType.AGENT_CHECKED)
    assert checked.data["faulty"] == ["printer"]
