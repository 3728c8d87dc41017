"""Pins of this process, and a hand on them that plays the simulated gate.

Rules kept here:
- the daemon gets gpiozero's pins and nothing else; what they do is read from the pins' own trace;
- whoever turns an output waits for nothing but the board's lock; what comes of it reaches the
  inputs in another thread, as with a kernel's edges.

A hand on other pins (a real GPIO chip) needs the same three things: a factory, something that tells
the board of outputs, and something that is told of inputs.
"""

import os
import queue
import threading
import time
from typing import Protocol

from drivers.pins import MemoryFactory, MemoryPin, PinFactory
from drivers.sim.board import PINS, Board, Record

BIAS = {"floating": 0, "up": 1, "down": 2}


class Hand(Protocol):
    """What stands between the board of the simulated gate and the daemon's pins."""

    factory: PinFactory

    def start(self) -> None:
        """Begin to tell both sides of each other."""

    def stop(self) -> None:
        """End every thread."""

    def trace(self) -> list[Record]:
        """What the outputs did, as the daemon's pins know it."""


class HeldPin(MemoryPin):
    """A pin in memory that tells the board what it does."""

    board: Board

    def input_with_pull(self, pull: str) -> None:
        """Listen, and read at once what stands on the line."""
        super().input_with_pull(pull)
        with self.board.lock:
            self.board.make_input(self._number, BIAS[pull], time.monotonic_ns(), os.getpid())
            level = self.board.pins[self._number].level
        self._change_state(bool(level))

    def _note(self) -> None:
        super()._note()
        if self._function == "output":
            with self.board.lock:
                level, ns = int(self._state), time.monotonic_ns()
                self.board.drive_output(self._number, level, ns, os.getpid())


class MemoryHand:
    """gpiozero's mock pins, with the simulated gate around them. Thread ``memory-edges``."""

    def __init__(self, board: Board) -> None:
        factory = MemoryFactory()
        factory.pin_class = type("Pin", (HeldPin,), {"board": board})
        self.factory: PinFactory = factory
        self._pins = [factory.pin(f"GPIO{number}") for number in range(PINS)]
        self._edges: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._tell, name="memory-edges", daemon=True)
        board.on_edge = lambda pin, level: self._edges.put((pin, level))

    def start(self) -> None:
        """Begin to tell edges."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._edges.put(None)
        self._thread.join(10)

    def trace(self) -> list[Record]:
        """What every pin did, in the order of time."""
        stands = [stand for pin in self._pins for stand in pin.trace]
        return [
            Record(one.ns, "pin", one.pin, one.function, one.level, os.getpid())
            for one in sorted(stands)
        ]

    def _tell(self) -> None:
        while (edge := self._edges.get()) is not None:
            number, level = edge
            pin = self._pins[number]
            if pin.function != "input":
                continue
            if level:
                pin.drive_high()
            else:
                pin.drive_low()
