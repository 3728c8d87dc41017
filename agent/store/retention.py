"""Retention: which whole periods of the journal are over, and what has to be done before they go.

Rules kept here:
- a period is a calendar month of the gate; it goes when it is over for as long as the journal is
  kept, and all at once;
- its last entry was written by a trusted clock before the boundary, and no entry before it was
  written by a trusted clock after it;
- nothing goes that the broker does not have yet, where there is a broker, or that a consumer who is
  named has not confirmed;
- rows that the entries left behind do not make are carried when they are in force, and dropped when
  they are over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from agent.core.fold import TRUSTED
from agent.core.project_carried import in_force
from agent.store.carry import Key
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt

_BATCH = 5000
_HEADERS = (
    "SELECT sequence, recorded_us, quality FROM entries WHERE sequence > ? "
    "ORDER BY sequence LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cut comes to: the last entry to go, its hash, and the rows to carry and to drop."""

    through: int
    hash: bytes
    entries: int
    before_us: int
    carry: tuple[Key, ...] = ()
    drop: tuple[Key, ...] = ()


def boundary(now: datetime, kept: timedelta, timezone: tzinfo) -> int:
    """The beginning of the month of the moment ``kept`` ago, µs since 1970 UTC."""
    then = (now - kept).astimezone(timezone)
    first = then.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(first.timestamp()) * 1_000_000


def through(reading: Reading, before_us: int, at_most: int | None = None) -> int:
    """The last entry of what may go, 0 for nothing; ``at_most``: not beyond this one."""
    last = found = 0
    while rows := reading.rows(_HEADERS, (last, _BATCH)):
        for row in rows:
            if at_most is not None and row["sequence"] > at_most:
                return found
            if row["quality"] not in TRUSTED:
                continue
            if row["recorded_us"] >= before_us:
                return found
            found = row["sequence"]
        last = rows[-1]["sequence"]
    return found


def plan(
    reading: Reading,
    before_us: int,
    at_most: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Plan | None:
    """What has to be done for this boundary; None when nothing may go. Raises StoreError."""
    last = through(reading, before_us, at_most)
    if not last:
        return None
    (row,) = reading.rows("SELECT hash FROM entries WHERE sequence = ?", (last,))
    carry, drop = left_behind(reading, last, before_us, progress)
    count = last - reading.ends()[0] + 1
    return Plan(last, bytes(row["hash"]), count, before_us, tuple(carry), tuple(drop))


def left_behind(
    reading: Reading, last: int, before_us: int, progress: Callable[[int], None] = lambda _: None
) -> tuple[list[Key], list[Key]]:
    """The rows that entries beyond ``last`` do not make: those to carry, and those to drop."""
    carry: list[Key] = []
    drop: list[Key] = []
    with Rebuilt(reading, last) as rebuilt:
        rebuilt.catch_up(progress)
        for each in rebuilt.differences():
            over = each.there is not None and not in_force(each.table, each.there, before_us)
            if each.made is not None or not over:
                carry.append((each.table, each.key))
            else:
                drop.append((each.table, each.key))
    return carry, drop
