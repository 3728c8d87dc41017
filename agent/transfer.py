"""A roster on its way to the gate: the one way in which a file of cards becomes the roster.

Rules kept here:
- the cards travel in slices, so that the gate works on in between; the old roster rules until the
  new one is whole, and count and digest agree at both ends;
- a file with a fault does not travel at all, and one without cards only on purpose.
"""

import itertools
from collections.abc import Callable
from typing import Any

from agent.errors import GateError
from agent.store.roster_csv import RosterFile

SLICE = 500

Ask = Callable[..., Any]
"""Asks the gate for an operation (`agent.requests`): `ControlClient.ask`, or what does the same."""


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 card``, ``2 cards``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def send(
    ask: Ask,
    found: RosterFile,
    progress: Callable[[int], None] = lambda _: None,
    *,
    allow_empty: bool = False,
) -> int:
    """Let the cards of a file rule; gives their number. ``progress`` hears how many were staged.

    Raises GateError, also for a file with faults, and for one without cards unless
    ``allow_empty``; then the old roster rules on.
    """
    if found.faults:
        raise GateError(f"the file has {counted(len(found.faults), 'fault')}: nothing was sent")
    if not found.glued and not allow_empty:
        raise GateError("the file has no cards: to empty the roster on purpose say --allow-empty")
    total = found.total()
    generation = ask("roster.begin")
    rows = iter(found.rows())
    done = 0
    while part := list(itertools.islice(rows, SLICE)):
        ask("roster.stage", generation=generation, rows=part)
        done += len(part)
        progress(done)
    digest = total.digest().hex()
    return int(ask("roster.switch", generation=generation, count=total.cards, digest=digest))
