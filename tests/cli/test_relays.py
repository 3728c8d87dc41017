"""relays-safe and commands without a daemon, as an installer meets them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from agent.remembered import NAME, relays_of, remember
from agent.settings.here import load
from tests.parts import require
from tests.patience import LIMIT_S

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The small gate with pins in memory, in a folder of its own."""
    yaml = YAML()
    page = yaml.load(ROOT / "config" / "small-gate.yaml")
    page["gpio"] = {"backend": "mock"}
    page["paths"] = {"state": str(tmp_path / "state"), "run": str(tmp_path / "run")}
    yaml.dump(page, tmp_path / "gate.yaml")
    return tmp_path / "gate.yaml"


def _run(gate: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STATE_DIRECTORY": str(gate.parent / "state")}
    command = [sys.executable, "-m", "agent", *words, "--config", str(gate)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_every_relay_is_named_with_what_it_does(gate: Path) -> None:
    done = _run(gate, "relays-safe")
    assert done.returncode == 0
    assert "in-1.open: off" in done.stdout
    assert "out-1.close: off" in done.stdout


def test_a_fault_in_the_settings_does_not_keep_relays_on(gate: Path) -> None:
    remember(gate.parent / "state", relays_of(load(gate)))
    gate.write_text(gate.read_text("utf-8").replace("travel:", "travl:"), "utf-8")
    done = _run(gate, "relays-safe")
    assert done.returncode == 0
    assert "did you mean" in done.stderr
    assert "relays of the last start" in done.stderr
    assert "in-1.open: off" in done.stdout
    (gate.parent / "state" / NAME).unlink()
    done = _run(gate, "relays-safe")
    assert done.returncode == 1
    assert "no relay was switched" in done.stderr


def test_explain_makes_no_ledger(gate: Path) -> None:
    done = _run(gate, "explain", "R-001", "--lane", "in-1")
    assert done.returncode == 1
    assert "there is no ledger here yet" in done.stderr
    assert not (gate.parent / "state").exists()


def test_a_ledger_of_somebody_else_is_left_alone(gate: Path) -> None:
    require("root")
    state = gate.parent / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    file = gate.parent / "cards.csv"
    file.write_text("credential,label,kind\nem4100:0100CDA4EC,R-1,resident\n", "utf-8")
    done = _run(gate, "roster", "import", str(file))
    assert done.returncode == 1
    assert "sudo -u nobody gate-agent" in done.stderr
    assert list(state.iterdir()) == []


def test_a_machine_without_pins_is_refused_unless_it_says_so(gate: Path) -> None:
    if list(Path("/dev").glob("gpiochip*")):
        pytest.skip("this machine has pins")
    gate.write_text(gate.read_text("utf-8").replace("backend: mock", "backend: auto"), "utf-8")
    done = _run(gate, "run")
    assert done.returncode == 1
    assert "gpio: {backend: mock}" in done.stderr
