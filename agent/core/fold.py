"""Folds: what they are given, the rows that they give, and the tables that these belong to.

Rules kept here:
- a fold looks at one entry and at nothing else, so that a rebuild gives what was live;
- a row is put whole, changed in some columns, added to, or dropped: no fold reads a table.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.core.model import ClockQuality

TRUSTED = frozenset(quality.value for quality in ClockQuality if quality.trusted)


@dataclass(frozen=True, slots=True)
class Put:
    """Insert or replace the row with this key."""

    table: str
    key: str
    values: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Add:
    """Add to the numbers of the row with this key; it begins with these where there is none."""

    table: str
    key: str
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Set:
    """Change some columns of the row with this key; nothing happens if there is none."""

    table: str
    key: str
    values: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete the row with this key; nothing happens if there is none."""

    table: str
    key: str


@dataclass(frozen=True, slots=True)
class Projection:
    """A projected table: its key column and the other columns with their SQLite types.

    ``fold`` is one more whenever the same entries give other rows, so that they are made anew.
    ``indexes`` are lists of columns, each with a condition where it needs one. A column named
    ``sequence`` is the entry whose personal fields belong to the row.
    """

    table: str
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fold: int = 1
    indexes: tuple[str, ...] = ()


Row = Put | Add | Set | Drop


class Told(NamedTuple):
    """An entry, as far as a fold asks for it."""

    sequence: int
    kind: str
    data: Mapping[str, object]
    time_us: int
    quality: str
    cause: str

    @property
    def trusted(self) -> bool:
        """Could the clock be trusted when it happened?"""
        return self.quality in TRUSTED


Fold = Callable[[Told], Iterator[Row]]
"""The rows that one entry changes."""
