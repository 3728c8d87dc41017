"""One reader of pcscd as a worker: asks cards who they are and gives lamp signals.

Rules kept here:
- at most one thread talks to a reader, with a context of its own, so that a card that never answers
  holds up its own reader and nothing else;
- each piece of work has a limit. When it is over the thread is abandoned: what it brings later is
  thrown away, and no second thread is sent after it. So there are never more abandoned threads
  than readers, and each ends when the card leaves, the reader answers, or pcscd goes;
- one insertion is told once, also when pcscd was restarted under a card that stayed in the field;
- a card at the edge of the field is asked again until it answers, pcscd says that it is gone, or
  its time is nearly over;
- a card that waits for its turn longer than the limit is not read: a late tap opens no gate.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.pcsc_calls import (
    NO_CARD,
    NOT_TRANSACTED,
    REMOVED,
    RESET,
    SHARING,
    UNPOWERED,
    UNRESPONSIVE,
    Calls,
    PcscError,
)
from drivers.pcsc_card import Prove, Shown, number_only
from drivers.secure.talk import TornError
from drivers.wire.acr122u import (
    GET_FIRMWARE,
    GET_UID,
    ask_again,
    decode_firmware,
    decode_uid,
    light_done,
)
from drivers.wire.atr import card_name

_GONE: Final = (NO_CARD, REMOVED)
_SILENT: Final = (UNPOWERED, UNRESPONSIVE)
_FAILED: Final = b"\x63\x00"
_PAUSE_S: Final = 0.05
_INTRODUCTIONS: Final = 3
"""How often an ACR122U is asked for its firmware until it tells."""

_PERSISTENCE: Final = 0.8
"""The part of the limit in which a card at the edge of the field is asked again."""


class Listener(Protocol):
    """Who hears of a slot; called from the slot's own thread or from that which calls `check`."""

    def told(self, slot: "Slot", card: Shown) -> None:
        """A card came and told its UID, and what else it can prove."""

    def faulted(self, counter: str, reason: str, raw: bytes) -> None:
        """A card came and told none; ``counter`` is the kind of fault."""

    def count(self, counter: str) -> None:
        """Something happened that is only counted."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Ask for a UID. ``lying``: the card may have been told of before pcscd went away."""

    atr: bytes
    lying: bool
    insertion: int
    since: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class _Signal:
    """Give a lamp signal."""

    command: bytes
    since: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class _Introduction:
    """Ask the reader for its firmware."""

    since: float
    limit_s: float


class _UnreadError(Exception):
    """A card that told no UID; ``again`` where asking once more may help."""

    def __init__(self, counter: str, reason: str, raw: bytes = b"", *, again: bool) -> None:
        super().__init__(reason)
        self.counter = counter
        self.raw = raw
        self.again = again


