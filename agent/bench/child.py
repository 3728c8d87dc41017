"""A child process of a benchmark that says ``ready``, and is always ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll

from agent.errors import GateError

READY_S = 20.0


@contextmanager
def a_child(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``python -m module``; its standard output is a pipe. Killed when the context is left.

    Raises GateError when it does not print ``ready`` in time.
    """
    # Unbuffered: a line that was read ahead would be one that `says` waits for in vain.
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        if not says(child, READY_S).startswith(b"ready"):
            raise GateError(f"{module} did not become ready: run it by hand to see why")
        yield child
    finally:
        child.kill()
        child.communicate()


def says(child: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """The next line of the child; empty when it ended. Raises GateError after ``limit_s``."""
    out = child.stdout
    if out is None:
        raise GateError("the child has no standard output")
    waiting = poll()
    waiting.register(out, POLLIN)
    if not waiting.poll(limit_s * 1000):
        raise GateError(f"the child said nothing for {limit_s:g} s")
    return out.readline()
