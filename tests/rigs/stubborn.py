"""A real TCP server that takes connections and says only what it is told to: no broker at all."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.patience import LIMIT_S

CONNACK_5 = bytes.fromhex("20 03 00 00 00")
CONNACK_311 = bytes.fromhex("20 02 00 00")
PINGREQ, PINGRESP = 0xC0, bytes.fromhex("d0 00")


class Last(bytes):
    """An answer after which the server hangs up."""

    __slots__ = ()


def packets(received: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """MQTT packets as first byte and body, and what is left over (MQTT 5, 2.1)."""
    found = []
    while len(received) >= 2:
        length, place = 0, 1
        while place < len(received):
            length |= (received[place] & 0x7F) << 7 * (place - 1)
            place += 1
            if not received[place - 1] & 0x80:
                break
        else:
            break
        if len(received) < place + length:
            break
        found.append((received[0], received[place : place + length]))
        received = received[place + length :]
    return found, received


class Stubborn:
    """Answers each packet with what ``answer(first_byte, body)`` gives; None closes the socket.

    ``seen`` holds every packet of every connection, in order.
    """

    def __init__(self, answer: Callable[[int, bytes], bytes | None]) -> None:
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._server.getsockname()
        self.seen: list[tuple[int, bytes]] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._run, name="stubborn", daemon=True)
        self._ending = False

    def _run(self) -> None:
        while not self._ending:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            with peer:
                self._serve(peer)

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(0.1)
        received = b""
        while not self._ending:
            try:
                piece = peer.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            found, received = packets(received + piece)
            for first, body in found:
                self.seen.append((first, body))
                reply = self._answer(first, body)
                if reply is None:
                    return
                try:
                    peer.sendall(reply)
                except OSError:  # he has hung up, with more on its way
                    return
                if isinstance(reply, Last):
                    return

    def of(self, kind: int) -> list[bytes]:
        """Bodies of the packets of one kind (3 is PUBLISH)."""
        return [body for first, body in list(self.seen) if first >> 4 == kind]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending = True
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
