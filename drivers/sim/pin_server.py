"""The pin socket: one blocking thread for each connection, so that a level counts when it comes.

The protocol is that of `drivers.pin_socket`.
"""

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.pin_socket import TIMED
from drivers.sim.board import PINS, Board

_CREDENTIALS = struct.Struct("3i")
_WRITE = ord("W")
_HUNG_UP = select.POLLHUP | select.POLLRDHUP | select.POLLERR


class PinServer:
    """Serves the board on a Unix socket until `stop`."""

    def __init__(self, board: Board, path: Path) -> None:
        self._board = board
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        self._socket.listen(8)
        self._path = path
        self._clients: set[socket.socket] = set()
        self._listeners: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._timed: dict[socket.socket, int] = {}
        board.on_edge = self._tell_edge
        board.on_falls = self._tell_falls

    def start(self) -> None:
        """Begin to accept."""
        self._spawn(self._accept, "sim-pins")

    def stop(self) -> None:
        """End every connection and thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)
        with self._board.lock:
            clients = tuple(self._clients)
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(1)

    def _spawn(self, target: Callable[..., None], name: str, *args: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._spawn(self._serve, "sim-pins-client", client)

    def _serve(self, client: socket.socket) -> None:
        board = self._board
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        who: int = _CREDENTIALS.unpack(peer)[0]
        with board.lock:
            self._clients.add(client)
            board.record(time.monotonic_ns(), "client", 0, who)
        now = time.monotonic_ns
        try:
            while len(heard := client.recv(4)) == 4:
                ns = now()
                verb, pin, value = heard[0], heard[1], heard[2]
                with board.lock:
                    if verb == _WRITE and pin < PINS and board.pins[pin].holder is client:
                        board.drive_output(pin, value & 1, ns, who)
                        continue
                    answer = self._answer(client, who, heard, ns)
                if answer:
                    client.send(answer)
        except OSError:
            # The client is gone in the middle of a message; the end is the same.
            pass
        finally:
            with board.lock:
                board.free(client)
                self._clients.discard(client)
                self._listeners.discard(client)
                self._timed.pop(client, None)
                board.record(time.monotonic_ns(), "gone", 0, who)
            client.close()

    def _answer(self, client: socket.socket, who: int, heard: bytes, ns: int) -> bytes:
        verb, pin, value = heard[:1], heard[1], heard[2]
        board = self._board
        if verb == b"L":
            if value:
                self._timed[client] = 0
            else:
                self._listeners.add(client)
            return b"V\0\0\0"
        if pin >= PINS:
            return b"N\0\0\0"
        state = board.pins[pin]
        if verb in (b"O", b"I"):
            if state.holder not in (None, client) and _alive(state.holder):
                return b"B\0\0\0"
            state.holder = client
            if verb == b"O":
                board.drive_output(pin, value & 1, ns, who)
            else:
                board.make_input(pin, value % 3, ns, who)
        elif verb == b"F" and state.holder is client:
            state.holder = None
        elif verb == b"W":
            return b""
        return bytes((0x56, pin, state.level | state.output << 1, 0))

    def _tell_edge(self, pin: int, level: int) -> None:
        """Under the board's lock. A listener that is too slow loses edges, as with a kernel."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.send(bytes((0x45, pin, level, 0)), socket.MSG_DONTWAIT)

    def _tell_falls(self, falls: Sequence[tuple[int, int]]) -> None:
        """As `_tell_edge`, with times; all in one message, and the numbers tell of lost ones."""
        for listener, begins in self._timed.items():
            raw = b"".join(
                TIMED.pack(b"E", pin, (begins + place) & 0xFFFF, ns)
                for place, (ns, pin) in enumerate(falls)
            )
            self._timed[listener] = (begins + len(falls)) & 0xFFFF
            with contextlib.suppress(OSError):
                listener.send(raw, socket.MSG_DONTWAIT)


def _alive(holder: object) -> bool:
    """Whether the holder's process is still there; its end may not have been read yet."""
    if not isinstance(holder, socket.socket) or holder.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(holder, select.POLLRDHUP)
    return not any(events & _HUNG_UP for _, events in poll.poll(0))
