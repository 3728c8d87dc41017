"""``gate-agent check`` and ``gate-agent schema`` as an installer calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.reading import read
from agent.settings.summary import summary
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
        "reader in-1-rdm     /dev/ttyAMA0, em4100-ascii",
        "output open         GPIO17, pulse of 500 ms, on when low, at exit off",
        "input  loop         GPIO23, active low, pulled up, debounce 50 ms",
        "uplink none",
        "kept 2 years",
    ):
        assert told in done.stdout


def test_what_a_lane_cannot_know_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("    inputs:\n      loop: {pin: 23}\n", ""), encoding="utf-8")
    told = gate_agent("check", "--no-files", str(file)).stdout
    assert "no loop: the arm is up for 15 s, and who passed is not known" in told
    assert "nothing stops this arm from coming down on somebody" in told


TOLD = {
    "guarded-gate": (
        "output horn         GPIO21, pulse of 1 s",
        "active for 30 min is a fault",
        "GPIO24, active high, pulled up, debounce 50 ms, paired with GPIO16: a cut wire is a fault",
        "debounce 50 ms, tested by GPIO18 before each closing",
        "GPIO10, active high, pulled up, debounce 50 ms, a cut wire reads active",
        "GPIO11, active low, pulled up, debounce 50 ms, a cut wire is NOT noticed",
        "leads from outside to estate",
        "no limit switch: where the arm is, is assumed after 6 s, not known",
        "a guard's stop lifts an arm that goes down",
        "the guard may close by holding the button",
        "left open: a warning after 1 min, an alarm after 2 min, louder after 5 min, 15 min",
        "text on /dev/ttyUSB2, 9600 bits a second, gb18030, 20 columns",
        "zone estate: 400 bays; when full no visitor_vehicle; anti-passback timed 5 min for",
        "fire GPIO12, active high, pulled up, debounce 50 ms, a cut wire reads active",
    ),
    "dead-man": (
        "output close        GPIO27, maintained",
        "no closed switch: that the arm is down",
    ),
    "maintained-relay": ("no opened switch: that the arm is up is assumed after 8 s",),
    "self-closing": ("no close relay: the operator lowers the arm by itself",),
    "pedestrian-door": (
        "the strike is released for 5 s",
        "in a fire it is released until the reset: it has to stand continuous current",
    ),
    "two-way-lane": (
        "leads from outside to garage (and back)",
        "one direction at a time; when both wait: out",
        "amnesty at 04:00",
    ),
}


@pytest.mark.parametrize("example", TOLD)
def test_a_wiring_is_told_as_it_will_behave(example: str) -> None:
    told = "\n".join(summary(read(CONFIG / f"{example}.yaml")))
    for wanted in TOLD[example]:
        assert wanted in told, told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("loop: {pin: 23}", "loop: {pin: 23, pull: none}", "a cut wire reads anything"),
        ("travel: 6 s", "open_too_long: {}", "left open: nothing is said"),
        ("arm:\n      open: {pin: 5, drive: maintained, on_exit: keep}", "door: {strike: {pin: 5}}",
         "no contact: whether the door was opened, and by force, is not known"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed(old, new), encoding="utf-8")
    assert told in "\n".join(summary(read(file)))


def test_faults_end_with_1_and_without_a_trace(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("pin: 17", "pin: 99").replace("6 s", "6"), encoding="utf-8")
    done = gate_agent("check", "--no-files", str(file))
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
    done = gate_agent("check", "--json", "--no-files", str(file))
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


def test_what_lies_with_systemd_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    done = gate_agent("check", str(CONFIG / "mqtt-tls.yaml"))
    assert done.returncode == 0
    notes = [line for line in done.stdout.splitlines() if line.startswith("note: ")]
    assert notes[0] == (
        "note: uplink.tls.ca: the credential mqtt-ca is there only while the service runs: it is "
        "not looked at now"
    )
    assert len(notes) == 9


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
