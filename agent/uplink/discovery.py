"""Home Assistant: what it is told so that it finds the gate by itself, and what it asks for.

Rules kept here:
- it reads the same `state/{lane}` and `status` as everybody: only how to read them is told here, by
  the templates that it renders with every message;
- what is not proved is not claimed: an arm that stands half-way is unknown, never closed;
- every lane always has the same topics, and what is not there has an empty one: so what was shown
  once goes away when it is not wired, not allowed or not shown any more;
- nothing is moved unless the options say so; a retained request is none; a request is done at most
  once and is answered by nothing but what the arm does.

Follows the documents of Home Assistant on MQTT discovery, cover, binary sensor and sensor (2025.1).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from agent import __version__
from agent.core import motion
from agent.core.commands import Command, Name
from agent.core.ids import LaneId
from agent.core.plan import ArmKind, GatePlan, LanePlan
from agent.core.view import EMERGENCIES, MODES
from agent.uplink.topics import VERSION, Address

CLIENT = "home-assistant"
"""Under this name its commands stand in the journal."""
REASON = "Home Assistant"

_AVAILABLE = "{{ 'online' if value_json.status == 'online' else 'offline' }}"
_MOVES = "['open', 'closed', 'opening', 'closing']"
# None is its word for unknown, and the only one that ends what was known before.
_POSITION = f"{{{{ value_json.position if value_json.position in {_MOVES} else 'None' }}}}"
_LOOP = "{{ {'occupied': 'ON', 'clear': 'OFF'}.get(value_json.loop, 'None') }}"
_FAULTY = "{{ 'ON' if value_json.faults else 'OFF' }}"
_ARM = (
    "{{ {'arm': value_json.position, 'proof': value_json.proof, 'alarm': value_json.alarm,"
    " 'waiting': value_json.waiting} | tojson }}"
)
_FAULTS = "{{ {'faults': value_json.faults} | tojson }}"


@dataclass(frozen=True, slots=True)
class Options:
    """What Home Assistant is shown and may do; ``gate`` and ``lanes`` are what people call them."""

    prefix: str = "homeassistant"
    shown: bool = True
    open: bool = False
    close: bool = False
    gate: str = ""
    lanes: Mapping[str, str] = field(default_factory=dict)


class Discovery:
    """One gate in Home Assistant; holds nothing that changes."""

    def __init__(self, plan: GatePlan, address: Address, options: Options) -> None:
        self._plan = plan
        self._address = address
        self._options = options
        self._node = f"gate_{address.estate}_{address.agent}"
        self._root = f"{VERSION}/{address.estate}/{address.agent}/ha/"

    def messages(self) -> Mapping[str, bytes]:
        """Topic and payload of all that Home Assistant is told; retained, QoS 1.

        An empty payload takes away what may have been retained there.
        """
        found: dict[str, bytes] = {}
        for kind, name, content in self._entities():
            topic = f"{self._options.prefix}/{kind}/{self._node}/{name}/config"
            if content is None or not self._options.shown:
                found[topic] = b""
                continue
            told = {"unique_id": f"{self._node}_{name}", **content, **self._common()}
            found[topic] = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return found

    def subscriptions(self) -> tuple[str, ...]:
        """What to subscribe to, with QoS 0 and without what is retained; often nothing."""
        wanted = any(self._allowed(lane) for lane in self._plan.lanes.values())
        return (f"{self._root}+/set",) if wanted else ()

    def mine(self, topic: str) -> bool:
        """Is this a topic on which Home Assistant asks for something?"""
        return topic.startswith(self._root)

    def asked(
        self, topic: str, payload: bytes, *, retained: bool, cmd_id: str, deadline_ns: int
    ) -> Command | None:
        """What was asked for; None when it is nothing that may be asked for here.

        ``cmd_id`` is new for every message, since two of them are two requests; ``deadline_ns`` is
        monotonic.
        """
        lane, found, end = topic.removeprefix(self._root).partition("/set")
        plan = self._plan.lanes.get(LaneId(lane))
        if retained or not self.mine(topic) or not found or end or plan is None:
            return None
        name = self._allowed(plan).get(payload.decode("ascii", "replace"))
        if name is None:
            return None
        digest = sha256(name.encode() + b"\n" + payload).hexdigest()
        return Command(CLIENT, name, cmd_id, "", REASON, {"lane": lane}, digest, deadline_ns)

    def _allowed(self, lane: LanePlan) -> Mapping[str, Name]:
        """What may be asked of a lane, by payload. Whoever may move an arm may stop it."""
        options = self._options
        found: dict[str, Name] = {}
        if options.shown and options.open:
            found["OPEN"] = Name.OPEN
        if options.shown and options.close and motion.can_lower(lane.arm):
            found["CLOSE"] = Name.CLOSE
        if found and motion.can_stop(lane.arm):
            found["STOP"] = Name.STOP
        return found

    def _entities(self) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
        """Component, object id and content; None is what this gate has not."""
        for lane in self._plan.lanes.values():
            yield "cover", f"{lane.lane}_cover", self._cover(lane)
            yield "binary_sensor", f"{lane.lane}_loop", self._loop(lane)
            yield "sensor", f"{lane.lane}_mode", self._mode(lane)
            yield "binary_sensor", f"{lane.lane}_faults", self._faults(lane)
        first = next(iter(self._plan.lanes), None)
        if first is not None:
            # It is that of the whole gate, and every lane tells it. No lane's id has a "_".
            yield "sensor", "emergency", self._emergency(first)

    def _cover(self, lane: LanePlan) -> dict[str, Any]:
        topic = self._address.state(lane.lane)
        cover: dict[str, Any] = {
            "name": self._name(lane),
            "device_class": "door" if lane.arm.kind is ArmKind.DOOR else "gate",
            "state_topic": topic,
            "value_template": _POSITION,
            "json_attributes_topic": topic,
            "json_attributes_template": _ARM,
            "qos": 0,
        }
        allowed = self._allowed(lane)
        if allowed:
            cover |= {"command_topic": f"{self._root}{lane.lane}/set", "retain": False}
            # A payload that is null is a button that is not there.
            cover |= {
                f"payload_{word.lower()}": word if word in allowed else None
                for word in ("OPEN", "CLOSE", "STOP")
            }
        return cover

    def _loop(self, lane: LanePlan) -> dict[str, Any] | None:
        if lane.arm.loop is None:
            return None
        return {
            "name": f"{self._name(lane)} loop",
            "device_class": "occupancy",
            "state_topic": self._address.state(lane.lane),
            "value_template": _LOOP,
            "qos": 1,
        }

    def _mode(self, lane: LanePlan) -> dict[str, Any]:
        return {
            "name": f"{self._name(lane)} mode",
            "device_class": "enum",
            "options": list(MODES),
            "state_topic": self._address.state(lane.lane),
            "value_template": "{{ value_json.mode }}",
            "qos": 1,
        }

    def _faults(self, lane: LanePlan) -> dict[str, Any]:
        topic = self._address.state(lane.lane)
        return {
            "name": f"{self._name(lane)} faults",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "state_topic": topic,
            "value_template": _FAULTY,
            "json_attributes_topic": topic,
            "json_attributes_template": _FAULTS,
            "qos": 1,
        }

    def _emergency(self, lane: LaneId) -> dict[str, Any]:
        return {
            "name": "Emergency",
            "device_class": "enum",
            "options": list(EMERGENCIES),
            "state_topic": self._address.state(lane),
            "value_template": "{{ value_json.emergency }}",
            "qos": 1,
        }

    def _name(self, lane: LanePlan) -> str:
        return self._options.lanes.get(lane.lane) or lane.lane

    def _common(self) -> dict[str, Any]:
        address = self._address
        return {
            "availability_topic": address.status,
            "availability_template": _AVAILABLE,
            "payload_available": "online",
            "payload_not_available": "offline",
            "device": {
                "identifiers": [self._node],
                "name": self._options.gate or f"{address.estate}/{address.agent}",
                "model": "gate-agent",
                "sw_version": __version__,
            },
            "origin": {"name": "gate-agent", "sw_version": __version__},
        }
