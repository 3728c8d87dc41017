"""A receipt printer that speaks ESC/POS, on a serial port or as a USB line printer.

The commands are those of Epson's "ESC/POS Application Programming Guide": ESC @, ESC d, ESC !,
FS &, GS V, and DLE EOT for the state of the paper.

Rules kept here:
- nobody waits for paper: a receipt is taken at once and printed by a thread; at most `WAITING` of
  them wait, and one that could not be printed within `GOOD_FOR_S` is dropped, because whom it was
  for has gone;
- a receipt that was cut short is printed again as a whole: twice is better than half;
- what the printer's characters do not have is printed as a question mark, never as a command;
- many printers tell nothing about their paper: silence is no fault, "no paper" waits for paper.
"""

import contextlib
import os
import select
import termios
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import serial

from agent.errors import DeviceError
from agent.ports import Condition, Health
from drivers.serial_port import back_off, why
from drivers.worker import Worker

WAITING = 20
GOOD_FOR_S = 600.0
AGAIN_S = 15.0
"""How often a printer that has nothing to do is looked at."""
PAPER_S = 2.0
"""How often one without paper is."""
ANSWER_S = 0.5
WRITE_S = 10.0
JOIN_S = 3.0

INIT = b"\x1b@"
CHINESE = b"\x1c&"
LARGE, SMALL = b"\x1b!\x30\x1c!\x0c", b"\x1b!\x00\x1c!\x00"
FEED = b"\x1bd\x04"
CUT = b"\x1dVB\x00"
PAPER = b"\x10\x04\x04"
"""DLE EOT 4: the answer is one byte, with bits 5 and 6 set when the roll has ended."""
_ENDED, _FIXED, _FIXED_IS = 0x60, 0x93, 0x12

_GONE = (OSError, termios.error, TypeError, ValueError)


class Line(Protocol):
    """A way to the printer; both raise OSError when it is gone."""

    def write(self, raw: bytes) -> None:
        """Send all of it."""

    def ask(self, raw: bytes) -> bytes:
        """Send this and give what comes back within `ANSWER_S`, which may be nothing."""


class EscPos:
    """A `agent.ports.Printer` on ``port``; ``baud`` counts for serial ports only.

    ``encoding`` is the name of a codec of Python, ``cut``: there is a knife.
    """

    def __init__(self, port: str, baud: int, encoding: str, *, cut: bool = True) -> None:
        self._port = port
        self._baud = baud
        self._encoding = encoding
        self._cut = cut
        self._jobs: deque[tuple[float, bytes]] = deque()
        self._lock = threading.Lock()
        self._worker = Worker("printer", f"the printer on {port}", self._run, JOIN_S)
        self._condition, self._detail = Condition.UNKNOWN, "not started"
        self._printed = self._dropped = self._opened = 0

    def start(self) -> None:
        """Begin; returns at once, also when the port is absent. Raises DeviceError if started."""
        self._worker.start()

    def stop(self) -> None:
        """End the thread; what waits is not printed. Safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `JOIN_S` seconds.
        """
        self._worker.stop()

    def put(self, lines: Sequence[str]) -> int:
        """Take a receipt, and give how many wait now; the first line is printed large.

        Raises DeviceError when too many wait already.
        """
        job = encoded(lines, self._encoding, cut=self._cut)
        with self._lock:
            if len(self._jobs) >= WAITING:
                raise DeviceError(
                    f"{WAITING} receipts wait for the printer already: has it paper, and is it on?"
                )
            self._jobs.append((time.monotonic(), job))
            waiting = len(self._jobs)
        self._worker.wake()
        return waiting

    def health(self) -> Health:
        """The printer and its counters; ``reconnects`` are the openings after the first."""
        counters = {
            "printed": self._printed,
            "waiting": len(self._jobs),
            "dropped": self._dropped,
            "reconnects": max(0, self._opened - 1),
        }
        return Health("printer", self._condition, self._detail, counters)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            try:
                with opened(self._port, self._baud) as line:
                    self._opened += 1
                    self._pump(line)
                    return
            except _GONE as error:
                if self._condition is not Condition.DOWN:
                    tries = 0
                self._condition, self._detail = Condition.DOWN, why(self._port, error)
            self._drop_the_old()
            self._worker.pause(back_off(tries))
            tries += 1

    def _pump(self, line: Line) -> None:
        """Print what comes; raises OSError when the printer is gone."""
        while not self._worker.stopping:
            if not _paper(line):
                self._condition, self._detail = Condition.DEGRADED, "the printer has no paper"
                self._drop_the_old()
                self._worker.pause(PAPER_S)
                continue
            self._condition, self._detail = Condition.OK, f"{self._port}, {self._encoding}"
            self._drop_the_old()
            job = self._first()
            if job is not None:
                line.write(job)
                self._printed += 1
                with self._lock:
                    self._jobs.popleft()

    def _first(self) -> bytes | None:
        """The receipt that waits longest; None when none came within `AGAIN_S`."""
        # It may have been woken for a receipt that was printed since.
        while not self._jobs and self._worker.rest(AGAIN_S):
            pass
        with self._lock:
            return self._jobs[0][1] if self._jobs and not self._worker.stopping else None

    def _drop_the_old(self) -> None:
        with self._lock:
            while self._jobs and time.monotonic() - self._jobs[0][0] > GOOD_FOR_S:
                self._jobs.popleft()
                self._dropped += 1


