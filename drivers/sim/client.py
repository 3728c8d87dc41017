"""The other end of the control socket, and how to start and end a simulated gate."""

import contextlib
import json
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.errors import DeviceError
from drivers.sim.board import Record

PATIENCE_S = 60.0
"""A machine may stand still for a quarter of a minute; it costs nothing when all is well."""


class SimClient:
    """Ops as methods; see `drivers.sim.control`. One connection, safe from any thread.

    Every method raises DeviceError when the gate does not answer or refuses.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise DeviceError(f"no simulated gate answers at {path}: start it first") from error
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the gate goes on."""
        self._answers.close()
        self._socket.close()

    def ask(self, op: str, patience_s: float = PATIENCE_S, **arguments: Any) -> dict[str, Any]:
        """Send one op and give its answer."""
        line = json.dumps({"op": op, **arguments}).encode() + b"\n"
        with self._lock:
            try:
                self._socket.settimeout(patience_s)
                self._socket.sendall(line)
                answer = self._answers.readline()
            except OSError as error:
                raise DeviceError(f"the simulated gate does not answer {op}: {error}") from error
        if not answer:
            raise DeviceError(f"the simulated gate ended before it answered {op}")
        found: dict[str, Any] = json.loads(answer)
        if not found.pop("ok"):
            raise DeviceError(f"the simulated gate refused {op}: {found['error']}")
        return found

    def tap(self, reader: str, frame: bytes) -> int:
        """Send bytes as the reader would; the monotonic ns just before they were written."""
        return int(self.ask("tap", reader=reader, bytes=frame.hex())["ns"])

    def tap_em4100(self, reader: str, digits: str, baud: int = 0) -> int:
        """Hold an EM4100 tag (ten hexadecimal digits) to an RDM6300; see `tap`.

        With ``baud`` the bytes come as fast as such a line brings them, else all at once; the
        monotonic ns is that just before the last byte.
        """
        return int(self.ask("tap", reader=reader, em4100=digits, baud=baud)["ns"])

    def tap_wiegand(self, reader: str, bits: str, apart_us: int = 2_000) -> int:
        """A card at a Wiegand reader, as bits; the monotonic ns of the last one."""
        return int(self.ask("wiegand", reader=reader, bits=bits, apart_us=apart_us)["ns"])

    def rest(self, reader: str, level: int) -> None:
        """What both wires of a Wiegand reader rest at: 1, or 0 when its supply is gone."""
        self.ask("rest", reader=reader, level=level)

    def drive(
        self,
        lane: str,
        car: str,
        *,
        kind: str = "through",
        polite: bool = False,
        approach_ms: int = 0,
        enter_ms: int = 300,
        under_ms: int = 1000,
        **habits: Any,
    ) -> None:
        """A car comes; ``kind`` and its other habits are those of `drivers.sim.road.Car`."""
        self.ask(
            "drive",
            lane=lane,
            car=car,
            kind=kind,
            polite=polite,
            approach_ms=approach_ms,
            enter_ms=enter_ms,
            under_ms=under_ms,
            **habits,
        )

    def release(self, lane: str) -> None:
        """The stalled car goes on."""
        self.ask("release", lane=lane)

    def person(self, lane: str, ms: int) -> None:
        """Somebody stands under the arm for that long."""
        self.ask("person", lane=lane, ms=ms)

    def input(self, pin: int | str, active: bool | None) -> None:
        """Put an input to active or not, whatever the lane says; None lets go of it."""
        self.ask("input", pin=pin, active=active)

    def cut(self, pin: int | str) -> None:
        """Cut the wire of an input: it reads as it is pulled. `mend` makes it whole."""
        self.ask("cut", pin=pin)

    def chatter(self, pin: int | str, ms: float) -> None:
        """Let a contact open and close, ``ms`` each; `mend` ends it."""
        self.ask("chatter", pin=pin, ms=ms)

    def mend(self, pin: int | str) -> None:
        """All is well with an input again."""
        self.ask("mend", pin=pin)

    def hand(self, lane: str, way: int | None) -> None:
        """Somebody lifts (1), holds (0) or pulls down (-1) the arm, or lets go of it (None)."""
        self.ask("hand", lane=lane, way=way)

    def power(self, lane: str, on: bool) -> None:
        """The operator's power goes, or returns."""
        self.ask("power", lane=lane, on=on)

    def unplug(self, reader: str) -> None:
        """Take a reader away."""
        self.ask("unplug", reader=reader)

    def replug(self, reader: str) -> None:
        """Put it back: a new pty under the old name."""
        self.ask("replug", reader=reader)

    def arms(self) -> dict[str, dict[str, Any]]:
        """Every lane: arm, place (0 to 1), loop, beam, hits, passed, cars."""
        found: dict[str, dict[str, Any]] = self.ask("arms")["arms"]
        return found

    def pins(self) -> list[dict[str, Any]]:
        """Level and function of every pin."""
        found: list[dict[str, Any]] = self.ask("pins")["pins"]
        return found

    def heard(self) -> list[tuple[int, str, bytes]]:
        """What was written to the readers: ns, reader, bytes."""
        return [(ns, reader, bytes.fromhex(raw)) for ns, reader, raw in self.ask("heard")["heard"]]

    def story(self, since_ns: int = 0) -> list[tuple[int, str, str]]:
        """What happened in the lanes since: ns, lane, sentence."""
        notes = self.ask("story", since_ns=since_ns)["notes"]
        return [(ns, lane, what) for ns, lane, what in notes]

    def trace(self, pins: Sequence[int] | None = None, since: int = 0) -> list[Record]:
        """The whole record, or that of some pins; ``since`` counts records from the start.

        Raises DeviceError when records were dropped: a trace with holes proves nothing.
        """
        records: list[Record] = []
        while True:
            page = self.ask("trace", since=since)
            if page["dropped"] > since:
                raise DeviceError(f"the trace lost its first {page['dropped']} records")
            found = [Record(*one) for one in page["records"]]
            records += [one for one in found if pins is None or _of(one, pins)]
            if page["next"] == since:
                return records
            since = page["next"]

    def mark(self) -> int:
        """How many records the trace has, for ``trace(since=...)``."""
        return int(self.ask("trace", limit=0)["recorded"])

    def wait(self, limit_ms: int = 5_000, **wanted: Any) -> int:
        """Wait until all of it holds; the monotonic ns of that.

        ``wait(lane="in", arm="up")``, ``wait(pin=17, level=1)``; see `drivers.sim.control`.
        Raises DeviceError when ``limit_ms`` passed before.
        """
        patience_s = limit_ms / 1000 + PATIENCE_S
        found = self.ask("wait", patience_s, **{"for": wanted, "limit_ms": limit_ms})
        if not found["met"]:
            raise DeviceError(f"the simulated gate did not come to {wanted} in {limit_ms} ms")
        return int(found["ns"])

    def stop(self) -> None:
        """End the gate."""
        self.ask("stop")


