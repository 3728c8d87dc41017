"""Every order of the command line, as it reaches the daemon, and how its answer is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agent.cli.ordering import when
from agent.control.server import Peer
from agent.errors import GateError
from tests.control.rig import Request, serving

ROOT = Path(__file__).parents[2]
DONE = {"status": "done", "code": 200, "detail": "it is done"}
LOCKED = {"status": "rejected", "code": 423, "detail": "not closing: fire alarm"}


class Desk:
    """A daemon that takes orders and answers as it is told to."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "gate.yaml"
        self.control = folder / "run" / "control.sock"
        self.orders: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = DONE
        yaml = YAML()
        page = yaml.load(ROOT / "config" / "small-gate.yaml")
        page["paths"] = {"state": str(folder / "state"), "run": str(folder / "run")}
        yaml.dump(page, self.config)

    def order(self, request: Request, peer: Peer) -> object:
        assert peer.uid == os.getuid()
        self.orders.append(dict(request))
        return self.answer

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agent", *words, "--config", str(self.config)]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    with serving(made.control, {"order": made.order}):
        yield made


ORDERS = [
    (("open", "in-1", "--reason", "ambulance"), "open", {"lane": "in-1", "reason": "ambulance"}),
    (("open", "out-1", "--reason", "x", "--for", "Li Na"), "open",
     {"lane": "out-1", "reason": "x", "for": "Li Na"}),
    (("close", "in-1"), "close", {"lane": "in-1"}),
    (("stop", "in-1", "--reason", "child"), "stop", {"lane": "in-1", "reason": "child"}),
    (("priority", "in-1"), "priority", {"lane": "in-1", "count": "1"}),
    (("priority", "in-1", "--count", "8", "--reason", "wedding"), "priority",
     {"lane": "in-1", "count": "8", "reason": "wedding"}),
    (("hold-open", "in-1", "--reason", "removal"), "hold_open",
     {"lane": "in-1", "reason": "removal"}),
    (("hold-open", "in-1", "--reason", "x", "--until", "2026-11-22 18:00"), "hold_open",
     {"lane": "in-1", "reason": "x", "until": "2026-11-22T18:00:00"}),
    (("release-hold", "in-1"), "release_hold", {"lane": "in-1"}),
    (("clear-fault", "in-1", "--reason", "arm is back"), "fault.clear",
     {"lane": "in-1", "reason": "arm is back"}),
    (("lockdown", "--reason", "burglary"), "lockdown", {"reason": "burglary"}),
    (("lift-lockdown", "--reason", "over"), "lift_lockdown", {"reason": "over"}),
    (("fire-reset", "--reason", "drill"), "fire_reset", {"reason": "drill"}),
]  # fmt: skip


def test_every_order_reaches_the_daemon_once(desk: Desk) -> None:
    for words, kind, args in ORDERS:
        done = desk.run(*words, "--name", "Wang")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "it is done\n"
        order = desk.orders.pop()
        assert desk.orders == []
        assert (order["kind"], order["args"], order["actor"]) == (kind, args, "Wang")
        assert order["order_id"].startswith("cli-")


NEEDS = [
    ("open", "in-1"),
    ("hold-open", "in-1"),
    ("clear-fault", "in-1"),
    ("lockdown",),
    ("lift-lockdown",),
    ("fire-reset",),
    ("priority",),
    ("priority", "in-1", "--count", "0"),
]


def test_what_needs_a_reason_or_a_lane_is_not_sent_without(desk: Desk) -> None:
    for words in NEEDS:
        done = desk.run(*words)
        assert done.returncode == 2, words
        assert "Usage: gate-agent" in done.stderr
    assert desk.orders == []


def test_a_refusal_is_told_with_its_code(desk: Desk) -> None:
    desk.answer = LOCKED
    done = desk.run("close", "in-1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "gate-agent: rejected (423): not closing: fire alarm\n"


def test_a_wrong_time_is_told_before_anything_is_sent(desk: Desk) -> None:
    done = desk.run("hold-open", "in-1", "--reason", "x", "--until", "tomorrow")
    assert done.returncode == 1
    assert "'tomorrow' is not a time: write 18:00" in done.stderr
    assert desk.orders == []


def test_without_a_daemon(tmp_path: Path) -> None:
    done = Desk(tmp_path).run("lockdown", "--reason", "x")
    assert done.returncode == 1
    assert "is the daemon running" in done.stderr


NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("18:00", "2026-11-22T18:00:00"),
        ("12:00", "2026-11-23T12:00:00"),
        ("06:30", "2026-11-23T06:30:00"),
        ("2026-12-01 08:00", "2026-12-01T08:00:00"),
        ("2026-12-01T08:00", "2026-12-01T08:00:00"),
    ],
)
def test_a_time_of_day_is_the_next_one(text: str, told: str) -> None:
    assert when(text, NOON) == told


@pytest.mark.parametrize("text", ["25:00", "noon", "2026-13-01 08:00", "18", "1800", ""])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(GateError, match="is not a time"):
        when(text, NOON)
