"""A card reader on a serial line: one thread that reads, decodes and hands over.

Rules kept here:
- the thread waits for the line and for `SerialReader.stop` at once, and takes what is there: a
  frame is handed over with its last byte, not after a time-out;
- losing the device is an event, told once; it is opened again with a jittered back-off;
- a decoder starts anew with every opening, so that no frame is made of two halves;
- every fault is counted, but only `FAULTS_PER_SECOND` are handed over;
- no card number is ever written to a log or into health.

pyserial opens and sets up the line. Reading goes past it to the descriptor: its own ``read`` costs
two more system calls per byte, and the whole time-out where more is asked for than is there.
"""

import errno
import os
import select
import termios
import time
from collections.abc import Callable

import serial

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, KeysTyped, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.core.qr_pass import ShownPass
from agent.ports import Clock, Condition, Emit, Health
from drivers.serial_port import back_off, why
from drivers.wire import keys
from drivers.wire.frame import Decoder, Fault, Frame, Reason
from drivers.worker import Worker

FAULTS_PER_SECOND = 3
FAULTS_IN_A_ROW = 5
SWAPS_IN_A_ROW = 2
STEADY_S = 5.0
PIECES = 32
"""So many pieces of a frame are told of as begun; what goes on without an end is no frame."""

_CHUNK = 4096
_SECOND_NS = 1_000_000_000
_WAIT_MS = 5_000
_GONE = (OSError, termios.error, TypeError, ValueError)


class SerialReader:
    """A `CardReader` on ``port`` at ``baud``, eight data bits, no parity, one stop bit.

    The port is locked (flock) against a second program that asks for the lock as well. TIOCEXCL
    is left out: on a pty it outlives the process that set it. ``begun`` hears, in the reader's
    thread, of every piece of a frame that is not whole yet. ``shown`` says of a frame which QR pass
    it is, if it is one.
    """

    def __init__(
        self,
        reader: ReaderId,
        port: str,
        baud: int,
        decoder: Decoder,
        clock: Clock,
        begun: Callable[[ReaderId], None] = lambda _reader: None,
        shown: Callable[[Frame], ShownPass | None] = lambda _frame: None,
    ) -> None:
        self._reader = reader
        self._port = port
        self._baud = baud
        self._decoder = decoder
        self._clock = clock
        self._emit: Emit = _nowhere
        self._begun = begun
        self._shown = shown
        self._pieces = 0
        self._worker = Worker(f"reader-{reader}", f"reader {reader} on {port}", self._run)
        self._present: bool | None = None
        self._detail = "not started"
        self._bytes = self._frames = self._keys = self._faults = self._opened = 0
        self._faults_in_a_row = self._swaps = 0
        self._window_ns = self._told = 0

    def start(self, emit: Emit) -> None:
        """Begin to read; raises DeviceError when it was started before."""
        self._worker.once()
        self._emit = emit
        self._worker.start()

    def stop(self) -> None:
        """End the thread and let go of the port; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `drivers.worker.STOP_S` seconds.
        """
        self._worker.stop()

    def show(self, verdict: Verdict) -> None:
        """A bare serial reader has no lamp: nothing to do."""

    def health(self) -> Health:
        """The line and its counters. ``opened`` beyond 1 are the reconnects."""
        condition, detail = Condition.UNKNOWN, self._detail
        if self._present is False:
            condition = Condition.DOWN
        elif self._present and self._swaps == self._faults_in_a_row >= SWAPS_IN_A_ROW:
            condition = Condition.DEGRADED
            detail = (
                f"D0 and D1 are swapped at the converter on {self._port}: the last {self._swaps} "
                "cards are right with every bit inverted; change the two wires over"
            )
        elif self._present and self._faults_in_a_row >= FAULTS_IN_A_ROW:
            condition = Condition.DEGRADED
            detail = (
                f"{self._faults_in_a_row} faults in a row on {self._port} and no frame: check baud "
                "rate, protocol and wiring (gate-agent decode shows what the bytes say)"
            )
        elif self._present:
            condition = Condition.OK
        counters = {
            "bytes": self._bytes,
            "frames": self._frames,
            "keys": self._keys,
            "faults": self._faults,
            "reconnects": max(0, self._opened - 1),
        }
        return Health(f"reader {self._reader}", condition, detail, counters)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began = time.monotonic()
            try:
                with serial.Serial(self._port, self._baud, exclusive=True) as line:
                    self._found()
                    self._pump(line.fileno())
            except _GONE as error:
                self._lost(error)
            if time.monotonic() - began >= STEADY_S:
                tries = 0
            self._worker.pause(back_off(tries))
            tries += 1

    def _pump(self, line: int) -> None:
        """Read until told to stop; raises OSError when the device is gone."""
        decoder = self._decoder
        decoder.flush()
        wait = select.poll()
        wait.register(line, select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        silence = decoder.silence_ms
        limit = _WAIT_MS
        while not self._worker.stopping:
            if not wait.poll(limit):
                limit = _WAIT_MS
                if silence is not None:
                    self._deliver(decoder.flush())
                continue
            try:
                data = os.read(line, _CHUNK)
            except BlockingIOError:
                continue
            if not data:
                if self._worker.stopping:
                    return
                raise OSError(errno.EIO, "the line ended: unplugged, or a second program reads it")
            found = decoder.feed(data)
            if found:
                self._deliver(found)
            elif self._pieces < PIECES:
                self._pieces += 1
                self._begun(self._reader)
            self._bytes += len(data)
            if silence is not None:
                limit = silence if decoder.pending else _WAIT_MS

    def _deliver(self, found: list[Frame | Fault]) -> None:
        for one in found:
            if isinstance(one, Fault):
                self._fault(one)
                continue
            scheme, _, digits = one.credential.partition(":")
            now = self._clock.now()
            if scheme == keys.SCHEME:
                self._emit(KeysTyped(self._reader, keys.of_frame(one), now))
                self._keys += 1
            else:
                read = Credential(scheme, digits)
                self._emit(CardRead(self._reader, read, now, shown=self._shown(one)))
                self._frames += 1
                self._pieces = 0
            self._faults_in_a_row = self._swaps = 0

    def _fault(self, fault: Fault) -> None:
        self._faults += 1
        self._faults_in_a_row += 1
        self._swaps += fault.reason is Reason.D0_D1_SWAPPED
        now = self._clock.now()
        if now.mono_ns - self._window_ns >= _SECOND_NS:
            self._window_ns, self._told = now.mono_ns, 0
        if self._told < FAULTS_PER_SECOND:
            self._told += 1
            self._emit(FrameFaulted(self._reader, fault.reason, fault.raw, now))

    def _found(self) -> None:
        self._opened += 1
        self._faults_in_a_row = self._swaps = 0
        self._detail = f"{self._port} at {self._baud} baud"
        self._present = True
        self._emit(ReaderFound(self._reader, self._detail, self._clock.now()))

    def _lost(self, error: Exception) -> None:
        self._detail = why(self._port, error)
        if self._present is not False:
            self._present = False
            self._emit(ReaderLost(self._reader, self._detail, self._clock.now()))


def _nowhere(_event: object) -> None:
    """Where events go before `SerialReader.start` says where."""
