"""A gate that does not run, asked all the same: its ledger under the lock, the daemon's handlers.

Heavy to load, and loaded only where no daemon answers.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from agent import planning
from agent.app import open_ledger
from agent.control.server import Peer
from agent.errors import GateError
from agent.requests import House, Requests
from agent.settings import Settings
from agent.store.reading import Reading
from drivers.clock import SystemClock


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
        peer = Peer(os.getpid(), os.getuid())
        numbers = itertools.count(1)

        def ask(op: str, **args: object) -> Any:
            handler = handlers.get(op)
            if handler is None:
                raise GateError(f"{op} needs a running gate: start gate-agent")
            return handler({"id": next(numbers), "op": op, **args}, peer)

        yield ask
    finally:
        ledger.close()
