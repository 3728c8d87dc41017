"""A subscriber for tests: everything that arrives, in order, with its properties."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from types import TracebackType
from typing import Any, Protocol, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.patience import LIMIT_S, until
from tests.rigs.contract import Ear
from tests.rigs.pki import Authority, Pair

_KEEPALIVE_S = 600
"""A standstill is no reason for the broker to drop a listener."""


class Broker(Protocol):
    """Where a listener goes; ``authority`` signs the broker's certificate, where it has one."""

    @property
    def host(self) -> str:
        """Its address."""

    @property
    def port(self) -> int:
        """Where it listens."""

    @property
    def authority(self) -> Authority | None:
        """None: without TLS."""


@dataclass(frozen=True)
class Heard:
    """One message as it came."""

    topic: str
    payload: bytes
    retained: bool
    content_type: str = ""
    user: dict[str, str] = field(default_factory=dict)


class Listener:
    """Subscribes to ``topics`` with QoS 1 over MQTT 5; comes back by itself after an outage.

    ``session`` names a session that the broker keeps while the listener is away, for an hour.
    At its end everything that a gate has said has to be as the contract says, unless ``judged`` is
    false: then the test itself makes up what is said.
    """

    def __init__(
        self,
        broker: Broker,
        *topics: str,
        user: tuple[str, str] | None = None,
        pair: Pair | None = None,
        session: str = "",
        judged: bool = True,
    ) -> None:
        self.heard: list[Heard] = []
        self._ear, self._judged = Ear(), judged
        self._ready = Event()
        self._topics = topics or ("#",)
        self._expiry_s = 3600 if session else 0
        client = Client(CallbackAPIVersion.VERSION2, session, protocol=MQTTv5)
        client.reconnect_delay_set(1, 1)
        if user:
            client.username_pw_set(*user)
        if broker.authority is not None and pair is not None:
            client.tls_set(str(broker.authority.ca), str(pair.cert), str(pair.key))
        client.on_connect = self._subscribe
        client.on_subscribe = self._subscribed
        client.on_message = lambda _c, _u, message: self._note(message)
        self._client = client
        self._broker = broker

    def _subscribe(self, *_: object) -> None:
        self._client.subscribe([(topic, 1) for topic in self._topics])

    def _note(self, message: MQTTMessage) -> None:
        self._ear.hear(message)
        given = message.properties
        self.heard.append(
            Heard(
                message.topic,
                bytes(message.payload),
                message.retain,
                getattr(given, "ContentType", ""),
                dict(getattr(given, "UserProperty", [])),
            )
        )

    def _subscribed(self, *_: object) -> None:
        self._ready.set()

    def on(self, suffix: str) -> list[Heard]:
        """What came on topics that end so."""
        return [one for one in list(self.heard) if one.topic.endswith(suffix)]

    def wait(self, condition: Callable[["Listener"], bool], limit_s: float = LIMIT_S) -> None:
        """Wait until the condition holds; fails the test when it does not in time."""
        try:
            until(lambda: condition(self), "what the listener was to hear", limit_s, 0.02)
        except AssertionError as fault:
            told = f"{len(self.heard)} messages, the last: {self.heard[-1:]}"
            raise AssertionError(f"{fault}; {told}") from None

    def __enter__(self) -> Self:
        terms: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        terms.SessionExpiryInterval = self._expiry_s
        self._client.connect(
            self._broker.host,
            self._broker.port,
            _KEEPALIVE_S,
            clean_start=not self._expiry_s,
            properties=terms,
        )
        self._client.loop_start()
        assert self._ready.wait(LIMIT_S), "the broker did not let the listener subscribe"
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
