"""The thread of a driver: started once, woken from outside, stopped within a limit.

Rules kept here:
- a worker is one run of one thread: who wants a second run makes a second worker;
- `Worker.stop` returns when the thread has ended, or says which one has not, and what to do;
- a wake-up stays until the thread takes it back, however many there were;
- the descriptor lives as long as the thread, and is written to under the lock only: when somebody
  comes too late to wake it, its number may be another file's already.
"""

import contextlib
import os
import select
import threading
from collections.abc import Callable

from agent.errors import DeviceError

STOP_S = 2.0
_PIECES = 10


class Worker:
    """A thread called ``name`` that does ``run``, which ends soon when `stopping` turns true.

    ``what`` is whose thread it is, in a sentence (reader in-1 on /dev/ttyUSB0). ``limit_s`` is how
    long `stop` waits, in seconds. In its own thread a poll takes it for a file, which is readable
    from when it is woken or told to stop until `clear`.
    """

    def __init__(
        self, name: str, what: str, run: Callable[[], object], limit_s: float = STOP_S
    ) -> None:
        self._what = what
        self._run = run
        self._limit_s = limit_s
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._file = -1

    @property
    def started(self) -> bool:
        """It was started, and may have ended since."""
        return self._thread.ident is not None

    @property
    def stopping(self) -> bool:
        """It was told to stop, which it stays."""
        return self._stopping.is_set()

    def once(self) -> None:
        """Raises DeviceError when it was started before: for what must not be changed then."""
        if self.started:
            raise DeviceError(f"{self._what} is started already: make a new one instead")

    def start(self) -> None:
        """Begin; one that was told to stop before ends at once.

        Raises DeviceError when it was started before, OSError when there are too many open files.
        """
        with self._lock:
            self.once()
            self._file = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; safe to call twice, before `start`, and in several threads at once.

        Raises DeviceError when it does not end within the limit; it may be tried again.
        """
        self._stopping.set()
        self.wake()
        if not self.started:
            return
        # A machine that stands still for seconds costs one piece of the limit, not all of it.
        for _ in range(_PIECES):
            self._thread.join(self._limit_s / _PIECES)
            if not self._thread.is_alive():
                break
        else:
            raise DeviceError(
                f"{self._what} did not stop within {self._limit_s:g} s: its thread "
                f"{self._thread.name} is stuck in its device, or in what it hands its events to; "
                "it ends with the program: look at device and cable if that happens again"
            )

    def wake(self) -> None:
        """Let it look for what is new; from any thread, nothing happens when it does not run."""
        with self._lock:
            if self._file >= 0:
                os.eventfd_write(self._file, 1)

    # What its own thread does

    def fileno(self) -> int:
        """For a poll; -1 when the thread does not run."""
        return self._file

    def clear(self) -> None:
        """Take the wake-ups back, before looking for what is new."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._file)

    def rest(self, seconds: float) -> bool:
        """Wait until it is woken, and take that back; False when time is over, or it is to stop."""
        if self.stopping:
            return False
        wait = select.poll()
        wait.register(self, select.POLLIN)
        if not wait.poll(max(0.0, seconds) * 1000):
            return False
        self.clear()
        return not self.stopping

    def pause(self, seconds: float) -> None:
        """Wait that long, or until it is to stop; a wake-up is left as it is."""
        self._stopping.wait(seconds)

    def _work(self) -> None:
        try:
            self._run()
        finally:
            with self._lock:
                os.close(self._file)
                self._file = -1
