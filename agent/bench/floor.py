"""The floor of a tap, a process of its own: serial line, thread, queue, durable append, relay.

``python -m agent.bench.floor LINE PIN_SOCKET PIN FILE`` does what any program must do that hears a
card, writes down 400 bytes for good and switches a relay, and nothing else: no frame is checked,
nobody is known, nothing is decided. The relay goes off again at once, after it counted.

It has the daemon's threads: one reads the line (one byte, then what waits), the main thread waits
at the queue, writes, and drives the pin.
"""

import os
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import serial

from drivers.pin_socket import connect, message

RECORD = bytes(400)
_ETX = b"\x03"


def read(line: serial.Serial, hand_over: "SimpleQueue[bytes]") -> None:
    """Hand over every frame with its last byte; end with the line."""
    frame = b""
    while byte := line.read(1):
        frame += byte + line.read(line.in_waiting)
        if frame.endswith(_ETX):
            hand_over.put(frame)
            frame = b""
    hand_over.put(b"")


def main(path: str, pins: str, pin: int, file: str) -> None:
    """Run until the line ends or the process is killed."""
    relay = connect(Path(pins))
    relay.send(message(b"O", pin, 0))
    relay.recv(4)
    on, off = message(b"W", pin, 1), message(b"W", pin, 0)
    frames: SimpleQueue[bytes] = SimpleQueue()
    record = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with serial.Serial(path, 9600) as line:
        reader = threading.Thread(target=read, args=(line, frames), name="floor", daemon=True)
        reader.start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while frames.get():
            os.write(record, RECORD)
            os.fdatasync(record)
            relay.send(on)
            relay.send(off)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
