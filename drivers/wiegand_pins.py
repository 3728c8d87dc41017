"""A Wiegand reader whose two data wires end at pins of the Pi: one thread that hears how they fall.

Rules kept here:
- cards are made of the times of the edges (`drivers.wire.wiegand_edges`), never of the time at
  which this thread came to look: one that stood still neither cuts a card in two nor joins two;
- that a card has ended is judged only after everything up to that moment was heard;
- pins that cannot be claimed, or are gone, are told once as a lost reader, and tried again with a
  jittered back-off;
- wires that rest low, or are swapped, are named in health, with what to do;
- every fault is counted, but only `FAULTS_PER_SECOND` are handed over;
- no card number is ever written to a log or into health.
"""

import select
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, KeysTyped, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.ports import Clock, Condition, Emit, Health
from drivers.lines import FAULTS
from drivers.pins import HOLE, PULLS, Falls, PinFactory
from drivers.serial_port import back_off
from drivers.wiegand_lamp import Lamp, LampSpec
from drivers.wire import keys
from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.wiegand import Meaning
from drivers.wire.wiegand_edges import GAP_NS, Edge, Edges
from drivers.worker import Worker

FAULTS_PER_SECOND = 3
FAULTS_IN_A_ROW = 5
SWAPS_IN_A_ROW = 2
STEADY_S = 5.0
LOOK_MS = 1_000
"""How often the wires are looked at while nothing comes."""
LOOKS = 3
"""So many looks in a row find a wire low before that is told: a pulse is not meant."""

_MS = 1_000_000
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class WiegandSpec:
    """How a reader is wired. ``name`` and ``form`` are the protocol; ``gap_ns`` ends a card."""

    d0: int
    d1: int
    name: str
    form: Meaning
    pull: str = "up"
    gap_ns: int = GAP_NS
    green: LampSpec | None = None
    buzzer: LampSpec | None = None


