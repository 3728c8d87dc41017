"""``gate-agent check`` and keys: all faults at once, warnings, notes; and what `run` says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import gate_agent
from tests.settings.key_page import PATHS, WARNED, a_page, place


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_page(tmp_path)


def check(file: Path, *words: str) -> Result:
    return CliRunner().invoke(gate_agent, ["check", *words, str(file)])


def empty(file: Path, *names: str) -> None:
    for name in names:
        (file.parent / "keys" / name).write_bytes(b"")


def test_good_keys_are_no_news(file: Path) -> None:
    done = check(file)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0] == f"{file}: no fault"
    assert "warning:" not in done.output


def test_all_faults_at_once_in_the_order_of_the_file(file: Path) -> None:
    empty(file, "desfire", "osdp", "pin", "identity")
    text = (
        file.read_text("utf-8")
        .replace("pin: 17", "pin: 99")
        .replace("[{call: booth", "[{call: boot")
    )
    file.write_text(text, "utf-8")
    done = check(file)
    assert done.exit_code == 1
    heads = [line for line in done.output.splitlines() if line.startswith(f"{file}:")]
    paths = [head.replace(" warning:", "").split(" ")[1].rstrip(":") for head in heads]
    assert paths == [
        "lanes.in-1.arm.open.pin",
        PATHS["desfire"],
        PATHS["osdp"],
        "intercom.lanes.in-1.0.call",
        PATHS["pin"],
        PATHS["identity"],
    ]
    assert done.output.splitlines()[-1] == "5 faults, 1 warning"


def test_a_fault_points_at_the_name_of_the_file(file: Path) -> None:
    empty(file, "identity")
    done = check(file)
    line, column = place("identity")
    key = file.parent / "keys" / "identity"
    assert done.exit_code == 1
    assert done.output == (
        f"{file}:{line}:{column}: identity_key: the secret in {key} is empty\n"
        f"    {line} | identity_key: {{file: keys/identity}}\n"
        "       |                      ^^^^^^^^^^^^^\n"
        "\n"
        "1 fault\n"
    )


def test_what_the_gate_works_without_is_a_warning(file: Path) -> None:
    empty(file, "osdp", "pass")
    done = check(file)
    assert done.exit_code == 0
    assert done.output.splitlines()[0] == f"{file}: no fault, 2 warnings"
    line, column = place("osdp")
    assert f"\n{file}:{line}:{column}: warning: readers.bus.key: the secret in " in done.output
    assert "is empty (the gate works without it, and this reader stays lost)\n" in done.output
    assert "lane in-1: in" in done.output, "the summary is told as well"


def test_a_file_for_another_machine(file: Path) -> None:
    for key in (file.parent / "keys").iterdir():
        key.unlink()
    done = check(file)
    assert done.exit_code == 1
    assert f"{len(PATHS) - len(WARNED)} faults, {len(WARNED)} warnings\n" in done.output
    assert "gate-agent check --no-files" in done.output.splitlines()[-1]
    done = check(file, "--no-files")
    assert done.exit_code == 0
    first = done.output.splitlines()[0]
    assert first == f"{file}: no fault; keys and certificates were not opened"
    file.write_text(file.read_text("utf-8").replace("pin: 17", "pin: 99"), "utf-8")
    assert check(file, "--no-files").exit_code == 1
    assert "--no-files" in check(Path("x"), "--help").output


def test_keys_for_machines(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    empty(file, "osdp")
    text = file.read_text("utf-8")
    told = "card_reference_key: {file: keys/reference}"
    file.write_text(text.replace(told, "card_reference_key: {credential: not-here}"), "utf-8")
    done = check(file, "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["ok"], found["faults"]) == (0, True, [])
    assert [each["path"] for each in found["warnings"]] == ["readers.bus.key"]
    assert [each["path"] for each in found["notes"]] == ["card_reference_key"]
    assert found["summary"]["gate"] == "north"
    empty(file, "identity")
    done = check(file, "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["ok"], found["summary"]) == (1, False, None)
    (fault,) = found["faults"]
    assert (fault["line"], fault["column"]) == place("identity")
    assert fault["text"] == "keys/identity"
    assert len(found["warnings"]) == len(found["notes"]) == 1


def test_no_key_is_ever_shown(file: Path) -> None:
    secrets = {}
    for name in ("desfire", "osdp", "pin", "sip", "centre", "cert-key"):
        key = file.parent / "keys" / name
        secrets[name] = key.read_text("ascii").strip()
        key.write_text(f"{secrets[name][:9]};\nno key", "ascii")
    for words in ((), ("--json",)):
        told = check(file, *words).output
        assert "is no AES key" in told
        for secret in secrets.values():
            assert secret[:9] not in told.replace("-----BEGI", "")


def test_the_daemon_names_all_keys_at_fault_with_their_lines(file: Path) -> None:
    empty(file, "desfire", "osdp", "identity")
    file.with_name("run").mkdir()
    command = [sys.executable, "-m", "agent", "run", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    for name in ("desfire", "identity"):
        line, column = place(name)
        key = file.parent / "keys" / name
        told = f"{file}:{line}:{column}: {PATHS[name]}: the secret in {key} is empty"
        assert told in done.stderr
    assert f"warning: {PATHS['osdp']}" in done.stderr
    assert "2 faults, 1 warning" in done.stderr
    assert "Traceback" not in done.stderr
