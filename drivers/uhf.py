"""Long-range readers for vehicles: one thread for a line, which keeps the inventory going.

Rules kept here:
- the thread alone talks with the reader (`drivers.wire.uhf_session`); of all that is read only taps
  (`drivers.wire.tag_choice`) leave it, so that hundreds of reads a second never reach the inbox;
- a reader is there when it has answered, not when its port could be opened; one that is unplugged,
  silent or not understood is lost, told once, and sought again with a jittered back-off;
- several antennas of one reader are several card readers of the gate on one line; what tags were
  seen is remembered across a reconnect, so that a car that stands there is not a second tap;
- no EPC is ever written to a log or into health.
"""

import errno
import os
import select
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import serial

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health
from drivers.serial_port import back_off, why
from drivers.wire.frame import Fault
from drivers.wire.tag_choice import EVERY_EPC, EpcFilter, TagChoice
from drivers.wire.tag_field import TagField
from drivers.wire.uhf import Family, Tag
from drivers.wire.uhf_families import guess
from drivers.wire.uhf_session import Outcome, Session
from drivers.worker import Worker

SCHEME = "epc"
FAULTS_PER_SECOND = 3
FAULTS_IN_A_ROW = 5
STEADY_S = 5.0

_CHUNK = 4096
_SECOND_NS = 1_000_000_000
_MS_NS = 1_000_000
_GONE = (OSError, termios.error, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Antenna:
    """A card reader of the gate: an antenna (from 1; 0: all that there are) and its choice of tags.

    Times in nanoseconds, ``least_dbm``: weaker tags are left out (None: none are).
    """

    reader: ReaderId
    number: int = 0
    window_ns: int = 300 * _MS_NS
    quiet_ns: int = 3 * _SECOND_NS
    wanted: EpcFilter = EVERY_EPC
    least_dbm: int | None = None


class UhfReader:
    """A `CardReader`: one antenna of a line. The thread of the line starts with its last reader."""

    def __init__(self, line: "UhfLine", antenna: Antenna) -> None:
        self._line = line
        self.antenna = antenna
        self.choice = TagChoice(
            antenna.window_ns, antenna.quiet_ns, antenna.wanted, antenna.least_dbm
        )
        self.emit: Emit | None = None
        self.reads = self.taps = 0

    def start(self, emit: Emit) -> None:
        """Begin to read; raises DeviceError when it was started before."""
        if self.emit is not None:
            name = self.antenna.reader
            raise DeviceError(f"reader {name} is started already: make a new one instead")
        self.emit = emit
        self._line.begin()

    def stop(self) -> None:
        """End the thread of the line, and with it the other readers of the line.

        Raises DeviceError when it does not end within `drivers.worker.STOP_S` seconds.
        """
        self._line.stop()

    def show(self, verdict: Verdict) -> None:
        """A long-range reader has no lamp of ours: nothing to do."""

    def health(self) -> Health:
        """The line, and the counters of this antenna. ``reads`` are all that came from it."""
        condition, detail = self._line.condition()
        counters = {
            "reads": self.reads,
            "taps": self.taps,
            "filtered": self.choice.filtered,
            "held": self.choice.held,
            **self._line.counters(),
        }
        return Health(f"reader {self.antenna.reader}", condition, detail, counters)


class UhfLine:
    """One reader on ``port``: eight data bits, no parity, one stop bit; the port is locked.

    ``family`` makes the protocol with its choices anew for every opening. `readers` are what it
    is to the gate.
    """

    def __init__(
        self,
        port: str,
        baud: int,
        family: Callable[[], Family],
        antennas: Sequence[Antenna],
        clock: Clock,
    ) -> None:
        self._port = port
        self._baud = baud
        self._family = family
        self._clock = clock
        self._all = [UhfReader(self, one) for one in antennas]
        self.readers: Mapping[ReaderId, UhfReader] = {one.antenna.reader: one for one in self._all}
        self._by_number = {one.antenna.number: one for one in self._all}
        self._field = TagField({one.antenna.number: one.choice for one in self._all})
        name = f"reader-{self._all[0].antenna.reader}"
        self._worker = Worker(name, f"the long-range reader on {port}", self._run)
        self._present: bool | None = None
        self._detail = "not started"
        self._problems = ""
        self._bytes = self._frames = self._faults = self._elsewhere = 0
        self._opened = self._restarts = self._faults_in_a_row = 0
        self._window_ns = self._told = 0

    def begin(self) -> None:
        """One more of the readers wants to read: the last one starts the thread."""
        if all(one.emit is not None for one in self._all):
            self._worker.start()

    def stop(self) -> None:
        """End the thread and let go of the port; see `UhfReader.stop`. Safe to call twice."""
        self._worker.stop()

    def condition(self) -> tuple[Condition, str]:
        """How the line is, and a sentence on it."""
        detail, problems = self._detail, self._problems
        if self._present is None:
            return Condition.UNKNOWN, detail
        if not self._present:
            return Condition.DOWN, detail
        if problems:
            return Condition.DEGRADED, f"{detail}; it refuses: {problems}"
        if self._faults_in_a_row >= FAULTS_IN_A_ROW:
            noise = f"{self._faults_in_a_row} faults in a row and no frame: look at its wiring"
            return Condition.DEGRADED, f"{detail}; {noise}"
        return Condition.OK, detail

    def counters(self) -> Mapping[str, int]:
        """Those of the line. ``restarts``: how often an inventory had fallen silent."""
        return {
            "bytes": self._bytes,
            "frames": self._frames,
            "faults": self._faults,
            "elsewhere": self._elsewhere,
            "restarts": self._restarts,
            "reconnects": max(0, self._opened - 1),
        }

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began, before = time.monotonic(), self._opened
            try:
                with serial.Serial(self._port, self._baud, exclusive=True) as line:
                    self._pump(line.fileno())
            except DeviceError as error:
                self._lost(f"{self._port} at {self._baud} baud: {error}")
            except _GONE as error:
                self._lost(why(self._port, error))
            if self._opened > before and time.monotonic() - began >= STEADY_S:
                tries = 0
            self._worker.pause(back_off(tries))
            tries += 1

    def _pump(self, line: int) -> None:
        """Talk until told to stop; raises OSError or DeviceError when the reader is gone."""
        session = Session(self._family())
        wait = select.poll()
        wait.register(line, select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        _write(line, session.begin(time.monotonic_ns()))
        restarts = self._restarts
        try:
            while not self._worker.stopping:
                ready = wait.poll(self._limit_ms(session))
                data = _read(line) if any(it == line for it, _ in ready) else b""
                now_ns = time.monotonic_ns()
                if data:
                    self._bytes += len(data)
                    self._take(line, session.feed(data, now_ns), now_ns)
                if now_ns >= session.due_ns:
                    self._take(line, session.wake(now_ns), now_ns)
                self._tap(now_ns)
                self._restarts = restarts + session.restarts
                self._note(session)
        finally:
            self._problems = ""
        _write(line, session.end())

    def _limit_ms(self, session: Session) -> int:
        due = session.due_ns
        for one in self._all:
            ends = one.choice.due_ns
            if ends is not None:
                due = min(due, ends)
        return max(0, -(-(due - time.monotonic_ns()) // _MS_NS))

    def _take(self, line: int, done: Outcome, now_ns: int) -> None:
        if done.send:
            _write(line, done.send)
        self._frames += done.frames
        if done.frames:
            self._faults_in_a_row = 0
        for fault in done.faults:
            self._fault(fault)
        for tag in done.tags:
            self._see(tag, now_ns)

    def _see(self, tag: Tag, now_ns: int) -> None:
        number = self._field.see(tag, now_ns)
        if number is None:
            self._elsewhere += 1
        else:
            self._by_number[number].reads += 1

    def _tap(self, now_ns: int) -> None:
        for one in self._all:
            while (epc := one.choice.take(now_ns)) is not None:
                one.taps += 1
                self._emit(
                    one, CardRead(one.antenna.reader, Credential(SCHEME, epc), self._clock.now())
                )

    def _note(self, session: Session) -> None:
        """What the session has come to."""
        if session.lost:
            could_be = " or ".join(guess(session.unknown))
            hint = f"; the bytes look like {could_be}" if could_be else ""
            raise DeviceError(f"{session.lost}{hint}")
        self._problems = "; ".join(f"{what}: {why}" for what, why in session.problems.items())
        if session.present and self._present is not True:
            self._opened += 1
            self._faults_in_a_row = 0
            firmware = session.facts.get("firmware", "")
            told = f", firmware {firmware}" if firmware else ""
            self._detail = f"{self._port} at {self._baud} baud{told}"
            self._present = True
            for one in self._all:
                event = ReaderFound(one.antenna.reader, self._detail, self._clock.now())
                self._emit(one, event)

    def _lost(self, detail: str) -> None:
        self._detail = detail
        if self._present is not False:
            self._present = False
            for one in self._all:
                self._emit(one, ReaderLost(one.antenna.reader, detail, self._clock.now()))

    def _fault(self, fault: Fault) -> None:
        self._faults += 1
        self._faults_in_a_row += 1
        now = self._clock.now()
        if now.mono_ns - self._window_ns >= _SECOND_NS:
            self._window_ns, self._told = now.mono_ns, 0
        if self._told < FAULTS_PER_SECOND:
            self._told += 1
            first = self._all[0]
            self._emit(first, FrameFaulted(first.antenna.reader, fault.reason, fault.raw, now))

    @staticmethod
    def _emit(reader: UhfReader, event: CardRead | ReaderFound | ReaderLost | FrameFaulted) -> None:
        if reader.emit is not None:
            reader.emit(event)


def _read(line: int) -> bytes:
    try:
        data = os.read(line, _CHUNK)
    except BlockingIOError:
        return b""
    if not data:
        raise OSError(errno.EIO, "the line ended: unplugged, or a second program reads it")
    return data


def _write(line: int, data: bytes) -> None:
    """Commands are a few bytes, far less than any line takes at once."""
    if data and os.write(line, data) != len(data):
        raise OSError(errno.EIO, "the line takes no more: is its flow control wired wrong?")
