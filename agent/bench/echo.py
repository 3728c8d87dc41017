"""The floor of what protects, a process of its own: an input's edge becomes an output's level.

``python -m agent.bench.echo PIN_SOCKET INPUT OUTPUT`` does what any program must do that answers an
edge with a relay, and nothing else: it knows no arm, believes every edge, and asks nobody. Like the
daemon it hears edges on a connection of their own, in a thread, and drives the pin on another.
"""

import socket
import struct
import sys
import threading
from pathlib import Path

from drivers.pin_socket import connect, message


def main(pins: str, heard: int, driven: int) -> None:
    """Run until the pins are gone or the process is killed."""
    acts, edges = connect(Path(pins)), connect(Path(pins))
    edges.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
    for claim in (message(b"O", driven, 0), message(b"I", heard, 0)):
        acts.send(claim)
        acts.recv(4)
    edges.send(message(b"L"))
    edges.recv(4)
    levels = {level: message(b"W", driven, level) for level in (0, 1)}

    def echo() -> None:
        while len(edge := edges.recv(4)) == 4:
            if edge[1] == heard:
                acts.send(levels[edge[2]])

    thread = threading.Thread(target=echo, name="echo", daemon=True)
    thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
