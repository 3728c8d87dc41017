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


ENDS_A_HOLD = frozenset({"release_hold", "close", "stop"})
"""Orders after which an arm is no longer held open, if they were not refused."""

PROJECTIONS = (
    Projection("open_passages", "passage", {"lane": "TEXT", "sequence": "INTEGER", "card": "TEXT"}),
    Projection(
        "modes", "name", {"since_us": "INTEGER", "until_us": "INTEGER", "sequence": "INTEGER"}
    ),
)


def project(
    sequence: int, kind: str, data: Mapping[str, object], time_us: int = 0
) -> Iterator[Put | Drop]:
    """The rows that one entry changes. ``data`` is the entry's data, decoded.

    ``time_us``: when it happened, wall time in µs since 1970 UTC.
    """
    yield from _open_passages(sequence, kind, data)
    yield from _modes(sequence, kind, data, time_us)


def _open_passages(sequence: int, kind: str, data: Mapping[str, object]) -> Iterator[Put | Drop]:
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


def _modes(
    sequence: int, kind: str, data: Mapping[str, object], time_us: int
) -> Iterator[Put | Drop]:
    """What is in force until somebody lifts it: ``fire``, ``lockdown``, ``hold:{lane}``.

    An order for an arm is in force unless it was ``refused``; ``untilus`` is the end of a hold.
    """
    begun = {"since_us": time_us, "until_us": 0, "sequence": sequence}
    match kind:
        case EntryType.EMERGENCY_RAISED:
            yield Put("modes", str(data["emergency"]), begun)
        case EntryType.EMERGENCY_LIFTED:
            yield Drop("modes", str(data["emergency"]))
        case EntryType.ARM_RELEASED:
            yield Drop("modes", f"hold:{data['lane']}")
        case EntryType.ARM_ORDERED if "refused" not in data:
            order = data.get("order")
            if order == "hold_open":
                until_us = int(str(data.get("untilus", 0)))
                yield Put("modes", f"hold:{data['lane']}", {**begun, "until_us": until_us})
            elif order in ENDS_A_HOLD:
                yield Drop("modes", f"hold:{data['lane']}")
