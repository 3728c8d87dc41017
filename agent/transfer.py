"""A roster on its way to the gate: the one way in which a file of cards becomes the roster.

Rules kept here:
- the cards travel in slices, so that the gate works on in between; the old roster rules until the
  new one is whole, and count and digest agree at both ends;
- a file with a fault does not travel at all.
"""

import itertools
from collections.abc import Callable
from typing import Any

from agent.errors import GateError
from agent.store.roster_csv import RosterFile

SLICE = 500

Ask = Callable[..., Any]
"""Asks the gate for an operation (`agent.requests`): `ControlClient.ask`, or what does the same."""


def send(ask: Ask, found: RosterFile, progress: Callable[[int], None] = lambda _: None) -> int:
    """Let the cards of a file rule; gives their number. ``progress`` hears how many were staged.

    Raises GateError, also for a file with faults; then the old roster rules on.
    """
    if found.faults:
        raise GateError(f"the file has {len(found.faults)} faults: nothing was sent")
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
