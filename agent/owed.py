"""What the disk would not take: entries and answers that are written as soon as it does.

Rules kept here:
- what is owed is written before anything else, in the order in which it came;
- it is bounded; what does not fit is lost loudly and counted;
- what can never be written is not owed: it would keep all others from the disk.

Owned by the loop's thread.
"""

import logging
from collections import Counter, deque
from collections.abc import Sequence

from agent.core.entries import Entry
from agent.errors import EntryError
from agent.ports import KeptResult

MOST = 1000
_log = logging.getLogger("gate.loop")


class Owed:
    """``counters`` are the loop's: ``entries_lost`` and ``answers_lost`` are counted there."""

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        self.entries: deque[Entry] = deque()
        self.answers: dict[str, KeptResult] = {}

    def __bool__(self) -> bool:
        return bool(self.entries or self.answers)

    def add(self, entries: Sequence[Entry]) -> None:
        """Owe these; beyond `MOST` the newest are lost."""
        for entry in entries:
            if len(self.entries) >= MOST:
                self._counters["entries_lost"] += 1
                _log.critical("an entry of type %s is lost: the disk was full too long", entry.type)
            else:
                self.entries.append(entry)

    def add_answer(self, answer: KeptResult) -> None:
        """Owe this, so that a repeated order stays one order."""
        if len(self.answers) < MOST:
            self.answers[answer.order_id] = answer
        else:
            self._counters["answers_lost"] += 1

    def give_up(self, entries: Sequence[Entry], fault: EntryError) -> None:
        """These can never be written."""
        self._counters["entries_lost"] += len(entries)
        _log.critical("%d entries cannot be written and are lost: %s", len(entries), fault)

    def paid(self) -> None:
        """All of it is written."""
        if self.entries:
            _log.warning("%d owed entries are written", len(self.entries))
        self.entries.clear()
        self.answers.clear()
