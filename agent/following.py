"""Following: how the directory comes to be as the residents of a roster say.

Rules kept here:
- whatever takes long is done in the thread that asks, and with rests: one that works without them
  keeps the gate's own thread from the interpreter for 5 ms at a time, a dozen times in a tap;
- what was compared is good as long as nobody has changed the directory since; whoever writes it
  asks for that in the gate's thread, in the same turn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter_ns, sleep
from typing import TypeVar

from agent.core.form import Fault, Form
from agent.core.residents import MOST, NEEDS, Resident, brought, resident
from agent.errors import GateError
from agent.store.chain import framed
from agent.store.reading import Reading
from agent.store.references import Batch, ready

TABLE = "directory"
_WORK_NS = 1_000_000
_REST_S = 0.001

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Following:
    """What is to be written, as long as the ledger's `turn` of the directory is this one.

    ``counts`` are what the entry tells: residents, put, dropped, kept.
    """

    turn: int
    batch: Batch
    counts: Mapping[str, int]


def compared(
    reading: Reading, turn: int, residents: Sequence[Resident], new_id: Callable[[int], str]
) -> Following:
    """Compare the directory with these residents; ``turn`` is from before ``reading`` was opened.

    ``new_id`` makes the key of the n-th new line, from 1. Raises StoreError.
    """
    there = reading.booked(NEEDS)[TABLE]
    new = brought(paced(there), paced(residents), new_id)
    told = {"put": new.put, "dropped": new.dropped, "kept": new.kept}
    return Following(turn, ready(paced(new.changes)), {"residents": len(residents), **told})


def given(told: object) -> Sequence[Resident] | None:
    """The residents of a request; None where it brings none. Raises GateError."""
    if told is None:
        return None
    lines = told if isinstance(told, list) else [told]
    if len(lines) > MOST:
        raise GateError(f"a roster has {MOST} residents with numbers at most")
    found: dict[tuple[str, str], Resident] = {}
    for number, line in enumerate(paced(lines), 1):
        if not isinstance(line, list) or len(line) < 2:
            raise GateError(f"residents, line {number}: write [unit, name, number, …]")
        form = Form({"unit": line[0], "name": line[1], "phones": line[2:]})
        try:
            one = resident(form)
        except Fault as fault:
            raise GateError(f"residents, line {number}, {fault.field}: {fault}") from None
        if found.setdefault((one.unit, one.name), one) is not one:
            raise GateError(f"residents, line {number}: each resident of a unit comes once")
    return tuple(found.values())


def digest(residents: Sequence[Resident]) -> str:
    """SHA-256 over unit, name and numbers of each, framed as the rows of a roster are."""
    total = sha256()
    for each in paced(residents):
        for text in (each.unit, each.name, *each.phones, ""):
            total.update(framed(text.encode()))
    return total.hexdigest()


def paced(items: Iterable[T]) -> Iterator[T]:
    """These items, at half speed: after every millisecond of work comes one of rest."""
    ends = perf_counter_ns() + _WORK_NS
    for item in items:
        yield item
        if perf_counter_ns() >= ends:
            sleep(_REST_S)
            ends = perf_counter_ns() + _WORK_NS
