"""Lines of text from QR scanners and keypads, by a regular expression of one's own.

Rules kept here:
- the whole line must match; the credential is the named group ``credential``, or the whole line;
- what the named group ``keys`` has found are keys of a keypad, and the line is no credential;
- ``encoding`` says what the text is: ``text`` (the credential is the hexadecimal of its UTF-8
  bytes), ``hex`` (it is hexadecimal digits and stays as it is, so that ``0042`` is not ``42``),
  ``decimal`` (a number, written as hexadecimal, eight digits or more);
- a line is at most `LONGEST` bytes, the text of a credential `LONGEST_TEXT`: more is a fault.
"""

import re
from typing import Literal

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.lines import CR_LF, Line, Lines

PROTOCOL = "line"
LONGEST = 256
LONGEST_TEXT = 64

Encoding = Literal["text", "hex", "decimal"]

_GROUP = "credential"
_KEYS = "keys"
_SCHEME = re.compile(r"[a-z][a-z0-9]{0,15}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_DECIMAL = re.compile(r"[0-9]+")


class LineReader:
    """Decoder for ``line``. Credential: ``scheme:HEX``, the scheme as configured; ``key:`` keys.

    Raises ValueError when ``pattern`` is no regular expression, ``scheme`` is not lower-case
    letters and digits (at most 16), or ``ends`` is empty.
    """

    silence_ms = None

    def __init__(
        self,
        pattern: str = "",
        scheme: str = "qr",
        encoding: Encoding = "text",
        ends: bytes = CR_LF,
    ) -> None:
        try:
            self._pattern = re.compile(pattern or f"(?P<{_GROUP}>.+)")
        except re.error as error:
            raise ValueError(f"pattern {pattern!r} is no regular expression: {error}") from error
        if _SCHEME.fullmatch(scheme) is None:
            raise ValueError(f"scheme {scheme!r}: write 1 to 16 lower-case letters and digits")
        if not ends:
            raise ValueError("ends is empty: name the bytes that end a line, like CR and LF")
        self._group = _GROUP if _GROUP in self._pattern.groupindex else 0
        self._scheme = scheme
        self._encoding = encoding
        self._lines = Lines(LONGEST, ends)

    @property
    def pending(self) -> bool:
        """True while a line has begun."""
        return self._lines.pending

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        return [self.decode(line) for line in self._lines.feed(data)]

    def flush(self) -> list[Frame | Fault]:
        """What is left is a line as well; see `drivers.wire.frame.Decoder`."""
        return [self.decode(line) for line in self._lines.flush()]

    def decode(self, line: Line) -> Frame | Fault:
        """One line, whole or cut."""
        raw = line.text
        if line.cut:
            return Fault(Reason.TOO_LONG, raw, f"more than {LONGEST} bytes without a line end")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return Fault(Reason.NOT_TEXT, raw, "the line is not text: noise, or the wrong baud")
        found = self._pattern.fullmatch(text)
        if found and found.groupdict().get(_KEYS):
            keys = found[_KEYS]
            return Frame(PROTOCOL, f"key:{keys.encode().hex().upper()}", {"text": keys}, raw)
        token = found[self._group] if found else None
        if not token:
            return Fault(Reason.NO_MATCH, raw, "the line does not match the configured pattern")
        if len(token.encode()) > LONGEST_TEXT:
            detail = f"the credential is longer than {LONGEST_TEXT} bytes: pick a part by a pattern"
            return Fault(Reason.TOO_LONG, raw, detail)
        return self._encode(token, raw)

    def _encode(self, token: str, raw: bytes) -> Frame | Fault:
        if self._encoding == "text":
            digits = token.encode().hex().upper()
        elif self._encoding == "hex":
            if _HEX.fullmatch(token) is None:
                return Fault(Reason.NON_HEX, raw, "the credential is not hexadecimal digits")
            digits = token.upper()
        else:
            if _DECIMAL.fullmatch(token) is None:
                return Fault(Reason.NOT_A_NUMBER, raw, "the credential is not decimal digits")
            digits = f"{int(token):08X}"
        return Frame(PROTOCOL, f"{self._scheme}:{digits}", {"text": token}, raw)
