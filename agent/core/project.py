"""Projections: what the journal says, folded into rows that can be looked up.

Rules kept here:
- a projection is made from the entry as it is stored, so that a rebuild equals what was live;
- rows are applied in the transaction of their entry.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.core.entries import EntryType


@dataclass(frozen=True, slots=True)
class Put:
    """Insert or replace the row with this key."""

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
    """A projected table: its key column and the other columns with their SQLite types."""

    table: str
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)


PROJECTIONS = (
    Projection("open_passages", "passage", {"lane": "TEXT", "sequence": "INTEGER", "card": "TEXT"}),
)


def project(sequence: int, kind: str, data: Mapping[str, object]) -> Iterator[Put | Drop]:
    """The rows that one entry changes. ``data`` is the entry's data, decoded."""
    granted = kind == EntryType.ACCESS_GRANTED
    if granted or (kind == EntryType.ARM_ORDERED and "passage" in data):
        values: dict[str, str | int] = {
            "lane": str(data["lane"]),
            "sequence": sequence,
            "card": str(data.get("card", "")),
        }
        yield Put("open_passages", str(data["passage"]), values)
    elif kind == EntryType.PASSAGE_ENDED:
        yield Drop("open_passages", str(data["passage"]))
