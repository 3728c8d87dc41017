"""How long a test waits: one limit for everything that must come, and the wait itself.

Rules kept here:
- the limit is for a machine whose disk or processor stands still for a quarter of a minute; it
  costs nothing when all is well, and no test asserts that something was fast;
- a wait that proves that nothing comes is short, and is called `QUIET_S`.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

LIMIT_S = 90.0
"""Within this everything comes that comes at all."""

QUIET_S = 0.3
"""What did not come within this is taken not to come: long for us, short for a run."""

T = TypeVar("T")


def until(look: Callable[[], T], what: str, limit_s: float = LIMIT_S, step_s: float = 0.01) -> T:
    """Look until it gives something true, and give that; fails with ``what`` was waited for."""
    ends, pause = time.monotonic() + limit_s, threading.Event()
    while not (found := look()):
        assert time.monotonic() < ends, f"not within {limit_s:g} s: {what}"
        pause.wait(step_s)
    return found
