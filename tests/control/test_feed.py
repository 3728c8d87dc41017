"""The live feed, and what a client sees of a daemon that does not behave."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.control.client import ControlClient
from agent.control.server import ControlServer
from agent.core.entries import Entry, EntryType
from agent.core.ids import LaneId
from agent.core.view import LaneView
from agent.errors import GateError
from agent.ports import Head
from tests.control.rig import raw, serving
from tests.core.builders import moment
from tests.patience import LIMIT_S, until

HEAD = Head("s1", "b1", 1, 8, bytes(32))
ENTRY = Entry(
    EntryType.ACCESS_GRANTED,
    "lane/in-1",
    moment(0),
    {"card": "A", "passage": "p"},
    {"credential": "uid:01", "holder": "王小明"},
)
VIEW = LaneView(LaneId("in-1"), "open", "normal", "clear", 1, ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def test_a_feed_tells_entries_and_lanes_and_no_person(path: Path) -> None:
    with serving(path) as server, ControlClient(path) as client:
        feed = begun(client, server)
        server.committed(HEAD, 7, [ENTRY, ENTRY])
        server.lanes([VIEW])
        news = [next(feed) for _ in range(3)]
    assert news[0] == {
        "entry": {
            "sequence": 7,
            "type": "gate.access.granted.v1",
            "subject": "lane/in-1",
            "wallus": moment(0).wall_us,
            "monons": moment(0).mono_ns,
            "data": {"card": "A", "passage": "p"},
        }
    }
    assert news[1]["entry"]["sequence"] == 8
    assert news[2]["lane"]["position"] == "open"
    assert "王小明" not in str(news)
    assert "uid:01" not in str(news)


def begun(client: ControlClient, server: ControlServer) -> Iterator[dict[str, Any]]:
    """A feed that is known to the server; its first news is thrown away."""
    before = len(server._feeds)
    feed = client.feed()
    first: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: first.append(next(feed)))
    reader.start()
    until(lambda: len(server._feeds) > before, "so many are fed")
    server.lanes([VIEW])
    reader.join(LIMIT_S)
    assert "lane" in first[0]
    return feed


def test_nobody_listens(path: Path) -> None:
    with serving(path) as server:
        server.committed(HEAD, 8, [ENTRY])
        server.lanes([VIEW])
        assert not server._feeds


def test_a_feed_ends_with_the_daemon(path: Path) -> None:
    with serving(path) as server, ControlClient(path) as client:
        feed = begun(client, server)
        server.stop()
        assert list(feed) == []


def test_a_feed_ends_when_another_thread_closes_it(path: Path) -> None:
    with serving(path) as server:
        client = ControlClient(path)
        feed = begun(client, server)
        left: list[list[dict[str, Any]]] = []
        reader = threading.Thread(target=lambda: left.append(list(feed)))
        reader.start()
        client.close()
        reader.join(LIMIT_S)
        assert not reader.is_alive()
        assert left == [[]]
        until(lambda: not server._feeds, "nobody is fed")


def test_a_feed_that_does_not_keep_up_is_cut_and_the_loop_never_waits(path: Path) -> None:
    large = Entry(ENTRY.type, ENTRY.subject, ENTRY.at, {"text": "x" * 10_000})
    with serving(path) as server, raw(path) as slow, ControlClient(path) as quick:
        slow.sendall(b'{"op": "feed"}\n')
        until(lambda: len(server._feeds) == 1, "so many are fed")
        feed = begun(quick, server)
        told = 0
        # The sockets hold some hundred kilobytes, the queue 512 lines: both end.
        while len(server._feeds) == 2:
            server.committed(HEAD, told, [large])
            assert next(feed)["entry"]["sequence"] == told
            told += 1
            assert told < 5000
        until(lambda: len(server._peers) == 1, "so many are connected")
        server.lanes([VIEW])
        assert next(feed)["lane"]["lane"] == "in-1"


def test_a_feed_lasts_through_a_silence(path: Path) -> None:
    with serving(path) as server, ControlClient(path) as client:
        feed = begun(client, server)
        # Longer than the server waits before it looks whether somebody is still there.
        threading.Event().wait(1.2)
        server.lanes([VIEW])
        assert next(feed)["lane"]["loop"] == "clear"


def test_a_feed_that_has_gone_makes_no_noise(path: Path) -> None:
    with serving(path) as server:
        gone = ControlClient(path)
        begun(gone, server)
        gone.close()
        for number in range(2000):
            server.committed(HEAD, number, [ENTRY])
        until(lambda: not server._feeds, "nobody is fed")


@contextmanager
def daemon(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Something that listens and answers in its own way."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join(LIMIT_S)
        listening.close()
        assert not thread.is_alive()


def test_a_daemon_that_is_cut_off_in_the_middle_of_a_line(path: Path) -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b'{"id": 1, "ok": tr')

    with (
        daemon(path, cut),
        ControlClient(path) as client,
        pytest.raises(GateError, match="cannot be read, was it cut off"),
    ):
        client.ask("status")


def test_a_daemon_that_does_not_answer_in_time(path: Path) -> None:
    over = threading.Event()

    def mute(connection: socket.socket) -> None:
        connection.recv(1000)
        assert over.wait(LIMIT_S)

    with daemon(path, mute), ControlClient(path, limit_s=0.1) as client:
        with pytest.raises(GateError, match=r"did not answer 'status' within 0\.1 s: not known"):
            client.ask("status")
        # A late answer is never taken for the answer to the next question.
        with pytest.raises(GateError, match="the daemon hung up while 'status' was asked"):
            client.ask("status")
        over.set()


def test_a_daemon_without_a_reason(path: Path) -> None:
    def curt(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b'{"id": 1, "ok": false}\n')

    with (
        daemon(path, curt),
        ControlClient(path) as client,
        pytest.raises(GateError, match="the daemon gave no reason"),
    ):
        client.ask("status")
