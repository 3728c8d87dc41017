"""``python -m drivers.sim SPEC.json``: the simulated gate as a process of its own.

Prints ``ready`` when everything listens. Ends on SIGTERM or SIGINT, on the op ``stop``, and, with
``--with-stdin``, when its standard input ends: then it never outlives whoever started it.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from agent.errors import GateError, SettingsError
from drivers.sim.board import Board
from drivers.sim.control import Control
from drivers.sim.gate import Gate
from drivers.sim.lines import Lines
from drivers.sim.pin_server import PinServer
from drivers.sim.spec import SimSpec, read_spec


def serve(spec: SimSpec, ended: threading.Event | None = None) -> None:
    """Run the gate until it is told to end."""
    board = Board()
    gate = Gate(spec, board)
    pins = PinServer(board, spec.pin_socket)
    lines = Lines({**spec.readers, **spec.displays})
    control = Control(gate, lines, spec.control_socket)
    if ended is not None:
        control.ended = ended
    parts = (gate, pins, lines, control)
    for part in parts:
        part.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    # A wait without limit would be one that Python cannot break for a signal on some systems.
    while not control.ended.wait(3600):
        continue
    for part in reversed(parts):
        part.stop()


def main(arguments: list[str]) -> int:
    """Exit code 0, or 2 when the SPEC cannot be used."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    files = [one for one in arguments if not one.startswith("--")]
    try:
        if len(files) != 1:
            raise SettingsError("usage: python -m drivers.sim SPEC.json [--with-stdin]")
        spec = read_spec(json.loads(Path(files[0]).read_text("utf-8")))
    except (GateError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--with-stdin" in arguments:
        threading.Thread(target=_follow, args=(ended,), name="sim-stdin", daemon=True).start()
    serve(spec, ended)
    return 0


def _follow(ended: threading.Event) -> None:
    while os.read(0, 64):
        continue
    ended.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
