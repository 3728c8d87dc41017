"""How a command reaches the gate.

Through the control socket of the daemon, or, when none runs, through the ledger under its lock.
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from agent.control.client import ControlClient, NotRunningError
from agent.errors import GateError
from agent.settings import Settings


class Ask(Protocol):
    """Asks the gate for an operation and gives its result; raises GateError."""

    def __call__(self, op: str, **args: object) -> Any:
        """See `agent.requests.Requests` for the operations."""


@contextmanager
def reach(settings: Settings) -> Iterator[Ask]:
    """A way to ask the gate of these settings, running or not."""
    try:
        client = ControlClient(settings.paths.control)
    except NotRunningError:
        with _alone(settings) as ask:
            yield ask
        return
    with client:
        yield client.ask


@contextmanager
def _alone(settings: Settings) -> Iterator[Ask]:
    # Only here: where a daemon runs, a command is spared half a second of loading all this.
    from agent import planning  # noqa: PLC0415
    from agent.app import open_ledger  # noqa: PLC0415
    from agent.control.server import Peer  # noqa: PLC0415
    from agent.requests import House, Requests  # noqa: PLC0415
    from drivers.clock import SystemClock  # noqa: PLC0415

    ledger = open_ledger(settings)
    try:
        house = House(
            planning.gate_plan(settings),
            ZoneInfo(settings.timezone),
            SystemClock(assume_synced=settings.clock.assume_synced),
            lambda: ledger,
            lambda run: run(),
            ledger.card_by_label,
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
