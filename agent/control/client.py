"""The near end of the control socket, for the command line and the console."""

import contextlib
import errno
import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from agent.errors import GateError

_LINE = 4 * 1024 * 1024


class NotRunningError(GateError):
    """No daemon listens at the control socket."""


class NotAllowedError(GateError):
    """The control socket is not for this user. Whether a daemon listens there is not known."""


class ControlClient:
    """One connection; raises NotRunningError when no daemon is there, GateError for its refusals.

    Raises NotAllowedError when this user may not reach the socket. ``limit_s`` bounds every wait.
    """

    def __init__(self, path: Path, limit_s: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(limit_s)
        try:
            self._socket.connect(str(path))
        except OSError as fault:
            self._socket.close()
            raise _refused(path, fault) from fault
        self._file = self._socket.makefile("rb")
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a `feed` in another thread ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()

    def ask(self, op: str, **args: object) -> Any:
        """Ask for ``op`` and return its result."""
        number = next(self._ids)
        line = json.dumps({"id": number, "op": op, **args}, ensure_ascii=False)
        # A daemon that has hung up may have said why: that is read in any case.
        with contextlib.suppress(OSError):
            self._socket.sendall(line.encode() + b"\n")
        answer = self._read(op)
        if not answer.get("ok"):
            raise GateError(str(answer.get("error", "the daemon gave no reason")))
        return answer.get("result")

    def feed(self) -> Iterator[dict[str, Any]]:
        """Entries and lanes as they come from now on, until the daemon ends or `close` is called.

        What comes between this call and the first look is not missed.
        """
        self.ask("feed")
        self._socket.settimeout(None)
        return self._fed()

    def _fed(self) -> Iterator[dict[str, Any]]:
        while line := self._line("feed"):
            yield _news(line)

    def _read(self, op: str) -> dict[str, Any]:
        line = self._line(op)
        if not line:
            raise GateError(f"the daemon hung up before it answered {op!r}")
        return _news(line)

    def _line(self, op: str) -> bytes:
        try:
            return self._file.readline(_LINE)
        except TimeoutError as fault:
            limit = self._socket.gettimeout()
            message = f"the daemon did not answer {op!r} within {limit:g} s: not known yet"
            raise GateError(message) from fault
        except OSError as fault:
            raise GateError(f"the daemon hung up while {op!r} was asked: {fault}") from fault


def _refused(path: Path, fault: OSError) -> GateError:
    why = fault.strerror or fault
    if fault.errno in (errno.EACCES, errno.EPERM):
        return NotAllowedError(
            f"you may not use the control socket {path} ({why}): join the group gate-agent "
            "(as root: adduser NAME gate-agent), then log in again"
        )
    return NotRunningError(
        f"no gate-agent answers at {path} ({why}): is the daemon running? see systemctl status "
        "gate-agent"
    )


def _news(line: bytes) -> dict[str, Any]:
    try:
        news: dict[str, Any] = json.loads(line)
    except ValueError as fault:
        raise GateError(f"the daemon's line cannot be read, was it cut off? {fault}") from fault
    return news
