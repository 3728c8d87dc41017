"""The line to the daemon: fresh, stale, back again; never a page that hangs."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.console.link import LIMIT_S, Link
from agent.control.client import NotRunningError
from agent.core.entries import EntryType
from agent.errors import GateError
from tests.console.gate_end import GateEnd
from tests.patience import until


class Heard:
    """What a link told, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.news: list[Mapping[str, Any]] = []

    def __call__(self, news: Mapping[str, Any]) -> None:
        with self._lock:
            self.news.append(news)

    def of(self, name: str) -> list[Any]:
        with self._lock:
            return [each[name] for each in self.news if name in each]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateEnd]:
    with GateEnd(tmp_path) as made:
        yield made


@pytest.fixture
def link(gate: GateEnd, heard: Heard) -> Iterator[Link]:
    made = Link(gate.path, heard)
    made.start()
    until(lambda: made.picture.fresh, "the first answer")
    yield made
    made.stop()


def test_the_picture_is_what_the_daemon_says(link: Link, heard: Heard) -> None:
    picture = link.picture
    assert picture.lanes["in-1"]["position"] == "closed"
    assert picture.parts[0]["part"] == "ledger"
    assert picture.sequence == 1
    assert until(lambda: heard.of("link"), "the picture is told")[0].fresh


def test_a_lane_that_moves_is_told_at_once(link: Link, gate: GateEnd, heard: Heard) -> None:
    def moved() -> bool:
        gate.tell("open")
        return any(view["position"] == "open" for view in heard.of("lane"))

    until(moved, "the lane's news")
    assert link.picture.lanes


def test_entries_are_told(link: Link, gate: GateEnd, heard: Heard) -> None:
    def told() -> bool:
        gate.commit(EntryType.ACCESS_DENIED, lane="in-1", reason="expired")
        return bool(heard.of("entry"))

    until(told, "an entry")
    assert heard.of("entry")[0]["type"] == "gate.access.denied.v1"
    until(lambda: link.picture.sequence == gate.sequence, "the head")


def test_a_daemon_that_ended_is_said_and_found_again(
    link: Link, gate: GateEnd, heard: Heard
) -> None:
    gate.away()
    until(lambda: not link.picture.fresh, "the loss")
    assert link.picture.lanes["in-1"]["position"] == "closed", "what was known last is kept"
    assert link.picture.why
    with pytest.raises(NotRunningError):
        link.ask("status")
    gate.back()
    until(lambda: link.picture.fresh, "the return")
    until(lambda: len(heard.of("link")) > 2, "the return is told")
    assert [one.fresh for one in heard.of("link")][:3] == [True, False, True]


def test_a_daemon_that_hangs_is_stale_and_asking_has_a_limit(link: Link, gate: GateEnd) -> None:
    gate.hung.set()
    began = time.monotonic()
    with pytest.raises(GateError, match="not known yet"):
        link.ask("status")
    took_s = time.monotonic() - began
    assert took_s >= LIMIT_S * 0.9
    until(lambda: not link.picture.fresh, "the loss")
    gate.hung.clear()
    gate.let_go.set()
    until(lambda: link.picture.fresh, "the return")


def test_it_ends_while_nobody_answers(gate: GateEnd, heard: Heard) -> None:
    gate.hung.set()
    made = Link(gate.path, heard)
    made.start()
    made.stop()
    until(lambda: not any(thread.is_alive() for thread in made._threads), "the end of its threads")
    made.stop()


def test_it_waits_for_a_daemon_that_was_never_there(tmp_path: Path, heard: Heard) -> None:
    made = Link(tmp_path / "control.sock", heard)
    made.start()
    try:
        until(lambda: made.picture.why, "the reason")
        assert not made.picture.fresh
        with GateEnd(tmp_path):
            until(lambda: made.picture.fresh, "the first answer")
    finally:
        made.stop()
