"""How a command reaches the gate.

Through the control socket of the daemon, or, when none runs, through the ledger under its lock.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from agent.control.client import ControlClient, NotRunningError
from agent.errors import GateError
from agent.settings import Settings


class Ask(Protocol):
    """Asks the gate for an operation and gives its result; raises GateError."""

    def __call__(self, op: str, **args: object) -> Any:
        """See `agent.requests.Requests` for the operations."""


@contextmanager
def reach(settings: Settings, *, make: bool = True) -> Iterator[Ask]:
    """A way to ask the gate of these settings, running or not.

    ``make``: where there is no ledger yet, one is made. Raises GateError when the ledger is of
    another user: what is left behind could not be opened by the daemon.
    """
    try:
        client = ControlClient(settings.paths.control)
    except NotRunningError:
        if not make and not settings.paths.ledger.exists():
            raise GateError(
                f"{settings.paths.ledger}: there is no ledger here yet: it is made when gate-agent "
                "first runs, or when a roster is imported"
            ) from None
        _be_the_owner(settings.paths.state)
        # Only here: where a daemon runs, a command is spared half a second of loading all that.
        from agent.cli.alone import alone  # noqa: PLC0415

        with alone(settings) as ask:
            yield ask
        return
    with client:
        yield client.ask


def _be_the_owner(state: Path) -> None:
    if not state.exists() or state.stat().st_uid == os.geteuid():
        return
    owner = state.owner()
    raise GateError(
        f"{state} belongs to {owner}, and no daemon runs that could do this: run it as {owner} "
        f"(sudo -u {owner} gate-agent …), so that the daemon can open what is left there"
    )
