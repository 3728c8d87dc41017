"""What commands do beside the uplink's thread: workers of their own, and errands in the loop.

Rules kept here:
- a worker has a name and a bound: beyond it whoever asks is told so at once;
- an errand is done whole, or not at all when nobody waits for it any more;
- every wait ends: by its answer, by its limit, or because the gate stops.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import Full, Queue
from time import monotonic
from typing import TypeVar

from agent.errors import GateError

LIMIT_S = 60.0
_LOOK_S = 0.2
_STOP_S = 2.0
_log = logging.getLogger("gate.commands")

T = TypeVar("T")
Tell = Callable[[Callable[[], object]], None]
"""Lets something be done in the loop's thread some time soon; nobody waits (`Inbox.tell`)."""


class StoppingError(GateError):
    """The gate stops; what was begun may be asked for again afterwards."""


class Errands:
    """Asks the loop's thread, from a worker, until `stop`."""

    def __init__(self, tell: Tell, limit_s: float = LIMIT_S) -> None:
        self._tell = tell
        self._limit_s = limit_s
        self._over = threading.Event()

    def ask(self, run: Callable[[], T]) -> T:
        """What ``run`` gives in the loop's thread, or raises there; GateError when it takes long.

        Then it is not done later, unless it had been begun.
        """
        future: Future[T] = Future()
        self.rest(0)
        self._tell(lambda: _fulfil(future, run))
        ends = monotonic() + self._limit_s
        while not wait((future,), _LOOK_S).done:
            over = self._over.is_set()
            if (over or monotonic() >= ends) and future.cancel():
                self.rest(0)
                raise GateError(f"the gate was busy for {self._limit_s:g} s: nothing was done")
            if over:
                self.rest(0)
        return future.result()

    def rest(self, seconds: float) -> None:
        """Let others have the processor for a while; raises StoppingError when the gate stops."""
        if self._over.wait(seconds) if seconds else self._over.is_set():
            raise StoppingError("the gate stops just now: ask again when it is there")

    def stop(self) -> None:
        """Let nobody wait any more; from any thread."""
        self._over.set()


def _fulfil(future: Future[T], run: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(run())
    except GateError as fault:
        future.set_exception(fault)
    finally:
        if not future.done():
            # What else is raised goes on to whoever runs errands, who writes it to the log.
            future.set_exception(GateError("a fault of the program, see its log: report it"))


class Worker:
    """One thread, from `start` to `stop`, that does one job after the other."""

    def __init__(self, name: str, bound: int) -> None:
        self._jobs: Queue[Callable[[], object]] = Queue(bound)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._over = False

    def put(self, job: Callable[[], object]) -> bool:
        """Let the job be done after those that wait; False when too many do. Never waits."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        return True

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job at hand; what waits is left undone. Safe to call twice."""
        self._over = True
        self.put(threading.get_ident)  # any job wakes it
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _work(self) -> None:
        while not self._over:
            job = self._jobs.get()
            if self._over:
                return
            try:
                job()
            except Exception:  # noqa: BLE001 - what is wrong with one command is not the next one's
                _log.exception("a command ended in a fault of the program: report it")
