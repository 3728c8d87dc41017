"""The small parts of the demo: its roster, its words, the line that can be cut, the terminal."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from agent.core.access import Reason
from agent.core.entries import EntryType, StoredEntry
from agent.core.model import CardKind, CardStatus
from agent.core.passages import Outcome
from agent.demo import house
from agent.demo.broker import HOST
from agent.demo.line import Line
from agent.demo.morning import UNKNOWN
from agent.demo.terminal import Plain
from agent.demo.words import tell
from agent.errors import GateError
from agent.store import roster_csv
from agent.store.rows import card_of
from tests.demo.test_screen import DENIED, GRANTED, PICTURE
from tests.patience import LIMIT_S, until


def test_the_sample_roster_is_sound_and_shows_every_kind() -> None:
    found = roster_csv.read(house.shipped("demo-roster.csv"), ("in-1", "out-1"))
    assert found.faults == []
    cards = [card_of(row) for row in found.rows()]
    assert len(cards) == 40
    assert {card.kind for card in cards} == set(CardKind)
    assert {card.status for card in cards} == set(CardStatus)
    assert UNKNOWN not in {card.credential.hex for card in cards}
    assert len({card.label for card in cards}) == 40


def test_a_file_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(GateError, match="make demo"):
        house.shipped("nothing.yaml")


def entry(kind: EntryType, **data: object) -> StoredEntry:
    raw = json.dumps(data).encode()
    return StoredEntry(3, "s", "b", 1, 0, 0, "synced", kind.value, "lane/in-1", "", "", raw)


@pytest.mark.parametrize("reason", Reason)
def test_every_denial_fits_its_column(reason: Reason) -> None:
    told = tell(entry(EntryType.ACCESS_DENIED, lane="in-1", reason=reason), ZoneInfo("UTC"))
    assert len(told.words) <= 25
    assert (told.card, told.tap) == ("?", True)
    assert told.whole


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (EntryType.PASSAGE_ENDED, {"outcome": "no_entry"}, "→ nobody came"),
        (EntryType.ARM_ORDERED, {"order": "open", "reason": "fire"}, "open by hand: fire"),
        (EntryType.ARM_ORDERED, {"order": "close", "refused": "occupied"}, "close refused"),
        (EntryType.ARM_PROTECTED, {"what": "raised", "because": "loop"}, "! raised for loop"),
        (EntryType.CLOCK_STEPPED, {"deltams": 1}, "the wall clock jumped"),
        (EntryType.ACCESS_REFERRED, {"duty": "clock_unknown"}, "… the guard decides"),
        (EntryType.EMERGENCY_RAISED, {"emergency": "fire"}, "! fire: the arms go up"),
        (EntryType.EMERGENCY_RAISED, {"emergency": "lockdown"}, "! entry only"),
        (EntryType.EMERGENCY_LIFTED, {"emergency": "lockdown"}, "lockdown lifted"),
        (
            EntryType.ALARM_RAISED,
            {"alarm": "fire_input", "step": "alarm"},
            "! fire contact unknown",
        ),
        (
            EntryType.ALARM_RAISED,
            {"alarm": "tailgating", "step": "alarm"},
            "! alarm: two on one card",
        ),
        (EntryType.ALARM_RAISED, {"alarm": "held_open", "step": "alarm"}, "! open too long: alarm"),
        (EntryType.ARM_FAULTED, {"fault": "opening", "detail": "x"}, "✗ arm fault: opening"),
        (EntryType.ARM_FORCED, {"direction": "up"}, "! arm forced up"),
    ],
)
def test_words(kind: EntryType, data: dict[str, object], words: str) -> None:
    assert tell(entry(kind, **data), ZoneInfo("Asia/Shanghai")).words == words


@pytest.mark.parametrize("outcome", Outcome)
def test_every_end_of_a_passage_fits_its_column(outcome: Outcome) -> None:
    told = tell(entry(EntryType.PASSAGE_ENDED, outcome=outcome), ZoneInfo("UTC"))
    assert 2 < len(told.words) <= 25


@pytest.mark.parametrize("step", ["pre_alarm", "alarm", "escalated"])
def test_every_step_of_an_alarm_fits_its_column(step: str) -> None:
    data: dict[str, object] = {"alarm": "held_open", "step": step}
    assert "too long" in tell(entry(EntryType.ALARM_RAISED, **data), ZoneInfo("UTC")).words


def test_times_are_those_of_the_gate() -> None:
    told = tell(entry(EntryType.AGENT_STARTED), ZoneInfo("Asia/Shanghai"))
    assert (told.time, told.lane) == ("08:00:00", "in-1")


def test_plain_lines_come_once_each() -> None:
    out = StringIO()
    plain = Plain(Console(file=out, width=30))
    plain.show(PICTURE)
    plain.show(PICTURE)
    lines = out.getvalue().splitlines()
    assert lines == [
        f"— {PICTURE.caption}",
        f"{GRANTED.time}  in-1        V-004   ✓ may pass",
        f"{DENIED.time}  out-1       R-009   ✗ card is blocked",
    ]


class Echo:
    """Answers everything with itself, on a port of loopback."""

    def __init__(self) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, name="echo", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                one, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(one,), name="echo", daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        with one, contextlib.suppress(ConnectionError):
            while part := one.recv(100):
                one.sendall(part)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def test_a_line_carries_is_cut_and_carries_again(echo: Echo) -> None:
    line = Line(echo.port)
    line.restore()
    port = line.port
    try:
        with socket.create_connection((HOST, port), LIMIT_S) as one:
            one.sendall(b"before")
            assert one.recv(100) == b"before"
            line.cut()
            assert one.recv(100) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), LIMIT_S)
        line.restore()
        assert (line.port, line.whole) == (port, True)
        with socket.create_connection((HOST, port), LIMIT_S) as one:
            one.sendall(b"after")
            assert one.recv(100) == b"after"
    finally:
        line.cut()
    until(lambda: "demo-line" not in {one.name for one in threading.enumerate()}, "its threads end")


def test_a_line_to_nobody_ends_each_connection() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        line = Line(probe.getsockname()[1])
        line.restore()
        try:
            with socket.create_connection((HOST, line.port), LIMIT_S) as one:
                assert one.recv(10) == b""
        finally:
            line.cut()


def test_a_port_that_was_taken_is_said(echo: Echo) -> None:
    line = Line(echo.port)
    line.restore()
    port = line.port
    line.cut()
    with socket.create_server((HOST, port)), pytest.raises(GateError, match=str(port)):
        line.restore()
