"""A booth in the thread of the test: the real loop, ledger and requests, with a clock by hand."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.control.server import Peer
from agent.core.entries import EntryType, StoredEntry
from agent.core.events import CardRead, Started, TimerFired
from agent.core.model import Card, CardProof, ClockQuality, Moment
from agent.core.personal import Level
from agent.core.plan import GatePlan
from agent.requests import House, Requests
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.queries.table import bare
from agent.store.reading import Reading
from agent.store.seal import Disclosure
from tests.core.builders import DESK_READER, moment
from tests.rigs.contract import card_known, judge_stored
from tests.rigs.one_thread import OneThread

DESK = "desk-1"
PIN, OTHER_PIN = "482913", "710264"


class Booth:
    """Made open; `close` it. ``protected`` are the orders that acted before they were decided."""

    def __init__(self, path: Path, plan: GatePlan, boot: str = "boot-1") -> None:
        self.path = path
        identity = Identity(str(plan.estate), str(plan.agent))
        disclosure = Disclosure(Level.MASKED, bytes(32))
        self.ledger = Ledger.open(path, identity, disclosure, boot, ballast_bytes=0)
        self.gate = OneThread(plan, self.ledger, moment(0))
        self.loop = self.gate.loop
        self.protected: list[str] = []
        self.unreadable = False
        house = House(
            plan,
            ZoneInfo("UTC"),
            self.gate.clock,
            lambda: self.ledger,
            lambda run: run(),
            self._reading,
            self.loop,
            protect=lambda order: self.protected.append(order.kind),
        )
        self.requests = Requests(house)
        self._numbers = count(1)
        self.peer = Peer(1, 1000)
        self.loop._apply(Started(self.now))

    def close(self) -> None:
        self.ledger.close()
        judge_stored(self.entries())

    @property
    def now(self) -> Moment:
        return self.gate.clock.now()

    def pass_by(self, seconds: float, quality: ClockQuality = ClockQuality.SYNCED) -> None:
        """Let time go by; the books are looked at."""
        now = self.now
        wall_us = now.wall_us + int(seconds * 1e6)
        self.gate.clock.set(Moment(wall_us, now.mono_ns + int(seconds * 1e9), quality))
        self.loop._apply(TimerFired("books:sweep", self.now))

    def ask(self, op: str, **request: object) -> dict[str, Any]:
        told: Any = self.requests.handlers()[op](request, self.peer)
        assert isinstance(told, dict)
        return told

    def order(
        self,
        kind: str,
        form: Mapping[str, object] | None = None,
        *,
        token: str = "",
        desk: str = DESK,
        **args: str,
    ) -> dict[str, Any]:
        """An order from the console."""
        named = f"o-{next(self._numbers)}"
        told = {"order_id": named, "kind": kind, "args": args, "form": form or {}}
        return self.ask("order", **told, desk=desk, token=token)

    def cli(self, kind: str, form: Mapping[str, object] | None = None, **args: str) -> Any:
        """An order from the command line, done."""
        told = self.order(kind, form, desk="", **args)
        assert told["status"] == "done", told
        return told["result"]

    def put(self, *cards: Card) -> None:
        """Cards of the roster."""
        for card in cards:
            self.ledger.put_card(card, card_known(card, self.now), self.now)

    def present(self, card: Card, proof: CardProof = CardProof.UID_ONLY) -> int:
        """Hold a card to the desk's reader; gives the number of the entry."""
        self.loop._apply(CardRead(DESK_READER, card.credential, self.now, proof=proof))
        return self.ledger.head().sequence

    def enrol(self, guard: str, pin: str = PIN, **more: object) -> None:
        self.cli("guard.enrol", {"guard": guard, "name": "张伟", "pin": pin, **more})

    def sign_on(self, guard: str, pin: str = PIN) -> str:
        told = self.ask("sign_on", desk=DESK, guard=guard, pin=pin)
        assert told["status"] == "done", told
        return str(told["token"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        with Reading.open(self.path) as reading:
            return list(bare(reading, table))

    def entries(self, *kinds: EntryType) -> list[StoredEntry]:
        with Reading.open(self.path) as reading:
            return [each for each in reading.after(0, 10_000) if not kinds or each.type in kinds]

    def _reading(self) -> Reading:
        path = self.path.with_name("nothing") if self.unreadable else self.path
        return Reading.open(path)


def lost(card: Card) -> Card:
    """The same card, reported lost."""
    return replace(card, status=type(card.status).LOST)
