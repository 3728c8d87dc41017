"""A second reading of time windows, slow and plain: it marks every minute of the days around.

It shares nothing with `agent.core.windows`; what both agree on is what the notation means.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

WEEK = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


def is_open(text: str, local: datetime, holidays: Collection[date]) -> bool:
    """Is the minute of ``local`` marked by yesterday's or by today's rule?"""
    now = local.replace(second=0, microsecond=0)
    for back in (0, 1):
        day = now.date() - timedelta(days=back)
        if now in set(_minutes(day, _ruling(text, day, day in holidays))):
            return True
    return False


def _ruling(text: str, day: date, holiday: bool) -> str:
    """The times of the last rule that speaks of this day."""
    rules = [_split(rule) for rule in text.split(";")]
    if holiday:
        special = [times for names, times in rules if "PH" in names]
        if special:
            return special[-1]
    spoken = [times for names, times in rules if WEEK[day.weekday()] in names]
    return spoken[-1] if spoken else "off"


def _split(rule: str) -> tuple[set[str], str]:
    words = rule.split()
    if not words[0][0].isupper():
        return set(WEEK), words[0]
    names: set[str] = set()
    for part in words[0].split(","):
        if "-" in part:
            first, last = part.split("-")
            at = first
            names.add(at)
            while at != last:
                at = WEEK[(WEEK.index(at) + 1) % 7]
                names.add(at)
        else:
            names.add(part)
    return names, words[1] if len(words) > 1 else "00:00-24:00"


def _minutes(day: date, times: str) -> Iterator[datetime]:
    if times == "off":
        return
    midnight = datetime.combine(day, datetime.min.time())
    for span in times.split(","):
        start, end = (_offset(clock) for clock in span.split("-"))
        at = midnight + start
        until = midnight + end if end > start else midnight + end + timedelta(days=1)
        while at < until:
            yield at
            at += timedelta(minutes=1)


def _offset(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
