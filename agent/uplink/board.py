"""The board between the loop's thread, which writes on it, and the uplink's, which reads it.

Rules kept here:
- only the latest counts: one head, one picture per lane; nothing piles up;
- writing costs a few microseconds and never waits for the network.
"""

import os
import threading
from collections.abc import Sequence
from select import POLLIN, poll
from time import monotonic

from agent.core.ids import LaneId
from agent.core.view import LaneView
from agent.ports import Head

LONGEST_WAIT_S = 60.0


class Board:
    """Holds a file descriptor (`fd`, readable when there is news) until `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: dict[LaneId, tuple[LaneView, int]] = {}
        self._changed: set[LaneId] = set()
        self._awake = False
        self.head: Head | None = None
        self.stopping = False
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def committed(self, head: Head) -> None:
        """The journal ends here now."""
        self.head = head
        if not self._awake:
            self.ring()

    def show(self, views: Sequence[LaneView]) -> None:
        """How the lanes are now; those that are as before make no news."""
        head = self.head
        as_of = head.sequence if head else 0
        news = False
        with self._lock:
            for view in views:
                known = self._views.get(view.lane)
                if known is None or known[0] != view:
                    self._views[view.lane] = (view, as_of)
                    self._changed.add(view.lane)
                    news = True
        if news:
            self.ring()

    def stop(self) -> None:
        """The reader is to end. Takes no lock: a signal handler may call this."""
        self.stopping = True
        if self.fd >= 0:
            os.eventfd_write(self.fd, 1)

    def close(self) -> None:
        """Let go of the descriptor; the reader has to be gone."""
        with self._lock:
            if self.fd >= 0:
                os.close(self.fd)
            self.fd = -1

    def ring(self) -> None:
        """There is news."""
        with self._lock:
            self._awake = True
            if self.fd >= 0:
                os.eventfd_write(self.fd, 1)

    # --- for the reader ---------------------------------------------------------------------------

    def calm(self) -> None:
        """Take note that there was news; to be called before the news is read."""
        if self._awake:
            with self._lock:
                self._awake = False
                os.eventfd_read(self.fd)

    def wait(self, seconds: float) -> None:
        """Wait for news, at most ``seconds``."""
        ready = poll()
        ready.register(self.fd, POLLIN)
        ready.poll(max(0.0, seconds) * 1000)
        self.calm()

    def pause(self, seconds: float) -> None:
        """Let ``seconds`` pass, whatever the news; ends early when it is to stop."""
        until = monotonic() + seconds
        while not self.stopping and (left := until - monotonic()) > 0:
            self.wait(left)

    def repeat(self) -> None:
        """Count every lane as changed: a new session has to hear them all."""
        with self._lock:
            self._changed = set(self._views)

    def changes(self) -> list[tuple[LaneView, int]]:
        """The lanes that changed since the last call, each with the last entry it includes."""
        if not self._changed:
            return []
        with self._lock:
            changed, self._changed = self._changed, set()
            return [self._views[lane] for lane in sorted(changed)]
