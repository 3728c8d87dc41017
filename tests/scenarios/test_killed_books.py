"""kill -9 in the middle of what a guard does in several steps: the books are whole afterwards."""

import json
import os
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from agent.core.project import PROJECTIONS
from agent.errors import GateError
from tests.patience import LIMIT_S, until
from tests.rigs import house
from tests.rigs.cards import Card, digits
from tests.rigs.house import House

KILLS = house.size(8, 400)
SEED = int(os.environ.get("GATE_SEED", "20261122"))
PASSES = [
    Card(f"em4100:{digits(900 + n)}", f"V-{n:03}", "visitor", status="stock") for n in range(1, 7)
]
GROUP = {
    "gate.visit.opened.v1": 1,
    "gate.pass.issued.v1": 1,
    "gate.deposit.taken.v1": 2,
}


class Clerk:
    """A guard who lets visitors in and out, and who sends again whatever was not answered."""

    def __init__(self, rig: House, seed: int) -> None:
        self._rig = rig
        self._chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self.sent = self.answered = 0
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        try:
            for number in range(1_000_000):
                if self._ended.is_set():
                    return
                self._visit(number)
        except AssertionError as fault:
            self.fault = fault

    def _visit(self, number: int) -> None:
        form: dict[str, Any] = {
            "kind": "company",
            "card": PASSES[number % len(PASSES)].label,
            "visitor": f"访客{number}",
            "host": "李工",
            "department": "工程部",
            "answer": "host_agreed",
            "deposits": [
                {"kind": "cash", "amount": 5000, "owner": f"访客{number}"},
                {"kind": "object", "description": "手机", "owner": f"访客{number}"},
            ],
        }
        opened = self._order(f"open-{number}", "visit.open", form)
        if opened is None:
            return
        held = opened["deposits"]
        ends = [{"deposit": each, "end": "returned", "to": "owner"} for each in held]
        form = {"visit": opened["visit"], "card_back": True, "deposits": ends, "outcome": "left"}
        self._order(f"end-{number}", "visit.end", form)

    def _order(self, order_id: str, kind: str, form: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The result; the same order is sent until it is answered."""
        while not self._ended.is_set():
            self.sent += 1
            try:
                with self._rig.control() as client:
                    answer = client.ask("order", order_id=order_id, kind=kind, args={}, form=form)
            except (GateError, OSError):
                self._ended.wait(0.02)
                continue
            self.answered += 1
            assert answer["status"] == "done", (order_id, answer)
            self.answers[order_id] = answer["result"]
            return self.answers[order_id]
        return None


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every projected table, whole."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as conn:
        return {
            each.table: conn.execute(f"SELECT * FROM {each.table} ORDER BY 1").fetchall()  # noqa: S608 - names of ours
            for each in PROJECTIONS
        }


def groups(rig: House, kind: str) -> Iterator[tuple[str, Counter[str]]]:
    """What was written because of each order that wrote such an entry."""
    by_order: dict[str, Counter[str]] = {}
    for one in rig.entries():
        by_order.setdefault(one.cause, Counter())[one.type] += 1
    return ((order, found) for order, found in by_order.items() if found[kind])


def test_killed_while_visitors_come_and_go(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    with House(tmp_path, PASSES) as rig:
        rig.start()
        with Clerk(rig, SEED) as clerk:
            for number in range(KILLS):
                before = clerk.answered
                until(lambda: clerk.answered > before or clerk.fault, "an answer")  # noqa: B023
                threading.Event().wait(chance.uniform(0, 0.05))
                rig.kill()
                print(f"kill {number} of seed {SEED}")  # noqa: T201 - shown on failure
                rig.start()
            until(lambda: clerk.answered >= 2 * KILLS or clerk.fault, "some whole visits")
        assert clerk.fault is None, clerk.fault
        rig.kill()
        rig.start()
        assert rig.stop() == 0
        rig.verified()
        for order, found in groups(rig, "gate.visit.opened.v1"):
            assert {kind: found[kind] for kind in GROUP} == GROUP, order
        for order, found in groups(rig, "gate.visit.ended.v1"):
            assert found["gate.deposit.ended.v1"] == 2, order
            assert found["gate.pass.returned.v1"] == 1, order
        opened = [json.loads(one.data)["visit"] for one in rig.entries("gate.visit.opened.v1")]
        promised = {one["visit"] for name, one in clerk.answers.items() if name.startswith("open")}
        assert promised <= set(opened), "what was answered is in the books"
        assert len(opened) == len(set(opened)), "nothing was done twice"
        assert len(opened) <= len(promised) + 1
        live = tables(rig.ledger)
        done = rig.command("journal", "rebuild")
        assert done.returncode == 0, done.stderr
        assert tables(rig.ledger) == live, "the rebuilt books are those that were live"
        assert rig.strokes(house.IN) == rig.strokes(house.OUT) == [], "no relay moved"