class Slot:
    """A reader by its name. ``limit_s`` is how long a card may take to answer and to prove itself.

    ``prove`` asks it to.
    """

    def __init__(
        self,
        calls: Calls,
        name: str,
        thread_name: str,
        limit_s: float,
        listener: Listener,
        prove: Prove = number_only,
    ) -> None:
        self.name = name
        self._calls = calls
        self._thread_name = thread_name
        self._limit_s = limit_s
        self._listener = listener
        self._prove = prove
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._worker: threading.Thread | None = None
        self._read: _Read | None = None
        self._signal: _Signal | None = None
        self._introduction: _Introduction | None = None
        self._unasked = _INTRODUCTIONS if "ACR122U" in name else 0
        self._firmware = ""
        self._deadline: float | None = None
        self._overdue = False
        self._insertion = 0
        self._told: bytes | None = None
        self._card_trouble = ""
        self._lamp_trouble = ""

    # -- what the monitor says

    def came(self, atr: bytes, *, lying: bool) -> None:
        """A card is in the field: ask for its UID."""
        with self._lock:
            if not lying:
                self._told = None
                self._insertion += 1
            if self._read is not None:
                self._listener.count("skipped")
            self._read = _Read(atr, lying, self._insertion, time.monotonic(), self._limit_s)
            self._wake()

    def left(self) -> None:
        """The field is empty."""
        with self._lock:
            self._told = None
            self._insertion += 1
            self._read = None

    def show(self, command: bytes, duration_s: float) -> None:
        """Give a lamp signal that lasts ``duration_s``; a signal that still waits is replaced."""
        with self._lock:
            limit_s = self._limit_s + duration_s
            self._signal = _Signal(command, time.monotonic(), limit_s)
            self._wake()

    def check(self) -> float | None:
        """Abandon work that is overdue. Gives the seconds to the next deadline, if there is one."""
        with self._lock:
            if self._deadline is None or self._overdue:
                return None
            rest = self._deadline - time.monotonic()
            if rest > 0:
                return rest
            self._overdue = True
        self._listener.faulted(
            "timeouts", f"the card or {self.name} did not answer within {self._limit_s:g} s", b""
        )
        return None

    def close(self) -> None:
        """Take no more work."""
        with self._lock:
            self._closed.set()
            self._read = self._signal = self._introduction = None

    def join(self, seconds: float) -> None:
        """Wait for the thread, if there is one; an abandoned one is left to its fate."""
        with self._lock:
            worker = None if self._overdue else self._worker
        if worker is not None:
            worker.join(max(0.0, seconds))

    @property
    def idle(self) -> bool:
        """Nothing is under way and nothing is remembered."""
        with self._lock:
            return self._worker is None and self._told is None

    @property
    def stuck(self) -> bool:
        """A card or the reader owes an answer for longer than the limit."""
        with self._lock:
            return self._deadline is not None and time.monotonic() > self._deadline

    @property
    def firmware(self) -> str:
        """What an ACR122U says of its firmware; empty while it has not, and for other readers."""
        with self._lock:
            return self._firmware

    @property
    def trouble(self) -> str:
        """What is wrong with this reader, for an installer; empty when nothing is."""
        stuck = self.stuck
        with self._lock:
            if stuck:
                return (
                    f"{self.name} is held up by a card that does not answer: take the card away; "
                    "if that does not help, plug the reader out and in"
                )
            return self._card_trouble or self._lamp_trouble

    # -- the worker

    def _wake(self) -> None:
        if self._worker is None and not self._closed.is_set():
            self._worker = threading.Thread(target=self._work, name=self._thread_name, daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            if isinstance(job, _Read):
                self._do_read(job)
            elif isinstance(job, _Signal):
                self._do_signal(job)
            else:
                self._introduce()

    def _next(self) -> _Read | _Signal | _Introduction | None:
        with self._lock:
            now = time.monotonic()
            while (job := self._read or self._signal or self._introduction) is not None:
                if isinstance(job, _Read):
                    self._read = None
                elif isinstance(job, _Signal):
                    self._signal = None
                else:
                    self._introduction = None
                if now - job.since <= job.limit_s:
                    self._deadline = now + job.limit_s
                    return job
                self._listener.count("skipped")
            self._worker = None
            return None

    def _settle(self) -> bool:
        """End a piece of work; False when it took too long (lock held)."""
        late = self._overdue or (self._deadline is not None and time.monotonic() > self._deadline)
        self._deadline = None
        self._overdue = False
        if late:
            self._listener.count("late")
        return not late

    def _do_read(self, job: _Read) -> None:
        fault: _UnreadError | None = None
        card = Shown(b"", b"")
        try:
            card = self._ask(job)
        except _UnreadError as found:
            fault = found
        with self._lock:
            in_time = self._settle()
            again = fault is None and job.lying and card.uid == self._told
            if fault is None:
                self._card_trouble = ""
                if job.insertion == self._insertion:
                    self._told = card.uid
                if self._unasked and not self._firmware and not self._closed.is_set():
                    self._unasked -= 1
                    self._introduction = _Introduction(time.monotonic(), self._limit_s)
            elif fault.counter == "failed":
                self._card_trouble = f"{self.name} could not read the last card: {fault}"
        if not in_time or self._closed.is_set():
            return
        if fault is not None:
            self._listener.faulted(fault.counter, str(fault), fault.raw)
        elif again:
            self._listener.count("lying")
        else:
            self._listener.told(self, card)

    def _ask(self, job: _Read) -> Shown:
        until = time.monotonic() + _PERSISTENCE * job.limit_s
        while True:
            try:
                return self._ask_once(job)
            except PcscError as fault:
                unread = _unread(fault)
            except _UnreadError as fault:
                unread = fault
            if not unread.again or time.monotonic() > until or self._closed.wait(_PAUSE_S):
                raise unread

    def _ask_once(self, job: _Read) -> Shown:
        with (
            self._calls.context() as context,
            self._calls.card(context, self.name) as (handle, protocol),
        ):
            answer = self._calls.transmit(handle, protocol, GET_UID)
            exact = ask_again(answer)
            if exact is not None:
                answer = self._calls.transmit(handle, protocol, exact)
            try:
                uid = decode_uid(answer)
            except ValueError as fault:
                counter = "unreadable" if answer else "torn"
                again = answer in (b"", _FAILED)
                reason = str(fault)
                if answer and (name := card_name(job.atr)):
                    reason = f"{reason} (the card looks like a {name})"
                raise _UnreadError(counter, reason, answer, again=again) from fault
            atr = job.atr or self._calls.atr(handle)
            try:
                return self._prove(
                    uid, atr, lambda command: self._calls.transmit(handle, protocol, command)
                )
            except TornError as fault:
                raise _UnreadError("torn", str(fault), again=True) from fault

    def _introduce(self) -> None:
        try:
            firmware = decode_firmware(self._signal_once(GET_FIRMWARE))
        except PcscError:
            # It is asked again with a later card; nothing waits for the answer.
            firmware = ""
        with self._lock:
            self._settle()
            self._firmware = firmware

    def _do_signal(self, job: _Signal) -> None:
        try:
            answer = self._signal_once(job.command)
            trouble = "" if light_done(answer) else f"its answer was {answer.hex().upper()!r}"
        except PcscError as fault:
            trouble = str(fault)
        with self._lock:
            self._settle()
            self._lamp_trouble = (
                f"the lamp of {self.name} does not obey ({trouble}); where no card is in the field "
                "this needs ifdDriverOptions 0x0001 in the Info.plist of libccid"
                if trouble
                else ""
            )
        self._listener.count("lamp_failures" if trouble else "lamp_signals")

    def _signal_once(self, command: bytes) -> bytes:
        with self._calls.context() as context:
            try:
                with self._calls.card(context, self.name) as (handle, protocol):
                    answer = self._calls.transmit(handle, protocol, command)
                if answer:
                    return answer
            except PcscError as fault:
                if fault.code not in (*_GONE, *_SILENT):
                    raise
            with self._calls.reader(context, self.name) as handle:
                return self._calls.escape(handle, command)


def _unread(fault: PcscError) -> _UnreadError:
    """What a failed call says of the card, or of the reader ("failed")."""
    if fault.code in _GONE:
        return _UnreadError("torn", "the card left before it had answered", again=False)
    if fault.code == NOT_TRANSACTED:
        return _UnreadError("torn", "the card broke off before it had answered", again=True)
    if fault.code in _SILENT:
        return _UnreadError("unreadable", f"the card does not start ({fault})", again=True)
    return _UnreadError("failed", str(fault), again=fault.code in (RESET, SHARING))
