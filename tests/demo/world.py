"""A small world in which everything agrees: three taps, two passages, and a centre that has it all.

Each part can be replaced, so that a test can break one and see which check finds it.
"""

import json
from dataclasses import replace
from typing import Any

from agent.core.entries import EntryType, StoredEntry
from agent.demo.centre import Received
from agent.demo.checks import Answer, AtCentre, Evidence, Lane
from agent.demo.pulses import MS, RelayWire
from agent.store.verify import Verdict
from agent.uplink.envelope import envelope
from drivers.sim.board import Record

SOURCE = "/gate/v1/estate/demo"
LANE = "in-1"
OPEN = RelayWire(LANE, "open", 17, True, 300)
CLOSE = RelayWire(LANE, "close", 27, True, 300)
CUT_MS, RESTORED_MS = 9_000, 16_000


def entry(sequence: int, kind: EntryType, at_ms: int, **data: object) -> StoredEntry:
    return StoredEntry(
        sequence,
        "s1",
        "b1",
        at_ms,
        at_ms * 1000,
        at_ms * 1000,
        "synced",
        kind.value,
        f"lane/{LANE}",
        "",
        "",
        json.dumps(data, ensure_ascii=False).encode(),
    )


def granted(sequence: int, at_ms: int, passage: str, card: str = "V-001") -> StoredEntry:
    kind = EntryType.ACCESS_GRANTED
    return entry(sequence, kind, at_ms, lane=LANE, card=card, passage=passage, note="王")


def ended(sequence: int, at_ms: int, passage: str, outcome: str = "passed") -> StoredEntry:
    return entry(
        sequence, EntryType.PASSAGE_ENDED, at_ms, lane=LANE, passage=passage, outcome=outcome
    )


def pulse(relay: RelayWire, at_ms: int, ms: int = 300) -> list[Record]:
    on, off = (0, 1) if relay.active_low else (1, 0)
    return [
        Record(at_ms * MS, "pin", relay.pin, "output", on, 7),
        Record((at_ms + ms) * MS, "pin", relay.pin, "output", off, 7),
    ]


ENTRIES = (
    granted(1, 1_000, "p1"),
    ended(2, 4_000, "p1"),
    entry(3, EntryType.ACCESS_DENIED, 6_000, lane=LANE, card="R-009", reason="card_blocked"),
    granted(4, 10_000, "p2", "V-002"),
    ended(5, 13_000, "p2"),
)
TRACE = (
    Record(0, "client", 0, "input", 0, 7),
    Record(1, "pin", OPEN.pin, "output", 1, 7),
    Record(2, "pin", CLOSE.pin, "output", 1, 7),
    *pulse(OPEN, 1_005),
    *pulse(CLOSE, 4_004),
    *pulse(OPEN, 10_003),
    *pulse(CLOSE, 13_010),
)


def received(entries: tuple[StoredEntry, ...] = ENTRIES) -> tuple[Received, ...]:
    """Each event a moment after it was written, or after the line was restored."""
    times = [RESTORED_MS if CUT_MS < one.uptime_ms < RESTORED_MS else one.uptime_ms
             for one in entries]  # fmt: skip
    return tuple(
        Received(one.sequence, envelope(one, SOURCE), (at_ms + 20) * MS)
        for one, at_ms in zip(entries, times, strict=True)
    )


CENTRE = AtCentre(received(), len(ENTRIES), (), 0, ((CUT_MS * MS, RESTORED_MS * MS),))
WORLD = Evidence(
    SOURCE,
    ENTRIES,
    Verdict(5, 1, 5, bytes(32), 0),
    (
        Answer(LANE, "V-001", "granted"),
        Answer(LANE, "R-009", "card_blocked"),
        Answer(LANE, "V-002", "granted"),
    ),
    TRACE,
    (OPEN, CLOSE),
    {LANE: Lane(passed=2, hits=0, cars=0)},
    CENTRE,
    0,
)


def with_entries(*entries: StoredEntry) -> Evidence:
    return replace(WORLD, entries=entries)


def with_trace(*records: Record) -> Evidence:
    return replace(WORLD, trace=tuple(sorted(records)))


def with_centre(**changes: Any) -> Evidence:
    return replace(WORLD, centre=replace(CENTRE, **changes))
