"""The settings as the centre may see them: whole, but for secrets and for names of people.

Rules kept here:
- where a secret lies is not told either, only that there is one;
- it is plain JSON, written as in the file: spans with their unit, days and times as ISO 8601.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from typing import Any

from agent.settings.models import Settings
from agent.settings.secret import Secret
from agent.settings.units import write_duration

MASK = "***"
_PEOPLE = frozenset({"responsible", "number"})
_ROOMS = frozenset({"control"})
"""Whom the intercom calls: a telephone number may be a part of the address."""


def masked(settings: Settings) -> Mapping[str, Any]:
    """The settings as a JSON object; what is not set is left out."""
    found: Mapping[str, Any] = _plain(settings)
    return found


def _plain(value: object) -> Any:
    if isinstance(value, Secret):
        return MASK
    if is_dataclass(value):
        return _object({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return _single(value)


def _single(value: object) -> bool | int | str:
    match value:
        case Enum():
            return str(value.value)
        case timedelta():
            return write_duration(value)
        case date() | time():
            return value.isoformat()
        case bool() | int() | str():
            return value
    return str(value)


def _object(values: Mapping[Any, object]) -> dict[str, Any]:
    return {
        str(name).removesuffix("_"): _member(str(name), value)
        for name, value in values.items()
        if value is not None
    }


def _member(name: str, value: object) -> Any:
    if value and name in _PEOPLE:
        return MASK
    if name in _ROOMS and isinstance(value, tuple):
        return [MASK for _ in value]
    return _plain(value)
