"""What the ledger says for the Gate page, read once for all who ask at the same time.

Rules kept here:
- it is read anew whenever an entry was written, and after a second, since overdue comes by itself;
- several screens that hear the same news ask at the same moment: one of them reads, the others wait
  for what it finds; a page costs the gate nothing, and five pages cost hardly more than one.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from agent.console.site import Site
from agent.store.queries import calls as talks
from agent.store.queries import counts as numbers
from agent.store.queries import deposits as drawer
from agent.store.queries import desk as lying
from agent.store.queries import movements
from agent.store.queries import todo as due
from agent.store.reading import Reading

Row = dict[str, Any]

TAPS = 60
OLDEST_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows as the queries give them; ``held``: deposits that somebody at a lane waits for."""

    taps: list[Row]
    duties: list[Row]
    held: list[Row]
    todo: list[Row]
    counts: Row
    notices: list[Row]
    calls: list[Row]


class Glance:
    """One for a console; from any thread. Nobody changes the rows that it gives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head = -1
        self._read_s = 0.0
        self._seen: Seen | None = None

    def look(self, reading: Reading, site: Site) -> Seen:
        """What the ledger says now; raises StoreError when it cannot be read."""
        with self._lock:
            head, _ = reading.head()
            seen, now_s = self._seen, time.monotonic()
            if seen is None or head != self._head or now_s - self._read_s >= OLDEST_S:
                self._seen = seen = _read(reading, site)
                self._head, self._read_s = head, now_s
            return seen


def _read(reading: Reading, site: Site) -> Seen:
    now_us = time.time_ns() // 1000
    duties = due.duties(reading)
    waits = any(duty["kind"] == "deposit_due" for duty in duties)
    return Seen(
        movements.last_taps(reading, TAPS),
        duties,
        drawer.deposits(reading) if waits else [],
        due.todo(reading, now_us, site.plan.books.collect_within_us),
        dict(numbers.counts(reading, site.plan)),
        lying.notices(reading, now_us),
        talks.calls(reading) if site.plan.calls is not None else [],
    )
