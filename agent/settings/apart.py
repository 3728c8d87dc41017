"""Reads the settings in a process of their own and brings home the plain result.

Rules kept here:
- the child gets the file's name and a limit in time, and ends by itself;
- what comes back over the pipe is made by our own code, under our own user.
"""

import dataclasses
import os
import pickle
import subprocess
import sys

from agent.errors import SettingsError
from agent.settings.faults import MISSING, Fault, FaultySettingsError
from agent.settings.models import Paths, Settings

LIMIT_S = 60
"""Seconds; a Pi Zero with a cold card needs about ten."""

ELSEWHERE = "the settings of this gate, named by --config FILE or GATE_AGENT_CONFIG"
"""What is said of a missing file to those who may not have named it themselves."""

File = str | os.PathLike[str]


class Loading:
    """Settings on their way: the child begins at once, and its parent may do other things.

    Raises SettingsError if no child can be run.
    """

    def __init__(self, path: File, paths: Paths | None = None) -> None:
        self._path = os.fspath(path)
        told = [str(paths.state), str(paths.run)] if paths is not None else []
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(place or "." for place in sys.path),
            "PYDANTIC_DISABLE_PLUGINS": "__all__",  # looking for them costs 0.1 s
        }
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent.settings", self._path, *told],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            raise self._failed(str(error)) from None

    def result(self) -> Settings:
        """Wait for the settings; may be called once.

        Raises FaultySettingsError with every fault of the file, SettingsError if the child failed.
        """
        try:
            out, told = self._child.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            raise self._failed(f"it took more than {LIMIT_S} s") from None
        if self._child.returncode != 0:
            raise self._failed(told.decode(errors="replace").strip().rpartition("\n")[2][:300])
        found = pickle.loads(out)  # noqa: S301 -- our own child's pipe
        if isinstance(found, Settings):
            return found
        raise FaultySettingsError([elsewhere(fault) for fault in found])

    def _failed(self, why: str) -> SettingsError:
        return SettingsError(f"{self._path}: the process that reads the settings failed: {why}")


def elsewhere(fault: Fault) -> Fault:
    """The fault, for somebody who may not have named the file that is missing."""
    missing = fault.problem == MISSING and not fault.line
    return dataclasses.replace(fault, allowed=ELSEWHERE) if missing else fault


def load(path: File, paths: Paths | None = None) -> Settings:
    """The settings of the file, with ``paths`` in place of its own where given.

    Raises FaultySettingsError with every fault of the file, SettingsError if no child can be run.
    """
    return Loading(path, paths).result()
