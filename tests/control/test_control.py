"""Questions and answers over a real socket."""

import gc
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.client import ControlClient, NotRunningError
from agent.control.server import PEERS, ControlServer
from agent.errors import GateError
from tests.control.rig import control_threads, raw, serving
from tests.parts import require
from tests.patience import LIMIT_S, until

LINE = 4 * 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ControlServer]:
    with serving(path) as running:
        yield running


@pytest.mark.usefixtures("server")
def test_a_question_gets_its_answer_and_the_kernel_says_who_asks(path: Path) -> None:
    with ControlClient(path) as client:
        told = client.ask("echo", text="放行条")
        assert told == {"said": "放行条", "pid": os.getpid(), "uid": os.getuid()}
        assert client.ask("count", number=41) == 42
        assert client.ask("count", number="1") == 2


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("op", "said"),
    [
        ("refuse", "the arm is locked: ask the shift leader"),
        ("dance", "no operation 'dance'; there are echo, refuse, count, no_file, feed"),
        ("count", "'count' was asked with unusable arguments: KeyError('number')"),
        ("no_file", "'no_file' failed: [Errno 2] No such file or directory: '/nowhere'"),
    ],
)
def test_a_refusal_is_an_answer_and_the_connection_goes_on(path: Path, op: str, said: str) -> None:
    with ControlClient(path) as client:
        with pytest.raises(GateError) as fault:
            client.ask(op)
        assert str(fault.value) == said
        assert client.ask("count", number=1) == 2


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "the line is not JSON: Expecting"),
        (b"", "the line is not JSON: Expecting value"),
        (b"\x80", "the line is not JSON: 'utf-8' codec"),
        (b"[1, 2]", "a request is a JSON object"),
        (b"[" * 200_000, "the line is not JSON: maximum recursion depth"),
        (b'{"op": "echo", "text": "\\ud800"}', "the line is not JSON: 'utf-8' codec"),
        (b'{"op": 7}', "no operation 7; there are"),
        (b'{"op": ["echo"]}', "no operation ['echo']; there are"),
        (b'{"fault": "mine"}', "no operation None; there are"),
        (b'"' + b"x" * (LINE + 10) + b'"', f"a request is a line of {LINE} bytes at most"),
        (b"x" * (2 * LINE), f"a request is a line of {LINE} bytes at most"),
    ],
)
def test_a_line_that_cannot_be_read_gets_one_answer(path: Path, line: bytes, said: str) -> None:
    with raw(path) as connection, connection.makefile("rb") as answers:
        connection.sendall(line + b"\n")
        connection.sendall(b'{"id": 5, "op": "count", "number": 1}\n')
        first, second = json.loads(answers.readline()), json.loads(answers.readline())
    assert first["ok"] is False
    assert first["error"].startswith(said)
    assert second == {"id": 5, "ok": True, "result": 2}


@pytest.mark.usefixtures("server")
def test_a_request_in_pieces_and_two_in_one_piece(path: Path) -> None:
    line = b'{"id": 1, "op": "count", "number": 1}\n'
    with raw(path) as connection, connection.makefile("rb") as answers:
        for byte in line:
            connection.sendall(bytes([byte]))
        connection.sendall(line * 2)
        assert [json.loads(answers.readline())["result"] for _ in range(3)] == [2, 2, 2]


def test_the_seventeenth_connection_is_refused_and_place_is_made_again(
    path: Path, server: ControlServer
) -> None:
    clients = [ControlClient(path) for _ in range(PEERS)]
    assert [client.ask("count", number=0) for client in clients] == [1] * PEERS
    with (
        ControlClient(path) as late,
        pytest.raises(GateError, match="the control socket serves 16 at once: try again"),
    ):
        late.ask("count", number=0)
    clients.pop().close()
    until(lambda: len(server._peers) < PEERS, "so many are connected")
    with ControlClient(path) as client:
        assert client.ask("count", number=0) == 1
    for client in clients:
        client.close()


