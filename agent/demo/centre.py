"""The other side: ``gate-agent watch`` as a child, and what it has told so far.

Rules kept here:
- an event is kept as the bytes in which it came out of the child, with the time it was read;
- nothing is believed that was not said: gaps and duplicates are the child's own findings.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.demo.broker import HOST
from agent.demo.child import Child
from agent.errors import GateError

LISTEN_S = 60.0
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Received:
    """An event at the centre. ``ns`` is the monotonic time at which it was read."""

    sequence: int
    line: bytes
    ns: int


class Centre:
    """Subscribes from `start` to `stop`; `look` takes in what was told meanwhile."""

    def __init__(self, port: int, estate: str, gate: str, folder: Path) -> None:
        told = ["--host", HOST, "--port", str(port), "--estate", estate, "--gate", gate]
        command = [sys.executable, "-m", "agent", "watch", "--json", "--from-status", *told]
        self._child = Child("gate-agent watch", command, folder / "watch.log", piped=True)
        os.set_blocking(self._child.lines.fileno(), False)
        self._rest = b""
        self.events: list[Received] = []
        self.linked = False
        self.presence = ""
        self.gaps: list[tuple[int, int]] = []
        self.duplicates = 0
        self.unreadable = 0

    @property
    def last(self) -> int:
        """The highest sequence received."""
        return max((event.sequence for event in self.events[-20:]), default=0)

    def wait_linked(self) -> None:
        """Wait until it listens; raises GateError with its last words."""
        ends, nap = time.monotonic() + LISTEN_S, threading.Event()
        while not self.linked:
            if not self._child.running() or time.monotonic() > ends:
                words = self._child.last_words()
                raise GateError(f"gate-agent watch does not listen: {words or 'it said nothing'}")
            nap.wait(0.02)
            self.look()

    def look(self) -> None:
        """Take in what came since; returns at once."""
        while chunk := self._read():
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            ns = time.monotonic_ns()
            for line in lines:
                self._take(line, ns)

    def stop(self) -> None:
        """End it, and take in its last words."""
        self._child.stop()
        self.look()
        self._child.lines.close()

    def _read(self) -> bytes:
        try:
            return os.read(self._child.lines.fileno(), _CHUNK)
        except BlockingIOError:
            return b""

    def _take(self, line: bytes, ns: int) -> None:
        try:
            told: Mapping[str, Any] = json.loads(line)
        except ValueError:
            self.unreadable += 1
            return
        if "specversion" in told:
            self.events.append(Received(int(told["sequence"]), line, ns))
            return
        match told.get("record"):
            case "link":
                self.linked = bool(told["up"])
            case "status":
                self.presence = str(told.get("status", ""))
            case "gap":
                self.gaps.append((int(told["first"]), int(told["last"])))
            case "duplicate":
                self.duplicates += 1
            case "unreadable":
                self.unreadable += 1
