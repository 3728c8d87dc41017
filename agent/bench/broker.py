"""A private mosquitto on loopback, where one is installed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import GateError

MISSING = "mosquitto is not installed (apt install mosquitto)"
_START_S = 10.0


def program() -> str | None:
    """Where mosquitto is; None when it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which("mosquitto", path=path)


@contextmanager
def a_broker(folder: Path) -> Iterator[int]:
    """Run one that keeps nothing; gives its port. Raises GateError when it does not start."""
    found = program()
    if found is None:
        raise GateError(MISSING)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""
    config.write_text(f"{user}listener {port} 127.0.0.1\nallow_anonymous true\nlog_type none\n")
    process = subprocess.Popen(
        [found, "-c", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise GateError(f"mosquitto does not listen on port {port}: see if it runs by hand")
