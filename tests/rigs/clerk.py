"""A clerk at the control socket: one act after the other, again and again until it is answered.

Rules kept here:
- what was not answered is sent again under its own id, over as many lives of the daemon as it
  takes; what was answered is sent again now and then too, and answered as it was;
- what an order is to write is noted before it is sent, so that whoever looks into the journal, at
  whichever moment, can tell a whole act from half of one;
- who strikes the daemon in the middle of an act, and the clerk who orders it, wait for each other.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.errors import GateError
from tests.patience import LIMIT_S
from tests.rigs.house import House

SIGN_ON, SIGN_OFF = "sign_on", "sign_off"
_PAUSE_S = 0.02
_WATCHED_S = 2.0

Written = Mapping[str, int]
"""What an act writes: how many entries of which type, in short words (``visit.opened``)."""


class OverError(Exception):
    """The clerk has been told to go."""


class _Aim:
    """An act in which the daemon is struck: it has ``begun``, and it may ``go`` on."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.begun = threading.Event()
        self.go = threading.Event()


class Clerk:
    """Works, as a context, in a thread of its own: ``work(self, number)`` over and over.

    ``aims`` are the kinds of acts in which the daemon is to be struck, one after the other.
    ``answers`` are the results by order, ``wants`` what every order that was sent writes, and
    ``done`` counts the answers by kind. ``fault`` is what went wrong; `healthy` raises it.
    """

    def __init__(self, rig: House, seed: int, work: "Work", aims: Sequence[str]) -> None:
        self._rig = rig
        self._work = work
        self._chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clerk", daemon=True)
        self._aims = [_Aim(kind) for kind in aims]
        self._struck = 0
        self._took_s: dict[str, float] = {}
        self._orders: dict[str, Mapping[str, Any]] = {}
        self._last = ""
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.wants: dict[str, Written] = {}
        self.done: Counter[str] = Counter()
        self.rounds = 0
        self.fault: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for aim in self._aims:
            aim.go.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "the clerk hangs"

    def healthy(self) -> bool:
        """True; raises what went wrong in the clerk's thread."""
        if self.fault is not None:
            raise self.fault
        return True

    # The acts; called by the work, in the clerk's thread

    def order(
        self, order_id: str, kind: str, writes: Written, form: Mapping[str, object], **more: str
    ) -> Mapping[str, Any]:
        """Give an order until it is done; gives its result. Raises `OverError`.

        ``writes`` is what it writes when it is done; ``more`` stands beside the form (``token``).
        """
        asked = {"order_id": order_id, "kind": kind, "args": {}, "form": form, **more}
        self.wants[order_id] = writes
        answer = self._answered(kind, "order", asked)
        assert answer["status"] == "done", (order_id, kind, answer)
        if self._chance.random() < 0.3:
            self._same("order", asked, answer)
        self.answers[order_id] = answer["result"]
        if not more:
            # What needs a sign-on is refused when that is over, so it is not asked again later.
            self._orders[order_id], self._last = asked, order_id
        return self.answers[order_id]

    def sign_on(self, guard: str, pin: str, desk: str) -> Mapping[str, Any]:
        """Sign on; gives ``{token, shift, …}``. A second time is another token, and one shift."""
        answer = self._answered(SIGN_ON, SIGN_ON, {"guard": guard, "pin": pin, "desk": desk})
        assert answer["status"] == "done", (guard, answer)
        return answer

    def sign_off(self, token: str) -> None:
        """Sign off; it is no fault when that was done already."""
        answer = self._answered(SIGN_OFF, SIGN_OFF, {"token": token})
        assert answer["status"] == "done", answer

    def _answered(self, kind: str, op: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        first = True
        while not self._over.is_set():
            if first:
                self._met(kind)
            began = time.monotonic()
            answer = self._asked(op, asked)
            if answer is not None:
                if first:
                    self._took_s[kind] = time.monotonic() - began
                elif self._last:
                    last = self._last
                    self._same("order", self._orders[last], {"result": self.answers[last]})
                self.done[kind] += 1
                return answer
            first = False
            self._over.wait(_PAUSE_S)
        raise OverError

    def _asked(self, op: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer; None where the daemon is away, or was before it said anything."""
        try:
            with self._rig.control() as client:
                answer: Mapping[str, Any] = client.ask(op, **asked)
        except (GateError, OSError):
            return None
        return answer

    def _same(self, op: str, asked: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Ask once more for what was done: the answer is the same."""
        answer = self._asked(op, asked)
        if answer is not None:
            assert {name: answer[name] for name in before} == dict(before), asked

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._work(self, self.rounds)
                self.rounds += 1
        except OverError:
            return
        except (AssertionError, KeyError, TypeError, ValueError) as fault:
            self.fault = fault

    def _met(self, kind: str) -> None:
        """Wait for who strikes, if it is this kind's turn."""
        aim = self._aims[self._struck] if self._struck < len(self._aims) else None
        if aim is not None and aim.kind == kind and not aim.begun.is_set():
            aim.begun.set()
            assert aim.go.wait(LIMIT_S), f"nobody struck at {kind}"

    # For whoever strikes

    def strike(self, chance: random.Random) -> str:
        """Kill the daemon with -9 while the next act that is aimed at is with it; gives how.

        ``time``: at some moment of what it usually takes, more often late than early. ``disk``: as
        soon as the write-ahead log changes, or a little later.
        """
        aim = self._aims[self._struck]
        ends = time.monotonic() + LIMIT_S
        while not aim.begun.wait(0.5):
            assert self.healthy()
            assert time.monotonic() < ends, f"no {aim.kind} was ordered"
        wal = self._rig.ledger.with_name(f"{self._rig.ledger.name}-wal")
        how, before = chance.choice(("time", "disk")), _stamp(wal)
        aim.go.set()
        if how == "time":
            usual = self._took_s.get(aim.kind, 0.02)
            pause_s = usual * chance.choice((chance.uniform(0, 1.2), chance.uniform(0.7, 1.1)))
        else:
            ends = time.monotonic() + _WATCHED_S
            while _stamp(wal) == before and time.monotonic() < ends:
                pass
            pause_s = chance.choice((0.0, chance.uniform(0, 0.004)))
        threading.Event().wait(pause_s)
        self._rig.kill()
        self._struck += 1
        return f"{how} {1000 * pause_s:.1f} ms"

    def all_again(self) -> int:
        """Ask again for everything that was done, from the caller's thread; gives how much it was.

        The work has ended. Every answer is the first one.
        """
        assert not self._thread.is_alive()
        for order_id, asked in self._orders.items():
            answer = self._asked("order", asked)
            assert answer is not None
            assert answer["result"] == self.answers[order_id], asked
        return len(self._orders)


Work = Callable[[Clerk, int], None]


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns
