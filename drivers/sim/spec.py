"""What the simulated gate consists of, read from a plain dictionary (JSON).

    {"pin_socket": "/run/x/pins", "control_socket": "/run/x/control",
     "lanes": [{"lane": "in", "open": {"pin": 17}, "close": {"pin": 27, "active_low": true},
                "stop": null, "loop": {"pin": 5}, "safety": [{"pin": 5}], "opened": {"pin": 6},
                "closed": {"pin": 13}, "drive": "pulse", "open_ms": 1500, "close_ms": 1500,
                "self_close_ms": null}],
     "inputs": [{"pin": 26, "active_low": true}],
     "readers": [{"reader": "north", "link": "/run/x/north"}]}

Everything of a lane but ``lane`` and ``open`` may be absent. ``inputs`` are plain switches that
rest inactive until the op ``input`` moves them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import SettingsError
from drivers.sim.physics import Build

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wire:
    """A GPIO number and what level means active."""

    pin: int
    active_low: bool = False

    def level(self, active: bool) -> int:
        """The electrical level."""
        return int(active is not self.active_low)


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane and how it is wired; ``relays`` by ``open``, ``close``, ``stop``."""

    build: Build
    relays: Mapping[str, Wire]
    loop: tuple[Wire, ...]
    safety: tuple[Wire, ...]
    opened: tuple[Wire, ...]
    closed: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class SimSpec:
    """The whole gate."""

    pin_socket: Path
    control_socket: Path
    lanes: tuple[LaneSpec, ...]
    inputs: tuple[Wire, ...]
    readers: Mapping[str, Path]


def read_spec(raw: Mapping[str, Any]) -> SimSpec:
    """Build it; raises SettingsError that names what is missing or wrong."""
    try:
        return SimSpec(
            pin_socket=Path(raw["pin_socket"]),
            control_socket=Path(raw["control_socket"]),
            lanes=tuple(_lane(lane) for lane in raw.get("lanes", ())),
            inputs=_wires(raw.get("inputs")),
            readers={one["reader"]: Path(one["link"]) for one in raw.get("readers", ())},
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
    relays = {which: raw[which] for which in ("open", "close", "stop") if raw.get(which)}
    raw["open"]["pin"]
    return LaneSpec(
        build=Build(
            lane=str(raw["lane"]),
            open_ns=_ns(raw.get("open_ms", 1500)),
            close_ns=_ns(raw.get("close_ms", 1500)),
            maintained=drive == "maintained",
            self_close_ns=None if self_close is None else _ns(self_close),
        ),
        relays={which: _wires(wire)[0] for which, wire in relays.items()},
        loop=_wires(raw.get("loop")),
        safety=_wires(raw.get("safety")),
        opened=_wires(raw.get("opened")),
        closed=_wires(raw.get("closed")),
    )


def _ns(ms: float) -> int:
    if ms <= 0:
        raise ValueError(f"a time of {ms} ms is none")
    return int(ms * MS)


def _wires(raw: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> tuple[Wire, ...]:
    many = () if raw is None else (raw,) if isinstance(raw, Mapping) else raw
    return tuple(Wire(int(one["pin"]), bool(one.get("active_low", False))) for one in many)
