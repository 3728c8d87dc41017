"""Anybody with a certificate: says and asks for what he likes, and hears what the broker lets him.

A refusal is looked at from both sides: by the broker's answer, where the version of MQTT has one,
and by what comes, since a broker may acknowledge what it throws away.
"""

import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.patience import LIMIT_S, until
from tests.rigs.contract import Ear
from tests.rigs.pki import Pair

_KEEPALIVE_S = 600


class Turned(Exception):  # noqa: N818 - no error: what a test waits for
    """The broker did not let him in."""


class Peer:
    """Connects as a context; raises Turned when he is not let in.

    ``pair`` None comes without a certificate. ``heard`` are topics and payloads, ``answers`` the
    reason codes of his publishing (of MQTT 5), ``losses`` counts how often the connection ended.
    ``judged`` holds what he heard of gates against the contract at the end: for real gates.
    """

    def __init__(
        self,
        port: int,
        ca: Path,
        pair: Pair | None,
        *,
        five: bool = True,
        client_id: str = "x",
        judged: bool = False,
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answers: dict[int, int] = {}
        self.losses = 0
        self._port = port
        self._ear, self._judged = Ear(), judged
        self._granted: list[int] = []
        self._refused = ""
        self._greeted = threading.Event()
        context = ssl.create_default_context(cafile=ca)
        if pair is not None:
            context.load_cert_chain(pair.cert, pair.key)
        protocol = MQTTv5 if five else MQTTv311
        client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=protocol, reconnect_on_failure=False
        )
        client.tls_set_context(context)
        client.on_connect = self._connected
        client.on_disconnect = self._ended
        client.on_publish = self._answered
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        self._client = client

    def _connected(
        self, _c: Client, _u: object, _f: object, reason: ReasonCode, _p: object
    ) -> None:
        self._refused = reason.getName() if reason.is_failure else ""
        self._greeted.set()

    def _ended(self, _c: Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        self.losses += 1
        if not self._greeted.is_set():
            self._refused = reason.getName()
            self._greeted.set()

    def _answered(self, _c: Client, _u: object, mid: int, reason: ReasonCode, _p: object) -> None:
        self.answers[mid] = reason.value

    def _subscribed(self, _c: Client, _u: object, mid: int, _reasons: object, _p: object) -> None:
        self._granted.append(mid)

    def _message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        self._ear.hear(message)
        self.heard.append((message.topic, bytes(message.payload)))

    def say(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Publish with QoS 1; gives the reason code of the broker's answer."""
        mid = self._client.publish(topic, payload, 1, retain).mid
        until(lambda: mid in self.answers, f"the broker's answer about {topic}")
        return self.answers[mid]

    def shout(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1, and wait until the broker has answered or hung up."""
        mid = self._client.publish(topic, payload, 1).mid
        until(lambda: mid in self.answers or self.losses, f"what becomes of {topic}")

    def call_himself(self, name: str) -> None:
        """Give a user name beside the certificate; before he comes in."""
        self._client.username_pw_set(name, "x")

    def hear(self, *topics: str) -> None:
        """Subscribe with QoS 1, whatever the broker makes of it."""
        _, mid = self._client.subscribe([(topic, 1) for topic in topics])
        until(lambda: mid in self._granted, f"the broker's answer about {topics}")

    def got(self, topic: str, payload: bytes) -> bool:
        """Whether this came."""
        return (topic, payload) in list(self.heard)

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._client.is_connected()

    def __enter__(self) -> Self:
        try:
            self._client.connect("localhost", self._port, _KEEPALIVE_S)
        except OSError as fault:
            raise Turned(str(fault)) from fault
        self._client.loop_start()
        greeted = self._greeted.wait(LIMIT_S)
        if not greeted or self._refused:
            self._client.loop_stop()
            raise Turned(self._refused or "no greeting came")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if self._judged and kind is None:
            self._ear.judge()
