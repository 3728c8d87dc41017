"""The floor of an event's way, a process of its own: paho to the broker, and nothing else.

``python -m agent.bench.says PORT TOPIC COUNT EVERY_MS BYTES`` prints ``ready``, then publishes so
many messages of so many bytes with QoS 1, one at a time, each beginning with the monotonic time in
ns at which it was made. It ends when all are acknowledged.
"""

import sys
import time

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.bench.broker import HOST

_KEEPALIVE_S = 600


def main(port: int, topic: str, count: int, every_ms: int, size: int) -> None:
    """Publish, and wait for the last acknowledgement."""
    client = Client(CallbackAPIVersion.VERSION2, "bench-says", protocol=MQTTv5)
    greeted: list[object] = []
    acknowledged: list[object] = []
    client.on_connect = lambda *_: greeted.append(1)
    client.on_publish = lambda *_: acknowledged.append(1)
    client.connect(HOST, port, _KEEPALIVE_S)
    while not greeted:
        client.loop(0.1)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    due = time.monotonic()
    for _ in range(count):
        due += every_ms / 1000
        while (left := due - time.monotonic()) > 0:
            client.loop(left)
        client.publish(topic, f"{time.monotonic_ns()} ".encode().ljust(size, b"."), 1)
    while len(acknowledged) < count:
        client.loop(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *(int(each) for each in sys.argv[3:6]))
