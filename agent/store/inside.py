"""Who and which vehicle is inside, as the projections say, with what the ledger knows of them.

Rules kept here:
- names and plates come from the personal fields of the entry that let them in, so what was erased
  is not shown any more;
- it is read in batches: no snapshot stays open.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.core.ids import LaneId, ZoneId
from agent.core.plan import OUTSIDE
from agent.store.books import FORGIVEN

_BATCH = 500
_ROW = "SELECT card, zone, kind, lane, since_us, trusted, assumed, granted,"
_INSIDE = (
    f"{_ROW} {FORGIVEN} FROM presence WHERE zone <> ? AND (? = '' OR zone = ?) AND card > ? "
    "ORDER BY card LIMIT ?"
)

Fetch = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]
"""Runs a query and gives all rows."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A card that is inside. ``since_us`` is wall time in µs since 1970 UTC.

    ``trusted``: the clock could be trusted then. ``assumed``: no sensor saw the passage.
    ``forgiven``: an amnesty came after it. ``personal`` are the fields that were not erased.
    """

    card: str
    zone: ZoneId
    kind: str
    lane: LaneId
    since_us: int
    trusted: bool
    assumed: bool
    forgiven: bool
    personal: Mapping[str, str]


def inside(
    fetch: Fetch, personal: Callable[[int], Mapping[str, str]], zone: str = ""
) -> Iterator[Inside]:
    """Everybody who is in ``zone``, or in any zone but outside; in the order of the labels."""
    last = ""
    while rows := fetch(_INSIDE, (OUTSIDE, zone, zone, last, _BATCH)):
        for card, where, kind, lane, since_us, trusted, assumed, granted, forgiven in rows:
            yield Inside(
                card,
                ZoneId(where),
                kind,
                LaneId(lane),
                since_us,
                bool(trusted),
                bool(assumed),
                bool(forgiven),
                personal(granted),
            )
        last = rows[-1][0]
