"""``python -m tests.rigs.bulk CONFIG COUNT``: many entries through the real ledger, fast.

What a gate writes in weeks, in seconds: the entries are those of taps, and they take the way of
every entry (seal, chain, projections, commit with FULL), only `BATCH` to a commit. The gate must
not run; its clock and its configuration are used.
"""

import sys
from pathlib import Path

from agent.app import open_ledger
from agent.core.entries import Entry, EntryType
from agent.settings.here import load
from drivers.clock import SystemClock

BATCH = 250


def main(config: Path, count: int) -> None:
    """Append ``count`` denied taps and close."""
    clock = SystemClock(assume_synced=True)
    with open_ledger(load(config)) as ledger:
        for first in range(0, count, BATCH):
            now = clock.now()
            entries = []
            for number in range(first, min(first + BATCH, count)):
                data = {
                    "lane": "in-1",
                    "reader": "in-1-rdm",
                    "direction": "in",
                    "reason": "unknown_credential",
                }
                personal = {"credential": f"em4100:{number:010X}"}
                kind = EntryType.ACCESS_DENIED
                entries.append(Entry(kind, "lane/in-1", now, data, personal))
            ledger.append(entries, now)
            ledger.housekeeping(now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
