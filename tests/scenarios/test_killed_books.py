"""kill -9 in the middle of what a guard does in several steps: the books are whole afterwards.

Visits alone here, so that no relay may move; every other act is in test_killed_acts.py.
"""

import json
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

from agent.core.project import PROJECTIONS
from tests.patience import until
from tests.rigs import house
from tests.rigs.cards import Card, digits
from tests.rigs.clerk import Clerk
from tests.rigs.groups import whole
from tests.rigs.house import House

KILLS = house.size(8, 400)
SEED = int(os.environ.get("GATE_SEED", "20261122"))
PASSES = [
    Card(f"em4100:{digits(900 + n)}", f"V-{n:03}", "visitor", status="stock") for n in range(1, 7)
]
OPENED = {"visit.opened": 1, "pass.issued": 1, "deposit.taken": 2}
ENDED = {"visit.ended": 1, "pass.returned": 1, "deposit.ended": 2}


def visits(clerk: Clerk, number: int) -> None:
    """Somebody comes, leaves money and a telephone, and goes again with both."""
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
    opened = clerk.order(f"open-{number}", "visit.open", OPENED, form)
    ends = [{"deposit": each, "end": "returned", "to": "owner"} for each in opened["deposits"]]
    form = {"visit": opened["visit"], "card_back": True, "deposits": ends, "outcome": "left"}
    clerk.order(f"end-{number}", "visit.end", ENDED, form)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every projected table, whole."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as conn:
        return {
            each.table: conn.execute(f"SELECT * FROM {each.table} ORDER BY 1").fetchall()  # noqa: S608 - names of ours
            for each in PROJECTIONS
        }


def test_killed_while_visitors_come_and_go(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    aims = chance.choices(("visit.open", "visit.end"), k=KILLS)
    with House(tmp_path, PASSES) as rig:
        rig.start()
        with Clerk(rig, SEED, visits, aims) as clerk:
            for number, kind in enumerate(aims):
                how = clerk.strike(chance)
                print(f"kill {number} in {kind} ({how}) of seed {SEED}")  # noqa: T201 - shown on failure
                whole(rig, clerk.wants)
                rig.start()
            until(lambda: clerk.healthy() and clerk.rounds >= KILLS, "some whole visits")
        assert clerk.healthy()
        assert clerk.all_again() >= KILLS
        assert rig.stop() == 0
        rig.verified()
        found = whole(rig, clerk.wants)
        assert set(clerk.answers) <= set(found), "what was answered is in the books"
        assert len(found) <= len(clerk.answers) + 1
        opened = [json.loads(one.data)["visit"] for one in rig.entries("gate.visit.opened.v1")]
        assert len(opened) == len(set(opened)), "nothing was done twice"
        live = tables(rig.ledger)
        done = rig.command("journal", "rebuild")
        assert done.returncode == 0, done.stderr
        assert tables(rig.ledger) == live, "the rebuilt books are those that were live"
        assert rig.strokes(house.IN) == rig.strokes(house.OUT) == [], "no relay moved"
