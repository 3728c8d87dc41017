"""A small Home Assistant for tests: finds devices by MQTT discovery and shows their entities.

It does what the real one does with these messages: the same form of topics, the same environment
for templates (jinja2's immutable sandbox, with ``value`` and ``value_json``, the result stripped),
the same words for states. What it is asked to press, it publishes as the real one would.
"""

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from tests.patience import until
from tests.rigs.broker import Mosquitto

UNKNOWN, UNAVAILABLE = "unknown", "unavailable"
_TOPIC = re.compile(r"(\w+)/(?:([a-zA-Z0-9_-]+)/)?([a-zA-Z0-9_-]+)/config")
_KEEPALIVE_S = 600
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
"""The real one only warns of what a message does not have; here that is a fault."""


def rendered(template: str, payload: str) -> str:
    """What a template makes of a message; empty when it makes nothing, which is ignored."""
    values: dict[str, object] = {"value": payload}
    with contextlib.suppress(ValueError):
        values["value_json"] = json.loads(payload)
    return _ENVIRONMENT.from_string(template).render(values).strip()


@dataclass
class Entity:
    """One entity as it was discovered. ``state`` is what its page shows, ``name`` its whole one."""

    kind: str
    config: dict[str, Any]
    shown: str = UNKNOWN
    available: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.config['device']['name']} {self.config['name']}"

    @property
    def state(self) -> str:
        return self.shown if self.available else UNAVAILABLE

    @property
    def buttons(self) -> set[str]:
        """The buttons of a cover: those whose payload is not null."""
        if self.kind != "cover" or "command_topic" not in self.config:
            return set()
        usual = {"open": "OPEN", "close": "CLOSE", "stop": "STOP"}
        payloads = {name: self.config.get(f"payload_{name}", usual[name]) for name in usual}
        return {name for name, payload in payloads.items() if payload is not None}

    def hears(self, topic: str, payload: str) -> None:
        """Take a message of one of its topics."""
        config = self.config
        if topic == config["availability_topic"]:
            said = rendered(config["availability_template"], payload)
            if said in {config["payload_available"], config["payload_not_available"]}:
                self.available = said == config["payload_available"]
        if topic == config["state_topic"]:
            self._shows(rendered(config["value_template"], payload))
        if topic == config.get("json_attributes_topic"):
            self.attributes = json.loads(rendered(config["json_attributes_template"], payload))

    def _shows(self, said: str) -> None:
        words = {
            "cover": {word: word for word in ("open", "closed", "opening", "closing")},
            "binary_sensor": {"ON": "on", "OFF": "off"},
            "sensor": {word: word for word in self.config.get("options", ())},
        }[self.kind]
        if said in {*words, "None"}:
            self.shown = words.get(said, UNKNOWN)
        elif said:
            raise AssertionError(f"{self.config['unique_id']} cannot show {said!r}")


class HomeAssistant:
    """Connects as a context; ``entities`` by their unique id."""

    def __init__(self, broker: Mosquitto, prefix: str = "homeassistant") -> None:
        self.entities: dict[str, Entity] = {}
        self.faults: list[str] = []
        self._broker = broker
        self._prefix = prefix
        self._found: dict[tuple[str, ...], str] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
        self._client.on_connect = self._subscribe
        self._client.on_message = lambda _c, _u, message: self._hears(message)

    def _subscribe(self, *_: object) -> None:
        self._client.subscribe(f"{self._prefix}/#", 0)

    def _hears(self, message: MQTTMessage) -> None:
        payload = message.payload.decode()
        if message.topic.startswith(f"{self._prefix}/"):
            self._discovers(message.topic.removeprefix(f"{self._prefix}/"), payload)
        try:
            for entity in list(self.entities.values()):
                entity.hears(message.topic, payload)
        except (AssertionError, KeyError, ValueError) as fault:
            self.faults.append(f"{message.topic}: {fault!r}")

    def _discovers(self, topic: str, payload: str) -> None:
        match = _TOPIC.fullmatch(topic)
        if match is None:
            self.faults.append(f"{topic} is no topic of discovery")
            return
        key = tuple(part or "" for part in match.groups())
        if not payload:
            self.entities.pop(self._found.pop(key, ""), None)
            return
        config = json.loads(payload)
        unique = str(config["unique_id"])
        if any(known == unique and other != key for other, known in self._found.items()):
            self.faults.append(f"{topic}: {unique} is not unique")
        self._found[key] = unique
        self.entities[unique] = Entity(key[0], config)
        wanted = {"availability_topic", "state_topic", "json_attributes_topic"} & config.keys()
        # Each subscription brings what is retained anew, as a new entity needs it.
        self._client.subscribe([(config[name], config["qos"]) for name in sorted(wanted)])

    def press(self, unique: str, button: str, *, retain: bool | None = None) -> None:
        """Press a button of a cover; its configuration says how that is published."""
        entity = self.entities[unique]
        assert button in entity.buttons, f"{unique} has no button {button}"
        config = entity.config
        keep = config["retain"] if retain is None else retain
        payload = config[f"payload_{button}"]
        self._client.publish(config["command_topic"], payload, config["qos"], keep)

    def wait(self, look: Callable[["HomeAssistant"], bool], what: str) -> None:
        """Wait until it is so; fails with what is shown instead."""
        try:
            until(lambda: look(self), what)
        except AssertionError as fault:
            raise AssertionError(f"{fault}; {self.states()}; {self.faults}") from None
        assert self.faults == []

    def states(self) -> dict[str, str]:
        """What every entity shows, by unique id."""
        return {name: one.state for name, one in sorted(self.entities.items())}

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
        self._client.loop_start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