def encoded(lines: Sequence[str], encoding: str, *, cut: bool) -> bytes:
    """A receipt as the printer takes it; control characters are none of its text."""
    chinese = CHINESE if encoding.startswith("gb") else b""
    title, rest = list(lines[:1]), list(lines[1:])
    body = b"".join(_text(line, encoding) + b"\n" for line in rest)
    head = b"".join(LARGE + _text(line.strip(), encoding) + b"\n" + SMALL for line in title)
    return INIT + chinese + head + body + FEED + (CUT if cut else b"")


def _text(line: str, encoding: str) -> bytes:
    """The line in the printer's characters."""
    told = "".join(character if character.isprintable() else "?" for character in line)
    return told.encode(encoding, errors="replace")


def _paper(line: Line) -> bool:
    """Whether there is paper, as far as the printer tells."""
    answer = line.ask(PAPER)[-1:]
    known = answer != b"" and answer[0] & _FIXED == _FIXED_IS
    return not known or answer[0] & _ENDED != _ENDED


@contextlib.contextmanager
def opened(port: str, baud: int) -> Iterator[Line]:
    """The printer behind this port; raises OSError, ValueError or termios.error."""
    if any(place.name.startswith("lp") for place in (Path(port), Path(port).resolve())):
        handle = os.open(port, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield FileLine(handle)
        finally:
            os.close(handle)
        return
    with serial.Serial(port, baud, exclusive=True, timeout=ANSWER_S, write_timeout=WRITE_S) as wire:
        yield SerialLine(wire)


class SerialLine:
    """A printer on a serial port."""

    def __init__(self, wire: serial.Serial) -> None:
        self._wire = wire

    def write(self, raw: bytes) -> None:
        """See `Line`."""
        self._wire.write(raw)
        self._wire.flush()

    def ask(self, raw: bytes) -> bytes:
        """See `Line`."""
        self._wire.reset_input_buffer()
        self._wire.write(raw)
        return bytes(self._wire.read(1))


class FileLine:
    """A printer of the kernel's USB line printer driver: a file that takes and gives bytes."""

    def __init__(self, handle: int, limit_s: float = WRITE_S) -> None:
        self._handle = handle
        self._limit_s = limit_s

    def write(self, raw: bytes) -> None:
        """See `Line`; a printer that takes nothing for that long is gone."""
        left = memoryview(raw)
        while left:
            if not select.select([], [self._handle], [], self._limit_s)[1]:
                raise TimeoutError("the printer takes nothing: is it on, and has it paper?")
            left = left[os.write(self._handle, left) :]

    def ask(self, raw: bytes) -> bytes:
        """See `Line`."""
        self.write(raw)
        if not select.select([self._handle], [], [], ANSWER_S)[0]:
            return b""
        return os.read(self._handle, 16)
