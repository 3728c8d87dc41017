"""Says something at a broker, as anybody there might, and knows that the broker has it."""

from types import TracebackType
from typing import Self

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.patience import LIMIT_S, until
from tests.rigs.listener import Broker

_KEEPALIVE_S = 600


class Speaker:
    """Connects as a context, over MQTT 5."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1, and wait until the broker has it."""
        said = self._client.publish(topic, payload, 1, retain)
        said.wait_for_publish(LIMIT_S)
        assert said.is_published(), f"the broker did not take {topic}"

    def throw(self, topic: str, payload: bytes, count: int) -> None:
        """Publish many, and wait until the broker has the last of them."""
        for _ in range(count):
            last = self._client.publish(topic, payload, 1)
        last.wait_for_publish(LIMIT_S)

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
        self._client.loop_start()
        until(self._client.is_connected, "the broker greets the speaker")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
