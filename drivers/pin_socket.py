"""Pins in another process: the header of the simulated gate, reached over a Unix socket.

Rules kept here:
- messages are four bytes on SOCK_SEQPACKET: verb, pin, value, 0; one message is one act;
- setting a level is one send and waits for nothing; claiming and reading wait for the answer;
- edges come on a second connection with a thread of its own, so that an answer is never stuck
  behind an edge whose handler waits for the lock of whoever asked;
- a line belongs to the process that claimed it until that process's connection ends; its level
  stays what it was, as on a Raspberry Pi.

Verbs to the gate: ``O`` claim as output at level, ``W`` write, ``I`` claim as input (0 floating,
1 up, 2 down), ``R`` read, ``F`` free a claim, ``L`` listen to edges. Answers: ``V`` value (bit 0
level, bit 1 output), ``B`` busy, ``N`` no such pin. On the listening connection: ``E`` edge. Who
listens with value 1 is told the falling edges with their times: messages of one or more `TIMED`
(``E``, pin, 16 bits that go up by one, monotonic nanoseconds).
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from gpiozero.exc import PinEdgeDetectUnsupported, PinInvalidPin, PinSetInput
from gpiozero.pins.pi import PiFactory, PiPin

from agent.errors import DeviceError
from drivers.pins import HOLE, Fall

PATIENCE_S = 2
HIGHEST = 27
TIMED = struct.Struct("=cBHQ")
_LONGEST = 65_536
_BIAS = {"floating": 0, "up": 1, "down": 2}
_REVISION = 0xA02082  # a Raspberry Pi 3B: 40 pins, GPIO 0 to 27


def message(verb: bytes, pin: int = 0, value: int = 0) -> bytes:
    """Four bytes, ready to be sent."""
    return verb + bytes((pin, value, 0))


class SocketPin(PiPin):  # type: ignore[misc]  # gpiozero ships no types
    """One line of the simulated gate."""

    def __init__(self, factory: "SocketFactory", info: object) -> None:
        super().__init__(factory, info)
        self._wire = factory.wire
        self._output = False
        self._bias = "floating"
        self._high = message(b"W", self._number, 1)
        self._low = message(b"W", self._number, 0)
        factory.by_number[self._number] = self

    def output_with_state(self, state: int) -> None:
        """Claim the line and drive it, from the first moment at this level."""
        self._wire.ask(b"O", self._number, int(bool(state)))
        self._output = True

    def input_with_pull(self, pull: str) -> None:
        """Claim the line and listen to it."""
        self._wire.ask(b"I", self._number, _BIAS[pull])
        self._output, self._bias = False, pull

    def close(self) -> None:
        """Stop listening and let go of the claim; the line stays as it is."""
        self.when_changed = None
        with contextlib.suppress(OSError):  # a gate that is gone holds no claim
            self._wire.ask(b"F", self._number, 0)

    def _get_function(self) -> str:
        return "output" if self._wire.ask(b"R", self._number, 0) & 2 else "input"

    def _set_function(self, value: str) -> None:
        if value == "output":
            self.output_with_state(0)
        else:
            self.input_with_pull(self._bias)

    def _get_state(self) -> int:
        return self._wire.ask(b"R", self._number, 0) & 1

    def _set_state(self, value: int) -> None:
        if not self._output:
            raise PinSetInput(f"cannot set the level of {self!r}: it is not an output")
        self._wire.send(self._high if value else self._low)

    def _get_pull(self) -> str:
        return self._bias

    def _set_pull(self, value: str) -> None:
        self.input_with_pull(value)

    def _get_edges(self) -> str:
        return "both"

    def _set_edges(self, value: str) -> None:
        if value != "both":
            raise PinEdgeDetectUnsupported(f"{self!r} tells both edges, not {value!r} only")

    def _enable_event_detect(self) -> None:
        self._factory.listen()

    def _disable_event_detect(self) -> None:
        pass

    def edge(self, level: int) -> None:
        """Hand an edge to whoever listens; called in the factory's thread."""
        with self._when_changed_lock:
            listening = self._when_changed is not None
        if listening:
            self._call_when_changed(self._factory.ticks(), level)


