"""Checks of single values, hung on the models' fields as annotations.

Rules kept here:
- every refusal is a sentence of ours (`UnfitError`) with what is allowed;
- nothing here imports pydantic: a check hands over its schema as the plain dictionary that
  pydantic-core takes, so that the daemon can hold settings without holding the validator.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from agent.settings.faults import UnfitError, listed, nearest
from agent.settings.units import PATTERN, parse_duration, write_duration

ID = r"[a-z0-9-]{1,32}"
MAX_PATTERN = 300


class Check:
    """One rule for one value. Children give `fit` and the JSON Schema."""

    says: str

    def fit(self, value: object) -> object:
        """The value as the models hold it; raises UnfitError."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """JSON Schema of what may stand in the file."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """Tell pydantic to call `fit`."""
        return {"type": "function-plain", "function": {"type": "no-info", "function": self.fit}}

    def __get_pydantic_json_schema__(self, core: object, handler: object) -> dict[str, Any]:
        """Tell pydantic what an editor should know."""
        return {"description": self.says, **self.schema()} if self.says else self.schema()


@dataclass(frozen=True, slots=True)
class Id(Check):
    """A name that travels into topics."""

    says: str = ""

    def fit(self, value: object) -> str:
        """Small letters, digits and hyphens."""
        allowed = "1 to 32 small letters a-z, digits and hyphens"
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            raise UnfitError(f"a name must stand here, not {kind_of(value)}", allowed)
        if re.fullmatch(ID, text) is None:
            guess = re.sub(r"[^a-z0-9]+", "-", text.lower())[:32].strip("-")
            raise UnfitError(f"{text[:40]!r} cannot be a name in topics", allowed, guess)
        return text

    def schema(self) -> dict[str, Any]:
        """A string with the pattern; a plain number is a name too."""
        return {"type": "string", "pattern": f"^{ID}$"}


@dataclass(frozen=True, slots=True)
class Text(Check):
    """Free text, or text with a form."""

    says: str = ""
    pattern: str = ".{1,200}"
    allowed: str = "1 to 200 characters on one line"

    def fit(self, value: object) -> str:
        """One line."""
        if not isinstance(value, str):
            guess = f'"{value}"' if isinstance(value, int | float) else ""
            raise UnfitError(f"text must stand here, not {kind_of(value)}", self.allowed, guess)
        if re.fullmatch(self.pattern, value) is None:
            raise UnfitError("this text does not fit here", self.allowed)
        return value

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True, slots=True)
class Pattern(Check):
    """A regular expression."""

    says: str

    def fit(self, value: object) -> str:
        """One that Python's re can compile."""
        allowed = "a regular expression of at most 300 characters, in 'single quotes'"
        if not isinstance(value, str) or not 0 < len(value) <= MAX_PATTERN:
            raise UnfitError(f"a regular expression must stand here, not {kind_of(value)}", allowed)
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise UnfitError(f"this is no regular expression: {error}", allowed) from None
        return value

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "format": "regex", "maxLength": MAX_PATTERN}


