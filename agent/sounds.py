"""The recordings of a lane's loudspeaker: which there are, and which are wanted.

Rules kept here:
- a recording is called after its moment (`agent.core.spoken`), with ``.wav`` behind it;
- a common recording stands in for one of a reason; what has none is told, and is silent;
- a look changes nothing and plays nothing.
"""

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from agent.core.spoken import SENTENCES, candidates
from agent.errors import SettingsError
from agent.opened import HiddenError

PLAYER: Final = "aplay"
INSTALL: Final = f"{PLAYER} is not on this machine: apt install alsa-utils"


class Found(StrEnum):
    """What is known of a recording."""

    THERE = "there"
    STAND_IN = "stand-in"
    MISSING = "missing"
    NO_WAV = "no WAV file"


def file_of(folder: Path, moment: str) -> Path:
    """Where the recording of a moment lies."""
    return folder / f"{moment}.wav"


def found(folder: Path, moment: str) -> Found:
    """What there is for a moment; raises HiddenError where this user may not look."""
    own = _look(file_of(folder, moment))
    if own is not Found.MISSING:
        return own
    others = candidates(moment)[1:]
    if any(_look(file_of(folder, other)) is Found.THERE for other in others):
        return Found.STAND_IN
    return Found.MISSING


def lacking(folder: Path) -> Iterator[str]:
    """The moments at which nothing can be said; raises HiddenError likewise."""
    for moment in SENTENCES:
        if found(folder, moment) in {Found.MISSING, Found.NO_WAV}:
            yield moment


def judge_sounds(folder: Path) -> None:
    """Raises SettingsError where recordings are missing, or what plays them."""
    names = [f"{moment}.wav" for moment in lacking(folder)]
    if names:
        told = f"{folder} has no recordings called {', '.join(names)}"
        raise SettingsError(f"{told}: gate-agent voice tells what to record")
    if shutil.which(PLAYER) is None:
        raise SettingsError(INSTALL)


def _look(path: Path) -> Found:
    try:
        if not path.is_file():
            return Found.MISSING
        with path.open("rb") as file:
            head = file.read(12)
    except PermissionError as fault:
        raise HiddenError(f"{path} cannot be read: {fault.strerror}; see who may read it") from None
    except OSError:
        return Found.NO_WAV
    return Found.THERE if head[:4] == b"RIFF" and head[8:] == b"WAVE" else Found.NO_WAV
