"""Small files that are read whole: keys, passwords, certificates.

Rules kept here:
- what is no ordinary file (a folder, a pipe, a device) is refused, so that nothing waits or fills;
- a file that is not there, and one that this user may not read, are told apart from all others.
"""

import os
import stat
from pathlib import Path
from typing import Final

from agent.errors import SettingsError

LARGEST: Final = 256 * 1024
"""Bytes; a list of certificate authorities of a whole system fits."""


class AbsentError(SettingsError):
    """There is no such file."""


class HiddenError(SettingsError):
    """The file is not for this user to read, or it cannot be known whether it is there."""


def contents(place: Path, called: str) -> bytes:
    """The bytes of the file; ``called`` is what stands before its path in a sentence.

    Raises AbsentError, HiddenError, or SettingsError for what cannot be read or is no such file.
    """
    what = f"{called} {place}".lstrip()
    try:
        with open(place, "rb", opener=_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SettingsError(f"{what} cannot be read: it is no ordinary file")
            found = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise AbsentError(f"{what} cannot be read: there is no such file") from None
    except PermissionError as fault:
        told = f"{what} cannot be read: {fault.strerror}; see who may read it"
        raise HiddenError(told) from None
    except OSError as fault:
        raise SettingsError(f"{what} cannot be read: {fault.strerror}") from None
    if len(found) > LARGEST:
        raise SettingsError(f"{what} is too large: at most {LARGEST // 1024} KiB")
    return found


def _at_once(place: str, flags: int) -> int:
    """Open without waiting for anybody at the other end of a pipe."""
    return os.open(place, flags | os.O_NONBLOCK)


def read_by_all(place: Path) -> bool:
    """Whether every user of this machine can read the file; False where that cannot be seen."""
    try:
        real = place.resolve(strict=True)
        ways = [real.stat().st_mode & stat.S_IROTH]
        ways += [folder.stat().st_mode & stat.S_IXOTH for folder in real.parents]
    except OSError:
        return False
    return all(ways)
