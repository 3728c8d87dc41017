"""Gates for the tests of the loop: the same disk under one run after the other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent.core.model import CardStatus
from agent.core.personal import Level
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.core.builders import BEAM, CLOSED, LOOP, OPENED, a_card, gate_plan, moment
from tests.rigs.contract import card_known
from tests.rigs.memory_journal import MemoryJournal
from tests.rigs.one_thread import OneThread

A, B, LOST = a_card("A"), a_card("B"), a_card("L", CardStatus.LOST)
Make = Callable[[], OneThread]


@contextmanager
def gates(kind: str, path: Path) -> Iterator[Make]:
    """Make a gate with cards A and B and a lost one, on a ``memory`` journal or a real ``ledger``.

    Made again it is the next run on the same disk.
    """
    memory = MemoryJournal([A, B, LOST])
    with ExitStack() as open_ones:

        def fresh() -> OneThread:
            if kind == "memory":
                return OneThread(gate_plan(), memory, moment(0))
            open_ones.pop_all().close()
            ledger = open_ones.enter_context(_ledger(path))
            return OneThread(gate_plan(), ledger, moment(0))

        yield fresh


def _ledger(path: Path) -> Ledger:
    disclosure = Disclosure(Level.MASKED, bytes(range(32)))
    identity = Identity("estate", "north")
    ledger = Ledger.open(path, identity, disclosure, "boot-1", ballast_bytes=0)
    if ledger.card_by_label("A") is None:
        for card in (A, B, LOST):
            ledger.put_card(card, card_known(card, moment(0)), moment(0))
    return ledger


def ready(gate: OneThread) -> OneThread:
    """With every input clear and the arm down."""
    for name in (LOOP, BEAM, OPENED, CLOSED):
        gate.level(name, name == CLOSED)
    return gate
