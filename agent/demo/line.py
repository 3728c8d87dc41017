"""The line between the gate and the broker, which can be cut: a relay for TCP on loopback.

Rules kept here:
- a cut line is as dead as one under an excavator's shovel: nothing listens, and every connection
  that stood is gone, bytes on their way included;
- a restored line has the same port.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

from agent.demo.broker import HOST
from agent.errors import GateError

_CHUNK = 65_536
_PATIENCE_S = 2.0


class Line:
    """Relays from `port` to ``target``; whole from `restore` to `cut`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._ends: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port = 0

    @property
    def whole(self) -> bool:
        """Whether bytes get through."""
        return self._listening is not None

    def restore(self) -> None:
        """Let bytes through; raises GateError when the port was taken meanwhile."""
        if self._listening is not None:
            return
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, self.port))
            listening.listen(8)
        except OSError as fault:
            listening.close()
            raise GateError(f"port {self.port} of {HOST} cannot be listened on: {fault}") from fault
        self.port = listening.getsockname()[1]
        self._listening = listening
        self._spawn(self._accept, listening)

    def cut(self) -> None:
        """Let nothing through any more; safe to call twice."""
        with self._lock:
            listening, self._listening = self._listening, None
            dead = [*self._ends, *([listening] if listening is not None else [])]
        for one in dead:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(_PATIENCE_S)
        if listening is not None:
            listening.close()

    def _spawn(self, run: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=run, args=sockets, name="demo-line", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((HOST, self._target), _PATIENCE_S)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                if not self.whole:
                    near.close()
                    far.close()
                    return
                self._ends |= {near, far}
                self._spawn(self._pump, near, far)
                self._spawn(self._pump, far, near)

    def _pump(self, come: socket.socket, go: socket.socket) -> None:
        """Carry bytes one way until either end is gone, then end both."""
        with contextlib.suppress(OSError):
            while chunk := come.recv(_CHUNK):
                go.sendall(chunk)
        with contextlib.suppress(OSError):
            go.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ends.discard(come)
        # The other pump reads from `go` until its end, and closes it.
        come.close()