def _of(record: Record, pins: Sequence[int]) -> bool:
    return record.kind == "pin" and record.pin in pins


class SimProcess:
    """A simulated gate in a process of its own, ended with whoever started it.

    ``spec`` as in `drivers.sim.spec`; it is written to ``folder/sim.json``. Raises DeviceError when
    the gate is not ready within a minute.
    """

    def __init__(self, spec: Mapping[str, Any], folder: Path) -> None:
        self.spec = spec
        self.pin_socket = Path(spec["pin_socket"])
        file = folder / "sim.json"
        file.write_text(json.dumps(spec), "utf-8")
        command = [sys.executable, "-m", "drivers.sim", str(file), "--with-stdin"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the daemon: the gate goes last
        )
        self._wait_ready()
        self.client = SimClient(Path(spec["control_socket"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the gate; safe to call twice."""
        with contextlib.suppress(DeviceError):
            self.client.close()
        self._end()

    def _wait_ready(self) -> None:
        out = self.process.stdout
        if out is None:
            raise DeviceError("the simulated gate has no standard output")
        ready, _, _ = select.select([out], [], [], PATIENCE_S)
        if not ready or out.readline() != b"ready\n":
            self._end()
            raise DeviceError("the simulated gate did not become ready: run it by hand to see why")

    def _end(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE_S)
