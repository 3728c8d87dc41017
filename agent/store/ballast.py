"""Ballast: bytes set aside next to the ledger, given up once when the disk is full.

Rules kept here:
- on a full disk SQLite can neither delete nor checkpoint; only freeing another file helps, and then
  the same connection goes on;
- it is released once, and laid again only when there is room for it and as much again.
"""

import errno
import os
import sqlite3
from pathlib import Path

MIB = 1024 * 1024
_ROOM = 2


class Ballast:
    """The file ``<ledger>.ballast``. ``size`` in bytes; 0 means that there is none."""

    def __init__(self, ledger: Path, size: int) -> None:
        self._path = ledger.with_name(ledger.name + ".ballast")
        self._size = size
        self.laid = False

    def lay(self) -> bool:
        """Set the bytes aside; False when there is no room for twice as many."""
        if self._size == 0:
            self.laid = True
            return True
        try:
            if self._path.exists() and self._path.stat().st_size == self._size:
                self.laid = True
                return True
            room = os.statvfs(self._path.parent)
            if room.f_bavail * room.f_frsize < _ROOM * self._size:
                return False
            self._fill()
        except OSError:
            self._remove()
            return False
        self.laid = True
        return True

    def release(self) -> bool:
        """Give the bytes back to the file system; False when there are none to give."""
        if not self.laid:
            return False
        self.laid = False
        return self._size > 0 and self._remove()

    def _fill(self) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(fd, 0, self._size)
            os.ftruncate(fd, self._size)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _remove(self) -> bool:
        try:
            self._path.unlink()
            # Without this ext4 may still count the blocks as used when the next write comes.
            fd = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            os.fsync(fd)
        except OSError:
            return True
        finally:
            os.close(fd)
        return True


def disk_full(error: sqlite3.Error, directory: Path) -> bool:
    """True when SQLite failed because no room is left on the file system of ``directory``."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return True
    if code != sqlite3.SQLITE_IOERR:
        return False
    try:
        room = os.statvfs(directory)
    except OSError as broken:
        return broken.errno == errno.ENOSPC
    return room.f_bavail * room.f_frsize < MIB
