"""``gate-agent roster`` as whoever keeps the cards calls it; no daemon runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.cards import Card, residents, write_roster
from tests.rigs.house import House

CHANGED = "gate.card.changed.v1"
SWITCHED = "gate.roster.switched.v1"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "gate") as rig:
        yield rig


def _bring_in(gate: House, cards: list[Card], *words: str) -> tuple[int, str, str]:
    file = write_roster(gate.folder / "cards.csv", cards)
    done = gate.command("roster", "import", str(file), *words)
    return done.returncode, done.stdout, done.stderr


def _said(gate: House, *words: str) -> tuple[int, str]:
    done = gate.command("roster", *words)
    return done.returncode, done.stdout + done.stderr


def test_cards_before_and_after_are_counted_and_an_empty_file_is_meant(gate: House) -> None:
    assert _bring_in(gate, residents(1))[:2] == (0, "was 0 cards, now 1\n")
    assert _bring_in(gate, residents(2))[:2] == (0, "was 1 card, now 2\n")
    code, out, said = _bring_in(gate, [])
    assert (code, out) == (1, "")
    assert "the file has no cards: to empty the roster on purpose say --allow-empty" in said
    assert len(gate.entries(SWITCHED)) == 2
    assert _bring_in(gate, [], "--allow-empty")[:2] == (0, "was 2 cards, now 0\n")
    listed = gate.command("roster", "list")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "no cards\n")


def test_what_is_assumed_of_the_drawers_cards_is_said(gate: House) -> None:
    file = gate.folder / "cards.csv"
    rows = ("uid:01A1B2C3,V-1,visitor,", "uid:02A1B2C3,V-2,visitor,active")
    file.write_text("\n".join(("credential,label,kind,status", *rows)), "utf-8")
    done = gate.command("roster", "import", str(file))
    assert done.stdout.splitlines() == [
        "was 0 cards, now 2",
        "no status, so in stock: 1 card of visitors or contractors; a visit gives them out",
        "active, so open without a visit: 1 visitor's card; status stock lays them into the drawer",
    ]
    said = gate.command("roster", "list").stdout
    assert "stock" in said


def test_the_table_has_a_heading_and_one_is_not_many(gate: House) -> None:
    assert _bring_in(gate, residents(1))[0] == 0
    heading, card = gate.command("roster", "list").stdout.splitlines()
    assert heading.split() == ["label", "credential", "kind", "status", "holder", "unit", "plate"]
    assert card.split() == ["R-00001", "em4100:0000000001", "resident", "active"]
    (row,) = gate.command("roster", "list", "--json").stdout.splitlines()
    assert json.loads(row)["label"] == "R-00001"
    assert gate.command("roster", "export", "-").stderr == "1 card\n"
    code, _, said = _bring_in(gate, [Card("em4100:0000000001", "")])
    assert code == 1
    assert "has 1 fault: nothing was imported" in said


def test_an_encoding_that_is_none_is_said(gate: House) -> None:
    code, _, said = _bring_in(gate, residents(1), "--encoding", "gbk18030")
    assert code == 1
    assert "gate-agent: no encoding is called 'gbk18030'" in said


def test_a_card_that_is_so_already_is_left_alone(gate: House) -> None:
    assert _bring_in(gate, residents(1))[0] == 0
    assert _said(gate, "unblock", "R-00001") == (0, "R-00001 is active already\n")
    assert gate.entries(CHANGED) == []
    assert _said(gate, "block", "R-00001") == (0, "R-00001: active → blocked\n")
    assert _said(gate, "block", "R-00001") == (0, "R-00001 is blocked already\n")
    assert len(gate.entries(CHANGED)) == 1


def test_a_lost_card_is_good_again_only_when_it_was_found(gate: House) -> None:
    assert _bring_in(gate, residents(1))[0] == 0
    assert _said(gate, "block", "R-00001", "--lost")[0] == 0
    refused = "R-00001 was reported lost: if it is back in its holder's hands say --found"
    assert _said(gate, "unblock", "R-00001") == (1, f"gate-agent: {refused}\n")
    # To block it does not make it forgotten that it was lost.
    assert _said(gate, "block", "R-00001") == (0, "R-00001 is lost already\n")
    assert _said(gate, "unblock", "R-00001")[0] == 1
    assert len(gate.entries(CHANGED)) == 1
    assert _said(gate, "unblock", "R-00001", "--found") == (0, "R-00001: lost → active\n")
    assert len(gate.entries(CHANGED)) == 2
