"""The serial lines of readers and displays: ptys whose master side is here.

Rules kept here:
- a line has a name in the file system (a link to the pty), as udev gives a reader one; unplugging
  removes both, plugging in again makes a new pty under the old name;
- the time of a tap is taken before its bytes are written, all in one write;
- what the daemon writes to a line (lamp, buzzer, text) is read and kept, bounded.
"""

import contextlib
import os
import selectors
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Mapping
from functools import reduce
from operator import xor
from pathlib import Path

HEARD = 1_000
JOIN_S = 60.0
_STX, _ETX = b"\x02", b"\x03"


def em4100_frame(digits: str) -> bytes:
    """The frame of an RDM6300 for ten hexadecimal digits: STX, digits, checksum, ETX.

    The checksum is the exclusive or of the five bytes, as in the RDM6300's datasheet. ValueError
    when the digits are not ten.
    """
    number = bytes.fromhex(digits)
    if len(number) != 5:
        raise ValueError(f"{digits!r} is not an EM4100 number: ten hexadecimal digits")
    return _STX + number.hex().upper().encode() + b"%02X" % reduce(xor, number) + _ETX


class Lines:
    """All reader lines. Thread ``sim-lines`` listens to what is written to the readers."""

    def __init__(self, links: Mapping[str, Path]) -> None:
        self._links = dict(links)
        self._masters: dict[str, int] = {}
        self._slaves: dict[str, int] = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._running = True
        self.heard: deque[tuple[int, str, bytes]] = deque(maxlen=HEARD)
        self._thread = threading.Thread(target=self._listen, name="sim-lines", daemon=True)
        for reader in self._links:
            self.plug(reader)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Remove every line."""
        self._running = False
        os.write(self._wake_write, b"x")
        self._thread.join(JOIN_S)
        for reader in self._links:
            self.unplug(reader)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def tap(self, reader: str, frame: bytes, baud: int = 0) -> int:
        """Send bytes as the reader would; the monotonic ns just before the last of them.

        With ``baud`` every byte comes when a line of that speed would bring it (ten bits each),
        without it all come at once. KeyError for an unknown reader, OSError for one that is
        unplugged.
        """
        if baud:
            due = time.monotonic()
            for byte in frame[:-1]:
                self.tap(reader, bytes((byte,)))
                due += 10 / baud
                time.sleep(max(0.0, due - time.monotonic()))
            frame = frame[-1:]
        link = self._links[reader]
        with self._lock:
            master = self._masters.get(reader)
            if master is None:
                raise OSError(f"{link} is unplugged")
            ns = time.monotonic_ns()
            sent = os.write(master, frame)
        if sent != len(frame):
            raise OSError(f"{link} is full: nobody reads it")
        return ns

    def plug(self, reader: str) -> None:
        """Make the pty and its name; nothing happens when it is there."""
        link = self._links[reader]
        with self._lock:
            if reader in self._masters:
                return
            master, slave = os.openpty()
            tty.setraw(slave, termios.TCSANOW)
            os.set_blocking(master, False)
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(slave))
            self._masters[reader], self._slaves[reader] = master, slave
            self._selector.register(master, selectors.EVENT_READ, reader)
        os.write(self._wake_write, b"x")

    def unplug(self, reader: str) -> None:
        """Take the reader away; nothing happens when it is away."""
        link = self._links[reader]
        with self._lock:
            master = self._masters.pop(reader, None)
            if master is None:
                return
            self._selector.unregister(master)
            link.unlink(missing_ok=True)
            os.close(self._slaves.pop(reader))
            os.close(master)

    def _listen(self) -> None:
        while self._running:
            for key, _ in self._selector.select(5):
                if key.data is None:
                    os.read(self._wake_read, 64)
                    continue
                with self._lock, contextlib.suppress(OSError):
                    if self._masters.get(key.data) == key.fd:
                        self.heard.append((time.monotonic_ns(), key.data, os.read(key.fd, 256)))
