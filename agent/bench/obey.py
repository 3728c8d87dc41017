"""The floor of a command, a process of its own: what comes is written down, and a relay switched.

``python -m agent.bench.obey PORT TOPIC PIN_SOCKET PIN FILE`` prints ``ready`` when it is
subscribed. For every message it appends 400 bytes to FILE for good and switches the pin on, and at
once off again, after it counted. It looks at nothing, knows nobody and answers nothing.
"""

import os
import sys
from pathlib import Path

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.bench.broker import HOST
from agent.bench.floor import RECORD
from drivers.pin_socket import connect, message

_KEEPALIVE_S = 600


def _say_ready(*_: object) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main(port: int, topic: str, pins: str, pin: int, file: str) -> None:
    """Obey until killed."""
    relay = connect(Path(pins))
    relay.send(message(b"O", pin, 0))
    relay.recv(4)
    on, off = message(b"W", pin, 1), message(b"W", pin, 0)
    record = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def obey(*_: object) -> None:
        os.write(record, RECORD)
        os.fdatasync(record)
        relay.send(on)
        relay.send(off)

    client = Client(CallbackAPIVersion.VERSION2, "bench-obey", protocol=MQTTv5)
    client.on_subscribe = _say_ready
    client.on_message = obey
    client.connect(HOST, port, _KEEPALIVE_S)
    client.subscribe(topic, 1)
    while not client.loop(1.0):
        continue


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
