"""``gate-agent guard``: with a daemon, and before there ever was one."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.settings.here import load
from agent.signing import Pins
from agent.store.reading import Reading
from tests.cli.test_orders import Desk
from tests.control.rig import serving
from tests.patience import LIMIT_S, until

ROOT = Path(__file__).parents[2]
PIN = "471193"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A gate of which no daemon runs."""
    return Desk(tmp_path)


def guard(desk: Desk, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "guard", *words, "--config", str(desk.config)]
    return subprocess.run(
        command, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def listed(desk: Desk, *words: str) -> list[dict[str, Any]]:
    done = guard(desk, "list", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_first_guard_is_made_before_the_first_start(desk: Desk) -> None:
    before = guard(desk, "list")
    assert (before.returncode, "no ledger here yet" in before.stderr) == (1, True)
    done = guard(desk, "add", "张伟", "--id", "g-1001", "--role", "shift_leader", typed=f"{PIN}\n")
    assert (done.returncode, done.stdout) == (0, "g-1001: 张伟 may sign on as shift_leader\n")
    (row,) = listed(desk)
    assert (row["guard"], row["name"], row["role"], row["state"]) == (
        "g-1001",
        "张伟",
        "shift_leader",
        "active",
    )
    assert "pin" not in row
    with Reading.open(load(desk.config).paths.ledger) as reading:
        kept = reading.rows("SELECT pin FROM guards")[0]["pin"]
        told = json.dumps(list(reading.export()), default=str)
    assert Pins().match(kept, PIN)
    assert PIN not in told
    assert f"uid:{os.getuid()}" in told


def test_card_pin_role_and_end(desk: Desk) -> None:
    assert guard(desk, "add", "Li Na", "--id", "g-2", typed=f"{PIN}\n").returncode == 0
    assert guard(desk, "card", "g-2", "G-7", "--reason", "first").returncode == 0
    assert guard(desk, "role", "g-2", "office").returncode == 0
    assert guard(desk, "pin", "g-2", "--reason", "forgotten", typed="905172\n").returncode == 0
    (row,) = listed(desk)
    assert (row["card"], row["role"]) == ("G-7", "office")
    with Reading.open(load(desk.config).paths.ledger) as reading:
        assert Pins().match(reading.rows("SELECT pin FROM guards")[0]["pin"], "905172")
    assert guard(desk, "card", "g-2", "--reason", "lost").returncode == 0
    assert listed(desk)[0]["card"] == ""
    assert guard(desk, "leave", "g-2", "--reason", "moved away").returncode == 0
    assert listed(desk) == []
    assert [row["state"] for row in listed(desk, "--all")] == ["left"]
    assert "nobody may sign on yet" in guard(desk, "list").stdout
    assert "(left)" in guard(desk, "list", "--all").stdout
    again = guard(desk, "leave", "g-2")
    assert again.returncode == 1
    assert "rejected (409): guard: g-2 is no longer a guard here" in again.stderr


@pytest.mark.parametrize("pin", ["123456", "12345", "1111111", "abcdefg", ""])
def test_a_pin_that_is_none_is_refused_and_not_repeated(desk: Desk, pin: str) -> None:
    done = guard(desk, "add", "Li Na", typed=f"{pin}\n")
    assert done.returncode == 1
    assert "rejected (422): pin: " in done.stderr
    assert not pin or pin not in done.stderr


def test_at_a_terminal_the_pin_is_asked_for_twice_and_not_shown(desk: Desk) -> None:
    keyboard, terminal = pty.openpty()
    command = [sys.executable, "-m", "agent", "guard", "add", "Li Na", "-c", str(desk.config)]
    shown = bytearray()

    def asked(what: bytes) -> bool:
        shown.extend(os.read(keyboard, 1024))
        return what in shown

    with subprocess.Popen(
        command, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    ) as child:
        os.close(terminal)
        until(lambda: asked(b"PIN: "), "the first question")
        os.write(keyboard, f"{PIN}\n".encode())
        until(lambda: asked(b"once more: "), "the second question")
        os.write(keyboard, f"{PIN}\n".encode())
        until(lambda: asked(b"may sign on as guard"), "the answer")
        assert child.wait(LIMIT_S) == 0
    os.close(keyboard)
    assert PIN.encode() not in shown


def test_a_daemon_is_asked_where_one_runs(desk: Desk) -> None:
    desk.answer = {
        "status": "done",
        "code": 200,
        "detail": "guard.enrol is written down",
        "result": {"guard": "g-north-1"},
    }
    with serving(desk.control, {"order": desk.order}):
        done = guard(desk, "add", "Li Na", "--name", "installer", typed=f"{PIN}\n")
    assert done.stdout == "g-north-1: Li Na may sign on as guard\n"
    (order,) = desk.orders
    assert (order["kind"], order["actor"], order["args"]) == ("guard.enrol", "installer", {})
    form = {"guard": "", "name": "Li Na", "card": "", "role": "guard", "pin": PIN}
    assert order["form"] == form
