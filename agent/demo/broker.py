"""A private mosquitto: loopback only, a port and a folder of its own.

Rules kept here:
- anonymous access is for the demo alone, and nobody outside this machine can reach it;
- it runs as whoever started the demo, and needs no root.
"""

import os
import shutil
import socket
import threading
import time
from pathlib import Path

from agent.demo.child import Child
from agent.errors import GateError

HOST = "127.0.0.1"
START_S = 60.0
_SYSTEM = "/usr/sbin"


def find() -> str | None:
    """The program, None when mosquitto is not installed.

    Debian puts it where an ordinary user's PATH does not lead.
    """
    places = os.environ.get("PATH", os.defpath)
    if "/usr/bin" in places.split(os.pathsep):
        places = f"{places}{os.pathsep}{_SYSTEM}"
    return shutil.which("mosquitto", path=places)


class PrivateBroker:
    """Runs from `start` to `stop`."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._child: Child | None = None
        self.port = _free_port()

    def start(self) -> None:
        """Start it and wait until it listens; raises GateError with its last words."""
        config = self._folder / "mosquitto.conf"
        lines = [f"listener {self.port} {HOST}", "allow_anonymous true", "persistence false"]
        if os.geteuid() == 0:
            # Else it becomes another user, who may not look into our folder.
            lines.append("user root")
        config.write_text("\n".join(lines) + "\n", "utf-8")
        command = [self._program, "-c", str(config)]
        self._child = child = Child("mosquitto", command, self._folder / "mosquitto.log")
        ends, nap = time.monotonic() + START_S, threading.Event()
        while not self._listens():
            if not child.running() or time.monotonic() > ends:
                raise GateError(f"mosquitto does not listen: {child.last_words()}")
            nap.wait(0.02)

    def stop(self) -> None:
        """End it; safe to call twice."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), 1.0).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
