"""What all serial lines have in common: why one cannot be used, and when to try again."""

import errno
import random

BACK_OFF_FIRST_S = 0.05
BACK_OFF_LIMIT_S = 2.0


def why(port: str, error: Exception) -> str:
    """Why the port cannot be used, and what to do about it."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"{port} is not there: is the adapter plugged in? see ls /dev/serial/by-path"
    if number == errno.EACCES:
        return f"{port} may not be opened: is the user in the group dialout?"
    if number in (errno.EBUSY, errno.EWOULDBLOCK):
        return f"{port} is busy: another program has it open, or holds its lock"
    return f"{port}: {error}"


def back_off(tries: int) -> float:
    """Seconds to wait before the next opening: doubles up to the limit, half of it jitter."""
    longest = min(BACK_OFF_LIMIT_S, BACK_OFF_FIRST_S * 2.0 ** min(tries, 10))
    return random.SystemRandom().uniform(longest / 2, longest)
