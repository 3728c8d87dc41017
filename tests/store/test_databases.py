"""One real file of every released schema: it opens, is brought up to date, and verifies."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.facts import Presence
from agent.core.ids import ZoneId
from agent.core.model import Credential, Matching
from agent.core.project import PROJECTIONS
from agent.store.schema import SCHEMA
from agent.store.verify import parse_anchor, verify
from tests.databases.make import CARDS, HERE
from tests.store.build import US, at, granted, open_ledger


@pytest.mark.parametrize("number", range(1, SCHEMA + 1))
def test_every_released_schema_opens(tmp_path: Path, number: int) -> None:
    path = tmp_path / "gate.db"
    shutil.copyfile(HERE / f"schema-{number}.db", path)
    anchor = parse_anchor((HERE / f"schema-{number}.anchor").read_text().strip())
    with open_ledger(path) as ledger:
        assert (ledger.head().sequence, ledger.head().hash) == anchor
        assert [each.passage for each in ledger.open_passages()] == ["p3"]
        assert ledger.published() == 9
        assert ledger.next_session() == 2
        number_of_five = Credential("em4100", "0000000005")
        assert ledger.find_cards(number_of_five, Matching.EXACT) == (CARDS[4],)
        ledger.append([granted("p9")], at(100))
    verdict = verify(path, anchor)
    assert verdict.ok, verdict
    assert verdict.last == anchor[0] + 1


def _books(path: Path, number: int) -> dict[str, object]:
    """What the projections of a file of this schema say, opened by this software."""
    shutil.copyfile(HERE / f"schema-{number}.db", path)
    with open_ledger(path) as ledger:
        labels = [f"V-{n}" for n in range(6)]
        return {
            "seen": [ledger.presence(label) for label in labels],
            "counts": ledger.zone_counts(),
            "modes": [mode.name for mode in ledger.modes()],
        }


def test_a_journal_that_told_no_zones_fills_nothing(tmp_path: Path) -> None:
    told = _books(tmp_path / "gate.db", 1)
    assert told == {"seen": [None] * 6, "counts": {}, "modes": []}


def test_presence_counts_and_modes_are_filled_from_the_journal(tmp_path: Path) -> None:
    def inside(n: int, **more: bool) -> Presence:
        return Presence(f"V-{n}", ZoneId("inside"), US + (20 + n) * 1_000_000, **more)

    assert _books(tmp_path / "gate.db", 2) == {
        "seen": [
            inside(0),
            inside(1, forgiven=True),
            inside(2, assumed=True),
            None,
            inside(4),
            inside(5),
        ],
        "counts": {"inside": 8},
        "modes": ["lockdown"],
    }


def test_what_was_made_by_schema_1_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    shutil.copyfile(HERE / "schema-1.db", path)
    with closing(sqlite3.connect(path)) as conn:
        # As if the first software had known these rows by another rule.
        conn.execute("UPDATE open_passages SET lane = 'elsewhere'")
        conn.commit()
    with open_ledger(path) as ledger:
        assert [each.lane for each in ledger.open_passages()] == ["in-1"]
    with closing(sqlite3.connect(path)) as conn:
        noted = conn.execute("SELECT number FROM migrations ORDER BY number").fetchall()
        assert noted == [(number,) for number in range(1, SCHEMA + 1)]
        folds = conn.execute("SELECT name, fold FROM projections").fetchall()
        assert dict(folds) == {each.table: each.fold for each in PROJECTIONS}
