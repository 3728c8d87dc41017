"""How long a test waits: one limit for everything that must come, and the wait itself.

Rules kept here:
- the limit is for a machine whose disk or processor stands still for a quarter of a minute; it
  costs nothing when all is well;
- a wait that proves that nothing comes is short, and says so by its name;
- where the product promises a time, the machine's own standstills are taken off what was measured
  (`Watch`): they are the machine's fault, and nothing else is forgiven.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

LIMIT_S = 90.0
"""Within this everything comes that comes at all."""

QUIET_S = 0.3
"""What did not come within this is taken not to come."""

T = TypeVar("T")


def until(look: Callable[[], T], what: str, limit_s: float = LIMIT_S, step_s: float = 0.01) -> T:
    """Look until it gives something true, and give that; fails with ``what`` was waited for."""
    ends, pause = time.monotonic() + limit_s, threading.Event()
    while not (found := look()):
        assert time.monotonic() < ends, f"not within {limit_s:g} s: {what}"
        pause.wait(step_s)
    return found


class Watch:
    """A stop watch, as a context, that runs only while the machine does.

    A thread naps and writes a byte through to the disk of the tests, over and over: what a round
    lasts beyond what is usual is time in which the machine stood still.
    """

    _NAP_S = 0.02
    _USUAL_S = 0.12

    def __init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._look, name="stop-watch", daemon=True)
        self._began = self._round = time.monotonic()
        self._stood_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        self.lap()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "a byte was not written: does the disk hang?"

    def lap(self) -> None:
        """Begin to measure anew."""
        with self._lock:
            self._began = self._round = time.monotonic()
            self._stood_s = 0.0

    @property
    def stood_s(self) -> float:
        """Seconds in which the machine stood still since the last lap."""
        with self._lock:
            return self._stood_s + self._excess(time.monotonic())

    @property
    def ran_s(self) -> float:
        """Seconds since the last lap, without those."""
        return time.monotonic() - self._began - self.stood_s

    def _excess(self, now: float) -> float:
        return max(0.0, now - self._round - self._USUAL_S)

    def _look(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            while not self._over.wait(self._NAP_S):
                file.write(b".")
                os.fsync(file.fileno())
                with self._lock:
                    now = time.monotonic()
                    self._stood_s += self._excess(now)
                    self._round = now
