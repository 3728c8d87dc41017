"""One connection to a broker, polled from the thread that owns it. The only import of paho.

Rules kept here:
- a connection is used once: when it is lost, it is thrown away with all that paho still holds, so
  that no second queue can send anything again;
- nothing is published before the broker has greeted us, and paho is never asked to queue;
- paho gets no thread and no socket pair; `turn` waits on its socket and on the owner's wake-up;
- a reason code is never overlooked: refused, closed and denied come out as words.
"""

import ssl
from collections.abc import Callable, Sequence
from functools import lru_cache
from select import POLLIN, POLLOUT, poll
from socket import IPPROTO_TCP, TCP_CORK, TCP_QUICKACK, socket
from time import monotonic
from typing import NoReturn

from paho.mqtt import MQTTException
from paho.mqtt.client import (
    MQTT_ERR_SUCCESS,
    MQTT_LOG_ERR,
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
    MQTTv311,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.errors import SettingsError, UplinkError
from agent.tls import add_chain, trusting
from agent.uplink import words
from agent.uplink.broker import Broker, Tls
from agent.uplink.line import FAILURE, Incoming, Owner, Subscription, Terms, Will

WILL_DELAY_S = 10
SESSION_EXPIRY_S = 15
_properties: Callable[[int], Properties] = Properties


class Packed(Properties):
    """Properties of a PUBLISH, packed once: packing them anew costs paho 20 µs a message."""

    def __init__(self, packed: bytes) -> None:
        # Nothing of the base is needed to be packed, and it allows no attribute of another name.
        object.__setattr__(self, "packed", packed)

    def pack(self) -> bytes:
        """The properties with their length, as they go over the wire (MQTT 5, 2.2.2)."""
        packed: bytes = object.__getattribute__(self, "packed")
        return packed


def answering(content_type: str, correlation: bytes) -> Packed:
    """The properties of an answer: Content Type, and the Correlation Data of what it answers."""
    if not correlation:
        return properties(content_type)
    plain = _properties(PacketTypes.PUBLISH)
    plain.ContentType = content_type
    plain.CorrelationData = correlation
    pack: Callable[[], bytes] = plain.pack
    return Packed(pack())


@lru_cache(256)
def properties(content_type: str, kind: str = "", historical: bool = False) -> Packed:
    """Content Type, and the User Properties of an event: its type, and whether it is history."""
    plain = _properties(PacketTypes.PUBLISH)
    plain.ContentType = content_type
    pairs = [("type", kind)] if kind else []
    if historical:
        pairs.append(("historical", "true"))
    if pairs:
        plain.UserProperty = pairs
    pack: Callable[[], bytes] = plain.pack
    return Packed(pack())


def _options(wanted: Subscription) -> SubscribeOptions:
    """Retained messages come marked as such, also those that are published now."""
    how = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
    if not wanted.stored:
        how = SubscribeOptions.RETAIN_DO_NOT_SEND
    return SubscribeOptions(qos=wanted.qos, retainAsPublished=True, retainHandling=how)


def _context(tls: Tls) -> ssl.SSLContext:
    """Raises UplinkError when a file cannot be used."""
    at = "uplink.tls.ca"
    try:
        context = trusting(tls.ca)
        if tls.cert is not None:
            at = "uplink.tls.cert"
            add_chain(context, tls.cert, tls.key)
    except SettingsError as fault:
        raise UplinkError(f"{at}: {fault}") from None
    return context


class Connection:
    """Not yet open. All methods belong to one thread and raise UplinkError when it is over."""

    def __init__(self, broker: Broker, owner: Owner) -> None:
        self._broker = broker
        self._owner = owner
        self._terms: Terms | None = None
        self._fault = ""
        self._heard = ""
        self._five = broker.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            broker.client_id,
            clean_session=None if self._five else True,
            protocol=MQTTv5 if self._five else MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = broker.connect_timeout_s
        client.max_inflight_messages_set(0)
        if broker.tls is not None:
            client.tls_set_context(_context(broker.tls))
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = lambda *_: owner.answered("")
        client.on_message = self._on_message
        client.on_log = self._on_log
        self._client = client
        self._poll = poll()
        self._registered = -1
        self._writing = False
        self._corked: socket | None = None
        self._unanswered: set[int] = set()
        self.outstanding = 0

    def open(
        self,
        will: Callable[[], Will] | None,
        wake: int = -1,
        given_up: Callable[[], bool] = lambda: False,
    ) -> Terms:
        """Connect, greet, and wait for the broker's terms.

        ``will`` is asked once the socket (and TLS) stands, just before CONNECT is sent. ``wake``
        is a file descriptor that ends a wait of `turn`; ``given_up`` is asked while waiting for
        the broker's greeting. Raises UplinkError, in words; what ``will`` raises comes through.
        """
        where = self._broker.where
        if will is not None:
            self._client.on_socket_open = lambda *_: self._set_will(will())
        try:
            if self._five:
                terms = _properties(PacketTypes.CONNECT)
                if will is not None:
                    terms.SessionExpiryInterval = SESSION_EXPIRY_S
                self._client.connect(
                    self._broker.host,
                    self._broker.port,
                    self._broker.keepalive_s,
                    clean_start=True,
                    properties=terms,
                )
            else:
                self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except (OSError, ValueError) as fault:
            raise UplinkError(words.unreachable(where, fault)) from fault
        until = monotonic() + self._broker.connect_timeout_s
        while self._terms is None:
            left = until - monotonic()
            if given_up():
                raise UplinkError(f"connecting to {where} was given up")
            if left <= 0:
                raise UplinkError(
                    f"{where} accepted the connection and never answered: is it an MQTT broker,"
                    " and is this its port (with or without TLS)?"
                )
            self.turn(min(left, 0.25))
        self._client.on_log = None
        if wake >= 0:
            self._poll.register(wake, POLLIN)
        return self._terms

    def _set_will(self, will: Will) -> None:
        terms = None
        if self._five:
            terms = _properties(PacketTypes.WILLMESSAGE)
            terms.WillDelayInterval = WILL_DELAY_S
            terms.ContentType = "application/json"
        self._client.will_set(will.topic, will.payload, 1, True, terms)

    def cork(self) -> None:
        """Let what is published from here to the next `turn` leave in as few segments as can be.

        paho writes each message by itself; that costs more than all the rest of publishing it.
        """
        sock = self._client.socket()
        if self._corked is None and isinstance(sock, socket):
            sock.setsockopt(IPPROTO_TCP, TCP_CORK, 1)
            self._corked = sock

    def _uncork(self) -> None:
        corked, self._corked = self._corked, None
        if corked is not None:
            try:
                corked.setsockopt(IPPROTO_TCP, TCP_CORK, 0)
            except OSError as fault:
                self._heard = str(fault)
                self._raise_lost()

    def hint(self, topic: str, payload: bytes, how: Packed) -> None:
        """Send with QoS 0: what is lost is not missed. Raises UplinkError as `publish` does."""
        info = self._client.publish(topic, payload, 0, False, how if self._five else None)
        if info.rc != MQTT_ERR_SUCCESS:
            self._raise_lost()

    def publish(self, topic: str, payload: bytes, how: Packed, retain: bool = False) -> int:
        """Send with QoS 1; returns the packet identifier that `Owner.acknowledged` will name.

        Raises UplinkError when the connection is lost: the message may or may not have gone out.
        """
        info = self._client.publish(topic, payload, 1, retain, how if self._five else None)
        if info.rc != MQTT_ERR_SUCCESS:
            self._raise_lost()
        self._unanswered.add(info.mid)
        self.outstanding += 1
        return info.mid

    def subscribe(self, topics: Sequence[Subscription]) -> None:
        """Subscribe to all of them at once; `Owner.answered` follows."""
        if self._five:
            rc, _ = self._client.subscribe([(each.topic, _options(each)) for each in topics])
        else:
            rc, _ = self._client.subscribe([(each.topic, each.qos) for each in topics])
        if rc != MQTT_ERR_SUCCESS:
            self._raise_lost()

    def unsubscribe(self, topic: str) -> None:
        """Unsubscribe, also from what was never subscribed to: every broker answers.

        `Owner.answered` follows, and proves that the connection outlived what was sent before.
        """
        rc, _ = self._client.unsubscribe(topic)
        if rc != MQTT_ERR_SUCCESS:
            self._raise_lost()

    def turn(self, wait_s: float) -> None:
        """Wait for the socket or the wake-up, at most ``wait_s``; read, write, keep alive."""
        client = self._client
        sock = client.socket()
        if sock is None:
            self._raise_lost()
        self._uncork()
        number = sock.fileno()
        writing = client.want_write()
        if number != self._registered or writing != self._writing:
            self._poll.register(number, POLLIN | POLLOUT if writing else POLLIN)
            self._registered, self._writing = number, writing
        try:
            for ready, what in self._poll.poll(max(0.0, wait_s) * 1000):
                if ready != number:
                    continue
                if what & POLLOUT:
                    client.loop_write()
                if what & ~POLLOUT:
                    self._read()
        except MQTTException as fault:
            self._fault = f"the broker at {self._broker.where} sent what is not MQTT ({fault})"
        if client.socket() is None or client.loop_misc() != MQTT_ERR_SUCCESS:
            self._raise_lost()

    def _read(self) -> None:
        client = self._client
        sock = client.socket()
        if isinstance(sock, socket):
            # A broker that has Nagle's algorithm on holds what it has to say until the last was
            # acknowledged, and that waits up to 40 ms unless told, again and again (tcp(7)).
            sock.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 1)
        while client.loop_read() == MQTT_ERR_SUCCESS:
            sock = client.socket()
            if not isinstance(sock, ssl.SSLSocket) or not sock.pending():
                return

    def close(self, politely: bool) -> None:
        """Forget the connection. ``politely`` says DISCONNECT first, which withdraws the will."""
        self._client.on_disconnect = None
        sock = self._client.socket()
        if sock is None:
            return
        if politely:
            self._client.disconnect()
            until = monotonic() + 0.2
            while self._client.want_write() and monotonic() < until:
                waiting = poll()
                waiting.register(sock.fileno(), POLLOUT)
                waiting.poll(50)
                self._client.loop_write()
        sock.close()

    def _raise_lost(self) -> NoReturn:
        raise UplinkError(
            self._fault
            or words.cut(
                self._broker.where,
                self._heard,
                greeted=self._terms is not None,
                tls=self._broker.tls is not None,
            )
        )

    def _on_connect(
        self, _c: Client, _u: object, _f: ConnectFlags, reason: ReasonCode, given: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fault = words.refused(self._broker.where, reason.value, reason.getName())
            return
        self._terms = Terms(
            receive_maximum=getattr(given, "ReceiveMaximum", 65_535),
            packet_maximum=getattr(given, "MaximumPacketSize", None),
            qos=getattr(given, "MaximumQoS", 2),
            retain=bool(getattr(given, "RetainAvailable", 1)),
        )

    def _on_disconnect(
        self, _c: Client, _u: object, flags: DisconnectFlags, reason: ReasonCode, _p: object
    ) -> None:
        if self._fault:
            return
        where = self._broker.where
        if flags.is_disconnect_packet_from_server:
            self._fault = words.closed(where, reason.value, reason.getName())
        elif reason == "Keep alive timeout":
            self._fault = (
                f"the broker at {where} went silent: it answered no ping for"
                f" {self._broker.keepalive_s} s; check cable, route and broker"
            )

    def _on_publish(self, _c: Client, _u: object, mid: int, reason: ReasonCode, _p: object) -> None:
        # paho tells of a message with QoS 0 too, when it was written: the broker said nothing then.
        if mid not in self._unanswered:
            return
        self._unanswered.remove(mid)
        self.outstanding -= 1
        code = reason.value
        self._owner.acknowledged(mid, code, "" if code < FAILURE else reason.getName())

    def _on_subscribe(
        self, _c: Client, _u: object, _mid: int, reasons: list[ReasonCode], _p: object
    ) -> None:
        self._owner.answered(next((it.getName() for it in reasons if it.is_failure), ""))

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        told = message.properties
        self._owner.received(
            Incoming(
                message.topic,
                bytes(message.payload),
                message.retain,
                getattr(told, "ResponseTopic", ""),
                getattr(told, "CorrelationData", b""),
                getattr(told, "MessageExpiryInterval", None),
                getattr(told, "UserProperty", ()),
            )
        )

    def _on_log(self, _c: Client, _u: object, level: int, text: str) -> None:
        if level == MQTT_LOG_ERR:
            self._heard = text.rpartition(": ")[2][:200]
