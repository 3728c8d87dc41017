"""Falling edges of real lines, with the kernel's times: one request for all of them.

The request is that of the kernel's GPIO character device, version 2 (see `drivers.pin_chip`).
lgpio works on the same device, but takes edges through a thread and a pipe of its own, so that
nobody can say whether one is still on its way. Here they are read where the kernel puts them: once
nothing is left, everything up to that moment was heard.

Rules kept here:
- a time is the one that the kernel took in its interrupt, of the monotonic clock;
- the kernel keeps `BUFFER` edges while we are held up and numbers all: a hole in the numbers says
  that some went missing.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from agent.errors import DeviceError
from drivers.pins import HOLE, Fall

BUFFER = 1024
"""The most that the kernel grants for two lines or more: 16 for each of its 64."""

_REQUEST = 0xC250B407
_GET_VALUES = 0xC010B40E
_FLAGS_INPUT_FALLING = 1 << 2 | 1 << 5
_BIAS = {"up": 1 << 8, "down": 1 << 9, "floating": 1 << 10}
_LINE_REQUEST = struct.Struct("=64I32sQ264xII20xi")
_EVENT = struct.Struct("=QIIII24x")
_VALUES = struct.Struct("=QQ")
_CONSUMER = b"gate-agent"
_AT_ONCE = 64


class ChipFalls:
    """`drivers.pins.Falls` of the lines ``numbers`` of the chip at ``path``.

    Raises DeviceError when the chip cannot be opened, a line is in other hands, or the kernel is
    older than 5.10.
    """

    def __init__(self, path: Path, numbers: Sequence[int], pull: str) -> None:
        self._numbers = tuple(numbers)
        self._seen = 0
        offsets = [*numbers, *[0] * (64 - len(numbers))]
        flags = _FLAGS_INPUT_FALLING | _BIAS[pull]
        asked = _LINE_REQUEST.pack(*offsets, _CONSUMER, flags, len(numbers), BUFFER, 0)
        names = " and ".join(f"GPIO{number}" for number in numbers)
        try:
            chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            self._line: int = _LINE_REQUEST.unpack(fcntl.ioctl(chip, _REQUEST, asked))[-1]
        except OSError as error:
            if error.errno == errno.EBUSY:
                problem = f"{names}: one is held by another process (see gpioinfo): stop it"
                raise DeviceError(problem) from error
            problem = f"{names} on {path} cannot be heard: {error.strerror}"
            raise DeviceError(f"{problem}; Linux 5.10 or newer is needed") from error
        finally:
            os.close(chip)
        os.set_blocking(self._line, False)

    def fileno(self) -> int:
        """The kernel's request."""
        return self._line

    def read(self) -> Sequence[Fall]:
        """What has come; see `drivers.pins.Falls`."""
        try:
            raw = os.read(self._line, _EVENT.size * _AT_ONCE)
        except BlockingIOError:
            return ()
        found: list[Fall] = []
        for ns, _kind, number, seen, _ in _EVENT.iter_unpack(raw):
            if seen != (self._seen + 1) & 0xFFFFFFFF:
                found.append(Fall(ns, HOLE))
            self._seen = seen
            found.append(Fall(ns, number))
        return found

    def levels(self) -> Sequence[int]:
        """What the lines read now."""
        mask = (1 << len(self._numbers)) - 1
        bits, _ = _VALUES.unpack(fcntl.ioctl(self._line, _GET_VALUES, _VALUES.pack(0, mask)))
        return [bits >> place & 1 for place in range(len(self._numbers))]

    def close(self) -> None:
        """Let go of the lines."""
        if self._line >= 0:
            os.close(self._line)
        self._line = -1
