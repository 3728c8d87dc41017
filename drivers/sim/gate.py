"""The gate's shell: the board's pins wired to the lanes' physics, and the time that passes.

Rules kept here:
- a relay's contact follows its pin at once, in the thread that received the level;
- everything else happens in the thread ``sim-time``, which sleeps until the next thing is due;
- a machine that stands still makes simulated time stand still: what the pins should have shown is
  shown later, as far apart as it was, and never skipped;
- a pin shared by several loops or switches is active when any of them is;
- an input whose wire is hurt (`drivers.sim.wires`) says what its wire says, whatever stands on it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping

from drivers.sim.board import Board
from drivers.sim.door import Door, Passage
from drivers.sim.physics import Lane
from drivers.sim.road import Car
from drivers.sim.spec import Sensor, SimSpec, Wire
from drivers.sim.wires import Wires

LONGEST_S = 5.0
LATE_NS = 20_000_000
PAUSE_NS = 100_000_000
JOIN_S = 60.0


class Gate:
    """Lanes on a board. Methods take the board's lock themselves unless they say otherwise."""

    def __init__(self, spec: SimSpec, board: Board) -> None:
        now = time.monotonic_ns()
        self._slipped_ns = 0
        self.board = board
        self.lanes: dict[str, Passage] = {
            one.build.lane: Door(one.build, now) if one.build.door else Lane(one.build, now)
            for one in spec.lanes
        }
        self._specs = {one.build.lane: one for one in spec.lanes}
        self._sensors = tuple(spec.sensors())
        self._names = {one.name: one.wire.pin for one in reversed(self._sensors)}
        pairs = {f"{one.name}-pair": one.pair for one in self._sensors}
        self._names |= {name: pair.pin for name, pair in pairs.items() if pair is not None}
        self._active_low = {
            wire.pin: wire.active_low
            for one in self._sensors
            for wire in (one.wire, one.pair)
            if wire is not None
        }
        self._wires = Wires()
        self._contacts: dict[int, list[tuple[Passage, str, Wire]]] = {}
        for name, one in self._specs.items():
            for which, wire in one.relays.items():
                contact = (self.lanes[name], which, wire)
                self._contacts.setdefault(wire.pin, []).append(contact)
        self._running = True
        self._wake = threading.Condition(board.lock)
        self._thread = threading.Thread(target=self._live, name="sim-time", daemon=True)
        board.on_output = self._contact
        self._wiegand = dict(spec.wiegand)
        self._spoken: dict[str, int] = {}
        with board.lock:
            for pin in [pin for wires in self._wiegand.values() for pin in wires]:
                board.stand_on(pin, 1, now)
            self.look()

    def start(self) -> None:
        """Let time pass."""
        self._thread.start()

    def stop(self) -> None:
        """Stop time."""
        with self.board.lock:
            self._running = False
            self._wake.notify_all()
        self._thread.join(JOIN_S)

    def act(self, lane: str, what: Callable[[Passage, int], None]) -> None:
        """Something happens in a lane, now; KeyError when there is no such lane."""
        with self.board.lock:
            self.look()
            what(self.lanes[lane], self._now())
            self.look()

    def drive(self, lane: str, car: Car) -> None:
        """A car comes to a lane; KeyError when there is no such lane."""
        self.act(lane, lambda it, now: it.drive(car, now))

    def hurt(self, what: Callable[[Wires, int], None]) -> None:
        """Something happens to the wires of the inputs, now."""
        with self.board.lock:
            what(self._wires, self._now())
            self.look()

    def wiegand(self, reader: str, bits: str, apart_ns: int) -> int:
        """A card at a Wiegand reader; the ns of its last bit. KeyError for an unknown reader.

        All of it is told at once, with the times it would have had: however this machine stands
        still, the card is whole. Two cards are `PAUSE_NS` apart, the second in the future if need
        be: no reader says two at once.
        """
        wires = self._wiegand[reader]
        with self.board.lock:
            lasts = (len(bits) - 1) * apart_ns
            begins = max(time.monotonic_ns() - lasts, self._spoken.get(reader, 0) + PAUSE_NS)
            ends = self._spoken[reader] = begins + lasts
            falls = [(begins + place * apart_ns, wires[int(bit)]) for place, bit in enumerate(bits)]
            self.board.pulse(falls)
            return ends

    def rest(self, reader: str, level: int) -> None:
        """What both wires of a Wiegand reader rest at; KeyError for an unknown reader."""
        with self.board.lock:
            for pin in self._wiegand[reader]:
                self.board.stand_on(pin, level, time.monotonic_ns())

    def pin_of(self, name: int | str) -> int:
        """The pin of an input, by name or number; KeyError when no input is wired to it."""
        pin = self._names[name] if isinstance(name, str) else name
        if pin not in self._active_low:
            raise KeyError(name)
        return pin

    def on(self, wire: Wire) -> bool:
        """Whether what is behind an output pulls; a floating pin does not. Under the lock."""
        state = self.board.pins[wire.pin]
        return state.output and state.level == wire.level(True)

    def lamps(self, lane: str) -> Mapping[str, bool]:
        """The lamps and the horn of a lane. Under the lock."""
        return {name: self.on(wire) for name, wire in self._specs[lane].lamps.items()}

    def look(self) -> None:
        """Bring lanes and input pins to what they are now, and wake who waits. Under the lock."""
        while (due := self._next_ns()) is not None and due <= (now := self._now()):
            if now - due > LATE_NS:
                self._slipped_ns += now - due
            self._show(due)
        self._show(self._now())
        self.board.changed.notify_all()
        self._wake.notify_all()

    def _now(self) -> int:
        return time.monotonic_ns() - self._slipped_ns

    def _next_ns(self) -> int | None:
        dues = [lane.next_ns() for lane in self.lanes.values()]
        dues.append(self._wires.next_ns())
        return min((due for due in dues if due is not None), default=None)

    def _contact(self, pin: int, ns: int) -> None:
        for lane, which, wire in self._contacts.get(pin, ()):
            lane.relay(which, self.on(wire), ns - self._slipped_ns)
        self.look()

    def _show(self, now: int) -> None:
        active = dict.fromkeys(self._active_low, False)
        pairs: dict[int, int] = {}
        for sensor, seen in self._seen(now):
            tested = sensor.test is not None and self.on(sensor.test)
            active[sensor.wire.pin] = active[sensor.wire.pin] or seen or tested
            if sensor.pair is not None:
                pairs[sensor.pair.pin] = sensor.wire.pin
        for pair, pin in pairs.items():
            # A sensor that is stuck is so with both contacts; a wire is hurt alone.
            active[pair] = not self._wires.stuck.get(pin, active[pin])
        for pin, on in active.items():
            said = self._wires.says(pin, on, now)
            level = None if said is None else int(said is not self._active_low[pin])
            self.board.stand_on(pin, level, time.monotonic_ns())

    def _seen(self, now: int) -> Iterator[tuple[Sensor, bool]]:
        for name, spec in self._specs.items():
            lane = self.lanes[name]
            lane.advance(now)
            seen = lane.sensors()
            for role, sensors in spec.sensors.items():
                for sensor in sensors:
                    yield sensor, seen.get(role, False)

    def _live(self) -> None:
        with self.board.lock:
            while self._running:
                self.look()
                due = self._next_ns()
                wait = LONGEST_S if due is None else (due - self._now()) / 1e9
                if wait > 0:
                    self._wake.wait(min(wait, LONGEST_S))
