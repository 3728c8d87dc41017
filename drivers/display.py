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
from agent.errors import DeviceError
from agent.ports import Condition, Health
from drivers.serial_port import back_off, why

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
        self._wake = threading.Condition()
        self._fresh = self._stopping = False
        self._thread: threading.Thread | None = None
        self._condition, self._detail = Condition.UNKNOWN, "not started"
        self._sent = self._opened = self._replaced = 0

    def start(self) -> None:
        """Begin; returns at once, also when the port is absent. Raises DeviceError if started."""
        if self._thread is not None:
            raise DeviceError(f"display {self._lane} is started already: make a new one instead")
        self._thread = threading.Thread(target=self._run, name=f"display-{self._lane}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Empty the line and end the thread; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `JOIN_S` seconds.
        """
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is None:
            return
        self._thread.join(JOIN_S)
        if self._thread.is_alive():
            raise DeviceError(
                f"display {self._lane} on {self._port} did not stop within {JOIN_S:g} s: "
                "its port takes nothing and does not say so"
            )

    def show(self, text: str) -> None:
        """Put up a line; it stays until the next one. Returns at once."""
        with self._wake:
            self._replaced += self._fresh
            self._text, self._fresh = text, True
            self._wake.notify_all()

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
        while not self._stopping:
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
            with self._wake:
                if not self._stopping:
                    self._wake.wait_for(lambda: self._stopping, back_off(tries))
            tries += 1

    def _pump(self, line: serial.Serial) -> None:
        """Send every new text, and the last one again; raises OSError when the line is gone."""
        while True:
            with self._wake:
                text, stopping = self._text, self._stopping
                self._fresh = False
            if text is not None:
                line.write(written("" if stopping else text, self._encoding, self._columns))
                self._sent += 1
            if stopping:
                return
            self._condition = Condition.OK
            self._detail = f"{self._port} at {self._baud} baud, {self._encoding}"
            with self._wake:
                self._wake.wait_for(lambda: self._fresh or self._stopping, AGAIN_S)


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
