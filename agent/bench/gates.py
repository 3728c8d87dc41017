"""Many gates in one process: each with a real ledger and a real uplink, none with pins.

Rules kept here:
- one thread owns all the ledgers, as the loop's thread owns the one of a gate; what a gate waits
  for its own disk, here all gates wait for one;
- what the uplinks want of it waits at most as long as in a gate.
"""

import logging
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from agent.bench import site
from agent.bench.broker import HOST
from agent.bench.journal import passage
from agent.core.model import Card
from agent.core.personal import Level
from agent.errors import StoreError
from agent.ports import Condition, Head
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.seal import Disclosure
from agent.uplink.broker import Broker
from agent.uplink.link import Uplink
from agent.uplink.topics import Address
from drivers.clock import SystemClock, boot_id

ESTATE = "bench"
EVENTS = 4
"""So many events has a passage."""

_ASK_S = 5.0
_STOPPING = 32
_FILES_EACH = 16

T = TypeVar("T")


@dataclass(slots=True)
class Member:
    """One of the gates. ``passages`` were written so far."""

    name: str
    path: Path
    ledger: Ledger
    uplink: Uplink
    passages: int = 0

    @property
    def connected(self) -> bool:
        """Does it have a session with the broker?"""
        return self.uplink.health().condition is Condition.OK

    def counter(self, name: str) -> int:
        """A figure of its uplink."""
        return (self.uplink.health().counters or {})[name]


class Gates:
    """Made by `some_gates`. All methods are for one thread."""

    def __init__(self, writer: ThreadPoolExecutor, members: Sequence[Member]) -> None:
        self._writer = writer
        self.members = members
        self._card = next(site.cards(1))

    def start(self) -> None:
        """Let all uplinks begin; they connect by themselves."""
        for member in self.members:
            member.uplink.start()
            member.uplink.committed(self._ask(member.ledger.head))

    def write(self, passages: int) -> int:
        """So many passages at every gate, in one commit each; gives how many events that are."""
        for member in self.members:
            head = self._ask(partial(_write, member, passages, self._card))
            member.uplink.committed(head)
        return len(self.members) * passages * EVENTS

    def _ask(self, run: Callable[[], T]) -> T:
        return self._writer.submit(run).result()


def _write(member: Member, passages: int, card: Card) -> Head:
    now = site.now()
    first, member.passages = member.passages, member.passages + passages
    numbers = range(first, first + passages)
    entries = [entry for number in numbers for entry in passage(number, card, now)]
    return member.ledger.append(entries, now)


@contextmanager
def some_gates(folder: Path, names: Sequence[str], port: int, window: int = 20) -> Iterator[Gates]:
    """Gates with empty journals, not started; ended when the context is left.

    Raises StoreError when a ledger cannot be made.
    """
    _many_files(len(names) * _FILES_EACH)
    # That the broker is away is meant here, and said hundreds of times.
    logging.getLogger("gate.uplink").addHandler(logging.NullHandler())
    with ThreadPoolExecutor(1, "ledgers") as writer:
        members: list[Member] = []
        try:
            made = partial(_made, folder, port=port, window=window, writer=writer)
            members.extend(writer.submit(made, name).result() for name in names)
            yield Gates(writer, members)
        finally:
            with ThreadPoolExecutor(_STOPPING, "stop") as stopping:
                list(stopping.map(lambda each: each.uplink.stop(), members))
            for member in members:
                writer.submit(member.ledger.close).result()


def _made(folder: Path, name: str, *, port: int, window: int, writer: ThreadPoolExecutor) -> Member:
    """A gate; called in the writer's thread, which owns its ledger."""
    path = folder / f"{name}.db"
    identity, disclosure = Identity(ESTATE, name), Disclosure(Level.MASKED, os.urandom(32))
    ledger = Ledger.open(path, identity, disclosure, boot_id(), ballast_bytes=0)

    def next_session() -> int:
        try:
            return writer.submit(ledger.next_session).result(_ASK_S)
        except TimeoutError as late:
            raise StoreError(f"{path}: the disk did not answer within {_ASK_S:g} s") from late

    def save(published: int) -> None:
        writer.submit(ledger.save_published, published)

    uplink = Uplink(
        Broker(HOST, port, client_id=f"{ESTATE}.{name}", window=window),
        Address(ESTATE, name),
        journal=lambda: Reading.open(path),
        published=ledger.published(),
        next_session=next_session,
        save_published=save,
        info=dict,
        boot=boot_id(),
        clock=SystemClock(assume_synced=True),
        disk=folder,
    )
    return Member(name, path, ledger, uplink)


def _many_files(number: int) -> None:
    """Allow this process to have so many open, if the machine does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
