"""command: from a client's publish to the relay, the durable commit included.

Method. A client in this process publishes the signed command to open, at a private mosquitto, to
one lane after the other; a command begins just before it is published, and ends when the level of
the relay is received at the other end of the pin socket, both by the machine's monotonic clock. In
between the broker passes it on, the gate checks signature, permission and expiry, decides, and
commits.

The floor (`agent.bench.obey`) hears the same broker, appends 400 bytes durably and switches a relay
of a simulated gate of the same kind. Rounds alternate between the two, so that what drifts hits
both.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.bench import commands, obey, site, tap
from agent.bench.broker import HOST, a_broker
from agent.bench.child import a_child
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate
from agent.uplink.permits import sign
from drivers.sim import SimClient, SimProcess

LANES = tap.LANES
EVERY_S = 0.05
"""A gate hears 30 commands of a client a second."""

_TOPIC = f"gate/v1/bench/bench/cmd/{commands.CLIENT}/open"
_FLOOR = "bench/obey"
_FLOOR_PIN = 17
_LIMIT_S = 30.0
_LOST_NS = 500_000_000
_properties: Callable[[int], Any] = Properties


@dataclass(slots=True)
class Side:
    """One of the two that are compared: how the n-th is told, and which pin answers."""

    name: str
    sim: SimClient
    tell: Callable[[int], int]
    pin: Callable[[int], int]
    on: int
    rest: Callable[[], None]
    seen: int = 0


class Teller:
    """A client of the broker."""

    def __init__(self, port: int, key: bytes) -> None:
        self._key = key
        self._client = Client(CallbackAPIVersion.VERSION2, "bench-tells", protocol=MQTTv5)
        self._client.connect(HOST, port, 600)
        self._client.loop_start()
        site.wait(self._client.is_connected, "the broker does not greet", _LIMIT_S)

    def open(self, number: int) -> int:
        """Open the next lane; monotonic ns of that."""
        payload = commands.body({"lane": f"in-{number % LANES + 1}"})
        signature = sign(self._key, _TOPIC, commands.KEYID, payload)
        how = _properties(PacketTypes.PUBLISH)
        how.UserProperty = [("keyid", commands.KEYID), ("signature", signature)]
        how.MessageExpiryInterval = commands.TTL_MS // 1000
        began = time.monotonic_ns()
        self._client.publish(_TOPIC, payload, 1, retain=False, properties=how)
        return began

    def floor(self, _number: int) -> int:
        """Tell the floor as many bytes; monotonic ns of that."""
        payload = commands.body({"lane": "in-1"})
        began = time.monotonic_ns()
        self._client.publish(_FLOOR, payload, 1)
        return began

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


def run(place: Place, commands_each: int = 300) -> Figures:
    """Measure so many commands of each side after a warm-up; raises GateError if one is lost."""
    key = commands.make_key(place.folder / "key")
    spec = {
        "pin_socket": str(place.sockets / "obey-pins"),
        "control_socket": str(place.sockets / "obey-control"),
        "readers": [],
    }
    with a_broker(place.folder) as port:
        page = commands.served(site.page(LANES, sensors=False, port=port), place.folder / "key")
        with (
            site.a_gate(place.sub("gate"), page) as gate,
            SimProcess(spec, place.folder) as bare,
        ):
            site.start(gate)
            site.wait(lambda: _heard(gate), "the gate does not find the broker", _LIMIT_S)
            pins, file = str(bare.pin_socket), str(place.folder / "obey.log")
            arguments = (str(port), _FLOOR, pins, str(_FLOOR_PIN), file)
            with a_child(obey.__name__, *arguments):
                teller = Teller(port, key)
                try:
                    mine, floor = _measured(gate, bare.client, teller, commands_each)
                finally:
                    teller.close()
    return {
        "p50_us": percentile(mine, 0.5),
        "p99_us": percentile(mine, 0.99),
        "floor_p50_us": percentile(floor, 0.5),
        "floor_p99_us": percentile(floor, 0.99),
        "ratio_p50": percentile(mine, 0.5) / percentile(floor, 0.5),
        "ratio_p99": percentile(mine, 0.99) / percentile(floor, 0.99),
    }


def _heard(gate: SimulatedGate) -> bool:
    """Is it connected, so that it hears commands?"""
    return bool(site.uplink(gate)["condition"] == "ok")


def _measured(
    gate: SimulatedGate, bare: SimClient, teller: Teller, count: int
) -> tuple[Sequence[float], Sequence[float]]:
    relays = [site.relay(gate.settings, f"in-{lane}") for lane in range(1, LANES + 1)]
    quiet = tap.ours(gate).rest
    sides = (
        Side("the daemon", gate.sim.client, teller.open, lambda n: relays[n % LANES][0],
             relays[0][1], quiet),
        Side("the floor", bare, teller.floor, lambda _: _FLOOR_PIN, 1, lambda: time.sleep(0.1)),
    )  # fmt: skip
    found: tuple[list[float], list[float]] = ([], [])
    for side in sides:
        _round(side, LANES)
    for first in range(0, count, LANES):
        for side, values in zip(sides, found, strict=True):
            values.extend(_round(side, min(LANES, count - first)))
    return found


def _round(side: Side, count: int) -> Sequence[float]:
    """Give so many commands and match each with its relay; times in microseconds."""
    began: list[int] = []
    due = time.monotonic()
    for number in range(count):
        due += EVERY_S
        time.sleep(max(0.0, due - time.monotonic()))
        began.append(side.tell(number))
    time.sleep(EVERY_S)
    side.rest()
    records = side.sim.trace(None, side.seen)
    side.seen += len(records)
    edges = [each for each in records if each.kind == "pin" and each.level == side.on]
    found = []
    for number, ns in enumerate(began):
        pin = side.pin(number)
        came = next((each.ns for each in edges if each.pin == pin and each.ns > ns), None)
        if came is None or came - ns > _LOST_NS:
            raise GateError(
                f"{side.name}: command {number + 1} of {count} moved no relay within"
                f" {_LOST_NS / 1e6:g} ms: the machine has no time to be measured"
            )
        found.append((came - ns) / 1000)
    return found
