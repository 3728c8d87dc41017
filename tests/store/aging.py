"""Cuts and erasures as the commands make them, in one thread."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.core.model import Moment
from agent.store.endmark import EndMark, sign
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.retention import Plan, left_behind, plan
from tests.store.build import NORTH


def local(moment: Moment) -> datetime:
    return datetime.fromtimestamp(moment.wall_us / 1e6, UTC)


def set_mark(ledger: Ledger, path: Path, wanted: Plan, now: Moment) -> None:
    """Sign and cut, without what comes before and after."""
    stream = ledger.head().stream
    made = (wanted.through, wanted.hash, now.wall_us)
    mark = EndMark(NORTH.estate, NORTH.agent, stream, *made)
    told = {"entries": wanted.entries, "archive": ""}
    entry = Entry(EntryType.JOURNAL_CUT, "journal", now, told, actor="me")
    ledger.care.cut(mark, *sign(mark, path.with_name("cut.key")), entry, now)


def cut(ledger: Ledger, path: Path, before_us: int, now: Moment) -> Plan | None:
    """The whole of it: carry, mark, drop, trim."""
    with Reading.open(path) as reading:
        wanted = plan(reading, before_us)
        if wanted is None:
            return None
        ledger.care.carry(wanted.carry, now)
        carry, drop = left_behind(reading, wanted.through, before_us)
        assert not carry
    set_mark(ledger, path, wanted, now)
    ledger.care.drop(drop, before_us)
    while ledger.care.trim(3):
        pass
    return wanted


def erase(ledger: Ledger, before_us: int, now: Moment) -> tuple[int, int]:
    """All slices; entries and fields that went."""
    after = entries = fields = 0
    while True:
        done = ledger.care.erase(before_us, after, now, "me")
        entries, fields, after = entries + done.entries, fields + done.fields, done.after
        if not after:
            return entries, fields


DAY = timedelta(days=1)
