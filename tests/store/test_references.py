"""Changes of the reference tables: made ready in any thread, written in the ledger's."""

from pathlib import Path

import pytest

from agent.core.effects import DropRow, PutRow
from agent.errors import StoreError
from agent.store.reading import Reading
from agent.store.references import NOTHING, ready
from agent.store.rows import digest_of
from tests.store.build import at, card, open_ledger, switched

GUARD: dict[str, str | int] = {
    "name": "李",
    "card": "",
    "role": "guard",
    "pin": "",
    "state": "active",
    "changed_us": 1,
}
WHOLE = PutRow("guards", "g-1", GUARD)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (PutRow("entries", "1", {}), "entries is no reference table"),
        (DropRow("state", "1"), "state is no reference table"),
        (PutRow("guards", "g-1", {"name": "李", "salary": 1}), "guards has no column salary"),
        (PutRow("guards", "g-1", {**GUARD, "salary": 1}), "guards has no column salary"),
        (PutRow("guards", "g-1", {"guard": "g-2"}), "guards has no column guard"),
    ],
)
def test_what_is_no_row_is_made_ready_for_nothing(change: PutRow | DropRow, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        ready([WHOLE, change])


def test_what_is_alike_is_one_statement_and_the_order_stays() -> None:
    second = PutRow("guards", "g-2", dict(reversed(GUARD.items())))
    part, gone = PutRow("guards", "g-1", {"name": "王"}), DropRow("directory", "d-1")
    batch = ready([WHOLE, second, part, gone, WHOLE])
    assert [len(rows) for _, rows in batch.steps] == [2, 1, 1, 1]
    assert (len(batch), batch.tables) == (5, frozenset({"guards", "directory"}))
    first = batch.steps[0][1]
    assert first[0][1:] == first[1][1:]
    assert (len(NOTHING), NOTHING.tables) == (0, frozenset())


def test_a_batch_comes_with_the_roster_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    cards = [card(1)]
    batch = ready([WHOLE, PutRow("guards", "g-1", {"name": "王"}), DropRow("guards", "g-2")])

    def names() -> list[str]:
        with Reading.open(path) as reading:
            return [row["name"] for row in reading.rows("SELECT name FROM guards")]

    with open_ledger(path) as ledger:
        generation = ledger.roster_begin()
        ledger.roster_stage(generation, cards)
        turn = ledger.turn("guards")
        with pytest.raises(StoreError, match="old roster stays"):
            ledger.roster_switch(generation, 1, bytes(32), switched(), at(), batch)
        assert (names(), ledger.turn("guards")) == ([], turn)
        ledger.roster_switch(generation, *digest_of(cards), switched(), at(), batch)
        assert names() == ["王"]
        assert ledger.turn("guards") != turn
        assert ledger.turn("directory") == 0
