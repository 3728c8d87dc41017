"""Every question of the screen to a gate where nothing has happened yet."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.store.queries import deposits, desk, movements, shifts, todo, visits
from agent.store.queries.counts import counts, stock
from agent.store.reading import Reading
from tests.store.build import US, open_ledger

NOTHING: Mapping[str, Callable[[Reading], object]] = {
    "visits": visits.visits,
    "visits, all": lambda it: visits.visits(it, ""),
    "visit": lambda it: visits.visit(it, "north-1-1-1") or [],
    "visit of a card": lambda it: visits.visit_of_card(it, "V-1") or [],
    "visits by": lambda it: visits.visits_by(it, "王"),
    "overdue": lambda it: visits.overdue(it, US),
    "earlier": lambda it: visits.earlier(it, "王"),
    "earlier, nothing": lambda it: visits.earlier(it, " "),
    "deposits": deposits.deposits,
    "deposits by": lambda it: deposits.deposits(it, "", text="12"),
    "deposit": lambda it: deposits.deposit(it, "d") or [],
    "pockets": deposits.pockets,
    "not fetched": lambda it: deposits.not_fetched(it, US),
    "appointments": desk.appointments,
    "appointment": lambda it: desk.appointment(it, "a") or [],
    "notices": lambda it: desk.notices(it, US),
    "all notices": desk.all_notices,
    "help": desk.help_requests,
    "one help": lambda it: desk.help_request(it, "h") or [],
    "slips": desk.slips,
    "slip": lambda it: desk.slip(it, "s") or [],
    "bans": desk.bans,
    "announced": lambda it: desk.announced(it, US),
    "directory": desk.directory,
    "guards": shifts.guards,
    "guard": lambda it: shifts.guard(it, "g-1") or [],
    "shift": lambda it: shifts.shift(it) or [],
    "shifts": shifts.shifts,
    "duty log": lambda it: shifts.duty_log(it, 0, US),
    "taps": movements.last_taps,
    "taps of a lane": lambda it: movements.last_taps(it, 5, "in-1"),
    "passages": movements.passages,
    "cards": lambda it: movements.cards(it, "V"),
    "cards, nothing": lambda it: movements.cards(it, ""),
    "card": lambda it: movements.card(it, "V-1") or [],
    "stock": stock,
    "duties": todo.duties,
    "unsigned": todo.unsigned,
    "alarms": todo.alarms,
    "todo": lambda it: todo.todo(it, US),
}


@pytest.fixture
def reading(tmp_path: Path) -> Any:
    open_ledger(tmp_path / "gate.db").close()
    with Reading.open(tmp_path / "gate.db") as made:
        yield made


@pytest.mark.parametrize("what", NOTHING)
def test_nothing_is_there(reading: Reading, what: str) -> None:
    assert NOTHING[what](reading) == []


def test_the_drawer_is_empty(reading: Reading) -> None:
    told = counts(reading)
    assert told["cash"] == {}
    assert told["inside"] == {"people": 0, "vehicles": 0, "visits": 0}
    assert not any(told[name] for name in ("documents", "other", "cards_out", "cards_stock"))
    assert told["free"] is None
    assert shifts.handover_counts(reading)["shift"] is None
