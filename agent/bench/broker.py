"""A private mosquitto on loopback, where one is installed."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import GateError

MISSING = "mosquitto is not installed (apt install mosquitto)"
HOST = "127.0.0.1"
_START_S = 10.0
_STOP_S = 10.0


def program() -> str | None:
    """Where mosquitto is; None when it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which("mosquitto", path=path)


class Mosquitto:
    """One on a free port, which it keeps when it is stopped and started again.

    ``keeps``: what it has is there again after `stop` and `start`, sessions and what waits for
    them; and it drops nothing for a subscriber that is slow.
    """

    def __init__(self, folder: Path, *, keeps: bool = False) -> None:
        found = program()
        if found is None:
            raise GateError(MISSING)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = int(probe.getsockname()[1])
        lines = [f"listener {self.port} {HOST}", "allow_anonymous true", "log_type none"]
        # As config/broker/mosquitto.conf has it. Without that a command that comes right after an
        # acknowledgement may be held up for 40 ms, until the gate's kernel has answered that.
        lines += ["set_tcp_nodelay true"]
        if os.geteuid() == 0:
            lines.insert(0, "user root")
        if keeps:
            lines += ["persistence true", f"persistence_location {folder}/"]
            lines += ["max_queued_messages 0"]
        config = folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        self._command = [found, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its process; raises GateError when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise GateError("mosquitto does not run any more: see if it runs by hand")
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it listens; raises GateError when it does not."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait(self._process, self.port)

    def pause(self) -> None:
        """Let it stand still: who connects waits."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it in order; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)


@contextmanager
def a_mosquitto(folder: Path, *, keeps: bool = False) -> Iterator[Mosquitto]:
    """Run one; raises GateError when it does not start."""
    broker = Mosquitto(folder, keeps=keeps)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@contextmanager
def a_broker(folder: Path) -> Iterator[int]:
    """Run one that keeps nothing; gives its port. Raises GateError when it does not start."""
    with a_mosquitto(folder) as broker:
        yield broker.port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise GateError(f"mosquitto does not listen on port {port}: see if it runs by hand")
