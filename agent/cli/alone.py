"""A gate that does not run, asked all the same: its ledger under the lock, the daemon's handlers.

Heavy to load, and loaded only where no daemon answers.

Rules kept here:
- what moves something, or stands for what somebody saw at the gate, needs a running gate;
- guards, cards and the directory can be put right without: the first guard is made before the first
  start.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from agent import planning
from agent.app import make_bank, open_ledger
from agent.control.server import Peer
from agent.core.gate import Gate
from agent.errors import GateError
from agent.inbox import Inbox
from agent.loop import Loop
from agent.requests import House, Requests
from agent.settings import Settings
from agent.settings.words import Backend
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.world import World
from drivers.clock import SystemClock
from drivers.pin_factory import open_factory

QUIET = ("guard.", "card.", "directory.")
"""Orders that begin so change tables and move nothing."""


@contextmanager
def alone(settings: Settings) -> Iterator[Callable[..., Any]]:
    """Ask the gate of these settings for as long as this lasts; see `agent.cli.house.reach`."""
    ledger = open_ledger(settings)
    try:
        house = House(
            planning.gate_plan(settings),
            ZoneInfo(settings.timezone),
            SystemClock(assume_synced=settings.clock.assume_synced),
            lambda: ledger,
            lambda run: run(),
            lambda: Reading.open(settings.paths.ledger),
        )
        handlers = Requests(house).handlers()
        writing = Requests(replace(house, loop=_desk(settings, house, ledger))).handlers()
        peer = Peer(os.getpid(), os.getuid())
        numbers = itertools.count(1)

        def ask(op: str, **args: object) -> Any:
            quiet = op == "order" and str(args.get("kind")).startswith(QUIET)
            handler = (writing if quiet else handlers).get(op)
            if handler is None:
                raise GateError(f"{op} needs a running gate: start gate-agent")
            return handler({"id": next(numbers), "op": op, **args}, peer)

        yield ask
    finally:
        ledger.close()


def _desk(settings: Settings, house: House, ledger: Ledger) -> Loop:
    """A loop that is never run: it takes orders for the tables, and its pins are in memory."""
    clock = SystemClock(assume_synced=settings.clock.assume_synced)
    pins = make_bank(settings, house.plan, clock, open_factory(Backend.MOCK.value, None))
    world = World(ledger, pins, {}, clock, (), lambda: None)
    return Loop(Gate(house.plan), Inbox({}), house.timezone, world)