class WiegandPins:
    """A `CardReader` on two pins; ``open_pins`` gives it pins of its own, which it closes."""

    def __init__(
        self,
        reader: ReaderId,
        spec: WiegandSpec,
        clock: Clock,
        open_pins: Callable[[], PinFactory],
    ) -> None:
        self._reader = reader
        self._spec = spec
        self._clock = clock
        self._open_pins = open_pins
        self._edges = Edges(spec.name, spec.form, spec.gap_ns)
        self._lamp = Lamp(spec.green, spec.buzzer)
        self._shown: deque[Verdict] = deque(maxlen=1)
        self._emit: Emit = _nowhere
        self._present: bool | None = None
        self._where = f"GPIO{spec.d0} (D0) and GPIO{spec.d1} (D1)"
        self._worker = Worker(f"reader-{reader}", f"reader {reader} on {self._where}", self._run)
        self._detail = "not started"
        self._counts = Counter(dict.fromkeys(("edges", "frames", "keys", "faults"), 0))
        self._opened = 0
        # Replaced at each change, never changed: health is asked for in other threads.
        self._row: Counter[str] = Counter()
        self._low = {"D0": 0, "D1": 0}
        self._window_ns = self._told = 0

    def start(self, emit: Emit) -> None:
        """Begin to listen; raises DeviceError when it was started before."""
        self._worker.once()
        self._emit = emit
        self._worker.start()

    def stop(self) -> None:
        """End the thread and let go of the pins; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `drivers.worker.STOP_S` seconds.
        """
        self._worker.stop()

    def show(self, verdict: Verdict) -> None:
        """Green lamp and buzzer, where they are wired."""
        self._shown.append(verdict)
        self._worker.wake()

    def health(self) -> Health:
        """The wires and the counters. ``reconnects``: how often the pins had to be claimed anew."""
        condition, detail = Condition.UNKNOWN, self._detail
        reasons = self._row
        row = reasons.total()
        low = [wire for wire, looks in self._low.items() if looks >= LOOKS]
        if self._present is False:
            condition = Condition.DOWN
        elif self._present and low:
            condition = Condition.DEGRADED
            verb = "rests" if len(low) == 1 else "rest"
            detail = (
                f"{' and '.join(low)} {verb} low on {self._where}: has the reader power, and the "
                "level shifter both its supplies? both wires rest high"
            )
        elif self._present and row >= SWAPS_IN_A_ROW and row == reasons[Reason.D0_D1_SWAPPED]:
            condition = Condition.DEGRADED
            detail = (
                f"D0 and D1 are swapped: the last {row} cards are right with every bit inverted; "
                f"change the two wires over, or d0: and d1: in the settings ({self._where})"
            )
        elif self._present and row >= FAULTS_IN_A_ROW:
            condition = Condition.DEGRADED
            often, _ = reasons.most_common(1)[0]
            detail = (
                f"{row} faults in a row on {self._where} and no card, most of them {often}: check "
                "format, common ground, level shifter and the length of the cable"
            )
        elif self._present:
            condition = Condition.OK
        counters = {
            **self._counts,
            "lamp_failures": self._lamp.failures,
            "reconnects": max(0, self._opened - 1),
        }
        return Health(f"reader {self._reader}", condition, detail, counters)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began = time.monotonic()
            try:
                self._open()
            except FAULTS as error:
                self._lost(f"{self._where} cannot be heard: {error}")
            if time.monotonic() - began >= STEADY_S:
                tries = 0
            self._worker.pause(back_off(tries))
            tries += 1

    def _open(self) -> None:
        """Listen until told to stop; raises what the pins raise when they are gone."""
        factory = self._open_pins()
        try:
            falls = factory.falls((self._spec.d0, self._spec.d1), PULLS[self._spec.pull])
            try:
                self._lamp.claim(factory)
                self._found()
                self._listen(falls)
            finally:
                self._lamp.off()
                falls.close()
        finally:
            factory.close()

    def _listen(self, falls: Falls) -> None:
        wait = select.poll()
        wait.register(falls.fileno(), select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        self._edges = Edges(self._spec.name, self._spec.form, self._spec.gap_ns)
        while not self._worker.stopping:
            # Before anything is read: what fell up to now is among what will be read.
            now = time.monotonic_ns()
            if not self._drain(falls):
                self._deliver(self._edges.flush(now))
            self._signal(now)
            due = self._due_ns()
            limit = LOOK_MS if due is None else max(0, -(-(due - time.monotonic_ns()) // _MS))
            ready = wait.poll(min(limit, LOOK_MS))
            if self._worker.fileno() in dict(ready):
                self._worker.clear()
            elif not ready and due is None:
                self._look(falls)

    def _drain(self, falls: Falls) -> bool:
        """Read once; True when there may be more."""
        found = falls.read()
        for fall in found:
            if fall.pin == HOLE:
                self._deliver(self._edges.lose(fall.ns))
            else:
                self._counts["edges"] += 1
                edge = Edge(fall.ns, int(fall.pin == self._spec.d1))
                self._deliver(self._edges.feed([edge]))
        return bool(found)

    def _signal(self, now: int) -> None:
        if self._shown:
            self._lamp.show(self._shown.popleft(), now)
        self._lamp.work(now)

    def _due_ns(self) -> int | None:
        dues = [due for due in (self._edges.due_ns, self._lamp.due_ns) if due is not None]
        return min(dues, default=None)

    def _look(self, falls: Falls) -> None:
        """Nothing comes: both wires rest high now."""
        levels = zip(self._low.items(), falls.levels(), strict=True)
        self._low = {wire: 0 if level else looks + 1 for (wire, looks), level in levels}

    def _deliver(self, found: list[Frame | Fault]) -> None:
        for one in found:
            if isinstance(one, Fault):
                self._fault(one)
                continue
            scheme, _, digits = one.credential.partition(":")
            if scheme == keys.SCHEME:
                self._emit(KeysTyped(self._reader, keys.of_frame(one), self._clock.now()))
                self._counts["keys"] += 1
                continue
            self._row = Counter()
            self._counts["frames"] += 1
            self._emit(CardRead(self._reader, Credential(scheme, digits), self._clock.now()))

    def _fault(self, fault: Fault) -> None:
        self._counts["faults"] += 1
        self._row = self._row + Counter([str(fault.reason)])
        now = self._clock.now()
        if now.mono_ns - self._window_ns >= _SECOND_NS:
            self._window_ns, self._told = now.mono_ns, 0
        if self._told < FAULTS_PER_SECOND:
            self._told += 1
            self._emit(FrameFaulted(self._reader, fault.reason, fault.raw, now))

    def _found(self) -> None:
        self._opened += 1
        self._row = Counter()
        self._low = dict.fromkeys(self._low, 0)
        self._detail = f"{self._where}, {self._spec.name}"
        self._present = True
        self._emit(ReaderFound(self._reader, self._detail, self._clock.now()))

    def _lost(self, detail: str) -> None:
        self._detail = detail
        if self._present is not False:
            self._present = False
            self._emit(ReaderLost(self._reader, detail, self._clock.now()))


def _nowhere(_event: object) -> None:
    """Where events go before `WiegandPins.start` says where."""
