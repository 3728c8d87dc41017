"""Reads the settings in this process, for whoever soon ends: a command, a simulated gate.

Rules kept here:
- the same settings and the same faults as `agent.settings.load` brings from a process of its own;
- a second Python that imports all of this again would take longer than most commands. The daemon
  and the console, which stay, do not come here: the validator would stay with them.
"""

import os
from pathlib import Path

from agent.settings.apart import elsewhere
from agent.settings.faults import FaultySettingsError
from agent.settings.models import Paths, Settings


def load(path: Path, paths: Paths | None = None) -> Settings:
    """The settings of the file, with ``paths`` in place of its own where given.

    Raises FaultySettingsError with every fault of the file.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them costs 0.1 s
    # Only here: the validator looks at the environment, and --help needs none.
    from agent.settings.reading import read  # noqa: PLC0415

    try:
        return read(path, paths)
    except FaultySettingsError as error:
        raise FaultySettingsError([elsewhere(fault) for fault in error.faults]) from None
