"""Entries that a test makes up, as whole as a gate writes them.

A test of the store says what it is about, in a few fields; what the type has to have besides is
put in from the example of the contract, so that every ledger can be judged (`judge_ledgers`).
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from agent.contract.documents import schemas
from agent.contract.events import EVENTS
from agent.contract.examples import event_data
from agent.core.entries import Entry, EntryType
from agent.errors import StoreError
from agent.store.reading import Reading
from tests.rigs.contract import judge_stored


@cache
def _usual(kind: EntryType) -> dict[str, Any]:
    """What an entry of this type has to have, as in its example."""
    told = event_data(kind, schemas()[f"evt/{kind}"])
    return {name: told[name] for name in EVENTS[kind].data.__required_keys__}


def whole(entry: Entry) -> Entry:
    """The entry with all that its type has to have; what it says itself stays."""
    usual = _usual(EntryType(entry.type))
    missing = {name: usual[name] for name in usual.keys() - entry.personal.keys()}
    return replace(entry, data={**missing, **entry.data})


def judge_ledgers(folder: Path) -> int:
    """Every entry of every ledger below a folder that can be read; gives how many there were."""
    count = 0
    for path in folder.rglob("*.db"):
        try:
            with Reading.open(path) as reading:
                after = 0
                while rows := reading.after(after, 1000):
                    judge_stored(rows)
                    count, after = count + len(rows), rows[-1].sequence
        except StoreError:
            continue  # another database, or one that the test has damaged
    return count
