"""A disk whose power can be cut: a FUSE file system that forgets what was not fsynced.

Rules kept here:
- what is written lies in this process' memory; `fsync` and `fdatasync` of a file bring its bytes to
  the backing directory, `fsync` of the directory its names; nothing else ever does. So a new file
  is there after a cut only when both were synced, and a rename or removal without the directory's
  sync has not happened: more forgetful than any real file system;
- a cut is the end of this process. With ``keep`` above 0 the disk had begun with what was not
  synced: each page and each name is kept by chance, as a drive writes its cache in any order;
- one directory, no subdirectories: that is all that a ledger needs;
- a sync can be held up (`stall`), as a worn-out card does.

``python -m tests.rigs.forgetful_fs MOUNT BACKING`` is the disk itself; `ForgetfulDisk` runs it.
"""

import contextlib
import errno
import json
import os
import random
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mfusepy import FUSE, FuseOSError, Operations

from tests.patience import LIMIT_S, until

PAGE = 4096
ROOM = 1 << 20
LONGEST_STALL_S = LIMIT_S
_OWNER = {"st_uid": os.getuid(), "st_gid": os.getgid()}


class File:
    """What a name points to: the bytes now, and which pages of them the disk has not got."""

    def __init__(self, ident: int, mode: int, data: bytes = b"") -> None:
        self.ident = ident
        self.mode = mode
        self.data = bytearray(data)
        self.dirty: set[int] = set()
        self.times = (time.time_ns(), time.time_ns())

    def write(self, data: bytes, offset: int) -> None:
        """Bytes into the memory."""
        self.resize(max(len(self.data), offset + len(data)))
        self.data[offset : offset + len(data)] = data
        self.dirty.update(range(offset // PAGE, -(-(offset + len(data)) // PAGE)))
        self.times = (self.times[0], time.time_ns())

    def resize(self, length: int) -> None:
        """Cut off, or fill up with zeros."""
        was = len(self.data)
        if length < was:
            del self.data[length:]
        else:
            self.data.extend(bytes(length - was))
        if length != was:
            self.dirty.update(range(min(was, length) // PAGE, -(-max(was, length) // PAGE)))


class Memory(Operations):  # type: ignore[misc]  # mfusepy's class is Any for mypy
    """The file system: names and files in memory, and what of them the backing directory has."""

    use_ns = True

    def __init__(self, backing: Path) -> None:
        self._backing = backing
        self._lock = threading.RLock()
        self._names: dict[str, File] = {}
        self._files: dict[int, File] = {}
        self._flowing = threading.Event()
        self._flowing.set()
        self._waiting = 0
        self._last_sync: tuple[int, int, float] | None = None
        self.syncs = 0
        kept = self._kept_names()
        for name, (ident, mode) in kept.items():
            place = self._place(ident)
            self._names[name] = File(ident, mode, place.read_bytes() if place.exists() else b"")
        stored = (int(one.name.removeprefix("file-")) for one in backing.glob("file-*"))
        self._last = max((*stored, *(ident for ident, _ in kept.values())), default=0)

    def _kept_names(self) -> dict[str, tuple[int, int]]:
        listing = self._backing / "names"
        return json.loads(listing.read_text()) if listing.exists() else {}

    def _place(self, ident: int) -> Path:
        return self._backing / f"file-{ident}"

    def _find(self, path: str, handle: int | None = None) -> File:
        with self._lock:
            found = self._files.get(handle or 0) or self._names.get(path[1:])
        if found is None:
            raise FuseOSError(errno.ENOENT)
        return found

    # What makes things durable

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        """Bring a file's bytes to the disk (fsync and fdatasync alike: the length is needed)."""
        del datasync
        with self._lock:
            self._waiting += 1
        flowing = self._flowing.wait(LONGEST_STALL_S)
        with self._lock:
            self._waiting -= 1
            if not flowing:
                raise FuseOSError(errno.EIO)
            self._count()
            file = self._find(path, fh)
            self._store(file, file.dirty, len(file.data))
            file.dirty.clear()
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        """Bring the names to the disk."""
        del path, datasync, fh
        with self._lock:
            self._count()
            self._store_names(self._names)
        return 0

    def _count(self) -> None:
        if self._last_sync is not None and self.syncs >= self._last_sync[0]:
            self.cut(*self._last_sync[1:])
        self.syncs += 1

    def expire(self, syncs: int, seed: int, keep: float) -> None:
        """Let the power go in the middle of the sync after this many."""
        self._last_sync = (syncs, seed, keep)

    def _store(self, file: File, pages: set[int], length: int) -> None:
        handle = os.open(self._place(file.ident), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, length)
            for page in pages:
                start = page * PAGE
                os.pwrite(handle, file.data[start : min(start + PAGE, length)], start)
        finally:
            os.close(handle)

    def _store_names(self, names: dict[str, File]) -> None:
        self._replace_names({name: (file.ident, file.mode) for name, file in names.items()})

    def _replace_names(self, listing: dict[str, tuple[int, int]]) -> None:
        fresh = self._backing / "names.new"
        fresh.write_text(json.dumps(listing))
        fresh.rename(self._backing / "names")

    def cut(self, seed: int, keep: float) -> None:
        """The power goes: by chance some of what was not synced is on the disk all the same."""
        chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
        with self._lock:
            kept = self._kept_names()
            for name in {*kept, *self._names}:
                if chance.random() < keep:
                    file = self._names.get(name)
                    kept.pop(name, None)
                    if file is not None:
                        kept[name] = (file.ident, file.mode)
            for file in {*self._names.values(), *self._files.values()}:
                place = self._place(file.ident)
                length = place.stat().st_size if place.exists() else 0
                pages = {page for page in file.dirty if chance.random() < keep}
                if pages:
                    length = max(length, min(len(file.data), (max(pages) + 1) * PAGE))
                    self._store(file, pages, length)
            self._replace_names(kept)
            os._exit(0)

    def stall(self, *, on: bool) -> None:
        """Hold up every sync from here on, or let them go on."""
        if on:
            self._flowing.clear()
        else:
            self._flowing.set()

    @property
    def waiting(self) -> int:
        """How many syncs are held up now."""
        return 0 if self._flowing.is_set() else self._waiting

    # What any file system does, in memory

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **_OWNER}
        file = self._find(path, fh)
        return {
            "st_mode": stat.S_IFREG | file.mode,
            "st_nlink": 1,
            "st_size": len(file.data),
            "st_blocks": -(-len(file.data) // 512),
            "st_atime": file.times[0],
            "st_mtime": file.times[1],
            "st_ctime": file.times[1],
            **_OWNER,
        }

    def readdir(self, path: str, fh: int) -> list[str]:
        del path, fh
        with self._lock:
            return [".", "..", *self._names]

    def create(self, path: str, mode: int, fi: object = None) -> int:
        del fi
        with self._lock:
            self._last += 1
            self._names[path[1:]] = File(self._last, stat.S_IMODE(mode))
        return self.open(path, 0)

    def open(self, path: str, flags: int) -> int:
        del flags
        with self._lock:
            file = self._find(path)
            self._files[file.ident] = file
        return file.ident

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        file = self._find(path, fh)
        with self._lock:
            return bytes(file.data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        file = self._find(path, fh)
        with self._lock:
            file.write(data, offset)
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._lock:
            self._find(path, fh).resize(length)
        return 0

    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        del mode
        with self._lock:
            file = self._find(path, fh)
            file.resize(max(len(file.data), offset + size))
        return 0

    def unlink(self, path: str) -> int:
        with self._lock:
            self._find(path)
            del self._names[path[1:]]
        return 0

    def rename(self, old: str, new: str) -> int:
        with self._lock:
            self._names[new[1:]] = self._find(old)
            del self._names[old[1:]]
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._find(path).mode = stat.S_IMODE(mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        self._find(path).times = times or (time.time_ns(), time.time_ns())
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        del path
        return {"f_bsize": PAGE, "f_frsize": PAGE, "f_blocks": ROOM, "f_bfree": ROOM,
                "f_bavail": ROOM, "f_namemax": 255}  # fmt: skip


def _obey(listening: socket.socket, memory: Memory) -> None:
    while True:
        peer, _ = listening.accept()
        with peer, peer.makefile("rw") as lines:
            for line in lines:
                match line.split():
                    case ["cut", seed, keep]:
                        memory.cut(int(seed), float(keep))
                    case ["expire", syncs, seed, keep]:
                        memory.expire(int(syncs), int(seed), float(keep))
                    case ["stall"]:
                        memory.stall(on=True)
                    case ["free"]:
                        memory.stall(on=False)
                lines.write(f"{memory.waiting} {memory.syncs}\n")
                lines.flush()


def main(mount: Path, backing: Path) -> None:
    """Serve until the mount is taken away, or the power goes."""
    memory = Memory(backing)
    place = backing / "control"
    place.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place))
    listening.listen(4)
    threading.Thread(target=_obey, args=(listening, memory), name="control", daemon=True).start()
    # The cache of the kernel is what mapped memory needs; it goes with the mount.
    FUSE(memory, str(mount), foreground=True, kernel_cache=True)


class ForgetfulDisk:
    """The disk at ``folder/disk``; a context. ``folder`` is short: a socket lies in it."""

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "disk"
        self._backing = folder / "backing"
        self._process: subprocess.Popen[bytes] | None = None
        for each in (self.mount, self._backing):
            each.mkdir(parents=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Mount it with what it has; fails when it does not come to be there."""
        command = [sys.executable, "-m", "tests.rigs.forgetful_fs"]
        command += [str(self.mount), str(self._backing)]
        with (self._backing / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._mounted, "the disk is mounted")

    def _mounted(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._backing / "log").read_text()
        return self.mount.is_mount()

    def cut(self, seed: int = 0, keep: float = 0.0) -> None:
        """Cut the power and give it back. Whoever used the disk has to be dead by then."""
        self._tell(f"cut {seed} {keep}")
        self.recover()

    def expire(self, syncs: int, seed: int = 0, keep: float = 0.0) -> None:
        """Let the power go in the middle of the sync after this many; then call `recover`."""
        self._tell(f"expire {syncs} {seed} {keep}")

    @property
    def gone(self) -> bool:
        """The power is gone."""
        return self._process is not None and self._process.poll() is not None

    def recover(self) -> None:
        """Give the power back. Whoever used the disk has to be dead by then."""
        self._end()
        self.start()

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Hold up every fsync of a file for as long as the context lasts (a minute at most)."""
        self._tell("stall")
        try:
            yield
        finally:
            self._tell("free")

    def held_up(self) -> int:
        """How many fsyncs wait now."""
        return int(self._tell("look").split()[0])

    def stop(self) -> None:
        """Unmount it; safe to call twice. What it had durable stays in its backing directory."""
        if self._process is None:
            return
        self._process.kill()
        self._end()

    def _tell(self, line: str) -> str:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(LIMIT_S)
            peer.connect(str(self._backing / "control"))
            peer.sendall(f"{line}\n".encode())
            return peer.recv(100).decode()

    def _end(self) -> None:
        if self._process is not None:
            self._process.wait(LIMIT_S)
            self._process = None
        subprocess.run(["umount", "-l", self.mount], check=False, capture_output=True)
        assert not self.mount.is_mount()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
