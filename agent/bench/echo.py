"""The floor of what protects, a process of its own: an input's edge becomes two outputs' levels.

``python -m agent.bench.echo PIN_SOCKET INPUT CLOSE OPEN`` does what any program must do that
answers an edge with relays, and nothing else: while the input is active CLOSE is off and OPEN is
on, else it is the other way round. It knows no arm, believes every edge, and asks nobody. Like the
daemon it hears edges on a connection of their own, in a thread, and drives the pins on another.
"""

import socket
import struct
import sys
import threading
from pathlib import Path

from drivers.pin_socket import connect, message


def main(pins: str, heard: int, close: int, lift: int) -> None:
    """Run until the pins are gone or the process is killed."""
    acts, edges = connect(Path(pins)), connect(Path(pins))
    edges.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
    for claim in (message(b"O", close, 1), message(b"O", lift, 0), message(b"I", heard, 0)):
        acts.send(claim)
        acts.recv(4)
    edges.send(message(b"L"))
    edges.recv(4)
    levels = {
        level: (message(b"W", close, 1 - level), message(b"W", lift, level)) for level in (0, 1)
    }

    def echo() -> None:
        while len(edge := edges.recv(4)) == 4:
            if edge[1] == heard:
                first, second = levels[edge[2]]
                acts.send(first)
                acts.send(second)

    thread = threading.Thread(target=echo, name="echo", daemon=True)
    thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], *(int(pin) for pin in sys.argv[2:5]))
