"""Wiegand as ten decimal digits: ``wiegand-uart-ascii10``.

Follows the manual of the S4A Wiegand-Ethernet converter, 3.2: a card is its number in ten decimal
digits, then CR and LF; a key of a keypad is one byte without an end: a burst of 4 bits is written
as its hexadecimal digit (3 as ``33``, A as ``41``), a burst of 8 bits is passed as it is. Of those
only the usual form is a key: four bits, and before them the same four inverted (``E1`` is 1).

Rules kept here:
- the ten digits before a line end are the card, what stands before them is keys;
- what has no line end is keys when silence comes, unless it is ten bytes or more;
- a card here has no check digit; it may come from 26 or from 34 bits, so compare its low 24 bits.
"""

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.lines import Line, Lines

PROTOCOL = "wiegand-uart-ascii10"
LONGEST = 64

_DIGITS = 10
_LARGEST = 0xFFFF_FFFF
_KEYS = {ord(digit): digit for digit in "0123456789ABCDEF"} | {
    (15 - key) << 4 | key: f"{key:X}" for key in range(16)
}


class WiegandAscii10:
    """Decoder for ``wiegand-uart-ascii10``. Credentials: ``w32:`` a card, ``key:`` one key."""

    silence_ms = 200

    def __init__(self) -> None:
        self._lines = Lines(LONGEST)

    @property
    def pending(self) -> bool:
        """True while digits wait for their line end."""
        return self._lines.pending

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        return [one for line in self._lines.feed(data) for one in _ended(line)]

    def flush(self) -> list[Frame | Fault]:
        """Silence makes keys of what is pending; see `drivers.wire.frame.Decoder`."""
        return [one for line in self._lines.flush() for one in _quiet(line.text)]


def _ended(line: Line) -> list[Frame | Fault]:
    raw = line.text
    if line.cut:
        return [Fault(Reason.TOO_LONG, raw, f"more than {LONGEST} bytes without a line end")]
    if len(raw) < _DIGITS:
        detail = f"{len(raw)} bytes before the line end where a card has {_DIGITS} digits"
        return [Fault(Reason.TOO_SHORT, raw, detail)]
    return [*map(_key, raw[:-_DIGITS]), _card(raw[-_DIGITS:])]


def _quiet(raw: bytes) -> list[Frame | Fault]:
    if len(raw) >= _DIGITS:
        return [Fault(Reason.NO_END, raw, "the digits of a card without CR and LF after them")]
    return [_key(one) for one in raw]


def _card(raw: bytes) -> Frame | Fault:
    if not raw.isdigit():
        return Fault(Reason.NOT_A_NUMBER, raw, "a card is ten decimal digits: noise, or the baud")
    number = int(raw)
    if number > _LARGEST:
        return Fault(Reason.TOO_LARGE, raw, "the number does not fit into 32 bits")
    fields: dict[str, object] = {
        "decimal": raw.decode(),
        "number": number,
        "hex": f"{number:08X}",
    }
    return Frame(PROTOCOL, f"w32:{number:08X}", fields, raw)


def _key(byte: int) -> Frame | Fault:
    raw = bytes((byte,))
    key = _KEYS.get(byte)
    if key is None:
        return Fault(Reason.NOT_A_KEY, raw, f"the byte {byte:02X} is neither a key nor a card")
    return Frame(PROTOCOL, f"key:{key}", {"keypad_digit": key}, raw)
