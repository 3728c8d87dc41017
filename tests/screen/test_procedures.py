"""docs/procedures.md names what exists: pages, orders, commands, events, tests; and every test."""

import re
from pathlib import Path

import pytest

from agent.cli import COMMANDS
from agent.console.pages import PAGES
from agent.core.entries import EntryType
from agent.core.roles import MAY

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "procedures.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and ".py::" in line
]
WANTED = {*(f"P{n}" for n in range(1, 8)), *(f"V{n}" for n in range(1, 8)), "G1", "G2"}
WANTED |= {f"E{n}" for n in range(1, 6)}


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_row_of_the_product_is_there() -> None:
    assert {row[0] for row in ROWS if re.fullmatch(r"[PVGE]\d", row[0])} == WANTED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[-1].strip("`"))
def test_what_a_row_names_exists(row: list[str]) -> None:
    page, command, events, test = row[-4:]
    paths = {one.path for one in PAGES} | {"/bans"}
    for path in words(page):
        assert path in paths
    for order in words(command):
        name = order.removeprefix("gate-agent ")
        assert name in (COMMANDS if name != order else MAY), order
    for event in words(events):
        assert EntryType(f"gate.{event}.v1")
    file, _, name = words(test)[0].partition("::")
    assert f"def {name}(" in (Path(__file__).parent / file).read_text("utf-8")
