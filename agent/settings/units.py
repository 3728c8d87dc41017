"""Durations with units.

Rules kept here:
- a duration is written as numbers with units, the largest first: ``500 ms``, ``1 h 30 min``;
- a bare number is refused, because nobody can see whether seconds or minutes were meant;
- a year counts 366 days and a month 31, so that nothing ends before the calendar says so.
"""

import re
from datetime import timedelta

from agent.settings.faults import UnfitError

_MICROSECONDS = {
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "days": 86_400_000_000,
    "weeks": 7 * 86_400_000_000,
    "months": 31 * 86_400_000_000,
    "years": 366 * 86_400_000_000,
}
_SPELLINGS = {
    "ms": ("ms", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("week", "weeks"),
    "months": ("month", "months"),
    "years": ("year", "years"),
}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words}
_PART = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]+)")

UNITS = ", ".join(_MICROSECONDS)
PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s*[a-z]+(\s*[0-9]+(\.[0-9]+)?\s*[a-z]+)*\s*$"
"""The form of a duration, for editors; looser than `parse_duration`."""


def parse_duration(value: object) -> timedelta:
    """Read ``5 s`` or ``1 h 30 min``; raises UnfitError that names the units."""
    allowed = f"a number with its unit ({UNITS}), such as 5 s or 1 h 30 min"
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise UnfitError(f"{value} of what? a duration needs a unit", allowed, f"{value} s")
    if not isinstance(value, str):
        raise UnfitError("this is not a duration", allowed)
    text, position, total, last = value.strip(), 0, 0, 1 << 62
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return _refuse(text, allowed)
        unit = _UNITS.get(part[2])
        if unit is None:
            return _refuse_unit(part[1], part[2], allowed)
        size = _MICROSECONDS[unit]
        if size >= last:
            raise UnfitError("the units of a duration go from large to small, each once", allowed)
        total, last, position = total + round(float(part[1]) * size), size, part.end()
    if not text:
        return _refuse(text, allowed)
    try:
        return timedelta(microseconds=total)
    except OverflowError:
        raise UnfitError("this duration is too long", allowed) from None


def _refuse(text: str, allowed: str) -> timedelta:
    if re.fullmatch(r"[0-9.]+", text):
        raise UnfitError(f"{text} of what? a duration needs a unit", allowed, f"{text} s")
    if text.startswith("-"):
        raise UnfitError("a duration cannot be negative", allowed)
    raise UnfitError("this is not a duration", allowed)


def _refuse_unit(number: str, word: str, allowed: str) -> timedelta:
    if word == "m":
        raise UnfitError("m may be minutes or months", allowed, f"{number} min")
    raise UnfitError(f"{word} is not a unit of time", allowed)


def write_duration(span: timedelta) -> str:
    """The shortest form that `parse_duration` reads back: ``90 s`` becomes ``1 min 30 s``."""
    left = span // timedelta(microseconds=1)
    if left > _MICROSECONDS["years"] and left % _MICROSECONDS["years"] == 0:
        return f"{left // _MICROSECONDS['years']} years"
    parts = []
    for unit in ("days", "h", "min", "s", "ms"):
        count, left = divmod(left, _MICROSECONDS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 ms"


def nanoseconds(span: timedelta) -> int:
    """The duration in nanoseconds, exactly."""
    return span // timedelta(microseconds=1) * 1_000


def milliseconds(span: timedelta) -> int:
    """The duration in milliseconds, rounded down."""
    return span // timedelta(milliseconds=1)
