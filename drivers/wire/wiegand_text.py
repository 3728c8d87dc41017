"""Wiegand as a UART forwarder writes it: one line of text for each card.

A line holds either the bits themselves, as characters 0 and 1 (``00100010010100010010011111``), or
the same bits as one hexadecimal number, padded with zeros on the left to whole digits or to whole
bytes (``089449F``, ``0089449F``). The number of characters tells which; no length is both.

Rules kept here:
- a line ends with CR, LF or both, or, where the forwarder sends no end, with silence;
- the bits above the number must be zero.
"""

import re

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.lines import Line, Lines
from drivers.wire.wiegand import Meaning, judge

LONGEST = 80
SPARE = 16
"""Characters that may stand around the bits of a long format."""

_BITS = re.compile(rb"[01]+")
_HEX = re.compile(rb"[0-9A-Fa-f]+")


class WiegandText:
    """Decoder for ``wiegand-26``, ``-34``, ``-36``, ``-37`` and formats of an installer's own."""

    silence_ms = 500

    def __init__(self, form: Meaning, name: str = "") -> None:
        self._form = form
        self._name = name or f"wiegand-{form.bits}"
        self._longest = max(LONGEST, form.bits + SPARE)
        self._lines = Lines(self._longest)
        self.bits = form.bits
        self.digits: tuple[int, ...] = (-(-form.bits // 4), 2 * -(-form.bits // 8))

    @property
    def pending(self) -> bool:
        """True while a line has begun."""
        return self._lines.pending

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        return [self._decode(line) for line in self._lines.feed(data)]

    def feed_bits(self, bits: str) -> list[Frame | Fault]:
        """One card as a string of 0 and 1."""
        return [judge(self._name, self._form, bits, bits.encode(), {})]

    def flush(self) -> list[Frame | Fault]:
        """Silence ends a line as well; see `drivers.wire.frame.Decoder`."""
        return [self._decode(line) for line in self._lines.flush()]

    def _decode(self, line: Line) -> Frame | Fault:
        raw = line.text
        if line.cut:
            detail = f"more than {self._longest} characters without a line end"
            return Fault(Reason.TOO_LONG, raw, detail)
        text = raw.strip(b" \t\x00")
        if _BITS.fullmatch(text) and len(text) not in self.digits:
            return judge(self._name, self._form, text.decode(), raw, {})
        if _HEX.fullmatch(text):
            return self._number(text, raw)
        if raw.isascii() and raw.decode().isprintable():
            return Fault(Reason.NON_HEX, raw, "the line is neither bits nor a hexadecimal number")
        detail = "not text: a forwarder of packed bytes needs one of the left-justified protocols"
        return Fault(Reason.NOT_TEXT, raw, detail)

    def _number(self, text: bytes, raw: bytes) -> Frame | Fault:
        if len(text) not in self.digits:
            short, long = self.digits
            detail = (
                f"{len(text)} hexadecimal digits; {self.bits} bits are {short} or {long} of them, "
                f"or {self.bits} characters 0 and 1"
            )
            return Fault(Reason.WRONG_LENGTH, raw, detail)
        number = int(text, 16)
        if number >> self.bits:
            detail = f"the number has more than {self.bits} bits: another format"
            return Fault(Reason.BAD_PADDING, raw, detail)
        return judge(self._name, self._form, f"{number:0{self.bits}b}", raw, {})
