"""Ledgers, moments, entries and cards for the tests of the store."""

import sqlite3
from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.core.model import (
    Card,
    CardKind,
    CardStatus,
    ClockQuality,
    Credential,
    Moment,
)
from agent.core.personal import Level
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.rigs.whole import whole

KEY = bytes(range(32))
US = 1_700_000_000_000_000
NORTH = Identity("garden", "north")
PERSON = {
    "credential": "em4100:0100CDA4EC",
    "holder": "王小明",
    "unit": "3-1201",
    "plate": "京A12345",
}


def at(second: float = 0, quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    return Moment(US + int(second * 1_000_000), 5_000_000_000 + int(second * 1e9), quality)


def open_ledger(path: Path, *, level: Level = Level.MASKED, ballast: int = 0) -> Ledger:
    return Ledger.open(path, NORTH, Disclosure(level, KEY), "boot-1", ballast_bytes=ballast)


def granted(passage: str, second: float = 0, card: str = "V-017") -> Entry:
    data = {"lane": "in-1", "card": card, "passage": passage}
    return Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at(second), data, PERSON)


def ended(passage: str, second: float = 0) -> Entry:
    data = {"lane": "in-1", "passage": passage, "outcome": "passed"}
    return whole(Entry(EntryType.PASSAGE_ENDED, "lane/in-1", at(second), data))


def switched() -> Entry:
    return whole(Entry(EntryType.ROSTER_SWITCHED, "roster", at()))


def card(number: int, holder: str = "", unit: str = "", plate: str = "") -> Card:
    return Card(
        Credential("em4100", f"{number:010X}"),
        f"C-{number}",
        CardKind.RESIDENT,
        CardStatus.ACTIVE,
        holder,
        unit,
        plate=plate,
    )


def fill(path: Path, passages: int) -> tuple[int, bytes]:
    """A ledger with two entries for each passage; gives its head."""
    with open_ledger(path) as ledger:
        for n in range(passages):
            ledger.append([granted(f"p{n}", n)], at(n))
            ledger.append([ended(f"p{n}", n)], at(n))
        head = ledger.head()
    return head.sequence, head.hash


def tampered(path: Path) -> sqlite3.Connection:
    """A connection of somebody who has thrown the triggers away."""
    conn = sqlite3.connect(path, isolation_level=None)
    names = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        conn.execute(f"DROP TRIGGER {name}")
    return conn
