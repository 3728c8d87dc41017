"""Who may command over the broker: as the installer is told it, and as the uplink is given it."""

from pathlib import Path

import pytest

from agent.centre import permits_of
from agent.core.commands import Name
from agent.errors import SettingsError
from agent.settings.reading import read
from agent.settings.summary import summary
from tests.settings.pages import GOOD

CENTRE = """  clients:
    centre: {group: operators, keys: {k1: {file: KEY}}}
    records: {group: readers}
  groups:
    operators: {may: [open, ping], signed: [open]}
    readers: {may: [EVERY]}
  consumers: [records, archive]
  home_assistant: {open: true, close: true}
"""
KEY = "0123456789abcdef0123456789abcdef"


def a_file(folder: Path, key: str = KEY) -> Path:
    secret = folder / "key"
    secret.write_text(key + "\n", encoding="ascii")
    text = CENTRE.replace("KEY", str(secret)).replace("EVERY", ", ".join(Name))
    file = folder / "gate.yaml"
    file.write_text(GOOD + text, encoding="utf-8")
    return file


def test_the_installer_is_told_who_may_command(tmp_path: Path) -> None:
    told = "\n".join(summary(read(a_file(tmp_path))))
    for part in (
        "client centre       open, ping; signed: open\n",
        "client records      everything\n",
        "nothing is cut off before it is confirmed by records, archive",
        "Home Assistant sees the gate and may open and close",
    ):
        assert part in told
    assert KEY not in told
    file = tmp_path / "plain.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert "nobody commands the gate over MQTT" in "\n".join(summary(read(file)))
    shown = GOOD + "  home_assistant: {}\n"
    file.write_text(shown, encoding="utf-8")
    assert "Home Assistant sees the gate and may move nothing" in "\n".join(summary(read(file)))


def test_permits_are_what_the_file_says(tmp_path: Path) -> None:
    permits = permits_of(read(a_file(tmp_path)))
    assert permits["centre"].may == {Name.OPEN, Name.PING}
    assert permits["centre"].signed == {Name.OPEN}
    assert permits["centre"].keys == {"k1": KEY.encode()}
    assert permits["records"].may == set(Name)
    assert KEY not in repr(permits)


def test_a_key_that_could_be_found_by_trying_is_refused(tmp_path: Path) -> None:
    settings = read(a_file(tmp_path, "short"))
    with pytest.raises(SettingsError, match=r"^uplink.clients.centre.keys.k1: .*/key has 5 bytes"):
        permits_of(settings)
