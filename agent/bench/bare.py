"""The floor of a replay, a process of its own: the same rows from SQLite through paho.

``python -m agent.bench.bare LEDGER PORT EVENTS WINDOW`` publishes the stored bytes of the first
EVENTS entries with QoS 1, polled from its own loop, at most WINDOW unacknowledged. It makes no
envelope and keeps no cursor. Prints ``ready`` when it is connected, then the seconds that it took.
"""

import sqlite3
import sys
from select import POLLIN, POLLOUT, poll
from time import monotonic

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

_BATCH = 500
_ROWS = (
    "SELECT sequence, stream, boot, uptime_ms, time_us, recorded_us, quality, type, subject, "
    "actor, cause, data FROM entries ORDER BY sequence"
)


def connected(port: int) -> Client:
    """A client that the broker has greeted."""
    client = Client(CallbackAPIVersion.VERSION2, "bench-bare", protocol=MQTTv5)
    greeted: list[object] = []
    client.on_connect = lambda *_: greeted.append(1)
    client.connect("127.0.0.1", port, 60)
    while not greeted:
        client.loop(0.1)
    return client


def publish(client: Client, path: str, events: int, window: int) -> float:
    """Seconds from the first publish to the last acknowledgement."""
    acknowledged = sent = 0

    def on_publish(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1

    client.on_publish = on_publish
    sock = client.socket()
    if sock is None:
        raise SystemExit("the broker hung up")
    number = sock.fileno()
    waiting = poll()
    waiting.register(number, POLLIN)
    rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(_ROWS)
    batch: list[bytes] = []
    began = monotonic()
    while acknowledged < events:
        while sent < events and sent - acknowledged < window:
            if not batch:
                batch = [row[11] for row in rows.fetchmany(_BATCH)][::-1]
            client.publish("bench/evt", batch.pop(), 1)
            sent += 1
        waiting.modify(number, POLLIN | POLLOUT if client.want_write() else POLLIN)
        for _, what in waiting.poll(1000):
            if what & POLLIN:
                client.loop_read()
            if what & POLLOUT:
                client.loop_write()
        client.loop_misc()
    return monotonic() - began


def main(path: str, port: int, events: int, window: int) -> None:
    """Connect, publish, tell."""
    client = connected(port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(f"{publish(client, path, events, window)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *(int(one) for one in sys.argv[2:5]))
