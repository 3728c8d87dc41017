"""A client that has a gate's whole journal told again, over and over; a process of its own.

``python -m agent.bench.asks PORT ROOT CLIENT`` waits for the gate's status, asks for a replay from
the first entry on, and prints ``ready`` when the first chunk has come. When an answer ends it asks
for the next part; behind the last one it begins anew. Until it is killed.
"""

import json
import sys
from functools import partial
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.bench.broker import HOST
from agent.bench.commands import body

_KEEPALIVE_S = 600


class Asker:
    """Asks, listens, asks again."""

    def __init__(self, client: Client, root: str, name: str) -> None:
        self._client = client
        self._topic = f"{root}/cmd/{name}/replay"
        self._stream = ""
        self._ready = False

    def heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        """A status, or a chunk."""
        told: dict[str, Any] = json.loads(message.payload)
        if message.topic.endswith("/status"):
            begins, self._stream = not self._stream, told["streamid"]
            if begins:
                self._ask(1)
            return
        if not self._ready:
            self._ready = True
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        if told["last"]:
            self._ask(told["nextfrom"] or 1)

    def _ask(self, first: int) -> None:
        args = {"streamid": self._stream, "from": first, "to": None, "limit": 500}
        self._client.publish(self._topic, body(args), 1)


def _greeted(topics: list[tuple[str, int]], client: Client, *_: object) -> None:
    client.subscribe(topics)


def main(port: int, root: str, name: str) -> None:
    """Ask until killed."""
    client = Client(CallbackAPIVersion.VERSION2, "bench-asks", protocol=MQTTv5)
    asker = Asker(client, root, name)
    client.on_connect = partial(_greeted, [(f"{root}/status", 1), (f"{root}/replay/{name}", 1)])
    client.on_message = asker.heard
    client.connect(HOST, port, _KEEPALIVE_S)
    while not client.loop(1.0):
        continue


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
