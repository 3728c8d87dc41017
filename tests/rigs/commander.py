"""A client of the centre: gives commands as the contract asks it, and hears what is answered."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.uplink.permits import sign
from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.contract import Ear

_KEEPALIVE_S = 600


class Answer(dict[str, Any]):
    """A reply as it came; ``about`` is its Correlation Data."""

    about: bytes = b""


class Commander:
    """Connects as a context. ``root`` is the gate's, ``client`` his own name at the broker.

    At the end everything that he heard has to be as the contract says.
    """

    def __init__(
        self, broker: Mosquitto, root: str, client: str = "centre", *, five: bool = True
    ) -> None:
        self.answers: list[Answer] = []
        self.others: list[tuple[str, bytes]] = []
        self._broker = broker
        self._root = root
        self._client_id = client
        self._five = five
        self._name, self._ids = os.urandom(4).hex(), count(1)
        self._subscribed = False
        self._ear = Ear()
        self._status: dict[str, Any] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5 if five else MQTTv311)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._ready
        self._client.on_message = self._message

    @property
    def reply_to(self) -> str:
        """Where he is answered."""
        return f"{self._root}/reply/{self._client_id}"

    def body(self, **changes: Any) -> dict[str, Any]:
        """A good body; None leaves a field out."""
        told: dict[str, Any] = {
            "cmd_id": f"{self._name}-{next(self._ids)}",
            "issued_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "ttl_ms": 60_000,
            "actor": "Li",
            "reason": "a delivery",
            "args": {},
        }
        return {key: value for key, value in (told | changes).items() if value is not None}

    def send(
        self,
        name: str,
        body: Mapping[str, Any] | bytes,
        *,
        client: str = "",
        retain: bool = False,
        response: str = "",
        about: bytes = b"",
        expiry_s: int | None = None,
        key: tuple[str, bytes] | None = None,
        told: Sequence[tuple[str, str]] = (),
        wait: bool = True,
    ) -> None:
        """Give a command and, unless told else, wait until the broker has it; ``key`` signs it."""
        topic = f"{self._root}/cmd/{client or self._client_id}/{name}"
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        how: Any = None
        if self._five:
            how = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
            pairs = list(told)
            if key is not None:
                pairs += [("keyid", key[0]), ("signature", sign(key[1], topic, key[0], payload))]
            if pairs:
                how.UserProperty = pairs
            if response:
                how.ResponseTopic = response
            if about:
                how.CorrelationData = about
            if expiry_s is not None:
                how.MessageExpiryInterval = expiry_s
        sent = self._client.publish(topic, payload, 1, retain, how)
        if not wait:
            return
        sent.wait_for_publish(LIMIT_S)
        assert sent.is_published(), f"the broker did not take {topic}"

    def ask(
        self,
        name: str,
        given: Mapping[str, Any] | None = None,
        /,
        *,
        ttl_ms: int = 60_000,
        **args: Any,
    ) -> Answer:
        """Give a good command with these arguments and wait for what it comes to."""
        body = self.body(args={**(given or {}), **args}, ttl_ms=ttl_ms)
        seen = len(self.answers)
        self.send(name, body)
        return self.final(body["cmd_id"], seen)

    def final(self, cmd_id: str, after: int = 0) -> Answer:
        """Wait for the answer that ends a command; ``after`` this many answers."""

        def look() -> Answer | None:
            for each in list(self.answers)[after:]:
                if each.get("cmd_id") == cmd_id and each["status"] != "accepted":
                    return each
            return None

        found = until(look, f"the answer to {cmd_id}; there are {self.answers[-3:]}")
        assert found is not None
        return found

    def statuses(self, cmd_id: str) -> list[str]:
        """All that was answered to a command, in order."""
        return [each["status"] for each in list(self.answers) if each.get("cmd_id") == cmd_id]

    @staticmethod
    def ago(seconds: float) -> str:
        """A time that is over."""
        return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()

    def online(self, after: int = 0) -> int:
        """Wait until the gate is there, in a later session than ``after``; gives its session.

        It hears commands before it says that it is there.
        """

        def look() -> int:
            told = self._status
            return told["session"] if told.get("status") == "online" else 0

        until(lambda: look() > after, f"the gate is online in a session after {after}")
        return look()

    def _connected(self, *_: object) -> None:
        topics = (
            f"{self._root}/replay/{self._client_id}",
            f"{self._root}/reply/+",
            f"{self._root}/status",
        )
        self._client.subscribe([(topic, 1) for topic in topics])

    def _ready(self, *_: object) -> None:
        self._subscribed = True

    def _message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        self._ear.hear(message)
        if message.topic.endswith("/status"):
            self._status = json.loads(message.payload)
            return
        if message.topic != self.reply_to:
            self.others.append((message.topic, bytes(message.payload)))
            return
        answer = Answer(json.loads(message.payload))
        answer.about = getattr(message.properties, "CorrelationData", b"")
        self.answers.append(answer)

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
        self._client.loop_start()
        until(lambda: self._subscribed, "the broker lets the commander subscribe")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if kind is None:
            self._ear.judge()
