"""The yardstick: a bare loop from SQLite through paho to the broker, and the uplink beside it.

Run as `python -m tests.uplink.bare [EVENTS]`: prints both rates, their ratio, and peak memory.
"""

import resource
import sqlite3
import sys
import tempfile
from pathlib import Path
from select import POLLIN, POLLOUT, poll
from threading import Event
from time import monotonic

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.uplink.broker import Broker
from agent.uplink.link import Uplink
from agent.uplink.topics import Address
from tests.rigs.broker import Mosquitto
from tests.uplink.book import BOOT, Book, SystemClock

WINDOW = 20


def bare(broker: Mosquitto, path: Path, count: int) -> float:
    """Publish the stored bytes of ``count`` entries, polled from here; events a second."""
    client = Client(CallbackAPIVersion.VERSION2, "bare", protocol=MQTTv5)
    client.max_inflight_messages_set(WINDOW)
    connected: list[object] = []
    acknowledged = 0

    def on_publish(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1

    client.on_connect = lambda *_: connected.append(1)
    client.on_publish = on_publish
    client.connect(broker.host, broker.port, 60)
    while not connected:
        client.loop(0.1)
    rows = sqlite3.connect(path).execute("SELECT * FROM entries ORDER BY sequence")
    sent = 0
    batch: list[bytes] = []
    sock = client.socket()
    assert sock is not None
    waiting = poll()
    waiting.register(sock.fileno(), POLLIN)
    began = monotonic()
    while acknowledged < count:
        while sent < count and sent - acknowledged < WINDOW:
            if not batch:
                batch = [row[11] for row in rows.fetchmany(500)][::-1]
            client.publish("bare/evt", batch.pop(), 1)
            sent += 1
        waiting.modify(sock.fileno(), POLLIN | POLLOUT if client.want_write() else POLLIN)
        for _, what in waiting.poll(1000):
            if what & POLLIN:
                client.loop_read()
            if what & POLLOUT:
                client.loop_write()
        client.loop_misc()
    rate = count / (monotonic() - began)
    client.disconnect()
    return rate


def ours(broker: Mosquitto, book: Book, count: int) -> float:
    """The same entries through the uplink, cursor kept durable; events a second."""
    done = Event()

    def save(published: int) -> None:
        book.keep("published", published)
        if published == count:
            done.set()

    uplink = Uplink(
        Broker(broker.host, broker.port, client_id="ours", window=WINDOW),
        Address("estate", "north"),
        journal=book.reader,
        published=0,
        next_session=book.next_session,
        save_published=save,
        info=dict,
        boot=BOOT,
        clock=SystemClock(),
    )
    uplink.start()
    began = monotonic()
    uplink.committed(book.head())
    while (uplink.health().counters or {})["published"] < count:
        done.wait(0.01)
    rate = count / (monotonic() - began)
    uplink.stop()
    assert book.kept("published") == count
    return rate


def main() -> None:
    """Measure, both ways twice."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        book = Book(Path(name) / "book.db")
        # As long as a whole event, so that both push the same bytes.
        book.append(count, padding=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
        with Mosquitto(Path(name) / "broker") as broker:
            for _ in range(2):
                plain = bare(broker, book.path, count)
                rate = ours(broker, book, count)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                sys.stdout.write(
                    f"bare {plain:.0f}/s, uplink {rate:.0f}/s, ratio {rate / plain:.2f}, {peak} MB"
                    "\n"
                )


if __name__ == "__main__":
    main()
