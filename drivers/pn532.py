"""A PN532 module on a serial line (HSU), looking for cards: one thread that asks and listens.

Rules kept here:
- what is said when stands in `drivers.wire.pn532_session`; here are the line, the clock and the
  events;
- the session hears everything that has come up to a moment before it is told that the moment has
  passed: a thread that stood still takes no answer for a missing one;
- the reader is lost when its line is gone or its module silent, told once for each change;
- a line that cannot be opened is tried again with a jittered back-off;
- a card is asked for its proof in the same thread, within `TALK_S`; one that leaves meanwhile has
  neither proved nor failed anything, and is asked anew while it lies there;
- no card number is ever written to a log or into health.
"""

import errno
import os
import select
import termios
import time
from collections import Counter
from functools import partial

import serial

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import CardProof, Credential
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health
from drivers.pcsc_card import Prove, Shown
from drivers.secure.talk import TornError
from drivers.serial_port import back_off, why
from drivers.wire.frame import Fault
from drivers.wire.pn532_cards import Kind
from drivers.wire.pn532_session import Act, Answered, Arrived, Found, Left, Lost, Send, Session
from drivers.worker import Worker

FAULTS_PER_SECOND = 3
FAULTS_IN_A_ROW = 5
STEADY_S = 5.0
TALK_S = 1.0
"""For a whole proof, as over PC/SC: who relays a card over a distance has no longer either."""
WRITE_MS = 500

_COUNTERS = ("bytes", "cards", "left", "faults", "proved", "unproved", "torn")
_CHUNK = 4096
_MS = 1_000_000
_SECOND_NS = 1_000_000_000
_GONE = (OSError, termios.error, TypeError, ValueError)


