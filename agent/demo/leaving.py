"""How the demo is ended from outside: a signal, or a terminal that is gone, becomes an exception.

Rules kept here:
- only the first of them raises, and only between `listen` and `hush`: a closed terminal comes as a
  signal and as a read that fails, and the second must not cut short what the first has begun;
- what could not be raised is not forgotten: it waits for the next `check`.
"""

import signal
import sys
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Leaving:
    """Takes the signals while it is a context, which only the main thread can be."""

    def __init__(self) -> None:
        self._number = 0
        self._listening = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._told)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """From here on what ends the demo raises SystemExit; at once, if it came before."""
        self._listening = True
        self.check()

    def hush(self) -> None:
        """From here on nothing is interrupted any more."""
        self._listening = False

    def check(self) -> None:
        """Raise what came. It may have been lost: Python drops what is raised in a finalizer."""
        if self._number and self._listening:
            sys.exit(128 + self._number)

    def terminal_gone(self) -> None:
        """There is no terminal any more: leave as its signal would have it."""
        self._told(signal.SIGHUP, None)
        self.check()

    def _told(self, number: int, _frame: FrameType | None) -> None:
        if not self._number:
            self._number = number
            self.check()