def test_a_refused_client_that_has_hung_up_is_no_trouble(path: Path, server: ControlServer) -> None:
    clients = [ControlClient(path) for _ in range(PEERS)]
    until(lambda: len(server._peers) == PEERS, "so many are connected")
    for _ in range(20):
        raw(path).close()
    assert clients[0].ask("count", number=0) == 1
    for client in clients:
        client.close()


def test_a_client_that_vanishes_before_its_answer_is_no_trouble(
    path: Path, server: ControlServer
) -> None:
    for _ in range(20):
        until(lambda: not server._peers, "nobody is connected")
        with raw(path) as connection:
            connection.sendall(b'{"op": "echo", "text": "' + b"x" * 200_000 + b'"}\n')
            until(lambda: len(server._peers) == 1, "so many are connected")
    with ControlClient(path) as client:
        assert client.ask("count", number=0) == 1


def test_without_file_descriptors_it_waits_and_goes_on(
    path: Path, server: ControlServer, caplog: pytest.LogCaptureFixture
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # what an earlier test has left would make room when it is collected
    # The kernel has set a descriptor aside for the first of them already.
    waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
    lowest_free = os.dup(waiting[0].fileno())
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        for connection in waiting:
            connection.connect(str(path))
        until(lambda: "no control connection can be taken" in caplog.text, "it is told")
        assert len(server._peers) < 2
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for connection in waiting:
        connection.settimeout(LIMIT_S)
        connection.sendall(b'{"op": "count", "number": 1}\n')
        with connection, connection.makefile("rb") as answers:
            assert json.loads(answers.readline())["result"] == 2


def test_stopping_hangs_up_on_everybody_and_is_safe_twice(path: Path) -> None:
    with serving(path) as server:
        idle, asking = ControlClient(path), ControlClient(path)
        asking.ask("count", number=0)
        until(lambda: len(server._peers) == 2, "so many are connected")
        server.stop()
        assert control_threads() == []
        assert not path.exists()
        for client in (idle, asking):
            with pytest.raises(GateError, match="the daemon hung up before it answered 'count'"):
                client.ask("count", number=0)
            client.close()
        server.stop()


def test_a_server_that_was_never_started_can_be_stopped(path: Path) -> None:
    ControlServer(path, {}).stop()
    assert not path.exists()


@pytest.mark.usefixtures("server")
def test_the_socket_is_for_owner_and_group(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_socket_that_was_left_behind_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(path))
    left.close()
    with serving(path), ControlClient(path) as client:
        assert client.ask("count", number=0) == 1


def test_a_place_where_nobody_can_listen(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GateError, match=r"cannot listen at .*/file/c: .+; see paths\.run"):
        ControlServer(tmp_path / "file" / "c", {}).start()
    with pytest.raises(GateError, match=r"AF_UNIX path too long; see paths\.run"):
        ControlServer(tmp_path / ("x" * 200), {}).start()


def test_without_a_daemon_the_client_says_what_to_look_for(tmp_path: Path) -> None:
    missing = tmp_path / "control.sock"
    wanted = rf"no gate-agent answers at {missing} \(No such file or directory\): is the daemon"
    with pytest.raises(NotRunningError, match=wanted):
        ControlClient(missing)
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(missing))
    left.close()
    with pytest.raises(NotRunningError, match=r"\(Connection refused\)"):
        ControlClient(missing)
    with pytest.raises(NotRunningError, match=r"\(AF_UNIX path too long\)"):
        ControlClient(tmp_path / ("x" * 200))


def test_who_may_not_use_the_socket_is_told_of_the_group() -> None:
    require("root")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (folder / "control.sock").touch()
        folder.chmod(0o700)
        code = (
            "import os, pathlib, sys\n"
            "from agent.control.client import ControlClient\n"
            "from agent.errors import GateError\n"
            "os.setuid(65534)\n"
            "try:\n    ControlClient(pathlib.Path(sys.argv[1]))\n"
            "except GateError as fault:\n    print(type(fault).__name__, fault)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder / "control.sock")],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        shutil.rmtree(folder)
    assert done.stdout.startswith("NotAllowedError you may not use the control socket")
    assert "join the group gate-agent" in done.stdout
