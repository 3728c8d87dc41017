"""A lane's line of text on a serial port.

Rules kept here:
- every text is one line: cut and filled up with blanks to the width of the display, so that nothing
  of the text before is left, then CR LF; a Chinese character takes two columns;
- what the display's encoding does not have is left out: an ASCII display shows the English part;
- the newest text counts: one that was not sent yet is replaced, and nobody waits for a display;
- the line is sent again every `AGAIN_S` seconds and after each opening, so that a display that was
  switched off and on says what is true, and a pulled adapter is noticed;
- stopping empties the line: a gate that does not work claims nothing.
"""

import termios
import threading
from unicodedata import east_asian_width

import serial

from agent.core.ids import LaneId
from agent.ports import Condition, Health
from drivers.serial_port import back_off, why
from drivers.worker import Worker

AGAIN_S = 10.0
WRITE_S = 2.0
JOIN_S = 3.0
END = b"\r\n"

_GONE = (OSError, termios.error, TypeError, ValueError)


class TextLine:
    """A `agent.ports.Display` on ``port`` at ``baud``, eight data bits, no parity, one stop bit.

    ``encoding`` is the name of a codec of Python, ``columns`` the width of the display.
    """

    def __init__(self, lane: LaneId, port: str, baud: int, encoding: str, columns: int) -> None:
        self._lane = lane
        self._port = port
        self._baud = baud
        self._encoding = encoding
        self._columns = columns
        self._text: str | None = None
        self._lock = threading.Lock()
        self._fresh = False
        self._worker = Worker(f"display-{lane}", f"display {lane} on {port}", self._run, JOIN_S)
        self._condition, self._detail = Condition.UNKNOWN, "not started"
        self._sent = self._opened = self._replaced = 0

    def start(self) -> None:
        """Begin; returns at once, also when the port is absent. Raises DeviceError if started."""
        self._worker.start()

    def stop(self) -> None:
        """Empty the line and end the thread; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `JOIN_S` seconds.
        """
        self._worker.stop()

    def show(self, text: str) -> None:
        """Put up a line; it stays until the next one. Returns at once."""
        with self._lock:
            self._replaced += self._fresh
            self._text, self._fresh = text, True
        self._worker.wake()

    def health(self) -> Health:
        """The line and its counters; ``reconnects`` are the openings after the first."""
        counters = {
            "lines": self._sent,
            "replaced": self._replaced,
            "reconnects": max(0, self._opened - 1),
        }
        return Health(f"display {self._lane}", self._condition, self._detail, counters)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            try:
                with serial.Serial(
                    self._port, self._baud, exclusive=True, write_timeout=WRITE_S
                ) as line:
                    self._opened += 1
                    self._pump(line)
                    return
            except _GONE as error:
                if self._condition is Condition.OK:
                    tries = 0
                self._condition, self._detail = Condition.DOWN, why(self._port, error)
            self._worker.pause(back_off(tries))
            tries += 1

    def _pump(self, line: serial.Serial) -> None:
        """Send every new text, and the last one again; raises OSError when the line is gone."""
        while True:
            stopping = self._worker.stopping
            with self._lock:
                text, self._fresh = self._text, False
            if text is not None:
                line.write(written("" if stopping else text, self._encoding, self._columns))
                self._sent += 1
            if stopping:
                return
            self._condition = Condition.OK
            self._detail = f"{self._port} at {self._baud} baud, {self._encoding}"
            # It may have been woken for a text that was sent with another.
            while not self._fresh and self._worker.rest(AGAIN_S):
                pass


def written(text: str, encoding: str, columns: int) -> bytes:
    """The bytes of a line: what the encoding has, cut and filled up to ``columns``, and its end."""
    kept = "".join(letter for letter in text if letter.isprintable() and _has(encoding, letter))
    line, wide = "", 0
    for letter in " ".join(kept.split()):
        taken = 2 if east_asian_width(letter) in "WFA" else 1
        if wide + taken > columns:
            break
        line, wide = line + letter, wide + taken
    return (line + " " * (columns - wide)).encode(encoding) + END


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