@dataclass(frozen=True, slots=True)
class Whole(Check):
    """A whole number within bounds."""

    says: str
    low: int
    high: int
    what: str = "a whole number"

    def fit(self, value: object) -> int:
        """An integer, no text and no truth value."""
        allowed = f"{self.what} from {self.low} to {self.high}"
        if isinstance(value, bool) or not isinstance(value, int):
            digits = re.search(r"[0-9]{1,7}", value) if isinstance(value, str) else None
            guess = digits[0] if digits and self.low <= int(digits[0]) <= self.high else ""
            problem = f"a whole number must stand here, not {kind_of(value)}"
            raise UnfitError(problem, allowed, guess)
        if not self.low <= value <= self.high:
            problem = f"{value} is outside the range" if abs(value) < 1 << 64 else "far too large"
            raise UnfitError(problem, allowed)
        return value

    def schema(self) -> dict[str, Any]:
        """An integer with its bounds."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Truth(Check):
    """True or false."""

    says: str

    def fit(self, value: object) -> bool:
        """Only the two words of YAML 1.2."""
        if not isinstance(value, bool):
            words = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false"}
            guess = words.get(str(value).lower(), "")
            raise UnfitError("true or false must stand here", "true or false", guess)
        return value

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


class OneOf(Check):
    """One word of an enumeration."""

    def __init__(self, words: Iterable[StrEnum], says: str = "") -> None:
        self.words = {word.value: word for word in words}
        self.says = says

    def fit(self, value: object) -> StrEnum:
        """The member whose value this is; a number or truth value is never meant."""
        known = list(self.words)
        text = str(value) if type(value) is int else value
        if isinstance(text, str) and text in known:
            return self.words[text]
        if value is False and "off" in known:
            raise UnfitError("false is not the word off", listed(known), '"off"')
        if value is None and "none" in known:
            raise UnfitError("null is not the word none", listed(known), "none")
        said = repr(value[:40]) if isinstance(value, str) else kind_of(value)
        guess = nearest(value, known) if isinstance(value, str) else ""
        raise UnfitError(f"{said} is not one of the words allowed here", listed(known), guess)

    def schema(self) -> dict[str, Any]:
        """The words; one that is a number may be written as such."""
        words = list(self.words)
        return {"enum": [*words, *(int(word) for word in words if word.isdigit())]}


class Span(Check):
    """A duration within bounds, both written as durations themselves."""

    def __init__(self, says: str, low: str, high: str) -> None:
        self.says = says
        self.low = parse_duration(low)
        self.high = parse_duration(high)
        self.bounds = f"{low} to {high}"

    def fit(self, value: object) -> timedelta:
        """A duration with units."""
        try:
            span = parse_duration(value)
        except UnfitError as error:
            number = str(value).strip()
            bare = re.fullmatch(r"-?[0-9.]+", number) is not None
            guess = self._guess(number) if bare else error.suggestion
            raise UnfitError(error.problem, error.allowed, guess) from None
        if not self.low <= span <= self.high:
            raise UnfitError(f"{write_duration(span)} is outside the range", self.bounds)
        return span

    def _guess(self, number: str) -> str:
        """The bare number with the unit that brings it into the range; seconds are asked first."""
        for unit in ("s", "ms", "min", "h", "days", "months", "years"):
            try:
                if self.low <= parse_duration(f"{number} {unit}") <= self.high:
                    return f"{number} {unit}"
            except UnfitError:
                break
        return ""

    def schema(self) -> dict[str, Any]:
        """Text of the right form; the bounds are told in words."""
        said = f"{self.says} ({self.bounds})"
        return {"type": "string", "pattern": PATTERN, "description": said}


@dataclass(frozen=True, slots=True)
class Day(Check):
    """A date."""

    says: str = ""

    def fit(self, value: object) -> date:
        """``2026-10-01`` and nothing else."""
        allowed = "a date written year-month-day, such as 2026-10-01"
        if not isinstance(value, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
            raise UnfitError("this is not a date", allowed)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise UnfitError(f"there is no {value} in the calendar", allowed) from None

    def schema(self) -> dict[str, Any]:
        """A date."""
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class Clock(Check):
    """A time of day."""

    says: str

    def fit(self, value: object) -> time:
        """``04:30`` and nothing else: local time of the gate, to the minute."""
        allowed = "a time of day from 00:00 to 23:59, such as 04:30"
        if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", value) is None:
            raise UnfitError("this is not a time of day", allowed)
        hour, _, minute = value.partition(":")
        if len(hour) == 1:
            raise UnfitError("an hour has two digits", allowed, f"0{value}")
        try:
            return time(int(hour), int(minute))
        except ValueError:
            raise UnfitError(f"there is no {value} on the clock", allowed) from None

    def schema(self) -> dict[str, Any]:
        """Two digits, a colon, two digits."""
        return {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"}


@dataclass(frozen=True, slots=True)
class Zone(Check):
    """A time zone of the IANA data base."""

    says: str

    def fit(self, value: object) -> str:
        """A name that this machine's zone data knows."""
        allowed = "a name of the time zone data base, such as Asia/Shanghai or Europe/Berlin"
        if not isinstance(value, str):
            raise UnfitError(f"a time zone must stand here, not {kind_of(value)}", allowed)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            zones = available_timezones()
            folder = any(zone.startswith(f"{value}/") for zone in zones)
            guess = "" if folder else nearest(value, zones)
            if not guess and not folder:
                cities = {zone.rsplit("/")[-1]: zone for zone in sorted(zones)}
                guess = cities.get(nearest(value, cities), "")
            raise UnfitError(f"{value[:40]!r} is no time zone", allowed, guess) from None
        return value

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string"}


def kind_of(value: object) -> str:
    """What a value is, in words for an installer."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    return "a mapping" if isinstance(value, Mapping) else "a list"
