"""A roster on its way to the gate: the one way in which a file of cards becomes the roster.

Rules kept here:
- the cards travel in slices, so that the gate works on in between; the old roster rules until the
  new one is whole, and count and digest agree at both ends;
- a file with a fault does not travel at all, and one without cards only on purpose.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from agent.errors import GateError
from agent.store.roster_csv import RosterFile

SLICE = 500

Ask = Callable[..., Any]
"""Asks the gate for an operation (`agent.requests`): `ControlClient.ask`, or what does the same."""


class Sent(NamedTuple):
    """What came of it: so many cards rule; ``directory`` as `agent.requests` tells it, or None.

    ``kept`` are labels of cards that stay in stock, whatever the file says: visitors have them.
    """

    cards: int
    directory: Mapping[str, int] | None
    kept: Sequence[str] = ()


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 card``, ``2 cards``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def send(
    ask: Ask,
    found: RosterFile,
    progress: Callable[[int], None] = lambda _: None,
    *,
    allow_empty: bool = False,
) -> Sent:
    """Let the cards of a file rule, and the directory follow where it has telephone numbers.

    ``progress`` hears how many cards were staged.

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
    more: dict[str, object] = {}
    if found.residents is not None:
        more = {"residents": [[each.unit, each.name, *each.phones] for each in found.residents]}
    told = ask("roster.switch", generation=generation, count=total.cards, digest=digest, **more)
    return Sent(int(told["count"]), told["directory"], told["kept"])
