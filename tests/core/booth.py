"""A booth: a whole gate with a drawer of cards, and a guard who gives orders and lets cards pass.

What the steps want to know is looked up as the daemon does it (`agent.lookup`), in a journal in
memory or in a real one. Every order goes in as the loop would give it, with its form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from agent.core import books
from agent.core.effects import AnswerOrder, Change, PulseRelay, PutCard, StartTimer, SwitchRelay
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead, Event, InputChanged, OrderReceived, Started, TimerFired
from agent.core.gate import Gate
from agent.core.gate_state import Step
from agent.core.ids import InputId, LaneId, OrderId, ReaderId
from agent.core.model import Card, CardKind, CardStatus, ClockQuality, Moment
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.plan import GatePlan, ReaderPlan
from agent.core.plan_books import BooksPlan, DepositKind
from agent.lookup import NAMED, Lookup
from agent.ports import Journal, KeptResult
from tests.core.builders import LANE, READER, WALL_US, a_card, credential, moment
from tests.core.whole import OUT, OUT_READER, RAMP, whole
from tests.rigs.contract import judge_entries
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import HandClock

HOUR = 3_600
RAMP_IN, RAMP_OUT = ReaderId("ramp-in"), ReaderId("ramp-out")
LAW = "only the police may hold an identity card"
KINDS = {
    "cash": DepositKind("cash", "现金", "cash", money=True),
    "object": DepositKind("object", "物品", "object"),
    "driving_licence": DepositKind("driving_licence", "驾驶证", "driving licence"),
}
BOOKS = BooksPlan(
    country="CN",
    kinds=KINDS,
    refused={"resident_id": LAW},
    pockets=4,
    bays=("P1", "P2"),
    trucks=("T-",),
    texts={"route": "keep right", "unloading": "engine off", "gate": "north"},
)
OBJECT: Mapping[str, Any] = {"kind": "object", "description": "phone"}
CASH: Mapping[str, Any] = {"kind": "cash", "amount": 5000}


def stock(label: str, kind: CardKind = CardKind.VISITOR) -> Card:
    """A card of the drawer."""
    return Card(credential(label), label, kind, CardStatus.STOCK)


DRAWER = (
    stock("V-1"),
    stock("V-2"),
    stock("W-1", CardKind.VISITOR_VEHICLE),
    stock("W-2", CardKind.VISITOR_VEHICLE),
    stock("C-1", CardKind.CONTRACTOR),
    a_card("R-1"),
    a_card("T-1", kind=CardKind.VEHICLE),
    a_card("L-1", kind=CardKind.CONTRACTOR),
    replace(stock("B-1"), status=CardStatus.BLOCKED),
)


def booth_plan(rules: BooksPlan = BOOKS) -> GatePlan:
    """A lane in, a lane out, and a ramp of both ways, all between outside and inside."""
    plan = whole()
    ramps = (
        ReaderPlan(RAMP_IN, lane=RAMP),
        ReaderPlan(RAMP_OUT, lane=RAMP, side=type(plan.lanes[OUT].direction).OUT),
    )
    readers = {**plan.readers, **{reader.reader: reader for reader in ramps}}
    return replace(plan, readers=readers, books=rules, zones={})


class Booth:
    """A gate, its journal, and the time."""

    def __init__(
        self,
        plan: GatePlan | None = None,
        cards: Sequence[Card] = DRAWER,
        journal: Journal | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.plan = plan or booth_plan()
        self.gate = Gate(self.plan)
        self.cards = {card.label: card for card in cards}
        self.journal: Journal = journal or MemoryJournal(cards)
        self.clock = HandClock(moment(0))
        self.lookup = Lookup(self.plan, self.journal, self.clock, UTC)
        self.state = self.gate.first_state()
        self.quality = ClockQuality.SYNCED
        self.seconds = seconds
        self.orders = 0
        self.entries: list[Entry] = []
        self.puts: list[PutCard] = []
        self.levels: dict[InputId, bool] = {}
        self.do(Started(self.now))
        self._clear()

    @property
    def now(self) -> Moment:
        return moment(self.seconds, self.quality)

    def do(self, event: Event) -> Step:
        """Look up, step, commit, as the loop does."""
        self.clock.set(self.now)
        step = self.gate.step(self.state, event, self.lookup.facts(event, 0))
        results = [_kept(each) for each in step.effects if isinstance(each, AnswerOrder)]
        changes = [each for each in step.effects if isinstance(each, Change)]
        judge_entries(step.entries)
        self.journal.append(step.entries, self.now, results, changes)
        self.puts += [each for each in changes if isinstance(each, PutCard)]
        self.state = step.state
        self.entries += step.entries
        return step

    def wait(self, seconds: float) -> None:
        """Let time go by; nothing happens meanwhile."""
        self.seconds += seconds

    # What the guard does

    def order(self, kind: str, /, **form: Any) -> AnswerOrder:
        """Give an order of the books; gives its answer."""
        step = self.ordered(kind, form)
        (answer,) = (each for each in step.effects if isinstance(each, AnswerOrder))
        return answer

    def ordered(self, kind: str, form: Mapping[str, Any]) -> Step:
        """Likewise; gives the step."""
        self.orders += 1
        act = books.ACTS.get(kind)
        args = {
            f"{NAMED}{name}": str(self.cards[form[name]].credential)
            for name in (act.cards if act is not None else ())
            if form.get(name) in self.cards
        }
        number = OrderId(f"o-{self.orders}")
        order = Order(number, "g-1", "console", kind, args, form, "desk-1")
        self.wait(1)
        return self.do(OrderReceived(order, self.now))

    def plain(self, kind: str, /, **args: str) -> Step:
        """Give an order that is none of the books."""
        self.orders += 1
        order = Order(OrderId(f"o-{self.orders}"), "g-1", "console", kind, args)
        return self.do(OrderReceived(order, self.now))

    def done(self, kind: str, /, **form: Any) -> Mapping[str, Any]:
        """Give an order that is done; gives its result."""
        answer = self.order(kind, **form)
        assert answer.status == "done", answer
        return answer.result

    def refused(self, kind: str, /, **form: Any) -> tuple[int, str, str]:
        """Give an order that is not done; gives code, field and sentence. Nothing is written."""
        before = len(self.entries)
        step = self.ordered(kind, form)
        (answer,) = step.effects
        assert isinstance(answer, AnswerOrder)
        assert answer.status == "rejected", answer
        assert len(self.entries) == before
        says, values = answer.result["says"], answer.result["with"]
        assert answer.detail == (str(says) % values if values else says)
        return answer.code, str(answer.result["field"]), answer.detail

    def visit(self, card: str = "V-1", **form: Any) -> Mapping[str, Any]:
        """Somebody comes to the company and leaves a phone."""
        return self.done("visit.open", **{**company(card), **form})

    def sweep(self) -> None:
        """Time to look at what time has brought."""
        self.do(TimerFired(books.SWEEP, self.now))

    # What happens at the lanes

    def tap(self, label: str, reader: ReaderId = READER) -> Entry:
        """Hold a card to a reader; gives what was decided."""
        self.wait(1)
        step = self.do(CardRead(reader, credential(label), self.now))
        return next(entry for entry in step.entries if entry.type in _DECISIONS)

    def tap_out(self, label: str) -> Entry:
        return self.tap(label, OUT_READER)

    def drive(self, lane: LaneId) -> list[Entry]:
        """A vehicle goes through, and the arm goes down behind it; gives how passages ended."""
        before = len(self.entries)
        arm = self.plan.lanes[lane].arm
        assert arm.opened is not None
        assert arm.closed is not None
        assert arm.loop is not None
        for name, level in (
            (arm.closed, False),
            (arm.opened, True),
            (arm.loop, True),
            (arm.loop, False),
            (arm.opened, False),
            (arm.closed, True),
        ):
            self._turn(name, level)
        return [each for each in self.entries[before:] if each.type is EntryType.PASSAGE_ENDED]

    def drives_off(self, lane: LaneId) -> None:
        """Nobody comes: the wait for a vehicle is over, and the arm goes down."""
        arm = self.plan.lanes[lane].arm
        assert arm.closed is not None
        self.wait(20)
        self.do(TimerFired(f"wait:{lane}", self.now))
        self._turn(arm.closed, False)
        self._turn(arm.closed, True)

    # What the books say

    def rows(self, table: str, column: str = "", value: str = "", state: str = "") -> list[Row]:
        return list(self.journal.rows([Need(table, column, value, state)]).get(table, ()))

    def row(self, table: str, column: str, value: str) -> Row:
        (row,) = self.rows(table, column, value)
        return row

    def last(self, kind: EntryType) -> Entry:
        return next(entry for entry in reversed(self.entries) if entry.type is kind)

    def _turn(self, name: InputId, level: bool) -> None:
        self.wait(1)
        self.levels[name] = level
        self.do(InputChanged(name, level, 1, self.now))

    def _clear(self) -> None:
        for plan in self.plan.lanes.values():
            arm = plan.arm
            for name in (arm.loop, *arm.safety, arm.opened, *arm.buttons.values()):
                if name is not None:
                    self._turn(name, False)
            if arm.closed is not None:
                self._turn(arm.closed, True)


_DECISIONS = {EntryType.ACCESS_GRANTED, EntryType.ACCESS_DENIED, EntryType.ACCESS_REFERRED}


def company(card: str = "V-1") -> dict[str, Any]:
    """The form of somebody who comes to the company and leaves a phone."""
    return {
        "kind": "company",
        "card": card,
        "visitor": "李雷",
        "host": "韩梅梅",
        "department": "工程部",
        "answer": "host_agreed",
        "deposits": [dict(OBJECT)],
    }


def opens(step: Step, lane: LaneId) -> bool:
    """Does the step raise the arm of this lane?"""
    wanted = "open" if lane == LANE else f"{lane}.open"
    return any(
        effect.output == wanted
        for effect in step.effects
        if isinstance(effect, PulseRelay | SwitchRelay)
    )


def timers(step: Step) -> list[str]:
    return [effect.key for effect in step.effects if isinstance(effect, StartTimer)]


def types(entries: Sequence[Entry]) -> list[str]:
    """What was written, in short words: ``visit.opened``."""
    return [entry.type.removeprefix("gate.").removesuffix(".v1") for entry in entries]


def _kept(answer: AnswerOrder) -> KeptResult:
    return KeptResult(answer.order, answer.status, answer.code, answer.detail)


def at_us(seconds: float) -> int:
    """Wall time, µs, so many seconds after the noon at which a booth begins."""
    return WALL_US + int(seconds * 1e6)
