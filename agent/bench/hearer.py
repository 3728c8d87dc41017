"""The centre of a fleet, a process of its own: hears the events of all gates, and counts them.

``python -m agent.bench.hearer PORT ESTATE NAME`` prints ``ready``, and from then on, whenever it
has changed and at most ten times a second, a line of three numbers: events that were heard for the
first time, events that were heard again, and events that are missing between others. Its session
outlives the broker if the broker keeps it. With ``late`` behind the name it comes when there were
events before and misses none of those, and its session ends with it.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.bench.broker import HOST
from agent.uplink.follow import Duplicate, Follower

_EVERY_S = 0.1
_KEPT_S = 3600
_KEEPALIVE_S = 600
_AGAIN_S = 0.1
_properties: Callable[[int], Any] = Properties


class Hearer:
    """Counts. ``ready`` is true once it is subscribed; ``late``: what was before is not missed."""

    def __init__(self, *, late: bool) -> None:
        self._late = late
        self.ready = False
        self.again = 0
        self._follower = Follower()

    def heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        """An event."""
        told = json.loads(message.payload)
        source, stream = told["source"], told["streamid"]
        if not self._late:
            self._follower.start(source, stream, 0)
        verdict = self._follower.take(source, stream, int(told["sequence"]))
        self.again += isinstance(verdict, Duplicate)

    def counts(self) -> tuple[int, int, int]:
        """Heard, heard again, missing."""
        lines = self._follower.lines.values()
        received, missing = (
            sum(line.received for line in lines),
            sum(line.missing for line in lines),
        )
        return received, self.again, missing

    def subscribed(self, *_: object) -> None:
        """The broker lets us hear."""
        self.ready = True


def _greeted(topic: str, client: Client, *_: object) -> None:
    client.subscribe(topic, 1)


def main(port: int, estate: str, name: str, when: str = "") -> None:
    """Hear until killed."""
    hearer = Hearer(late=when == "late")
    client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5)
    client.on_connect = partial(_greeted, f"gate/v1/{estate}/+/evt")
    client.on_subscribe = hearer.subscribed
    client.on_message = hearer.heard
    terms = _properties(PacketTypes.CONNECT)
    terms.SessionExpiryInterval = 0 if when == "late" else _KEPT_S
    told: tuple[int, int, int] | None = None
    due = 0.0
    while True:
        try:
            client.connect(HOST, port, _KEEPALIVE_S, clean_start=False, properties=terms)
            while not client.loop(_EVERY_S):
                now = time.monotonic()
                if hearer.ready and now >= due and (counts := hearer.counts()) != told:
                    sys.stdout.write("" if told else "ready\n")
                    sys.stdout.write("{} {} {}\n".format(*counts))
                    sys.stdout.flush()
                    told, due = counts, now + _EVERY_S
        except OSError:
            time.sleep(_AGAIN_S)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
