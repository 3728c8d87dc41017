"""A serial line to listen at: what comes between two silences, at any speed.

Rules kept here:
- the port is locked as a reader's driver locks it, so that a running gate keeps its line;
- every wait has a limit, and a burst has an end, also where the line never falls silent;
- nothing is sent but by `Line.send`.
"""

import errno
import os
import select
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import serial

from agent.errors import DeviceError
from drivers.plugged import users_of
from drivers.serial_port import why

SILENCE_S = 0.3
"""A reader pauses for less within a card, and for more between two."""

LONGEST = 512
LONGEST_S = 3.0

_GONE = (OSError, termios.error, TypeError, ValueError)


class Line:
    """A port, as a context; raises DeviceError that says who holds it, or why it cannot be used."""

    def __init__(self, port: str, baud: int) -> None:
        self.port = port
        try:
            self._line = serial.Serial(port, baud, exclusive=True)
        except _GONE as error:
            raise DeviceError(_strange(port) or _held(port, error) or why(port, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.close()

    def turn(self, baud: int) -> None:
        """Listen at another speed from now on; what came before is thrown away."""
        try:
            self._line.baudrate = baud
            self._line.reset_input_buffer()
        except _GONE as error:
            raise DeviceError(why(self.port, error)) from error

    def send(self, data: bytes) -> None:
        """Send these few bytes; raises DeviceError."""
        try:
            self._line.write(data)
        except _GONE as error:
            raise DeviceError(why(self.port, error)) from error

    def burst(self, wait_s: float, silence_s: float = SILENCE_S) -> bytes:
        """What comes from the first byte to the next silence; empty when none comes in time.

        Raises DeviceError when the port goes away.
        """
        found = bytearray()
        try:
            number = self._line.fileno()
            ends = time.monotonic() + LONGEST_S + wait_s
            patience = wait_s
            while len(found) < LONGEST and time.monotonic() < ends:
                if not select.select([number], [], [], patience)[0]:
                    break
                data = os.read(number, LONGEST)
                if not data:
                    raise DeviceError(f"{self.port}: the line ended; is it unplugged?")
                found += data
                patience = silence_s
        except _GONE as error:
            raise DeviceError(why(self.port, error)) from error
        return bytes(found)


def _strange(port: str) -> str:
    """That this is something else, in a sentence; empty for a terminal, or what is not there."""
    try:
        number = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        terminal = error.errno != errno.EISDIR
    else:
        terminal = os.isatty(number)
        os.close(number)
    return "" if terminal else f"{port} is no serial port: gate-agent readers list shows them"


def _held(port: str, error: Exception) -> str:
    """Who has the port locked, in a sentence; empty for another error, or when nobody is seen."""
    if not isinstance(error, OSError) or error.errno not in (errno.EBUSY, errno.EWOULDBLOCK):
        return ""
    others = [user for user in users_of(Path(port)) if user[1] != os.getpid()]
    if not others:
        return ""
    name, number = others[0]
    return (
        f"{port} is busy: {name} (process {number}) has it open; stop that first (the gate: "
        "systemctl stop gate-agent)"
    )
