"""One program that the demo runs beside itself.

Rules kept here:
- a child is on a leash, is stopped by its pid, and is waited for;
- what it says goes to a file of the demo's folder, so that its last words can be told.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from agent.demo.leash import leashed
from agent.errors import GateError
from agent.simulate import ended

STOP_S = 5.0


class Child:
    """Started when made. ``piped``: its standard output is `lines`, else it goes to the log."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, *, piped: bool = False
    ) -> None:
        self._name = name
        self._log = log
        try:
            with log.open("ab") as out:
                self._process = subprocess.Popen(
                    leashed(command),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if piped else out,
                    stderr=out,
                )
        except OSError as fault:
            raise GateError(f"{name} cannot be started: {fault}") from fault

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def lines(self) -> IO[bytes]:
        """Its standard output; raises GateError when that goes to the log."""
        if self._process.stdout is None:
            raise GateError(f"{self._name} has no standard output to read")
        return self._process.stdout

    def running(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text("utf-8", "replace").strip()[-1000:]

    def stop(self) -> int:
        """End it in order, or by force after `STOP_S` seconds; gives its exit code."""
        if self.running():
            self._process.terminate()
        return ended(self._process, self._name, STOP_S)
