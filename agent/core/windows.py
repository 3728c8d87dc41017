"""Time windows of a card: on which days and hours it is good.

Rules kept here:
- the notation is a subset of OpenStreetMap's *opening_hours*: rules parted by ``;``, each with
  days (``Mo-Fr,Su``, ``PH`` for public holidays, nothing for every day) and times
  (``07:00-12:00,13:00-19:00``, ``off``, or nothing for the whole day); ``24/7`` and "" mean always;
- a later rule replaces an earlier one for the days that it names; on a holiday a ``PH`` rule, where
  there is one, replaces all others;
- the start is inside the window and the end is not; a window that ends at or before its start runs
  past midnight and belongs to the day on which it began;
- all times are local times of the gate.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_HOLIDAY = "PH"
_MIDNIGHT = 24 * 60
_RULE = re.compile(r"(?P<days>[A-Za-z,\- ]*?)\s*(?P<times>off|\d.*|)")
_SPAN = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Windows:
    """Spans in minutes of the day, for Monday to Sunday and, where given, for holidays."""

    days: tuple[tuple[Span, ...], ...]
    holiday: tuple[Span, ...] | None

    def open_at(self, local: datetime, is_holiday: Callable[[date], bool]) -> bool:
        """Is ``local`` inside a window of its day, or of the day before past midnight?"""
        minute = local.hour * 60 + local.minute
        today = local.date()
        if any(start <= minute < end for start, end in self._spans(today, is_holiday)):
            return True
        late = minute + _MIDNIGHT
        yesterday = self._spans(today - timedelta(days=1), is_holiday)
        return any(start <= late < end for start, end in yesterday)

    def _spans(self, day: date, is_holiday: Callable[[date], bool]) -> tuple[Span, ...]:
        if self.holiday is not None and is_holiday(day):
            return self.holiday
        return self.days[day.weekday()]


ALWAYS = Windows(days=(((0, _MIDNIGHT),),) * 7, holiday=None)


@lru_cache(maxsize=1024)
def parse(text: str) -> Windows:
    """Read windows; raises ValueError that names the part that cannot be read."""
    if text.strip() in ("", "24/7"):
        return ALWAYS
    days: list[tuple[Span, ...]] = [()] * 7
    holiday: tuple[Span, ...] | None = None
    for rule in text.split(";"):
        found = _RULE.fullmatch(rule.strip())
        if found is None or not rule.strip():
            raise ValueError(_unreadable(rule, text))
        spans = _times(found["times"].strip(), rule)
        for name in _named(found["days"], rule):
            if name == _HOLIDAY:
                holiday = spans
            else:
                days[_DAYS.index(name)] = spans
    return Windows(tuple(days), holiday)


def _named(text: str, rule: str) -> list[str]:
    if not text:
        return list(_DAYS)
    names: list[str] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if part == _HOLIDAY:
            names.append(part)
        elif first not in _DAYS or (dash and last not in _DAYS):
            message = f"{part!r} in {rule.strip()!r}: days are {', '.join(_DAYS)} and {_HOLIDAY}"
            raise ValueError(message)
        else:
            start = _DAYS.index(first)
            length = (_DAYS.index(last) - start) % 7 + 1 if dash else 1
            names += [_DAYS[(start + step) % 7] for step in range(length)]
    return names


def _times(text: str, rule: str) -> tuple[Span, ...]:
    if text == "":
        return ((0, _MIDNIGHT),)
    if text == "off":
        return ()
    return tuple(_span(part.strip(), rule) for part in text.split(","))


def _span(text: str, rule: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(_unreadable(text, rule))
    start = int(found[1]) * 60 + int(found[2])
    end = int(found[3]) * 60 + int(found[4])
    if start >= _MIDNIGHT or end > _MIDNIGHT:
        message = f"{text!r} in {rule.strip()!r}: a day goes from 00:00 to 24:00"
        raise ValueError(message)
    return (start, end) if end > start else (start, end + _MIDNIGHT)


def _unreadable(part: str, whole: str) -> str:
    return (
        f"{part.strip()!r} in {whole.strip()!r} is not a time window: write for example "
        "'Mo-Fr 07:00-19:00; Sa 09:00-12:00; PH off'"
    )
