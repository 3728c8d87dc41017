"""What may be asked of a gate about the age of its records: erase, carry, cut, make anew.

Rules kept here:
- only the gate's own user and root may ask; whoever serves web pages is neither;
- all of it runs in slices in the thread that owns the ledger, so that taps come in between;
- what is heavy (which rows outlive a cut, whether the books are what the journal makes) is for who
  asks to find out, in a process of his own.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from agent.control.server import Handler, Peer
from agent.core.entries import Entry, EntryType
from agent.core.plan import GatePlan
from agent.errors import GateError
from agent.ports import Clock
from agent.store.carry import SLICE, Key
from agent.store.endmark import EndMark
from agent.store.ledger import Ledger

Request = Mapping[str, Any]
T = TypeVar("T")


class Gate(Protocol):
    """As much of `agent.requests.House` as is needed here."""

    @property
    def plan(self) -> GatePlan:
        """Which gate it is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def ledger(self) -> Callable[[], Ledger]:
        """The ledger, for its own thread."""

    @property
    def run(self) -> Callable[[Callable[[], Any]], Any]:
        """Runs something in the ledger's thread."""


class Caring:
    """The handlers, by name of the operation; all may raise GateError."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def handlers(self) -> Mapping[str, Handler]:
        """Every operation that can be asked."""
        operations: Mapping[str, Handler] = {
            "privacy.erase": self.erase,
            "journal.carry": self.carry,
            "journal.cut": self.cut,
            "journal.drop": self.drop,
            "journal.trim": self.trim,
            "journal.rebuild": self.rebuild,
        }
        return {name: _ours(handler) for name, handler in operations.items()}

    def erase(self, request: Request, peer: Peer) -> object:
        """``{before_us, after}`` gives ``{after, entries, fields}`` of one slice; after 0: done."""
        before_us, after = int(request["before_us"]), int(request.get("after") or 0)
        now, actor = self._gate.clock.now(), _actor(request, peer)
        done = self._run(lambda: self._ledger().care.erase(before_us, after, now, actor))
        return done._asdict()

    def carry(self, request: Request, peer: Peer) -> object:
        """``{keys: [[table, key]]}`` gives how many rows were written down anew."""
        del peer
        now = self._gate.clock.now()

        def carry(keys: Sequence[Key]) -> int:
            return self._ledger().care.carry(keys, now)

        return sum(self._run(partial(carry, part)) for part in _parts(request))

    def cut(self, request: Request, peer: Peer) -> object:
        """``{sequence, hash, made_us, key, signature, entries, archive}``: set the end mark."""
        gate = self._gate
        sequence, made_us = int(request["sequence"]), int(request["made_us"])
        head = self._run(lambda: self._ledger().head())
        plan = gate.plan
        found = bytes.fromhex(str(request["hash"]))
        mark = EndMark(plan.estate, plan.agent, head.stream, sequence, found, made_us)
        key, signature = (bytes.fromhex(str(request[name])) for name in ("key", "signature"))
        now = gate.clock.now()
        data = {"entries": int(request["entries"]), "archive": str(request.get("archive") or "")}
        actor = _actor(request, peer)
        entry = Entry(EntryType.JOURNAL_CUT, "journal", now, data, actor=actor)
        self._run(lambda: self._ledger().care.cut(mark, key, signature, entry, now))
        return sequence

    def drop(self, request: Request, peer: Peer) -> object:
        """``{keys, before_us}`` gives how many rows went that are over and that nothing makes."""
        del peer
        before_us = int(request["before_us"])

        def drop(keys: Sequence[Key]) -> int:
            return self._ledger().care.drop(keys, before_us)

        return sum(self._run(partial(drop, part)) for part in _parts(request))

    def trim(self, request: Request, peer: Peer) -> object:
        """Remove a slice of what lies below the cut; true when there is more."""
        del request, peer
        return self._run(self._trim)

    def rebuild(self, request: Request, peer: Peer) -> object:
        """Make the books anew from the journal; gives the count of entries.

        While the gate runs they are made anew at its next start, and -1 is the answer: it takes
        longer than a car should wait.
        """
        del request, peer
        if getattr(self._gate, "loop", None) is None:
            return self._run(lambda: self._ledger().rebuild())
        self._run(lambda: self._ledger().rebuild_at_start())
        return -1

    def _trim(self) -> bool:
        return self._ledger().care.trim()

    def _ledger(self) -> Ledger:
        return self._gate.ledger()

    def _run(self, what: Callable[[], T]) -> T:
        found: T = self._gate.run(what)
        return found


def _ours(handler: Handler) -> Handler:
    def guarded(request: Request, peer: Peer) -> object:
        if peer.uid not in (0, os.geteuid()):
            raise GateError(
                "only the user that gate-agent runs as, or root, may ask for this: sudo -u …"
            )
        return handler(request, peer)

    return guarded


def _actor(request: Request, peer: Peer) -> str:
    name = str(request.get("actor") or "")
    return f"{name} (uid:{peer.uid})" if name else f"uid:{peer.uid}"


def _parts(request: Request) -> list[list[Key]]:
    keys = [(str(table), str(key)) for table, key in request["keys"]]
    return [keys[n : n + SLICE] for n in range(0, len(keys), SLICE)]
