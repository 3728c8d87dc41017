"""Where it is measured: a folder on the disk that counts, and what the machine is."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import GateError

_IN_MEMORY = ("tmpfs", "ramfs")


@dataclass(frozen=True, slots=True)
class Place:
    """``folder`` is on the disk to be measured; ``sockets`` has a short name, as sockets need.

    ``within`` is the place of the whole run that this one is a part of; None where it is that.
    """

    folder: Path
    sockets: Path
    within: "Place | None" = None

    @property
    def whole(self) -> "Place":
        """The place of the whole run."""
        return self.within or self

    def sub(self, name: str) -> "Place":
        """A place of its own for one part of the run."""
        made = Place(self.folder / name, self.sockets / name, self.whole)
        for path in (made.folder, made.sockets):
            path.mkdir()
        return made


@contextmanager
def a_place(where: Path | None = None) -> Iterator[Place]:
    """A folder in ``where``, or beside the working directory; it is removed at the end.

    Raises GateError when it cannot be made.
    """
    beside = Path.cwd() if where is None else where
    try:
        folder = Path(tempfile.mkdtemp(prefix=".gate-bench-", dir=beside))
    except OSError as error:
        raise GateError(
            f"{beside}: no folder can be made here ({error.strerror}): name one with --dir, on the "
            "disk that the gate will use"
        ) from error
    sockets = Path(tempfile.mkdtemp(prefix="gb-"))
    try:
        yield Place(folder, sockets)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(sockets, ignore_errors=True)


def file_system(path: Path) -> tuple[str, str]:
    """Type and device of the file system that ``path`` lies on, from /proc/self/mountinfo."""
    path = path.resolve()
    best, found = -1, ("unknown", "unknown")
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        left, _, right = line.partition(" - ")
        mounted = Path(left.split(" ")[4].replace("\\040", " "))
        kind, device, *_ = right.split(" ")
        depth = len(mounted.parts)
        if path.is_relative_to(mounted) and depth >= best:
            best, found = depth, (kind, device)
    return found


def in_memory(path: Path) -> bool:
    """Whether nothing written there ever reaches a device."""
    return file_system(path)[0] in _IN_MEMORY


def machine(where: Path) -> Sequence[str]:
    """The machine in a few lines: processor, memory, kernel, Python, file system, load."""
    kind, device = file_system(where)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    disk = f"{kind} on {device}"
    if kind in _IN_MEMORY:
        disk += ": IN MEMORY, so nothing here says what a disk would cost"
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.1f} GB",
        f"Linux {platform.release()}, Python {platform.python_version()}",
        f"{where}: {disk}",
        f"load {os.getloadavg()[0]:.1f} when it began",
    )


def _processor() -> str:
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text("utf-8").rstrip("\0\n")
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
