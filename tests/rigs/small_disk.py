"""A disk of a few megabytes that can be filled to the last block and freed again: a tmpfs."""

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

BLOCK = 4096


class SmallDisk:
    """At ``mount``, of ``megabytes``; a context, needs root. ``filler`` is what takes its room."""

    def __init__(self, mount: Path, megabytes: int) -> None:
        self.mount = mount
        self.filler = mount / "filler"
        self._size = f"size={megabytes}m"

    def __enter__(self) -> Self:
        self.mount.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", self._size, "tmpfs", str(self.mount)]
        subprocess.run(command, check=True, capture_output=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subprocess.run(["umount", "-l", str(self.mount)], check=True, capture_output=True)

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        room = os.statvfs(self.mount)
        return room.f_bavail * room.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Take all room but ``leave`` bytes (whole blocks)."""
        with self.filler.open("ab", buffering=0) as file:
            while self.free - leave >= BLOCK:
                file.write(bytes(min(self.free - leave, 1 << 20) // BLOCK * BLOCK))

    def empty(self) -> None:
        """Give all of it back."""
        self.filler.unlink(missing_ok=True)
