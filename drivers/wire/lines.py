"""Text lines out of a stream of bytes, in bounded memory.

Rules kept here:
- a line ends at CR, LF or both (or at other bytes that were named); empty lines are nothing;
- a line longer than the limit comes out cut, once, and what follows of it is dropped.
"""

import re
from typing import NamedTuple

CR_LF = b"\r\n"


class Line(NamedTuple):
    """One line without its end. ``cut``: it was longer than the limit, and this is its begin."""

    text: bytes
    cut: bool


class Lines:
    """Splits a stream into lines of at most ``limit`` bytes. ``ends``: bytes that end a line."""

    def __init__(self, limit: int, ends: bytes = CR_LF) -> None:
        self._limit = limit
        self._split = re.compile(b"[" + re.escape(ends) + b"]").split
        self._buffer = bytearray()
        self._skipping = False

    @property
    def pending(self) -> bool:
        """True while a line has begun."""
        return bool(self._buffer) or self._skipping

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes; gives the lines that they end, or make too long."""
        found: list[Line] = []
        *ended, begun = self._split(data)
        for part in ended:
            self._take(part, found)
            self._end(found)
        self._take(begun, found)
        return found

    def flush(self) -> list[Line]:
        """Nothing more comes: what is left is a line, if there is something."""
        found: list[Line] = []
        self._end(found)
        return found

    def _take(self, part: bytes, found: list[Line]) -> None:
        if self._skipping:
            return
        room = self._limit - len(self._buffer)
        self._buffer += part[:room]
        if len(part) > room:
            found.append(Line(bytes(self._buffer), cut=True))
            self._buffer.clear()
            self._skipping = True

    def _end(self, found: list[Line]) -> None:
        if self._buffer:
            found.append(Line(bytes(self._buffer), cut=False))
            self._buffer.clear()
        self._skipping = False
