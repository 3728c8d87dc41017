"""The far end of the control socket, inside the daemon.

Rules kept here:
- who is on the other end is asked of the kernel (SO_PEERCRED), never of the request;
- threads and queues are bounded: at most `PEERS` connections; a feed that does not keep up is cut,
  so that the loop never waits for a reader of its news;
- a request that cannot be read gets an answer that says so, and the connection goes on;
- what goes wrong with one connection, or with taking it, never ends the others.
"""

import contextlib
import json
import logging
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any, BinaryIO

from agent.core.entries import Entry
from agent.core.view import LaneView
from agent.errors import GateError
from agent.ports import Head

PEERS = 16
_BACKLOG = 512
_LINE = 4 * 1024 * 1024
_BREATH_S = 0.2
_LOOK_S = 0.5
_log = logging.getLogger("gate.control")


@dataclass(frozen=True, slots=True)
class Peer:
    """The process on the other end."""

    pid: int
    uid: int


_TOO_LONG: Mapping[str, Any] = {"fault": f"a request is a line of {_LINE} bytes at most"}
Handler = Callable[[Mapping[str, Any], Peer], object]


class ControlServer:
    """Implements `agent.ports.Listener` for the feed. ``handlers`` maps ``op`` to what answers it.

    A handler runs in its connection's thread and may raise GateError: its text is the answer.
    """

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._feeds: dict[int, Queue[bytes]] = {}
        self._lock = threading.Lock()
        self._peers: dict[int, socket.socket] = {}
        self._socket: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def start(self) -> None:
        """Listen. Raises GateError when the socket's directory cannot be used."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            listening.bind(str(self._path))
            self._path.chmod(0o660)
            listening.listen(PEERS)
        except OSError as fault:
            listening.close()
            message = f"cannot listen at {self._path}: {fault.strerror or fault}; see paths.run"
            raise GateError(message) from fault
        self._socket = listening
        self._accepting = self._spawn("control", self._accept, listening)

    def stop(self) -> None:
        """Hang up on everybody; safe to call twice."""
        self._ended.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)
        if self._accepting is not None:
            self._accepting.join(1.0)
        with self._lock:
            for peer in self._peers.values():
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(1.0)

    def committed(self, head: Head, first: int, entries: Sequence[Entry]) -> None:
        """Tell the feeds what was written; personal fields stay in the ledger."""
        del head
        if not self._feeds:
            return
        for offset, entry in enumerate(entries):
            told = {
                "sequence": first + offset,
                "type": entry.type.value,
                "subject": entry.subject,
                "wallus": entry.at.wall_us,
                "monons": entry.at.mono_ns,
                "data": dict(entry.data),
            }
            self._tell({"entry": told})

    def lanes(self, views: Sequence[LaneView]) -> None:
        """Tell the feeds how lanes look now."""
        if self._feeds:
            for view in views:
                self._tell({"lane": asdict(view)})

    def _tell(self, news: Mapping[str, object]) -> None:
        line = _line(news)
        with self._lock:
            for number, feed in list(self._feeds.items()):
                try:
                    feed.put_nowait(line)
                except Full:
                    del self._feeds[number]
                    with contextlib.suppress(OSError):
                        self._peers[number].shutdown(socket.SHUT_RDWR)
                    _log.warning("a live feed did not keep up and was cut")

    def _accept(self, listening: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError as fault:
                if not self._ended.is_set():
                    _log.error("no control connection can be taken: %s", fault)
                    self._ended.wait(_BREATH_S)
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            with self._lock:
                full = len(self._peers) >= PEERS
                if not full:
                    self._peers[connection.fileno()] = connection
            if full:
                error = f"the control socket serves {PEERS} at once: try again"
                with contextlib.suppress(OSError):
                    connection.sendall(_line({"ok": False, "error": error}))
                connection.close()
            else:
                self._threads.append(self._spawn("control-peer", self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        number = connection.fileno()
        peer = _peer(connection)
        try:
            with connection.makefile("rb") as lines:
                while line := lines.readline(_LINE):
                    request = _request(line) if _whole(line, lines) else _TOO_LONG
                    if request.get("op") == "feed":
                        self._feed(connection, number, request)
                        return
                    connection.sendall(_line(self._answer(request, peer)))
        except OSError:
            _log.debug("a control connection broke off")
        finally:
            with self._lock:
                self._peers.pop(number, None)
                self._feeds.pop(number, None)
            connection.close()

    def _answer(self, request: Mapping[str, Any], peer: Peer) -> Mapping[str, object]:
        name = request.get("op")
        number = request.get("id")
        handler = self._handlers.get(name) if isinstance(name, str) else None
        if handler is None:
            known = ", ".join((*self._handlers, "feed"))
            error = request.get("fault", f"no operation {name!r}; there are {known}")
            return {"id": number, "ok": False, "error": error}
        try:
            return {"id": number, "ok": True, "result": handler(request, peer)}
        except GateError as fault:
            return {"id": number, "ok": False, "error": str(fault)}
        except OSError as fault:
            return {"id": number, "ok": False, "error": f"{name!r} failed: {fault}"}
        except (ArithmeticError, KeyError, TypeError, ValueError) as fault:
            error = f"{name!r} was asked with unusable arguments: {fault!r}"
            return {"id": number, "ok": False, "error": error}

    def _feed(self, connection: socket.socket, number: int, request: Mapping[str, Any]) -> None:
        news: Queue[bytes] = Queue(_BACKLOG)
        with self._lock:
            self._feeds[number] = news
        connection.sendall(_line({"id": request.get("id"), "ok": True, "result": None}))
        # Being cut and being stopped look like a peer that has hung up: nothing else to ask.
        while True:
            try:
                line = news.get(timeout=_LOOK_S)
            except Empty:
                if _gone(connection):
                    return
            else:
                connection.sendall(line)

    def _spawn(self, name: str, target: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        return thread


def _gone(connection: socket.socket) -> bool:
    """Has the other end hung up? A feed is silent for hours on a quiet night."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def _peer(connection: socket.socket) -> Peer:
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", packed)
    return Peer(pid, uid)


def _whole(line: bytes, lines: BinaryIO) -> bool:
    """False for a line that is too long; the rest of it is read and thrown away."""
    if len(line) < _LINE or line.endswith(b"\n"):
        return True
    while line and not line.endswith(b"\n"):
        line = lines.readline(_LINE)
    return False


def _request(line: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
        # A lone surrogate is JSON, but nothing that could be written down or sent.
        json.dumps(request, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as fault:
        return {"fault": f"the line is not JSON: {fault}"}
    if not isinstance(request, dict):
        return {"fault": "a request is a JSON object"}
    request.pop("fault", None)
    return request


def _line(told: Mapping[str, object]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
