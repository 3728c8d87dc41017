"""Recorded calls: files that the intercom writes, and that are deleted when they are old enough.

Rules kept here:
- only what the intercom has made is deleted: plain files with its names, in that directory itself;
- a link is never followed: the directory belongs to a user who may do less than who tidies it.
"""

import os
import re
import stat
from datetime import timedelta
from pathlib import Path

from agent.errors import GateError

_MADE = re.compile(r"dump-[0-9-]{19}-(?:enc|dec)\.wav")


def tidy(directory: Path, keep: timedelta, now: float) -> tuple[int, int]:
    """Delete files that were last written longer than ``keep`` before ``now`` (Unix time).

    Gives how many are gone and how many are left. Raises GateError when that is not possible.
    """
    gone = left = 0
    try:
        where = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise GateError(_says(directory, error)) from error
    try:
        with os.scandir(where) as entries:
            found = [each for each in entries if _MADE.fullmatch(each.name)]
        for each in found:
            told = each.stat(follow_symlinks=False)
            if stat.S_ISREG(told.st_mode) and now - told.st_mtime > keep.total_seconds():
                os.unlink(each.name, dir_fd=where)
                gone += 1
            else:
                left += 1
    except OSError as error:
        raise GateError(_says(directory, error)) from error
    finally:
        os.close(where)
    return gone, left


def _says(directory: Path, error: OSError) -> str:
    return (
        f"recorded calls in {directory} cannot be tidied ({error.strerror}): see whether it is "
        "there, is no link, and who may write in it"
    )
