"""The centre that is measured, a process of its own: notes when it has seen what.

``python -m agent.bench.seen PORT FILE TOPIC ...`` prints ``ready`` when it is subscribed. For every
message it appends a line to FILE: monotonic time in ns, the topic, and a number: the sequence of a
grant on ``evt``, 0 of any other event, the payload's own number elsewhere if it begins with one.
"""

import sys
from functools import partial
from pathlib import Path
from time import monotonic_ns
from typing import TextIO

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.bench.broker import HOST

_GRANTED = b'"type":"gate.access.granted.v1"'
_SEQUENCE = b'"sequence":"'
_DIGITS = 20
_KEEPALIVE_S = 600


def number(topic: str, payload: bytes) -> int:
    """What is noted of a message besides its topic."""
    if topic.endswith("/evt"):
        at = payload.find(_SEQUENCE) + len(_SEQUENCE)
        return int(payload[at : at + _DIGITS]) if _GRANTED in payload else 0
    first = payload.partition(b" ")[0]
    return int(first) if first.isdigit() else 0


def _note(out: TextIO, _client: Client, _data: object, message: MQTTMessage) -> None:
    now_ns, topic = monotonic_ns(), message.topic
    out.write(f"{now_ns} {topic} {number(topic, bytes(message.payload))}\n")
    out.flush()


def _say_ready(*_: object) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main(port: int, file: str, *topics: str) -> None:
    """Note until killed."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_subscribe = _say_ready
    with Path(file).open("a", encoding="utf-8") as out:
        client.on_message = partial(_note, out)
        client.connect(HOST, port, _KEEPALIVE_S)
        client.subscribe([(topic, 1) for topic in topics])
        while not client.loop(1.0):
            continue


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *sys.argv[3:])
