"""docs/intercom.md: its settings are taken, and its tables name what exists."""

import re
from pathlib import Path

from click.testing import CliRunner

from agent.cli import gate_agent
from agent.core.call_state import WAITING, Outcome
from agent.core.signals import RECORDED
from agent.settings.intercom import Record
from agent.settings.reading import read
from tests.settings.pages import GOOD

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "intercom.md").read_text("utf-8")


def test_the_settings_are_taken(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    file = tmp_path / "gate.yaml"
    file.write_text(GOOD + block, "utf-8")
    told = read(file).intercom
    assert told is not None
    assert told.record == Record(), "what is written there is what holds unless told"


def test_every_outcome_is_in_its_table() -> None:
    table = TEXT.split("| `outcome` |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)`", table, re.MULTILINE) == list(Outcome)


def test_words_and_numbers_are_those_of_the_program() -> None:
    assert f"{RECORDED.zh} {RECORDED.en}" in TEXT
    assert {4: "up to four wait"}[WAITING] in TEXT


def test_options_of_the_test_call_exist() -> None:
    done = CliRunner().invoke(gate_agent, ["intercom", "test", "--help"])
    for option in set(re.findall(r"(--[a-z]+)", TEXT.split("## A test call")[1].split("## ")[0])):
        assert option in done.output


def test_pictures_are_there() -> None:
    for picture in re.findall(r"\((screens/[a-z-]+\.png)\)", TEXT):
        assert (DOCS / picture).is_file()
