"""The daemon's memory does not grow with what it writes.

Once in the loop's own thread, by the interpreter's count of its blocks, and once from outside.
"""

import gc
import sys
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from itertools import count, islice
from pathlib import Path

from agent.core.events import CardRead
from agent.core.gate import Gate
from agent.core.model import Credential
from agent.inbox import Inbox
from agent.loop import Loop
from agent.world import World
from drivers.clock import SystemClock
from tests.core.builders import gate_plan
from tests.patience import until
from tests.rigs.house import House, size
from tests.rigs.one_thread import TracedListener, TracedOutputs, TracedReader
from tests.store.build import open_ledger

AT_ONCE = 50
WARM, MORE = size(1_500, 12_000), size(2_000, 50_000)
"""Entries of the loop: caches are filled by the first of them."""
OUTSIDE_WARM, OUTSIDE_MORE = size(200, 12_000), size(400, 60_000)
"""Likewise of a daemon; by 5,000 it has as many pages of its ledger as it keeps."""
PAGES_KB = 2
"""What an entry may add as long as pages are still being added."""


def blocks() -> int:
    """Every small object that the interpreter has allocated."""
    gc.collect()
    return sys.getallocatedblocks()


def test_the_loop_keeps_nothing_of_what_it_wrote(tmp_path: Path) -> None:
    plan, clock = gate_plan(), SystemClock(assume_synced=True)
    reader = next(iter(plan.readers))
    inbox = Inbox(dict.fromkeys(plan.readers, 0))
    trace: list[str] = []
    listener = TracedListener(trace)
    strangers = count(1_000_000)
    found: list[tuple[int, int]] = []
    with open_ledger(tmp_path / "gate.db") as ledger:
        # It is written through to no disk: only the time that takes would be seen here.
        ledger._conn.execute("PRAGMA synchronous = OFF")
        readers = {name: TracedReader(name, trace) for name in plan.readers}
        world = World(ledger, TracedOutputs(trace), readers, clock, [listener], lambda: None)
        loop = Loop(Gate(plan), inbox, UTC, world)

        def feed() -> None:
            # The rig keeps what it has seen; that is not the loop's.
            for seen in (trace, listener.views, listener.heard):
                seen.clear()
            head = ledger.head().sequence
            if head >= (WARM, WARM + MORE)[len(found)]:
                found.append((head, blocks()))
            if len(found) == 2:
                loop.stop("enough")
                return
            for number in islice(strangers, AT_ONCE):
                inbox.put(CardRead(reader, Credential("em4100", f"{number:010X}"), clock.now()))
            inbox.tell(feed)

        inbox.tell(feed)
        loop.run()
    (first, before), (last, after) = found
    assert last - first >= MORE - AT_ONCE
    assert after - before < (last - first) // 4, "something of each entry is kept"


def strangers(house: House, numbers: Iterator[int], entries: int) -> None:
    """Cards that nobody knows are tapped until the daemon has written so many entries more."""
    first = house.head()

    def written(sequence: int) -> bool:
        return house.head() >= sequence

    for ends in range(first + AT_ONCE, first + entries + 1, AT_ONCE):
        for number in islice(numbers, AT_ONCE):
            house.tap("in-1", number)
        until(partial(written, ends), "an entry for each tap")


def test_a_daemon_stays_as_big_as_it_is(tmp_path: Path) -> None:
    numbers = count(1_000_000)
    # As systemd/gate-agent.service has it.
    environment = {"MALLOC_ARENA_MAX": "2"}
    with House(tmp_path / "gate", [], environment=environment) as house:
        house.start()
        strangers(house, numbers, OUTSIDE_WARM)
        warm_kb = house.resident_kb()
        strangers(house, numbers, OUTSIDE_MORE)
        grown_kb = house.resident_kb() - warm_kb
    still_kb = 0 if OUTSIDE_WARM > 10_000 else PAGES_KB * OUTSIDE_MORE
    assert grown_kb < 1024 + still_kb, f"{grown_kb} kB more after {OUTSIDE_MORE} entries"
