"""The gate's shell: the board's pins wired to the lanes' physics, and the time that passes.

Rules kept here:
- a relay's contact follows its pin at once, in the thread that received the level;
- everything else happens in the thread ``sim-time``, which sleeps until the next thing is due;
- a pin shared by several loops or switches is active when any of them is;
- an input put to a level by hand (`force`) stays so until it is let go: a loop that is stuck.
"""

import threading
import time
from collections.abc import Iterator

from drivers.sim.board import Board
from drivers.sim.physics import Car, Lane
from drivers.sim.spec import LaneSpec, SimSpec, Wire

LONGEST_S = 5.0


class Gate:
    """Lanes on a board. Methods take the board's lock themselves unless they say otherwise."""

    def __init__(self, spec: SimSpec, board: Board) -> None:
        now = time.monotonic_ns()
        self.board = board
        self.lanes = {one.build.lane: Lane(one.build, now) for one in spec.lanes}
        self._specs = spec.lanes
        self._switches = spec.inputs
        self._forced: dict[int, bool] = {}
        self._contacts: dict[int, list[tuple[Lane, str, Wire]]] = {}
        for one in spec.lanes:
            for which, wire in one.relays.items():
                contact = (self.lanes[one.build.lane], which, wire)
                self._contacts.setdefault(wire.pin, []).append(contact)
        self._wires = self._wiring()
        self._running = True
        self._wake = threading.Condition(board.lock)
        self._thread = threading.Thread(target=self._live, name="sim-time", daemon=True)
        board.on_output = self._contact
        with board.lock:
            self.look()

    def start(self) -> None:
        """Let time pass."""
        self._thread.start()

    def stop(self) -> None:
        """Stop time."""
        with self.board.lock:
            self._running = False
            self._wake.notify_all()
        self._thread.join(1)

    def drive(self, lane: str, car: Car) -> None:
        """A car comes to a lane; KeyError when there is no such lane."""
        with self.board.lock:
            self.lanes[lane].drive(car, time.monotonic_ns())
            self.look()

    def release(self, lane: str) -> None:
        """The stalled car of a lane goes on."""
        with self.board.lock:
            self.lanes[lane].release(time.monotonic_ns())
            self.look()

    def person(self, lane: str, ms: int) -> None:
        """Somebody stands under the arm of a lane."""
        with self.board.lock:
            self.lanes[lane].person(ms * 1_000_000, time.monotonic_ns())
            self.look()

    def force(self, pin: int, active: bool | None) -> None:
        """Put an input to active or not whatever the lane says; None lets go of it.

        KeyError when no input is wired to the pin.
        """
        with self.board.lock:
            if pin not in self._wires:
                raise KeyError(pin)
            if active is None:
                self._forced.pop(pin, None)
            else:
                self._forced[pin] = active
            self.look()

    def relay_on(self, wire: Wire) -> bool:
        """Whether the relay behind a pin pulls; a floating pin does not. Under the lock."""
        state = self.board.pins[wire.pin]
        return state.output and state.level == wire.level(True)

    def _wiring(self) -> dict[int, bool]:
        """Every input pin and whether it is active low."""
        inputs = [wire for spec in self._specs for wire in _inputs(spec)]
        return {wire.pin: wire.active_low for wire in (*inputs, *self._switches)}

    def _contact(self, pin: int, ns: int) -> None:
        for lane, which, wire in self._contacts.get(pin, ()):
            lane.relay(which, self.relay_on(wire), ns)
        self.look()

    def look(self) -> None:
        """Bring lanes and input pins to what they are now, and wake who waits. Under the lock."""
        now = time.monotonic_ns()
        active = dict.fromkeys(self._wires, False)
        for spec in self._specs:
            lane = self.lanes[spec.build.lane]
            lane.advance(now)
            for wires, on in (
                (spec.loop, lane.loop),
                (spec.safety, lane.beam),
                (spec.opened, lane.opened),
                (spec.closed, lane.closed),
            ):
                for wire in wires:
                    active[wire.pin] = active[wire.pin] or on
        active.update(self._forced)
        for pin, on in active.items():
            self.board.stand_on(pin, int(on is not self._wires[pin]), now)
        self.board.changed.notify_all()
        self._wake.notify_all()

    def _live(self) -> None:
        with self.board.lock:
            while self._running:
                dues = [lane.next_ns() for lane in self.lanes.values()]
                due = min((due for due in dues if due is not None), default=None)
                now = time.monotonic_ns()
                if due is not None and due <= now:
                    self.look()
                    continue
                wait = LONGEST_S if due is None else (due - now) / 1e9
                self._wake.wait(min(wait, LONGEST_S))


def _inputs(spec: LaneSpec) -> Iterator[Wire]:
    yield from (*spec.loop, *spec.safety, *spec.opened, *spec.closed)
