"""One real file of every released schema: it opens, is brought up to date, and verifies."""

import shutil
from pathlib import Path

import pytest

from agent.core.model import Credential, Matching
from agent.store.schema import SCHEMA
from agent.store.verify import parse_anchor, verify
from tests.databases.make import CARDS, HERE
from tests.store.build import at, granted, open_ledger


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
