"""A receipt printer behind a link: a pseudo-terminal that tells of its paper and can be pulled."""

import os
import select
import threading
import tty
from pathlib import Path

from drivers.escpos import PAPER
from tests.patience import LIMIT_S

FULL, ENDED = b"\x12", b"\x72"


class ReceiptPrinter:
    """A printer behind a link: it tells of its paper if it is told to, and can be pulled out."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.answers = FULL
        self._paper = bytearray()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._master = self._slave = -1
        self._thread: threading.Thread | None = None

    def plug(self) -> None:
        self._over.clear()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.link.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._live, name="paper", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        if self._thread is None:
            return
        self._over.set()
        self._thread.join(LIMIT_S)
        self._thread = None
        os.close(self._master)
        os.close(self._slave)

    @property
    def printed(self) -> bytes:
        """What was sent beside questions."""
        with self._lock:
            return bytes(self._paper)

    def torn_off(self) -> None:
        """Forget what was printed."""
        with self._lock:
            self._paper.clear()

    def _live(self) -> None:
        while not self._over.is_set():
            if not select.select([self._master], [], [], 0.02)[0]:
                continue
            with self._lock:
                self._paper += os.read(self._master, 4096)
                while PAPER in self._paper:
                    at = self._paper.index(PAPER)
                    del self._paper[at : at + len(PAPER)]
                    os.write(self._master, self.answers)
