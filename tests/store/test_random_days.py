"""Random days at a gate with a real ledger: money and documents balance at every instant.

Whatever visitors and guards do, in whatever order, with crashes in between: what is held is what
was taken and not given back, every deposit ends once, no card is out twice and nobody is inside
twice, nobody leaves on a card with a visit or a deposit unless the guard lets him, whatever becomes
of the card in the roster meanwhile, receipts have no gap, and the tables made anew from the journal
are those that were live. The model keeps its own books, by hand, from the answers alone.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.entries import EntryType
from agent.core.issued import DESK
from agent.core.model import CardStatus
from agent.core.plan import INSIDE, PassbackMode, ZonePlan
from agent.core.project import PROJECTIONS
from agent.store.ledger import Ledger
from agent.store.rows import digest_of, order_of
from tests.core.booth import BOOKS, CASH, DRAWER, HOUR, OBJECT, Booth, booth_plan, company, opens
from tests.core.builders import LANE
from tests.core.whole import OUT
from tests.rigs.contract import card_known
from tests.rigs.house import size
from tests.store.build import open_ledger, switched

CARDS = ("V-1", "V-2", "C-1")
POCKETS = 6
LONGEST_S = BOOKS.longest_visit_us / 1e6
PLAN = booth_plan(replace(BOOKS, pockets=POCKETS))
STRICT = ZonePlan(INSIDE, passback=PassbackMode.HARD, kinds=DESK)
GUARDED = replace(PLAN, zones={INSIDE: STRICT})
THINGS = st.lists(
    st.sampled_from([OBJECT, CASH, {"kind": "driving_licence"}]), min_size=1, max_size=3
)
WAYS = st.sampled_from(["returned", "forfeited", "refund_due", "transferred"])
OUTCOME = st.sampled_from(
    ["left", "left", "left", "card_lost", "without_tap", "elsewhere", "mistake"]
)
AGAIN = {
    "deposit.end": {"end": "returned", "why": "w"},
    "deposit.reverse": {"why": "w"},
    "deposit.move": {"pocket": "1", "reason": "r"},
}
SOME_CARD = st.sampled_from(CARDS)


@dataclass
class Held:
    """A thing as the model has it."""

    visit: str
    amount: int
    pocket: str


@dataclass
class Known:
    """The books that the model keeps by hand."""

    visits: dict[str, str] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    until: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    astray: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)

    def visit_of(self, card: str) -> str:
        return next((visit for visit, label in self.visits.items() if label == card), "")

    def of(self, visit: str) -> list[str]:
        return [deposit for deposit, thing in self.held.items() if thing.visit == visit]


class Days(RuleBasedStateMachine):
    """What may happen at a gate, and what has to be so all the time."""

    def __init__(self) -> None:
        super().__init__()
        self._dir = TemporaryDirectory()
        self._path = Path(self._dir.name) / "gate.db"
        self._ledger = open_ledger(self._path)
        self._known = Known()
        self._steps = 0
        self._booth: Booth

    def teardown(self) -> None:
        self._rebuilt_equals_live()
        self._once()
        self._ledger.close()
        self._dir.cleanup()

    @initialize()
    def begin(self) -> None:
        for card in DRAWER:
            self._ledger.put_card(card, card_known(card, _first()), _first())
        self._booth = Booth(GUARDED, DRAWER, self._ledger)

    # What happens

    @rule(card=SOME_CARD, things=THINGS, lane=st.booleans())
    def comes(self, card: str, things: list[dict[str, Any]], lane: bool) -> None:
        booth, known = self._booth, self._known
        form = {**company(card), "deposits": things, **({"lane": str(LANE)} if lane else {})}
        if card.startswith("C"):
            form |= {"kind": "contractor", "company": "Lift", "unit": "8-1203"}
        documents = sum(each["kind"] != "cash" for each in things)
        free = POCKETS - sum(bool(thing.pocket) for thing in known.held.values())
        gone = known.visit_of(card) or card in known.lost | known.astray | known.blocked
        if gone or documents > free:
            assert booth.refused("visit.open", **form)[0] == 409
            return
        result = booth.done("visit.open", **form)
        visit, pockets = str(result["visit"]), iter(result["pockets"])
        known.visits[visit] = card
        known.until[visit] = booth.seconds + LONGEST_S
        known.inside.discard(card)
        for deposit, thing in zip(result["deposits"], things, strict=True):
            cash = thing["kind"] == "cash"
            amount = int(thing.get("amount", 0))
            known.held[deposit] = Held(visit, amount, "" if cash else next(pockets))
        if lane:
            self._went(booth, card, LANE)

    @rule(card=SOME_CARD)
    def taps_to_come_in(self, card: str) -> None:
        booth, known = self._booth, self._known
        visit = known.visit_of(card)
        good = visit and card not in known.lost | known.inside | known.blocked
        in_time = booth.seconds < known.until.get(visit, 0.0)
        granted = booth.tap(card).type is EntryType.ACCESS_GRANTED
        assert granted is bool(good and in_time)
        if granted:
            self._went(booth, card, LANE)

    @rule(card=SOME_CARD)
    def turns_round(self, card: str) -> None:
        """Granted, and nobody comes: he is where he was."""
        booth = self._booth
        if booth.tap(card).type is EntryType.ACCESS_GRANTED:
            booth.drives_off(LANE)

    @rule(card=SOME_CARD)
    def taps_to_leave(self, card: str) -> None:
        """The arm stays down, whatever is shown."""
        entry = self._booth.tap_out(card)
        wanted = EntryType.ACCESS_DENIED
        if self._known.visit_of(card) and card not in self._known.lost | self._known.blocked:
            wanted = EntryType.ACCESS_REFERRED
        assert entry.type is wanted

    @precondition(lambda self: self._known.visits)
    @rule(
        data=st.data(),
        outcome=OUTCOME,
        back=st.booleans(),
        few=st.booleans(),
        way=st.sampled_from(["", "goes", "stays"]),
    )
    def ends(self, data: st.DataObject, outcome: str, back: bool, few: bool, way: str) -> None:
        booth, known, lane = self._booth, self._known, bool(way)
        visit = data.draw(st.sampled_from(sorted(known.visits)))
        card, mine = known.visits[visit], sorted(known.of(visit))
        named = mine[:-1] if few else mine
        lines = [{"deposit": each, "end": data.draw(WAYS), "why": "w", "to": "t"} for each in named]
        form = {"visit": visit, "outcome": outcome, "card_back": back, "reason": "r"}
        form |= {"deposits": [] if outcome == "mistake" else lines}
        form |= {"lane": str(OUT)} if lane else {}
        missed = not back and card not in known.lost
        wrong = (
            (lane and outcome not in {"left", "card_lost"})
            or (back and outcome == "card_lost")
            or (missed and outcome in {"left", "without_tap", "mistake"})
            or (outcome == "left" and len(named) < len(mine))
        )
        step = booth.ordered("visit.end", form)
        assert opens(step, OUT) is (lane and not wrong)
        if wrong:
            assert step.entries == ()
            return
        for deposit in mine if outcome == "mistake" else named:
            known.held.pop(deposit)
            known.over.add(deposit)
        del known.visits[visit]
        self._put_away(card, outcome, back=back)
        if way != "stays":
            known.inside.discard(card)
        if way == "goes":
            booth.drive(OUT)
        elif way == "stays":
            booth.drives_off(OUT)

    @precondition(lambda self: self._known.visits)
    @rule(data=st.data())
    def is_let_out_all_the_same(self, data: st.DataObject) -> None:
        booth, known = self._booth, self._known
        visit = data.draw(st.sampled_from(sorted(known.visits)))
        booth.done("visit.override", visit=visit, lane=str(OUT), reason="r")
        booth.drive(OUT)
        known.inside.discard(known.visits[visit])

    @precondition(lambda self: self._known.held)
    @rule(data=st.data(), end=WAYS)
    def fetches(self, data: st.DataObject, end: str) -> None:
        deposit = data.draw(st.sampled_from(sorted(self._known.held)))
        self._booth.done("deposit.end", deposit=deposit, end=end, why="w", to="t")
        self._over(deposit)

    @precondition(lambda self: self._known.held)
    @rule(data=st.data())
    def was_never_taken(self, data: st.DataObject) -> None:
        deposit = data.draw(st.sampled_from(sorted(self._known.held)))
        self._booth.done("deposit.reverse", deposit=deposit, why="w")
        self._over(deposit)

    @precondition(lambda self: self._known.over)
    @rule(data=st.data(), kind=st.sampled_from(sorted(AGAIN)))
    def is_asked_for_again(self, data: st.DataObject, kind: str) -> None:
        """What is over is over."""
        deposit = data.draw(st.sampled_from(sorted(self._known.over)))
        assert self._booth.refused(kind, deposit=deposit, **AGAIN[kind])[:2] == (409, "deposit")

    @precondition(lambda self: self._known.held)
    @rule(data=st.data(), pocket=st.integers(1, POCKETS), swap=st.booleans())
    def lies_elsewhere(self, data: st.DataObject, pocket: int, swap: bool) -> None:
        booth, known = self._booth, self._known
        deposit = data.draw(st.sampled_from(sorted(known.held)))
        thing, to = known.held[deposit], str(pocket)
        there = [each for each in known.held.values() if each.pocket == to]
        form = {"deposit": deposit, "pocket": to, "reason": "r", "swap": swap}
        if not thing.pocket or thing.pocket == to or (there and not swap):
            assert booth.refused("deposit.move", **form)[0] == 409
            return
        booth.done("deposit.move", **form)
        for each in there:
            each.pocket = thing.pocket
        thing.pocket = to

    @rule(card=SOME_CARD)
    def is_lost(self, card: str) -> None:
        booth, known = self._booth, self._known
        if card in known.lost | known.blocked:
            assert booth.refused("pass.lost", card=card)[0] == 409
            return
        booth.done("pass.lost", card=card)
        known.lost.add(card)
        known.astray.discard(card)

    @rule(card=SOME_CARD)
    def is_found(self, card: str) -> None:
        booth, known = self._booth, self._known
        if card not in known.lost and card not in known.astray:
            assert booth.refused("pass.found", card=card)[0] == 409
            return
        booth.done("pass.found", card=card)
        known.lost.discard(card)
        known.astray.discard(card)

    @rule(card=SOME_CARD, again=st.booleans())
    def is_blocked(self, card: str, again: bool) -> None:
        """And good again, perhaps at once: of the drawer, and with its visitor as before."""
        booth, known = self._booth, self._known
        if card not in known.blocked:
            booth.done("card.block", label=card, reason="r")
            known.blocked.add(card)
        if again:
            assert booth.done("card.unblock", label=card, reason="r")["status"] == "stock"
            known.blocked.discard(card)

    @rule()
    def a_roster_comes(self) -> None:
        """It calls every card active that is with a visitor, or that something is held against."""
        booth, ledger = self._booth, self._ledger
        used = {row["card"] for row in booth.rows("deposits", state="held")}
        used |= {row["card"] for row in booth.rows("passes") if row["state"] != "in"}
        new = [
            replace(card, status=CardStatus.ACTIVE, holder="x") if card.label in used else card
            for card in DRAWER
        ]
        new.sort(key=lambda card: order_of(str(card.credential)))
        generation = ledger.roster_begin()
        assert ledger.roster_stage(generation, new, 60 * 10**9) == len(new)
        ledger.roster_switch(generation, *digest_of(new), switched(), booth.now)
        self._known.blocked.clear()

    @rule()
    def hours_go_by(self) -> None:
        """Five of them: nobody comes near the end of his visit by seconds."""
        booth, known = self._booth, self._known
        booth.wait(5 * HOUR)
        booth.sweep()
        overdue = {row["visit"] for row in booth.rows("visits", state="open") if row["overdue"]}
        assert overdue == {each for each in known.visits if known.until[each] < booth.seconds}

    @rule(card=SOME_CARD, granted=st.booleans())
    def crashes(self, card: str, granted: bool) -> None:
        """The daemon is gone in the middle of things; what it had committed is all there is."""
        if granted:
            self._booth.tap(card)
        self._ledger.close()
        self._ledger = open_ledger(self._path)
        self._booth = _again(self._booth, self._ledger)

    # What has to be so all the time

    @invariant()
    def money_and_documents_balance(self) -> None:
        if not hasattr(self, "_booth"):
            return
        rows = self._booth.rows("deposits", state="held")
        held = self._known.held
        assert {str(row["deposit"]) for row in rows} == set(held)
        assert sum(row["amount"] for row in rows) == sum(thing.amount for thing in held.values())
        pockets = {row["deposit"]: row["pocket"] for row in rows}
        assert pockets == {deposit: thing.pocket for deposit, thing in held.items()}
        used = [pocket for pocket in pockets.values() if pocket]
        assert len(used) == len(set(used))

    @invariant()
    def nobody_leaves_by_himself_with_something_of_his_here(self) -> None:
        if not hasattr(self, "_booth"):
            return
        mine = {row["card"] for row in self._booth.rows("deposits", state="held")}
        mine |= set(self._known.visits.values())
        for card in mine:
            assert self._booth.tap_out(card).type is not EntryType.ACCESS_GRANTED

    @invariant()
    def every_card_has_one_bearer(self) -> None:
        if not hasattr(self, "_booth"):
            return
        known = self._known
        rows = self._booth.rows("visits", state="open")
        assert {row["visit"]: row["card"] for row in rows} == known.visits
        assert len({row["card"] for row in rows}) == len(rows)
        states = {row["card"]: row["state"] for row in self._booth.rows("passes")}
        for card in CARDS:
            out = known.visit_of(card) or card in known.astray
            wanted = "lost" if card in known.lost else "out" if out else "in"
            assert states.get(card, "in") == wanted

    @invariant()
    def nobody_is_inside_twice(self) -> None:
        if not hasattr(self, "_booth"):
            return
        rows = self._booth.rows("presence", "zone", str(INSIDE))
        assert sorted(row["card"] for row in rows) == sorted(self._known.inside)

    # How it is done

    def _went(self, booth: Booth, card: str, lane: Any) -> None:
        (ended,) = booth.drive(lane)
        assert (ended.data["outcome"], ended.data["card"]) == ("passed", card)
        self._known.inside.add(card)

    def _put_away(self, card: str, outcome: str, *, back: bool) -> None:
        known = self._known
        if back:
            known.lost.discard(card)
        elif outcome == "card_lost":
            known.lost.add(card)
        elif card not in known.lost:
            known.astray.add(card)

    def _over(self, deposit: str) -> None:
        self._known.held.pop(deposit)
        self._known.over.add(deposit)

    def _tables(self) -> dict[str, list[tuple[Any, ...]]]:
        uri = f"{self._path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as conn:
            return {
                each.table: conn.execute(f"SELECT * FROM {each.table} ORDER BY 1").fetchall()  # noqa: S608 - names of ours
                for each in PROJECTIONS
            }

    def _rebuilt_equals_live(self) -> None:
        live = self._tables()
        self._ledger.rebuild()
        assert self._tables() == live

    def _once(self) -> None:
        """By the journal itself: every deposit was taken once and ended at most once."""
        uri = f"{self._path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as conn:
            rows = conn.execute("SELECT type, data FROM entries ORDER BY sequence").fetchall()
        told = [(kind, json.loads(data)) for kind, data in rows]
        taken = [data for kind, data in told if kind == EntryType.DEPOSIT_TAKEN]
        ends = {EntryType.DEPOSIT_ENDED, EntryType.DEPOSIT_REVERSED}
        ended = Counter(data["deposit"] for kind, data in told if kind in ends)
        assert all(count == 1 for count in ended.values())
        begun = Counter(data["deposit"] for data in taken)
        assert all(count == 1 for count in begun.values())
        assert set(ended) <= set(begun)
        receipts = sorted({data["receipt"] for data in taken})
        assert receipts == list(range(1, len(receipts) + 1))
        late = Counter(data["visit"] for kind, data in told if kind == EntryType.VISIT_OVERDUE)
        assert all(count == 1 for count in late.values())
        opened = Counter(data["visit"] for kind, data in told if kind == EntryType.VISIT_OPENED)
        over = Counter(data["visit"] for kind, data in told if kind == EntryType.VISIT_ENDED)
        assert all(count == 1 for count in (*opened.values(), *over.values()))


def _first() -> Any:
    return Booth().now


def _again(booth: Booth, ledger: Ledger) -> Booth:
    """The same gate after a start: inputs are read anew, and the time goes on."""
    fresh = Booth(booth.plan, DRAWER, ledger, booth.seconds + 1)
    fresh.orders = booth.orders
    return fresh


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=size(16, 400),
    stateful_step_count=size(40, 120),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
