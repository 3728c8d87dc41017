"""What the simulated gate consists of, read from a plain dictionary (JSON).

    {"pin_socket": "/run/x/pins", "control_socket": "/run/x/control",
     "lanes": [{"lane": "in", "open": {"pin": 17}, "close": {"pin": 27, "active_low": true},
                "stop": null, "loop": {"pin": 5}, "approach": {"pin": 7}, "exit": {"pin": 8},
                "safety": [{"pin": 5, "pair": {"pin": 9}, "test": {"pin": 10}}],
                "opened": {"pin": 6}, "closed": {"pin": 13}, "drive": "pulse", "open_ms": 1500,
                "close_ms": 1500, "self_close_ms": null, "held_close": false, "door": false,
                "lamps": {"red": {"pin": 20}, "green": {"pin": 21}, "horn": {"pin": 24}}}],
     "inputs": [{"pin": 26, "active_low": true, "name": "gate.fire"}],
     "readers": [{"reader": "north", "link": "/run/x/north"}],
     "wiegand": [{"reader": "south", "d0": 5, "d1": 6}],
     "displays": [{"display": "in", "link": "/run/x/in-text"}]}

Everything of a lane but ``lane`` and ``open`` may be absent. ``inputs`` are plain contacts that
rest inactive until the op ``input`` moves them. ``pair`` is the second contact of an antivalent
pair: not active while the first is. While the output ``test`` is on, a sound sensor is active. An
input may also be called by its name: ``in.loop``, ``in.safety-2``, or what ``name`` says; its
second contact by ``in.safety-2-pair``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import SettingsError
from drivers.sim.arm import Build
from drivers.sim.physics import SENSORS

MS = 1_000_000
RELAYS = ("open", "close", "stop")


@dataclass(frozen=True, slots=True)
class Wire:
    """A GPIO number and what level means active."""

    pin: int
    active_low: bool = False

    def level(self, active: bool) -> int:
        """The electrical level."""
        return int(active is not self.active_low)


@dataclass(frozen=True, slots=True)
class Sensor:
    """An input: its contact, its second contact, and the output that tests it."""

    name: str
    wire: Wire
    pair: Wire | None = None
    test: Wire | None = None


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane and how it is wired; ``relays`` by ``open``, ``close``, ``stop``."""

    build: Build
    relays: Mapping[str, Wire]
    sensors: Mapping[str, tuple[Sensor, ...]]
    lamps: Mapping[str, Wire]


@dataclass(frozen=True, slots=True)
class SimSpec:
    """The whole gate."""

    pin_socket: Path
    control_socket: Path
    lanes: tuple[LaneSpec, ...]
    inputs: tuple[Sensor, ...]
    readers: Mapping[str, Path]
    displays: Mapping[str, Path] = field(default_factory=dict)
    wiegand: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def sensors(self) -> Iterator[Sensor]:
        """Every input of the gate."""
        for lane in self.lanes:
            for sensors in lane.sensors.values():
                yield from sensors
        yield from self.inputs


def read_spec(raw: Mapping[str, Any]) -> SimSpec:
    """Build it; raises SettingsError that names what is missing or wrong."""
    try:
        return SimSpec(
            pin_socket=Path(raw["pin_socket"]),
            control_socket=Path(raw["control_socket"]),
            lanes=tuple(_lane(lane) for lane in raw.get("lanes", ())),
            inputs=tuple(
                _sensor(str(one.get("name", f"GPIO{one['pin']}")), one)
                for one in raw.get("inputs", ())
            ),
            readers={one["reader"]: Path(one["link"]) for one in raw.get("readers", ())},
            displays={one["display"]: Path(one["link"]) for one in raw.get("displays", ())},
            wiegand={
                one["reader"]: (int(one["d0"]), int(one["d1"])) for one in raw.get("wiegand", ())
            },
        )
    except KeyError as error:
        raise SettingsError(f"the simulated gate's SPEC lacks {error}: see drivers/sim") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"the simulated gate's SPEC cannot be used: {error}") from error


def _lane(raw: Mapping[str, Any]) -> LaneSpec:
    drive = raw.get("drive", "pulse")
    if drive not in ("pulse", "maintained"):
        raise ValueError(f"drive {drive!r} is neither pulse nor maintained")
    self_close = raw.get("self_close_ms")
    raw["open"]["pin"]
    name = str(raw["lane"])
    return LaneSpec(
        build=Build(
            lane=name,
            open_ns=_ns(raw.get("open_ms", 1500)),
            close_ns=_ns(raw.get("close_ms", 1500)),
            maintained=drive == "maintained",
            self_close_ns=None if self_close is None else _ns(self_close),
            held_close=bool(raw.get("held_close", False)),
            door=bool(raw.get("door", False)),
        ),
        relays={which: _wire(raw[which]) for which in RELAYS if raw.get(which)},
        sensors={role: _sensors(f"{name}.{role}", raw.get(role)) for role in SENSORS},
        lamps={lamp: _wire(wire) for lamp, wire in (raw.get("lamps") or {}).items()},
    )


def _ns(ms: float) -> int:
    if ms <= 0:
        raise ValueError(f"a time of {ms} ms is none")
    return int(ms * MS)


def _sensors(
    name: str, raw: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
) -> tuple[Sensor, ...]:
    many = () if raw is None else (raw,) if isinstance(raw, Mapping) else raw
    return tuple(
        _sensor(name if number == 1 else f"{name}-{number}", one)
        for number, one in enumerate(many, 1)
    )


def _sensor(name: str, raw: Mapping[str, Any]) -> Sensor:
    pair, test = raw.get("pair"), raw.get("test")
    return Sensor(
        name,
        _wire(raw),
        None if pair is None else _wire(pair),
        None if test is None else _wire(test),
    )


def _wire(raw: Mapping[str, Any]) -> Wire:
    return Wire(int(raw["pin"]), bool(raw.get("active_low", False)))
