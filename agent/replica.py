"""From settings to the simulated gate of `drivers.sim`: the same pins, the same lines.

Rules kept here:
- whatever has a pin or a port in the settings has it in the simulated gate, with the same levels;
- what the settings do not tell (how long an arm takes) is told by who asks for the gate.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from agent import planning
from agent.core.plan import Drive
from agent.errors import SettingsError
from agent.settings import Settings
from agent.settings.passage import Lane
from agent.settings.pins import ContactPin, InputPin, OutputPin
from agent.settings.reader_wiegand import WiegandReader
from agent.settings.readers import SerialReader
from agent.settings.units import milliseconds
from agent.settings.words import Level

_MANY = "safety"


def sim_spec(
    settings: Settings,
    travel: timedelta = timedelta(milliseconds=1500),
    falls: timedelta | None = None,
) -> Mapping[str, Any]:
    """The simulated gate of these settings, as `drivers.sim.spec` reads it.

    ``travel`` is how long an arm takes up, and down, if ``falls`` does not tell. Raises
    SettingsError when ``gpio.socket`` is not set: without it the daemon would not look for a
    simulated gate.
    """
    if settings.gpio.socket is None:
        raise SettingsError("gpio.socket is not set: a simulated gate needs a pin socket")
    lanes = settings.lanes.items()
    contacts = [
        (planning.input_id(name, role), pin)
        for name, lane in lanes
        for role, pin in lane.buttons.wired().items()
    ]
    common = settings.emergency.wired().items()
    contacts += [(planning.input_id("gate", role), pin) for role, pin in common]
    return {
        "pin_socket": str(settings.gpio.socket),
        "control_socket": str(settings.paths.run / "sim.sock"),
        "lanes": [_lane(name, lane, travel, falls or travel) for name, lane in lanes],
        "inputs": [{"name": name, **_input(pin)} for name, pin in contacts],
        "readers": [
            {"reader": name, "link": str(reader.port)}
            for name, reader in settings.readers.items()
            if isinstance(reader, SerialReader)
        ],
        "wiegand": [
            {"reader": name, "d0": reader.d0, "d1": reader.d1}
            for name, reader in settings.readers.items()
            if isinstance(reader, WiegandReader)
        ],
        "displays": [
            {"display": name, "link": str(lane.signals.display.port)}
            for name, lane in lanes
            if lane.signals.display is not None
        ],
    }


def _lane(name: str, lane: Lane, travel: timedelta, falls: timedelta) -> dict[str, Any]:
    """One lane. An operator without anything that lowers its arm lowers it by itself."""
    relays = lane.relays()
    spec: dict[str, Any] = {
        "lane": name,
        "door": lane.door is not None,
        **{role: _output(pin) for role, pin in relays.items()},
        "drive": relays["open"].drive.value,
        "held_close": "close" in relays and relays["close"].drive is Drive.MAINTAINED,
        "open_ms": milliseconds(travel),
        "close_ms": milliseconds(falls),
        "lamps": {role: _output(pin) for role, pin in lane.signals.outputs().items()},
        _MANY: [_input(pin) for pin in lane.inputs.safety],
    }
    for role, pin in lane.inputs.wired().items():
        if not role.startswith(_MANY):
            spec[role] = _input(pin)
    if lane.arm is not None and "close" not in relays and spec["drive"] == "pulse":
        spec["self_close_ms"] = milliseconds(lane.open_for)
    return spec


def _output(pin: OutputPin) -> dict[str, object]:
    return {"pin": pin.pin, "active_low": pin.active is Level.LOW}


def _input(pin: InputPin | ContactPin) -> dict[str, object]:
    """A sensor or contact: its own wire, the second one of a pair, and what tests it."""
    low = pin.active is Level.LOW
    wire: dict[str, object] = {"pin": pin.pin, "active_low": low}
    if pin.pair is not None:
        # Antivalent: at the level at which the first contact is active, the second one is not.
        wire["pair"] = {"pin": pin.pair.pin, "active_low": low}
    if isinstance(pin, InputPin) and pin.test is not None:
        test = pin.test
        wire["test"] = {"pin": test.pin, "active_low": test.active is Level.LOW}
    return wire
