"""From settings to the simulated gate of `drivers.sim`: the same pins, the same lines.

Rules kept here:
- whatever has a pin or a port in the settings has it in the simulated gate, with the same levels;
- what the settings do not tell (how long an arm takes) is told by who asks for the gate.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from agent.errors import SettingsError
from agent.settings import Settings
from agent.settings.models import PcscReader
from agent.settings.passage import Lane
from agent.settings.pins import ContactPin, InputPin, OutputPin
from agent.settings.units import milliseconds

_MANY = "safety"


def sim_spec(
    settings: Settings, travel: timedelta = timedelta(milliseconds=1500)
) -> Mapping[str, Any]:
    """The simulated gate of these settings, as `drivers.sim.spec` reads it.

    ``travel`` is how long an arm takes up or down. Raises SettingsError when ``gpio.socket`` is not
    set: without it the daemon would not look for a simulated gate.
    """
    if settings.gpio.socket is None:
        raise SettingsError("gpio.socket is not set: a simulated gate needs a pin socket")
    return {
        "pin_socket": str(settings.gpio.socket),
        "control_socket": str(settings.paths.run / "sim.sock"),
        "lanes": [_lane(name, lane, travel) for name, lane in settings.lanes.items()],
        "emergency": {name: _input(pin) for name, pin in settings.emergency.wired().items()},
        "readers": [
            {"reader": name, "link": str(reader.port)}
            for name, reader in settings.readers.items()
            if not isinstance(reader, PcscReader)
        ],
    }


def _lane(name: str, lane: Lane, travel: timedelta) -> dict[str, Any]:
    """One lane. ``drive`` is how the open relay works, ``hold_to_run`` how the close relay does."""
    relays = lane.relays()
    spec: dict[str, Any] = {
        "lane": name,
        "kind": "barrier" if lane.door is None else "door",
        **{role: _output(pin) for role, pin in relays.items()},
        "drive": relays["open"].drive.value,
        "open_ms": milliseconds(travel),
        "close_ms": milliseconds(travel),
        "buttons": {
            role.removeprefix("button-"): _input(pin) for role, pin in lane.buttons.wired().items()
        },
        "signals": {role: _output(pin) for role, pin in lane.signals.outputs().items()},
        _MANY: [_input(pin) for pin in lane.inputs.safety],
    }
    for role, pin in lane.inputs.wired().items():
        if not role.startswith(_MANY):
            spec[role] = _input(pin)
    if "close" in relays:
        spec["hold_to_run"] = relays["close"].drive.value == "maintained"
    elif lane.arm is not None and relays["open"].drive.value == "pulse":
        spec["self_close_ms"] = milliseconds(lane.open_for)
    if lane.door is not None:
        spec["strike_ms"] = milliseconds(lane.door.strike.pulse)
    display = lane.signals.display
    if display is not None:
        spec["display"] = {
            "link": str(display.port),
            "encoding": display.encoding.value,
            "columns": display.columns,
        }
    return spec


def _output(pin: OutputPin) -> dict[str, object]:
    return {"pin": pin.pin, "active_low": pin.active.value == "low"}


def _input(pin: InputPin | ContactPin) -> dict[str, object]:
    """A sensor or contact: its own wire, the second one of a pair, and what tests it."""
    low = pin.active.value == "low"
    wire: dict[str, object] = {"pin": pin.pin, "active_low": low, "pull": pin.pull.value}
    if pin.pair is not None:
        wire["pair"] = {"pin": pin.pair.pin, "active_low": not low, "pull": pin.pull.value}
    if isinstance(pin, InputPin) and pin.test is not None:
        test = pin.test
        wire["test"] = {"pin": test.pin, "active_low": test.active.value == "low"}
    return wire
