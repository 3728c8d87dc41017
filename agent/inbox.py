"""The one queue into the loop.

Rules kept here:
- putting never blocks and never raises: reader, pin and control threads have no time to lose;
- taps are bounded: a tap that already waits is not put twice, and beyond `TAPS` waiting taps the
  newest is dropped; both are counted;
- keys typed at readers are bounded, all readers together: beyond `KEYS` waiting ones the newest are
  dropped and counted;
- inputs are bounded and never lost: each input has `LEVELS` places, and when they are full the
  newest level takes the place of the last one (its edge count tells that something was between);
- whoever asks for something to be done in the loop's thread waits no longer than he says.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from agent.core.events import CardRead, Event, FrameFaulted, InputChanged, KeysTyped
from agent.core.ids import InputId, ReaderId
from agent.core.model import CardProof, Credential
from agent.core.quiet import Quiet
from agent.errors import GateError

_log = logging.getLogger("gate.inbox")
TAPS = 256
LEVELS = 32
KEYS = 256

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be run in the loop's thread, and where its result goes."""

    run: Callable[[], Any]
    future: "Future[Any]"


@dataclass(frozen=True, slots=True)
class Begun:
    """The first bytes of a frame are there; the rest takes the line some milliseconds."""

    reader: ReaderId


class NotKnownYetError(GateError):
    """The loop did not answer within the time; whether it will act is not known."""


class Inbox:
    """Many threads put, the loop takes. ``quiet_ns`` is the quiet time of every reader."""

    def __init__(self, quiet_ns: dict[ReaderId, int]) -> None:
        self._queue: SimpleQueue[Event | Errand | Begun | InputId | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._quiet = {name: Quiet(name, ns) for name, ns in quiet_ns.items()}
        self._taps: set[tuple[ReaderId, Credential]] = set()
        self._levels: dict[InputId, list[InputChanged]] = {}
        self._keys = 0
        self._begun = False
        self.counters: Counter[str] = Counter()

    def put(self, event: Event | FrameFaulted) -> None:
        """Hand an event over, from any thread."""
        if isinstance(event, CardRead):
            self._put_tap(event)
        elif isinstance(event, InputChanged):
            self._put_level(event)
        elif isinstance(event, KeysTyped):
            self._put_keys(event)
        elif isinstance(event, FrameFaulted):
            with self._lock:
                self.counters["frames_faulted"] += 1
        else:
            self._queue.put(event)

    def begun(self, reader: ReaderId) -> None:
        """A frame has begun at this reader, from any thread; at most one such word waits."""
        if not self._begun:
            self._begun = True
            self._queue.put(Begun(reader))

    def ask(self, run: Callable[[], T], limit_s: float) -> T:
        """Run ``run`` in the loop's thread and return what it returns, or raise what it raises.

        Raises NotKnownYetError after ``limit_s`` seconds. Never called by the loop itself.
        """
        future: Future[T] = Future()
        self._queue.put(Errand(run, future))
        try:
            return future.result(limit_s)
        except FutureTimeoutError:
            if future.done():
                # It ended at the last moment, or the errand itself raised a TimeoutError.
                return future.result()
            if future.cancel():
                message = f"the gate was busy for {limit_s:g} s: nothing was done, try again"
            else:
                message = f"the gate is still at it after {limit_s:g} s: look before trying again"
            raise NotKnownYetError(message) from None

    def tell(self, run: Callable[[], object]) -> None:
        """Run ``run`` in the loop's thread, some time soon; nobody waits, a failure is logged."""
        future: Future[object] = Future()
        future.add_done_callback(_log_failure)
        self._queue.put(Errand(run, future))

    def waiting(self) -> int:
        """How many things wait now."""
        return self._queue.qsize()

    def wake(self) -> None:
        """Make `take` return at once, with None."""
        self._queue.put(None)

    def take(self, timeout_s: float) -> Event | Errand | Begun | None:
        """The next thing to do; None when nothing came within ``timeout_s`` seconds."""
        try:
            item = self._queue.get(timeout=timeout_s)
        except Empty:
            return None
        if isinstance(item, CardRead):
            with self._lock:
                self._taps.discard((item.reader, item.credential))
            return item
        if isinstance(item, KeysTyped):
            with self._lock:
                self._keys -= 1
            return item
        if isinstance(item, str):
            with self._lock:
                return self._levels[item].pop(0)
        if isinstance(item, Begun):
            self._begun = False
        return item

    def _put_tap(self, tap: CardRead) -> None:
        quiet = self._quiet.get(tap.reader)
        key = (tap.reader, tap.credential)
        with self._lock:
            if quiet is not None and not quiet.admits(tap.credential, tap.at.mono_ns):
                self.counters["taps_held"] += 1
                return
            if quiet is not None and tap.proof is CardProof.FAILED:
                quiet.forget(tap.credential)
            if key in self._taps or len(self._taps) >= TAPS:
                self.counters["taps_dropped"] += 1
                return
            self._taps.add(key)
        self._queue.put(tap)

    def _put_keys(self, typed: KeysTyped) -> None:
        with self._lock:
            if self._keys >= KEYS:
                self.counters["keys_dropped"] += 1
                return
            self._keys += 1
        self._queue.put(typed)

    def _put_level(self, level: InputChanged) -> None:
        with self._lock:
            waiting = self._levels.setdefault(level.input, [])
            if len(waiting) >= LEVELS:
                waiting[-1] = level
                self.counters["levels_merged"] += 1
                return
            waiting.append(level)
        self._queue.put(level.input)


def _log_failure(future: "Future[object]") -> None:
    if not future.cancelled() and (fault := future.exception()) is not None:
        _log.error("what the loop was told to do failed: %s", fault)
