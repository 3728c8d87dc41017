"""Reads the settings in a process of their own and brings home the plain result.

Rules kept here:
- the child gets the file's name and a limit in time, and ends by itself;
- what comes back over the pipe is made by our own code, under our own user.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

from agent.errors import SettingsError
from agent.settings.faults import FaultySettingsError
from agent.settings.models import Paths, Settings

LIMIT_S = 60
"""Seconds; a Pi Zero with a cold disk needs about ten."""


def load(path: str | os.PathLike[str], paths: Paths | None = None) -> Settings:
    """The settings of the file, with ``paths`` in place of its own where given.

    Raises FaultySettingsError with every fault of the file, SettingsError if no child can be run.
    """
    told = [str(paths.state), str(paths.run)] if paths is not None else []
    command = [sys.executable, "-P", "-m", "agent.settings", str(Path(path)), *told]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)}
    try:
        done = subprocess.run(  # noqa: S603 -- our own interpreter and module
            command, env=environment, capture_output=True, timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"{path}: the process that reads the settings failed: {error}") from None
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SettingsError(f"{path}: the process that reads the settings failed: {last[:300]}")
    found = pickle.loads(done.stdout)  # noqa: S301 -- our own child's pipe
    if isinstance(found, Settings):
        return found
    raise FaultySettingsError(found)
