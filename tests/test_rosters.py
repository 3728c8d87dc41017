"""A roster that brings residents, while somebody else changes the directory.

The ledger is a real one, in a thread of its own, as the gate's is.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.control.server import Peer
from agent.core.directory import line_of
from agent.core.effects import DropRow, PutCard, PutRow
from agent.core.entries import Entry, EntryType
from agent.core.model import Card, CardKind, CardStatus, Moment
from agent.core.plan import GatePlan
from agent.errors import GateError
from agent.following import paced
from agent.rosters import Rosters
from agent.store.ledger import Ledger
from agent.store.queries.desk import directory
from agent.store.reading import Reading
from agent.store.rows import digest_of, row_of
from tests.core.builders import gate_plan
from tests.patience import LIMIT_S
from tests.rigs.whole import whole
from tests.store.build import at, card, open_ledger

PEER = Peer(1, 1000)
CARDS = [card(n) for n in range(3)]
WANG, LI = ["3-1", "王小明", "13800000001"], ["3-1", "李娜", "13900000002"]
Act = Callable[[Ledger], object]


@dataclass
class Gate:
    """A gate's ledger in its own thread. ``before`` are done there, one before each question."""

    path: Path
    own: Ledger
    thread: ThreadPoolExecutor
    plan: GatePlan = field(default_factory=gate_plan)
    before: list[Act | None] = field(default_factory=list)
    asked: int = 0
    read_in: list[int] = field(default_factory=list)

    @property
    def clock(self) -> "Gate":
        return self

    def now(self) -> Moment:
        return at(self.asked)

    def ledger(self) -> Ledger:
        return self.own

    def run(self, ask: Callable[[], Any]) -> Any:
        self.asked += 1
        act = self.before.pop(0) if self.before else None
        if act is not None:
            self.thread.submit(act, self.own).result(LIMIT_S)
        return self.thread.submit(ask).result(LIMIT_S)

    def reading(self) -> Reading:
        self.read_in.append(threading.get_ident())
        return Reading.open(self.path)

    def bring(self, *residents: list[str], before: tuple[Act | None, ...] = ()) -> Any:
        """A new roster with these residents; ``before`` as above, from its switch on."""
        rosters = Rosters(self)
        generation = rosters.begin({}, PEER)
        rows = [list(row_of(each)) for each in CARDS]
        assert rosters.stage({"generation": generation, "rows": rows}, PEER) == len(CARDS)
        count, digest = digest_of(CARDS)
        self.before += before
        asked = {"generation": generation, "count": count, "digest": digest.hex()}
        return rosters.switch({**asked, "residents": list(residents)}, PEER)

    def lines(self) -> list[tuple[str, list[str], int]]:
        """Name, numbers and place of every line; by hand (0) first, then in the roster's order."""
        with Reading.open(self.path) as reading:
            found = directory(reading)
        told = [(row["name"], json.loads(row["phones"]), row["place"]) for row in found]
        return sorted(told, key=lambda each: each[2])


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    path = tmp_path / "gate.db"
    with ThreadPoolExecutor(1, "ledger") as thread:
        own = thread.submit(open_ledger, path).result(LIMIT_S)
        try:
            yield Gate(path, own, thread)
        finally:
            thread.submit(own.close).result(LIMIT_S)


def written(*changes: PutRow | DropRow | PutCard) -> Act:
    """The directory is changed as an order changes it."""

    def act(ledger: Ledger) -> None:
        entry = whole(Entry(EntryType.DIRECTORY_CHANGED, "directory/d-1", at()))
        ledger.append([entry], at(), changes=changes)

    return act


def by_hand(name: str, phone: str) -> PutRow:
    return PutRow("directory", "d-1", line_of("resident", name, "3-1", phones=(phone,)))


def test_it_is_compared_beside_the_gate_and_once(gate: Gate) -> None:
    told = gate.bring(WANG, LI)
    assert told["count"] == 3
    assert told["directory"] == {"residents": 2, "put": 2, "dropped": 0, "kept": 0}
    assert gate.lines() == [("王小明", [WANG[2]], 1), ("李娜", [LI[2]], 2)]
    assert gate.bring(WANG, LI)["directory"] == {
        "residents": 2,
        "put": 0,
        "dropped": 0,
        "kept": 0,
    }
    # Twice: to begin, to stage, to look at the ground, to switch.
    assert gate.asked == 8
    assert set(gate.read_in) == {threading.get_ident()}
    assert len(gate.read_in) == 2


def test_a_line_written_by_hand_meanwhile_stands_for_its_resident(gate: Gate) -> None:
    gate.bring(WANG)
    # Between the comparison and the switch.
    change = written(by_hand("李娜", "99"))
    told = gate.bring(WANG, LI, before=(None, change))
    assert told["directory"] == {"residents": 2, "put": 0, "dropped": 0, "kept": 1}
    assert gate.lines() == [("李娜", ["99"], 0), ("王小明", [WANG[2]], 1)]
    assert len(gate.read_in) == 3


def test_a_line_dropped_meanwhile_comes_back_with_the_roster_that_has_it(gate: Gate) -> None:
    gate.bring(WANG, LI)
    with Reading.open(gate.path) as reading:
        keys = [str(row["entry"]) for row in directory(reading) if row["name"] == "李娜"]
    told = gate.bring(WANG, LI, before=(None, written(DropRow("directory", keys[0]))))
    assert told["directory"]["put"] == 1
    assert [name for name, *_ in gate.lines()] == ["王小明", "李娜"]


