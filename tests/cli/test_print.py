"""``gate-agent print``: a receipt or a test, as the daemon is asked for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.server import Peer
from agent.errors import GateError
from tests.cli.test_orders import Desk
from tests.control.rig import Request, serving


class Booth(Desk):
    """A daemon with a printer, or without one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[dict[str, Any]] = []
        self.refuses = ""

    def put(self, request: Request, peer: Peer) -> object:
        del peer
        if self.refuses:
            raise GateError(self.refuses)
        self.asked.append({key: request[key] for key in request if key not in ("id", "op")})
        return {"waiting": 2}


@pytest.fixture
def booth(tmp_path: Path) -> Iterator[Booth]:
    made = Booth(tmp_path)
    with serving(made.control, {"print": made.put}):
        yield made


def test_a_receipt_is_asked_for_by_its_number(booth: Booth) -> None:
    done = booth.run("print", "17", "--again")
    assert (done.returncode, done.stdout) == (0, "on its way: 2 waiting for the printer\n")
    assert booth.asked == [{"receipt": 17, "again": True}]


def test_a_test_needs_no_receipt(booth: Booth) -> None:
    assert booth.run("print", "--test").returncode == 0
    assert booth.asked == [{"test": True}]


@pytest.mark.parametrize("words", [(), ("17", "--test"), ("0",)])
def test_one_of_both_is_needed(booth: Booth, words: tuple[str, ...]) -> None:
    assert booth.run("print", *words).returncode == 2
    assert booth.asked == []


def test_no_printer_is_said(booth: Booth) -> None:
    booth.refuses = "no printer is configured"
    done = booth.run("print", "--test")
    assert (done.returncode, done.stderr) == (1, "gate-agent: no printer is configured\n")
