"""One agent's uplink with its journal, as the tests of this folder use it."""

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from agent.core.ids import LaneId
from agent.core.view import LaneView
from agent.ports import Health
from agent.uplink.broker import Broker
from agent.uplink.envelope import envelope
from agent.uplink.link import Uplink
from agent.uplink.topics import Address
from tests.patience import until
from tests.rigs.listener import Heard, Listener
from tests.uplink.book import BOOT, Book, SystemClock

ADDRESS = Address("estate", "north")
HAS = {"software": "0.1.0", "lanes": {}, "readers": {}, "inputs": [], "zones": {}}
EVT, STATUS, INFO = ADDRESS.evt, ADDRESS.status, ADDRESS.info


def lane(name: str, position: str = "closed") -> LaneView:
    return LaneView(LaneId(name), position, "normal", "clear", 0)


class Gate:
    """Runs an uplink over a book; starts from what the book has kept."""

    def __init__(self, directory: Path, broker: Broker) -> None:
        self.book = Book(directory / "book.db")
        self.saves: list[float] = []
        self.uplink = Uplink(
            broker,
            ADDRESS,
            journal=self.book.reader,
            published=self.book.kept("published"),
            next_session=self.book.next_session,
            save_published=self._save,
            info=lambda: HAS,
            boot=BOOT,
            clock=SystemClock(),
        )

    def _save(self, published: int) -> None:
        self.saves.append(monotonic())
        self.book.keep("published", published)

    def append(self, count: int, *, age_s: float = 0.0, padding: int = 0) -> None:
        self.uplink.committed(self.book.append(count, age_s=age_s, padding=padding))

    def counter(self, name: str) -> int:
        return (self.uplink.health().counters or {})[name]

    def wait(self, condition: Callable[[Health], bool]) -> Health:
        health = self.uplink.health()

        def look() -> bool:
            nonlocal health
            health = self.uplink.health()
            return condition(health)

        try:
            until(look, "what was expected of the uplink")
        except AssertionError as fault:
            raise AssertionError(f"{fault}; {health}") from None
        return health

    def drained(self) -> Health:
        return self.wait(lambda health: (health.counters or {})["backlog"] == 0)

    def __enter__(self) -> Self:
        self.uplink.start()
        self.uplink.committed(self.book.head())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.uplink.stop()


def sequences(messages: list[Heard]) -> list[int]:
    return [int(json.loads(one.payload)["sequence"]) for one in messages]


def statuses(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in listener.on("/status")]


def whole(listener: Listener, book: Book) -> None:
    """Every entry arrived, the first times in order, and each time with the same bytes."""
    expected = {row.sequence: envelope(row, ADDRESS.source) for row in book.rows()}
    firsts: list[int] = []
    for one in listener.on("/evt"):
        sequence = int(json.loads(one.payload)["sequence"])
        assert one.payload == expected[sequence]
        if sequence not in firsts[-200:] and sequence > (firsts[-1] if firsts else 0):
            firsts.append(sequence)
    assert firsts == sorted(expected)
