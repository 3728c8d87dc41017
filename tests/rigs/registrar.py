"""A registrar on loopback: whoever registers is taken (RFC 3261, over UDP), or nobody is."""

import re
import socket
import threading
from types import TracebackType
from typing import Self

from tests.patience import LIMIT_S

_COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq|Contact):.*\r\n", re.MULTILINE | re.IGNORECASE)


class Registrar:
    """Answers as a context. ``asked`` are the methods of what came, in their order."""

    def __init__(self, port: int, *, answer: bytes = b"200 OK") -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, name="registrar", daemon=True)

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(65_536)
            if not data:
                return
            method = data.partition(b" ")[0]
            if method.isalpha():
                self.asked.append(method)
                head = b"".join(_COPIED.findall(data))
                reply = b"SIP/2.0 %s\r\n%sContent-Length: 0\r\n\r\n" % (self._answer, head)
                self._socket.sendto(reply, peer)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An empty message ends it.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(LIMIT_S)
        self._socket.close()
