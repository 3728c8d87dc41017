"""Reading apart, and here: the same settings, the same faults; apart, without the validator."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings import FaultySettingsError, Paths, here, load
from agent.settings.reading import check, read
from tests.patience import LIMIT_S
from tests.settings.pages import CONFIG, changed

LOAD = """
import sys
from agent.settings import load
settings = load(sys.argv[1])
heavy = {"pydantic", "pydantic_core", "ruamel"} & set(sys.modules)
print(settings.gate, sorted(heavy))
"""


def test_the_same_settings_come_home() -> None:
    file = CONFIG / "wiegand-pcsc.yaml"
    assert load(file) == read(file)


def test_the_same_faults_come_home(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("pin: 17", "pin: 99"), encoding="utf-8")
    with pytest.raises(FaultySettingsError) as caught:
        load(file)
    assert list(caught.value.faults) == check(file) != []


def test_paths_of_ones_own_take_the_place_of_the_file_s(tmp_path: Path) -> None:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    settings = load(CONFIG / "demo.yaml", paths)
    assert settings.paths == paths
    assert settings.gpio.socket == tmp_path / "run" / "pins"


def test_a_command_that_reads_here_has_the_same(tmp_path: Path) -> None:
    file, missing = tmp_path / "config.yaml", tmp_path / "missing.yaml"
    file.write_text(changed("pin: 17", "pin: 99"), encoding="utf-8")
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    assert here.load(CONFIG / "demo.yaml", paths) == load(CONFIG / "demo.yaml", paths)
    for wrong in (file, missing):
        told = []
        for way in (here.load, load):
            with pytest.raises(FaultySettingsError) as caught:
                way(wrong)
            told.append(str(caught.value))
        assert told[0] == told[1]
        assert ("GATE_AGENT_CONFIG" in told[0]) is (wrong == missing)


def test_whoever_loads_holds_no_validator() -> None:
    command = [sys.executable, "-c", LOAD, str(CONFIG / "small-gate.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert done.stdout == "north []\n"


def test_a_name_that_is_no_name() -> None:
    with pytest.raises(SettingsError, match="process that reads the settings failed"):
        load("x\0y")
