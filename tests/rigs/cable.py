"""A cable between two machines, and somebody who cuts it without a word.

Two network namespaces of our own with a pair of veth between them. Nothing of them has a name in
the system or a process of its own: they go with their descriptors. A namespace belongs to a thread,
and whatever it starts, threads, processes and sockets, stays where it was started.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

from tests.patience import LIMIT_S

_CLONE_NEWNET = 0x4000_0000
_HERE = "/proc/thread-self/ns/net"
_DROP = """table inet cable {
  chain arriving { type filter hook prerouting priority 0; policy accept; iifname "%s" drop; }
}
"""


def _call(name: str, *arguments: int) -> None:
    """A system call that Python 3.11 has no function for (setns(2), unshare(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _run(*command: str, text: str | None = None) -> None:
    subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=LIMIT_S)


class Cable:
    """As a context; `near` and `far` bring a thread to its ends. Needs root, ip and nft."""

    NEAR, FAR = "10.77.0.1", "10.77.0.2"

    def __init__(self) -> None:
        self._ends: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            for name in ("near", "far"):
                self._ends[name] = self._make()
            with self.near():
                far = f"/proc/{os.getpid()}/fd/{self._ends['far']}"
                _run("ip", "link", "add", "near0", "type", "veth", "peer", "far0", "netns", far)
            for name, address in (("near", self.NEAR), ("far", self.FAR)):
                with self._inside(name):
                    _run("ip", "link", "set", "lo", "up")
                    _run("ip", "address", "add", f"{address}/24", "dev", f"{name}0")
                    _run("ip", "link", "set", f"{name}0", "up")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        for descriptor in self._ends.values():
            os.close(descriptor)
        self._ends.clear()

    @staticmethod
    def _make() -> int:
        before = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("unshare", _CLONE_NEWNET)
            fresh = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
            _call("setns", before, _CLONE_NEWNET)
        finally:
            os.close(before)
        return fresh

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        before = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("setns", self._ends[name], _CLONE_NEWNET)
            try:
                yield
            finally:
                _call("setns", before, _CLONE_NEWNET)
        finally:
            os.close(before)

    def near(self) -> AbstractContextManager[None]:
        """What is started in here is at the near end, under the address NEAR."""
        return self._inside("near")

    def far(self) -> AbstractContextManager[None]:
        """What is started in here is at the far end, under the address FAR."""
        return self._inside("far")

    def cut(self) -> None:
        """From now on nothing arrives on either side, and nobody is told."""
        for name in ("near", "far"):
            with self._inside(name):
                _run("nft", "-f", "-", text=_DROP % f"{name}0")

    def mend(self) -> None:
        """The cable is whole again."""
        for name in ("near", "far"):
            with self._inside(name):
                _run("nft", "delete", "table", "inet", "cable")