class Wire:
    """The connection that acts. Errors are OSError: the gate is gone or does not answer."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)
        self._asking = threading.Lock()
        self.send = self._socket.send

    def ask(self, verb: bytes, pin: int, value: int) -> int:
        """Send and wait for the value; raises DeviceError when the line is in other hands."""
        with self._asking:
            self._socket.send(message(verb, pin, value))
            answer = self._socket.recv(4)
        if len(answer) < 4:
            raise BrokenPipeError(f"the simulated gate ended while pin {pin} was asked")
        if answer[:1] == b"B":
            raise DeviceError(f"GPIO{pin} is held by another process: stop it, or name another pin")
        if answer[:1] == b"N":
            raise PinInvalidPin(f"GPIO{pin} does not exist: use GPIO0 to GPIO{HIGHEST}")
        return answer[2]

    def close(self) -> None:
        """End the connection; every claim of this process ends with it."""
        self._socket.close()


class SocketFalls:
    """`drivers.pins.Falls` of the simulated gate, on connections of its own."""

    def __init__(self, path: Path, numbers: Sequence[int], pull: str) -> None:
        self._numbers = tuple(numbers)
        self._seen: int | None = None
        self._wire = Wire(path)
        self._edges = connect(path)
        try:
            for number in numbers:
                self._wire.ask(b"I", number, _BIAS[pull])
            self._edges.send(message(b"L", 0, 1))
            self._edges.recv(4)
        except (OSError, DeviceError):
            self.close()
            raise
        self._edges.setblocking(False)

    def fileno(self) -> int:
        """The listening connection."""
        return self._edges.fileno()

    def read(self) -> Sequence[Fall]:
        """What has come; see `drivers.pins.Falls`."""
        try:
            heard = self._edges.recv(_LONGEST)
        except BlockingIOError:
            return ()
        if not heard:
            raise BrokenPipeError("the simulated gate ended")
        found: list[Fall] = []
        for _verb, pin, seen, ns in TIMED.iter_unpack(heard):
            if self._seen is not None and seen != (self._seen + 1) & 0xFFFF:
                found.append(Fall(ns, HOLE))
            self._seen = seen
            if pin in self._numbers:
                found.append(Fall(ns, pin))
        return found

    def levels(self) -> Sequence[int]:
        """What the lines read now."""
        return [self._wire.ask(b"R", number, 0) & 1 for number in self._numbers]

    def close(self) -> None:
        """End both connections, and the claims with them."""
        self._edges.close()
        self._wire.close()


class SocketFactory(PiFactory):  # type: ignore[misc]  # gpiozero ships no types
    """Pins of the simulated gate behind the socket at ``path``.

    Raises DeviceError when nobody answers there.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pin_class = SocketPin
        self.by_number: dict[int, SocketPin] = {}
        self._path = path
        try:
            self.wire = Wire(path)
        except OSError as error:
            raise DeviceError(
                f"no simulated gate answers at {path} ({error.strerror}): start it first, "
                "or take another pin backend"
            ) from error
        self._edges: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def standing(self, number: int) -> bool | None:
        """The level that the line drives; None when it is an input."""
        try:
            value = self.wire.ask(b"R", number, 0)
        except OSError as error:
            raise DeviceError(f"GPIO{number} cannot be read: {error}") from error
        return bool(value & 1) if value & 2 else None

    def falls(self, numbers: Sequence[int], pull: str) -> SocketFalls:
        """How these lines fall; see `drivers.pins.PinFactory`."""
        return SocketFalls(self._path, numbers, pull)

    def listen(self) -> None:
        """Begin to receive edges, once; raises OSError when the gate is gone."""
        if self._edges is not None:
            return
        self._edges = connect(self._path)
        self._edges.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
        self._edges.send(message(b"L"))
        self._edges.recv(4)
        self._thread = threading.Thread(target=self._hear, name="pin-edges", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End both connections and the thread; the gate keeps every level."""
        for pin in self.pins.values():
            pin.when_changed = None
        self.pins.clear()
        if self._edges is not None:
            with contextlib.suppress(OSError):
                self._edges.shutdown(socket.SHUT_RDWR)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE_S)
        if self._edges is not None:
            self._edges.close()
            self._edges = None
        self.wire.close()

    def _hear(self) -> None:
        edges = self._edges
        while edges is not None:
            try:
                heard = edges.recv(4)
            except OSError:
                return
            if len(heard) < 4:
                return
            pin = self.by_number.get(heard[1])
            if pin is not None:
                pin.edge(heard[2])

    def _get_revision(self) -> int:
        return _REVISION

    def ticks(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        """Seconds between two of `ticks`."""
        return later - earlier


def connect(path: Path) -> socket.socket:
    """A SOCK_SEQPACKET connection whose sends and answers wait at most `PATIENCE_S` seconds.

    The limits are the kernel's (SO_RCVTIMEO): Python's own time-outs cost a poll per message.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    limit = struct.pack("ll", PATIENCE_S, 0)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection
