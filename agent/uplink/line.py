"""What goes over a connection with a broker: plain words that need no MQTT library."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

FAILURE = 0x80
"""A reason code of this or more is a refusal (MQTT 5, 2.4)."""


class Terms(NamedTuple):
    """What the broker allows, from its CONNACK (MQTT 5, 3.2.2.3)."""

    receive_maximum: int
    packet_maximum: int | None
    qos: int
    retain: bool


class Incoming(NamedTuple):
    """A message of a topic subscribed to, with what MQTT 5 says besides.

    ``expiry_s`` is what was left of its life when the broker sent it on (None: for ever);
    ``told`` are its User Properties.
    """

    topic: str
    payload: bytes
    retained: bool
    response_topic: str = ""
    correlation: bytes = b""
    expiry_s: int | None = None
    told: Sequence[tuple[str, str]] = ()


class Subscription(NamedTuple):
    """A topic to subscribe to; ``stored``: also what the broker has retained there."""

    topic: str
    qos: int = 1
    stored: bool = True


class Will(NamedTuple):
    """What the broker is to say when we are gone without a word."""

    topic: str
    payload: bytes


class Owner(Protocol):
    """Who hears what comes in; called from within `Connection.turn`, must not publish there."""

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """A PUBACK; ``code`` of 0x80 or more is a refusal, ``name`` its name in the standard."""

    def answered(self, refused: str) -> None:
        """A SUBACK or UNSUBACK; ``refused`` says why it was not granted."""

    def received(self, message: Incoming) -> None:
        """A message of a topic subscribed to."""
