"""The relays of the settings, and those of the last start, kept for the time after a crash.

A configuration may be edited into a fault while the gate runs. If the agent then crashes, the
relays that it left on must still be found: ``relays-safe`` reads them here.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agent import planning
from agent.errors import SettingsError
from agent.settings import Settings
from drivers.lines import OutputSpec
from drivers.pin_factory import Backend

NAME = "relays.json"


@dataclass(frozen=True, slots=True)
class Relays:
    """What drives the pins, and which of them are relays."""

    backend: Backend
    socket: Path | None
    outputs: Sequence[OutputSpec]


def relays_of(settings: Settings) -> Relays:
    """What drives the pins, and which of them are relays."""
    gpio = settings.gpio
    return Relays(gpio.backend.value, gpio.socket, output_specs(settings))


def output_specs(settings: Settings) -> list[OutputSpec]:
    """Every configured output as the driver wants to know it."""
    return [
        OutputSpec(
            planning.output_id(name, role),
            pin.pin,
            pin.active == "low",
            pin.on_exit.value,
            planning.longest_ms(lane, role),
        )
        for name, lane in settings.lanes.items()
        for role, pin in lane.outputs().items()
    ]


def remember(state: Path, relays: Relays) -> None:
    """Keep the relays in the state directory, whole or not at all; raises OSError."""
    page = {
        "backend": relays.backend,
        "socket": None if relays.socket is None else str(relays.socket),
        "outputs": [asdict(spec) for spec in relays.outputs],
    }
    state.mkdir(parents=True, exist_ok=True)
    fresh = state / f"{NAME}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(page, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(state / NAME)


def recall(state: Path) -> Relays:
    """The relays of the last start; raises SettingsError when there are none to be found."""
    place = state / NAME
    try:
        page = json.loads(place.read_text("utf-8"))
        outputs = [OutputSpec(**spec) for spec in page["outputs"]]
        socket = None if page["socket"] is None else Path(page["socket"])
        return Relays(page["backend"], socket, outputs)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SettingsError(
            f"{place} does not tell the relays of the last start ({fault}): no relay was switched; "
            "correct the configuration and run relays-safe again"
        ) from fault