class Pn532Reader:
    """A `CardReader` on ``port`` at ``baud``, which is 115200 after each power-on of the module.

    ``kinds`` of cards are looked for in turn: a, b or both. Raises DeviceError for none. ``prove``
    asks cards of ISO 14443-4 for more than their number, for ``talk_s`` at most.
    """

    def __init__(
        self,
        reader: ReaderId,
        port: str,
        clock: Clock,
        *,
        baud: int = 115_200,
        kinds: tuple[Kind, ...] = ("a",),
        prove: Prove | None = None,
        talk_s: float = TALK_S,
    ) -> None:
        if not kinds:
            raise DeviceError(f"reader {reader}: no kind of card to look for: name a, b or both")
        self._reader = reader
        self._port = port
        self._baud = baud
        self._clock = clock
        self._prove = prove
        self._talk_ns = int(talk_s * _SECOND_NS)
        self._answer: bytes | None = None
        self._session = Session(kinds, talks=prove is not None)
        self._emit: Emit = _nowhere
        self._worker = Worker(f"reader-{reader}", f"reader {reader} on {port}", self._run)
        self._present: bool | None = None
        self._detail = "not started"
        self._counts = Counter(dict.fromkeys(_COUNTERS, 0))
        self._opened = 0
        self._faults_in_a_row = self._faults_before = self._looked = 0
        self._window_ns = self._told = 0

    def start(self, emit: Emit) -> None:
        """Begin to look for cards; raises DeviceError when it was started before."""
        self._worker.once()
        self._emit = emit
        self._worker.start()

    def stop(self) -> None:
        """End the thread and let go of the port; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `drivers.worker.STOP_S` seconds.
        """
        self._worker.stop()

    def show(self, verdict: Verdict) -> None:
        """A PN532 module has neither lamp nor buzzer: nothing to do."""

    def health(self) -> Health:
        """The line, the module and the counters. ``wakes`` beyond 1 are set-ups anew."""
        condition, detail = Condition.UNKNOWN, self._detail
        if self._present is False:
            condition = Condition.DOWN
        elif self._present and self._faults_in_a_row >= FAULTS_IN_A_ROW:
            condition = Condition.DEGRADED
            detail = (
                f"{self._faults_in_a_row} damaged frames on {self._port} without a clean answer "
                "between: check ground, supply (3.3 or 5 V, 150 mA) and the length of the wires"
            )
        elif self._present:
            condition = Condition.OK
        counters = {
            **self._counts,
            "looks": self._session.looks,
            "wakes": self._session.wakes,
            "reconnects": max(0, self._opened - 1),
        }
        return Health(f"reader {self._reader}", condition, detail, counters)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began = time.monotonic()
            try:
                with serial.Serial(self._port, self._baud, exclusive=True) as line:
                    self._opened += 1
                    self._pump(line.fileno())
            except _GONE as error:
                self._lost(why(self._port, error))
            if time.monotonic() - began >= STEADY_S:
                tries = 0
            self._worker.pause(back_off(tries))
            tries += 1

    def _pump(self, line: int) -> None:
        """Talk until told to stop; raises OSError when the line is gone."""
        session = self._session
        wait = select.poll()
        wait.register(line, select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        self._do(session.begin(time.monotonic_ns()), line)
        while not self._worker.stopping:
            self._turn(line, wait)
            self._judge()

    def _turn(self, line: int, wait: select.poll) -> None:
        """Hear what came, or do what is due."""
        session, now = self._session, time.monotonic_ns()
        if not wait.poll(max(0, -(-(session.due_ns - now) // _MS))):
            self._do(session.tick(now), line)
        elif data := self._read(line):
            self._counts["bytes"] += len(data)
            self._do(session.heard(data, time.monotonic_ns()), line)

    def _read(self, line: int) -> bytes:
        """What is there; nothing when told to stop."""
        try:
            data = os.read(line, _CHUNK)
        except BlockingIOError:
            return b""
        if not data and not self._worker.stopping:
            raise OSError(errno.EIO, "the line ended: unplugged, or a second program reads it")
        return data

    def _do(self, acts: list[Act], line: int) -> None:
        for act in acts:
            if isinstance(act, Send):
                self._write(line, act.raw)
            elif isinstance(act, Fault):
                self._fault(act)
            elif isinstance(act, Arrived):
                self._arrived(act, line)
            elif isinstance(act, Answered):
                self._answer = act.data
            elif isinstance(act, Left):
                self._counts["left"] += 1
            elif isinstance(act, Found):
                self._found(act)
            else:
                self._silent(act)

    def _arrived(self, act: Arrived, line: int) -> None:
        shown = Shown(act.card.uid, b"")
        if act.held and self._prove is not None:
            until = time.monotonic_ns() + self._talk_ns
            try:
                shown = self._prove(shown.uid, b"", partial(self._transmit, line, until))
            except TornError as torn:
                if not self._worker.stopping:
                    self._counts["torn"] += 1
                    self._tell(f"{torn}", b"")
                    self._do(self._session.release(time.monotonic_ns(), again=True), line)
                return
            self._do(self._session.release(time.monotonic_ns()), line)
        self._counts["cards"] += 1
        if shown.proof is CardProof.FAILED:
            self._counts["unproved"] += 1
        elif shown.proof.proved:
            self._counts["proved"] += 1
        credential = Credential("uid", shown.uid.hex().upper())
        now = self._clock.now()
        self._emit(CardRead(self._reader, credential, now, shown.why, shown.proof))

    def _transmit(self, line: int, until: int, command: bytes) -> bytes:
        """The card's answer; nothing when it left, when ``until`` is over, or when told to stop.

        Raises OSError when the line is gone.
        """
        wait = select.poll()
        wait.register(line, select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        self._answer = None
        self._do(self._session.exchange(command, time.monotonic_ns()), line)
        while self._answer is None and not self._worker.stopping:
            self._turn(line, wait)
        late = time.monotonic_ns() >= until
        return b"" if late or self._answer is None else self._answer

    def _write(self, line: int, raw: bytes) -> None:
        """All of it, within `WRITE_MS` for each piece; raises OSError when nothing moves."""
        wait = select.poll()
        wait.register(line, select.POLLOUT)
        while raw:
            if not wait.poll(WRITE_MS):
                raise OSError(errno.EIO, "the line takes no bytes: is its adapter stuck?")
            raw = raw[os.write(line, raw) :]

    def _judge(self) -> None:
        """A look without any fault ends a row of them."""
        if self._session.looks == self._looked:
            return
        if self._counts["faults"] == self._faults_before:
            self._faults_in_a_row = 0
        self._looked, self._faults_before = self._session.looks, self._counts["faults"]

    def _fault(self, fault: Fault) -> None:
        self._counts["faults"] += 1
        self._faults_in_a_row += 1
        self._tell(fault.reason, fault.raw)

    def _tell(self, reason: str, raw: bytes) -> None:
        now = self._clock.now()
        if now.mono_ns - self._window_ns >= _SECOND_NS:
            self._window_ns, self._told = now.mono_ns, 0
        if self._told < FAULTS_PER_SECOND:
            self._told += 1
            self._emit(FrameFaulted(self._reader, reason, raw, now))

    def _found(self, act: Found) -> None:
        self._detail = f"{act.detail} on {self._port}"
        if not self._present:
            self._present = True
            self._emit(ReaderFound(self._reader, self._detail, self._clock.now()))

    def _silent(self, act: Lost) -> None:
        self._lost(
            f"no PN532 answers on {self._port} at {self._baud} baud ({act.detail}): is it powered, "
            "are its switches set to HSU (both off), are TX and RX crossed?"
        )

    def _lost(self, detail: str) -> None:
        self._detail = detail
        if self._present is not False:
            self._present = False
            self._emit(ReaderLost(self._reader, detail, self._clock.now()))


def _nowhere(_event: object) -> None:
    """Where events go before `Pn532Reader.start` says where."""
