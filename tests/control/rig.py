"""A control server on a real socket, with a few operations to ask for."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.control.server import ControlServer, Handler, Peer
from agent.errors import GateError
from tests.patience import LIMIT_S, until

Request = Mapping[str, Any]


def echo(request: Request, peer: Peer) -> object:
    return {"said": request["text"], "pid": peer.pid, "uid": peer.uid}


def refuse(request: Request, peer: Peer) -> object:
    del request, peer
    raise GateError("the arm is locked: ask the shift leader")


def count(request: Request, peer: Peer) -> object:
    del peer
    return int(request["number"]) + 1


def no_file(request: Request, peer: Peer) -> object:
    del request, peer
    raise FileNotFoundError(2, "No such file or directory", "/nowhere")


HANDLERS: Mapping[str, Handler] = {
    "echo": echo,
    "refuse": refuse,
    "count": count,
    "no_file": no_file,
}


@contextmanager
def serving(path: Path, handlers: Mapping[str, Handler] = HANDLERS) -> Iterator[ControlServer]:
    """A server that is stopped at the end, with all its threads."""
    server = ControlServer(path, handlers)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        until(lambda: not control_threads(), "the end of the server's threads")


def control_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("control")]


def raw(path: Path) -> socket.socket:
    """A connection without a client."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    connection.settimeout(LIMIT_S)
    return connection
