"""The books in memory: an order is led to its act, and what it wrote is folded into rows.

What loop and store do is done here in the same order: the needs are looked up, the act is done, the
entries are projected, the reference tables and the roster are changed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from agent.core import books
from agent.core.draft import Admit, Draft
from agent.core.effects import AnswerOrder, DropRow, PutCard, PutRow
from agent.core.entries import Entry, EntryType
from agent.core.facts import Facts
from agent.core.ids import OrderId
from agent.core.model import Card, CardKind, CardStatus, ClockQuality, Direction, Moment
from agent.core.needs import Need, Row, merged
from agent.core.orders import Order
from agent.core.plan import GatePlan
from agent.core.plan_books import BooksPlan, DepositKind
from agent.core.project import PROJECTIONS, project
from tests.core.builders import FULL, LANE, WALL_US, WEDNESDAY, a_card, gate_plan
from tests.rigs.contract import judge_entries
from tests.rigs.tables import Tables

GUARD = "g-1001"
KEYS = {each.table: each.key for each in PROJECTIONS} | {"guards": "guard", "directory": "entry"}
CASH = DepositKind("cash", "现金", "cash", money=True)
LICENCE = DepositKind("driving_licence", "驾驶证", "driving licence")


def booth_plan(direction: Direction = Direction.OUT) -> GatePlan:
    """One lane out with everything wired, and two kinds of deposits."""
    kinds = {each.kind: each for each in (CASH, LICENCE)}
    return replace(gate_plan(FULL, direction), books=BooksPlan(kinds=kinds))


def guard_card(label: str = "G-1", kind: CardKind = CardKind.GUARD) -> Card:
    return replace(a_card(label, kind=kind), holder="张伟")


class Desk:
    """A booth: ``answer`` is the last one, ``admits`` whom the last act lets through."""

    def __init__(self, plan: GatePlan | None = None) -> None:
        self.plan = plan or booth_plan()
        self.tables = Tables()
        self.cards: dict[str, Card] = {}
        self.entries: list[Entry] = []
        self.changes: list[PutRow | DropRow | PutCard] = []
        self.admits: list[Admit] = []
        self.seconds = 0.0
        self.stepped = 0.0
        self.booted = 0.0
        self.quality = ClockQuality.SYNCED
        self.actor = GUARD
        self.numbers = count(1)

    # What happens

    def go(self, kind: str, /, **form: object) -> dict[str, Any]:
        """Give an order that is done; gives its result."""
        answer = self.give(kind, form)
        assert (answer.status, answer.code) == ("done", 200), answer
        return dict(answer.result)

    def refused(self, kind: str, /, **form: object) -> tuple[int, str]:
        """Give an order that is refused: the code, and the field that it is about."""
        before = len(self.entries)
        answer = self.give(kind, form)
        assert answer.status == "rejected", answer
        assert (len(self.entries), self.admits) == (before, []), "nothing of it is kept"
        says, told = answer.result["says"], answer.result["with"]
        assert isinstance(says, str)
        assert isinstance(told, Mapping)
        assert answer.detail == (says % told if told else says)
        return answer.code, str(answer.result["field"])

    def give(self, kind: str, form: Mapping[str, object]) -> AnswerOrder:
        """Give an order; gives its answer."""
        named = OrderId(f"o-{next(self.numbers)}")
        order = Order(named, self.actor, "console", kind, form=form, desk="desk-1")
        facts = self._facts(books.needs(order), order)
        out = Draft(self.plan, facts, self.now)
        self.admits = list(books.ordered(self.plan, order, facts, out))
        judge_entries(out.entries)
        self._keep(out)
        (answer,) = (each for each in out.effects if isinstance(each, AnswerOrder))
        return answer

    def sweep(self) -> list[Entry]:
        """Let time be looked at; gives what was written."""
        order = Order(OrderId(""), "", "", "sweep")
        needs = books.sweep_needs(self.now.wall_us, trusted=self.now.quality.trusted)
        facts, before = self._facts(needs, order), len(self.entries)
        out = Draft(self.plan, facts, self.now)
        books.swept(self.plan, order, facts, out)
        judge_entries(out.entries)
        self._keep(out)
        return self.entries[before:]

    def write(self, kind: EntryType, data: Mapping[str, object], **personal: str) -> int:
        """An entry that something else has made; gives its number."""
        out = Draft(self.plan, self._facts((), Order(OrderId(""), "", "", "")), self.now)
        out.write(kind, "subject", data, personal=personal)
        self._keep(out)
        return len(self.entries)

    def enrol(self, guard: str, role: str = "guard", card: str = "") -> None:
        """Somebody who may sign on, made by the installer."""
        mine, self.actor = self.actor, "uid:0"
        self.go("guard.enrol", guard=guard, name="张伟", role=role, card=card, pin="scrypt$…")
        self.actor = mine

    def sign_on(self, guard: str = GUARD, role: str = "guard", desk: str = "desk-1") -> str:
        """A shift begins; gives it."""
        token = f"hash-{next(self.numbers)}"
        told = self.go("shift.begin", guard=guard, role=role, desk=desk, hash=token)
        return str(told["shift"])

    # What there is

    @property
    def now(self) -> Moment:
        wall_us = WALL_US + int((self.seconds + self.stepped) * 1e6)
        mono_ns = int((1000 + self.seconds - self.booted) * 1e9)
        return Moment(wall_us, mono_ns, self.quality)

    def local(self, minutes: float) -> str:
        """A time so many minutes after noon, as a form has it."""
        return (WEDNESDAY + timedelta(minutes=minutes)).isoformat()

    def row(self, table: str, key: str = "") -> dict[str, Any]:
        """The row with this key, or the only one."""
        rows = self.tables.table(table)
        if not key:
            (key,) = rows
        return dict(rows[key])

    @property
    def last(self) -> Entry:
        return self.entries[-1]

    def stock(self, *labels: str) -> None:
        """Cards of the desk."""
        for label in labels:
            self.cards[label] = a_card(label, CardStatus.STOCK, CardKind.VISITOR)

    def _facts(self, needs: Any, order: Order) -> Facts:
        local = WEDNESDAY + timedelta(seconds=self.seconds + self.stepped)
        act = books.ACTS.get(order.kind)
        named = {str(order.form.get(name)) for name in (act.cards if act else ())}
        cards = [
            card
            for card in self.cards.values()
            if card.label in named or str(card.credential) in named
        ]
        rows = merged((need, tuple(self._rows(need))) for need in needs)
        return Facts("s1", len(self.entries) + 1, local, tuple(cards), rows=rows)

    def _rows(self, need: Need) -> list[Row]:
        if need.table == "cards":
            found: list[dict[str, Any]] = [
                {"label": card.label, "kind": card.kind.value, "status": card.status.value}
                for card in self.cards.values()
            ]
        else:
            found = [
                {KEYS[need.table]: key, **row} for key, row in self.tables.table(need.table).items()
            ]
        if need.column:
            found = [row for row in found if row[need.column] == need.value]
        if need.state:
            found = [row for row in found if row["state"] == need.state]
        for row in found:
            sequence = int(row.get("sequence", 0))
            row["personal"] = dict(self.entries[sequence - 1].personal) if sequence else {}
        return list(found)

    def _keep(self, out: Draft) -> None:
        for entry in out.entries:
            self.entries.append(entry)
            at = entry.at
            self.tables.apply(
                project(
                    len(self.entries),
                    entry.type,
                    entry.data,
                    at.wall_us,
                    at.quality.value,
                    entry.cause,
                )
            )
        for effect in out.effects:
            match effect:
                case PutRow(table, key, values):
                    rows = self.tables.rows.setdefault(table, {})
                    rows[key] = rows.get(key, {}) | dict(values)
                case DropRow(table, key):
                    self.tables.rows.get(table, {}).pop(key, None)
                case PutCard(card):
                    self.cards = {
                        label: each
                        for label, each in self.cards.items()
                        if each.credential != card.credential
                    }
                    self.cards[card.label] = card
                case _:
                    continue
            self.changes.append(effect)


def leaves(desk: Desk) -> list[tuple[str, str]]:
    """Lane and card of everybody whom the last act lets out."""
    assert all(admit.direction is Direction.OUT for admit in desk.admits)
    return [(admit.lane, admit.card) for admit in desk.admits]


HERE = str(LANE)
