"""The lock of the ledger: one writer at a time, the daemon or a command when none runs.

Rules kept here:
- the lock is ``flock`` on ``<ledger>.lock``; the kernel lets go of it when its holder dies;
- the file stays, and names the process that holds or last held the lock.
"""

import fcntl
import os
from pathlib import Path

from agent.errors import StoreError


class Lock:
    """Held from `take` to `release`."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @classmethod
    def take(cls, ledger: Path) -> "Lock":
        """Take the lock of this ledger at once, or raise StoreError that names who has it."""
        path = ledger.with_name(ledger.name + ".lock")
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot make the lock file ({error.strerror}): the directory must exist "
                "and belong to the user that gate-agent runs as"
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise StoreError(
                f"{ledger}: process {holder} is writing to this ledger: stop it first "
                "(systemctl stop gate-agent), or let it do the work through its control socket"
            ) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return cls(path, fd)

    def release(self) -> None:
        """Let go; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