def test_a_roster_that_came_in_between_is_followed_by_this_one(gate: Gate) -> None:
    gate.bring(WANG)
    # Another import's lines, while this one was comparing; its generation is the later one.
    later = line_of("resident", "周静", "5-2", phones=("13700000003",), place=1)
    told = gate.bring(WANG, LI, before=(None, written(PutRow("directory", "d-9", later))))
    assert told["directory"] == {"residents": 2, "put": 1, "dropped": 1, "kept": 0}
    assert [name for name, *_ in gate.lines()] == ["王小明", "李娜"]


def test_what_does_not_touch_the_directory_costs_no_second_look(gate: Gate) -> None:
    gate.bring(WANG)
    guard: dict[str, str | int] = {
        "name": "",
        "card": "",
        "role": "guard",
        "pin": "",
        "state": "active",
        "changed_us": 0,
    }
    other = written(PutRow("guards", "g-1", guard), PutCard(card(9)))
    assert gate.bring(WANG, LI, before=(None, other))["directory"]["put"] == 1
    assert len(gate.read_in) == 2


def test_a_directory_that_never_stands_still_is_left_and_the_cards_too(gate: Gate) -> None:
    gate.bring(WANG)
    with Reading.open(gate.path) as reading:
        before = reading.rows("SELECT generation FROM state")
    busy = tuple(written(by_hand("李娜", f"{n:03}")) for n in range(100))
    with pytest.raises(GateError, match="changed all the time: neither it nor the cards"):
        gate.bring(WANG, LI, before=busy)
    gate.before.clear()
    with Reading.open(gate.path) as reading:
        assert reading.rows("SELECT generation FROM state") == before
    assert [name for name, *_ in gate.lines()] == ["李娜", "王小明"]
    assert gate.bring(WANG, LI)["directory"]["kept"] == 1


def test_lines_of_two_rosters_never_share_a_key(gate: Gate) -> None:
    keys: set[str] = set()
    for residents in ((WANG,), (LI,), (WANG,), (WANG, LI)):
        # One that was begun and abandoned takes no key with it.
        Rosters(gate).begin({}, PEER)
        put = gate.bring(*residents)["directory"]["put"]
        with Reading.open(gate.path) as reading:
            now = {str(row["entry"]) for row in directory(reading)}
        assert len(now - keys) == put == 1
        assert len(now) == len(residents)
        keys |= now


def test_who_compares_rests_after_each_millisecond_of_work() -> None:
    began = time.monotonic()
    seen = []
    for each in paced(range(5)):
        seen.append(each)
        ends = time.monotonic() + 0.002
        while time.monotonic() < ends:
            pass
    assert seen == list(range(5))
    assert time.monotonic() - began >= 5 * (0.002 + 0.001)


def lent(label: str) -> Act:
    """A visitor has this card."""
    data = {"visit": "v-1", "card": label, "kind": "company", "agent": "north"}
    entry = whole(Entry(EntryType.VISIT_OPENED, "visit/v-1", at(), data))
    return lambda ledger: ledger.append([entry], at())


def drawer(label: str, kind: CardKind = CardKind.VISITOR, **other: Any) -> Card:
    return replace(CARDS[0], label=label, kind=kind, **other)


def installed(gate: Gate, one: Card) -> Any:
    """A roster of one card rules."""
    rosters = Rosters(gate)
    generation = rosters.begin({}, PEER)
    rosters.stage({"generation": generation, "rows": [list(row_of(one))]}, PEER)
    count, digest = digest_of([one])
    asked = {"generation": generation, "count": count, "digest": digest.hex()}
    return rosters.switch(asked, PEER)


@pytest.mark.parametrize("residents", [False, True])
def test_a_card_that_a_visitor_has_stays_in_stock_and_is_named(gate: Gate, residents: bool) -> None:
    gate.thread.submit(lent("V-1"), gate.own).result(LIMIT_S)
    one = drawer("V-1")
    told = installed(gate, one)
    assert (told["count"], told["kept"]) == (1, ["V-1"])
    if residents:
        gate.thread.submit(lent("C-1"), gate.own).result(LIMIT_S)
        assert gate.bring(WANG)["kept"] == [], "residents' cards are no cards of the drawer"
    with gate.reading() as reading:
        (entry,) = [each for each in reading.after(0, 100) if b"instock" in each.data]
        assert json.loads(entry.data)["instock"] == 1


@pytest.mark.parametrize(
    ("kind", "holder", "visit", "status"),
    [
        (CardKind.VISITOR, "", False, "stock"),
        (CardKind.CONTRACTOR, "", False, "stock"),
        (CardKind.CONTRACTOR, "张三", False, "active"),
        (CardKind.CONTRACTOR, "张三", True, "stock"),
        (CardKind.RESIDENT, "", False, "active"),
    ],
)
def test_what_a_card_is_when_it_is_unblocked(
    gate: Gate, kind: CardKind, holder: str, visit: bool, status: str
) -> None:
    if visit:
        gate.thread.submit(lent("X-1"), gate.own).result(LIMIT_S)
    installed(gate, drawer("X-1", kind, holder=holder, status=CardStatus.BLOCKED))
    rosters = Rosters(gate)
    told = rosters.status({"label": "X-1", "status": "active"}, PEER)
    assert told == {"card": "X-1", "was": "blocked", "status": status}
    again = rosters.status({"label": "X-1", "status": "active"}, PEER)
    assert again == {"card": "X-1", "was": status, "status": status}
