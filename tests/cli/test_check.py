"""``gate-agent check`` and ``gate-agent schema`` as an installer calls them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.settings.pages import CONFIG, changed


def gate_agent(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_good_file_is_summed_up() -> None:
    done = gate_agent("check", str(CONFIG / "small-gate.yaml"))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{CONFIG / 'small-gate.yaml'}: no fault"
    for told in (
        "lane in-1 (入口 1): in",
        "reader in-1-rdm  /dev/ttyAMA0, em4100-ascii",
        "output open      GPIO17, pulse of 500 ms, on when low, at exit off",
        "input  loop      GPIO23, active low, pulled up, debounce 50 ms",
        "uplink none",
        "kept 2 years",
    ):
        assert told in done.stdout


def test_what_a_lane_cannot_know_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("    inputs:\n      loop: {pin: 23}\n", ""), encoding="utf-8")
    told = gate_agent("check", str(file)).stdout
    assert "no loop: the arm is up for 15 s, and who passed is not known" in told
    assert "nothing stops this arm from coming down on somebody" in told


def test_faults_end_with_1_and_without_a_trace(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("pin: 17", "pin: 99").replace("6 s", "6"), encoding="utf-8")
    done = gate_agent("check", str(file))
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout == (
        f"{file}:10:19: lanes.in-1.arm.open.pin: 99 is outside the range\n"
        "    10 |       open: {pin: 99, pulse: 500 ms}\n"
        "       |                   ^^\n"
        "       allowed: a GPIO number (BCM) from 0 to 27\n"
        "\n"
        f"{file}:12:15: lanes.in-1.arm.travel: 6 of what? a duration needs a unit\n"
        "    12 |       travel: 6\n"
        "       |               ^\n"
        "       allowed: a number with its unit (ms, s, min, h, days, weeks, months, years), "
        "such as 5 s or 1 h 30 min\n"
        "       did you mean: 6 s\n"
        "\n"
        "2 faults\n"
    )


def test_faults_for_machines(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("timezone", "timzone"), encoding="utf-8")
    done = gate_agent("check", "--json", str(file))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert told["faults"] == [
        {
            "file": str(file),
            "line": 3,
            "column": 1,
            "path": "timzone",
            "text": "timzone",
            "problem": "unknown key 'timzone'",
            "allowed": told["faults"][0]["allowed"],
            "suggestion": "timezone",
        }
    ]


def test_a_good_file_for_machines() -> None:
    done = gate_agent("check", "--json", str(CONFIG / "wiegand-pcsc.yaml"))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["faults"]) == (0, True, [])
    assert told["summary"]["lanes"]["main"]["inputs"] == {"loop": 23, "safety": 24, "safety-2": 25}


def test_a_file_that_is_not_there() -> None:
    done = gate_agent("check", "/nowhere/config.yaml")
    assert (done.returncode, done.stdout) == (
        1,
        "/nowhere/config.yaml: there is no such file\n\n1 fault\n",
    )


def test_tls_files_that_are_not_there_are_noted(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    text = (CONFIG / "mqtt-tls.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("credential:mqtt-ca", "ca.pem"), encoding="utf-8")
    done = gate_agent("check", str(file))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(f"note: uplink.tls.ca: {tmp_path / 'ca.pem'} is")
    (tmp_path / "ca.pem").touch()
    assert "note:" not in gate_agent("check", str(file)).stdout


def test_who_did_not_name_the_file_is_told_how_to() -> None:
    done = gate_agent("status", "--config", "/nowhere/config.yaml")
    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert "named by --config FILE or GATE_AGENT_CONFIG" in done.stderr


def test_a_misspelt_command_is_guessed() -> None:
    done = gate_agent("chekc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such command 'chekc'; did you mean check?" in done.stderr
    assert "No such command 'qqqqq'" in gate_agent("qqqqq").stderr


def test_the_schema_is_printed() -> None:
    done = gate_agent("schema")
    assert done.stdout == (CONFIG / "gate-agent.schema.json").read_text(encoding="utf-8")
