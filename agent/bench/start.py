"""start: from the exec of ``gate-agent run`` to READY=1.

Method. The daemon is started with NOTIFY_SOCKET pointing to a socket of ours, as systemd does, and
with the ledger that an earlier run left. The median of some starts.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from agent.bench import site
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate

_LIMIT_S = 30.0


def run(place: Place, starts: int = 5) -> Figures:
    """The median of ``starts`` starts, after one that fills the caches."""
    page = site.page(4, sensors=True, port=1)
    with site.a_gate(place.sub("gate"), page, site.with_cards(100)) as gate:
        _once(gate, place.sockets / "notify")
        took = [_once(gate, place.sockets / "notify") for _ in range(starts)]
    return {"seconds": percentile(took, 0.5)}


def _once(gate: SimulatedGate, address: Path) -> float:
    """Start, wait for READY=1, stop; seconds until ready."""
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(address))
        heard.settimeout(_LIMIT_S)
        began = time.monotonic()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "-c", str(gate.config)],
            env={**os.environ, "NOTIFY_SOCKET": str(address)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not heard.recv(4096).startswith(b"READY=1"):
                continue
            took = time.monotonic() - began
        except TimeoutError:
            raise GateError(f"the daemon was not ready after {_LIMIT_S:g} s") from None
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
    return took
