"""docs/arm.md is made from the table: here it is seen to be current, and whole."""

import subprocess
import sys
from pathlib import Path

from agent.core.arm import TABLE, State

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def run(
    *arguments: str, script: Path = DOCS / "arm_diagram.py"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_file_is_current() -> None:
    ran = run("--check")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_file_that_is_not_current_is_told_and_made_anew(tmp_path: Path) -> None:
    script = tmp_path / "arm_diagram.py"
    script.write_text((DOCS / "arm_diagram.py").read_text("utf-8"), "utf-8")
    text = (DOCS / "arm.md").read_text("utf-8")
    copy = tmp_path / "arm.md"
    copy.write_text(text.replace("unknown --> ", "unknown --> x", 1), "utf-8")
    told = run("--check", script=script)
    assert told.returncode == 1
    assert "is not what the tables say" in told.stdout
    assert run(script=script).returncode == 0
    assert copy.read_text("utf-8") == text


def test_every_row_stands_in_the_file() -> None:
    text = (DOCS / "arm.md").read_text("utf-8")
    assert sum(
        line.startswith(tuple(f"| {state} | `" for state in State)) for line in text.splitlines()
    ) == len(TABLE)
    for (state, _), move in TABLE.items():
        assert move.to is state or f"    {state} --> {move.to}: " in text
