"""What of the books a step has to know, said beforehand, so that the loop can look it up.

Rules kept here:
- a need is one indexed look-up in one projected or reference table;
- a row comes as a dict of its columns, with the personal fields that belong to it, as far as they
  were not erased, under ``personal``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """The rows of ``table`` whose ``column`` has this value (and whose state is ``state``).

    ``column`` empty asks for every row (in that state): for short tables only. ``at_most`` asks
    for values up to this one. The table ``cards`` has ``label, kind, status`` of the desk's cards.
    ``name`` is what they are found under in `Facts.rows`; the table's name where it is empty.
    """

    table: str
    column: str = ""
    value: str | int = ""
    state: str = ""
    name: str = ""
    at_most: bool = False

    @property
    def called(self) -> str:
        """What the rows are found under."""
        return self.name or self.table


Rows = Mapping[str, tuple[Row, ...]]
"""What was found, by the name of the need."""


def merged(found: Iterable[tuple[Need, tuple[Row, ...]]]) -> Rows:
    """All that was found; needs of the same name are joined, one row never twice."""
    rows: dict[str, tuple[Row, ...]] = {}
    for need, some in found:
        known = rows.get(need.called, ())
        rows[need.called] = known + tuple(row for row in some if row not in known)
    return rows
