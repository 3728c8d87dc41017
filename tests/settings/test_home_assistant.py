"""What Home Assistant is shown and may do, as the file says it."""

from pathlib import Path

import pytest

from agent.settings.home_assistant import CLIENT, HomeAssistant
from agent.settings.models import Settings
from agent.settings.reading import read
from agent.settings.summary import summary
from agent.uplink import discovery
from tests.settings.pages import GOOD, faults_of, place_of_mark


def settings(folder: Path, line: str) -> Settings:
    """The good file with one line more about the uplink."""
    file = folder / "config.yaml"
    file.write_text(f"{GOOD}  {line}\n", encoding="utf-8")
    return read(file)


def home(folder: Path, line: str) -> HomeAssistant | None:
    uplink = settings(folder, line).uplink
    assert uplink is not None
    return uplink.home_assistant


def test_it_is_shown_nothing_unless_the_file_says_so(tmp_path: Path) -> None:
    assert home(tmp_path, "window: 20") is None
    told = home(tmp_path, "home_assistant: {}")
    assert told == HomeAssistant("homeassistant", shown=True, open=False, close=False)
    told = home(tmp_path, "home_assistant: {prefix: a/B_1, open: true, shown: false}")
    assert told == HomeAssistant("a/B_1", shown=False, open=True, close=False)


def test_what_is_left_out_is_the_same_for_the_gate() -> None:
    told, gate = HomeAssistant(), discovery.Options()
    for name in ("prefix", "shown", "open", "close"):
        assert getattr(told, name) == getattr(gate, name)
    assert discovery.CLIENT == CLIENT


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("home_assistant: {prefix: ⟦a/+}", "does not fit"),
        ("home_assistant: {prefix: ⟦/a}", "does not fit"),
        ("home_assistant: {open: ⟦yes}", "true or false"),
        ("home_assistant: {⟦opne: true}", "unknown key"),
        ("home_assistant: ⟦true", "a mapping"),
    ],
)
def test_a_fault_is_told_at_its_place(tmp_path: Path, line: str, problem: str) -> None:
    text = f"{GOOD}  {line}\n"
    (fault,) = faults_of(tmp_path, text)
    assert problem in fault.problem
    assert (fault.line, fault.column) == place_of_mark(text)


def test_no_client_has_its_name_in_the_journal(tmp_path: Path) -> None:
    text = (
        f"{GOOD}  groups: {{ops: {{may: [open]}}}}\n"
        "  clients:\n    home-assistant: ⟦{group: ops}\n    centre: {group: ops}\n"
    )
    (fault,) = faults_of(tmp_path, text)
    assert "name of Home Assistant" in fault.problem
    assert (fault.line, fault.column) == place_of_mark(text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "at homeassistant/: shows, and moves nothing"),
        ("{open: true}", "at homeassistant/: may open"),
        ("{open: true, close: true, prefix: ha}", "at ha/: may open and close"),
        ("{open: true, shown: false}", "at homeassistant/: the gate is taken out of it"),
    ],
)
def test_an_installer_is_told(tmp_path: Path, line: str, says: str) -> None:
    told = list(summary(settings(tmp_path, f"home_assistant: {line}")))
    assert f"Home Assistant {says}" in told


def test_an_installer_is_not_told_of_what_is_not_there(tmp_path: Path) -> None:
    assert not [one for one in summary(settings(tmp_path, "window: 20")) if "Home" in one]
