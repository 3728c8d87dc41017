"""Every wiring of config/ with the real daemon, on the simulated gate that fits it."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agent.simulate import SimulatedGate
from tests.patience import LIMIT_S, until
from tests.rigs.asking import PatientClient
from tests.rigs.house import ROOT

CONFIG = ROOT / "config"
WIRINGS = sorted({path.stem for path in CONFIG.glob("*.yaml")} - {"demo", "mqtt-tls"})
NOT_HERE = frozenset({"pcsc", "osdp", "uhf", "pn532"})
"""No such reader is in the simulated gate: another stands in its place."""


def in_software(example: str) -> dict[str, Any]:
    """What has to be changed so that pins and lines end in the simulated gate."""
    page = YAML(typ="safe").load(CONFIG / f"{example}.yaml")
    lanes, readers = page["lanes"], page["readers"]
    for name, lane in lanes.items():
        if "display" in lane.get("signals", {}):
            lane["signals"]["display"]["port"] = f"run:{name}-text"
    for name, reader in readers.items():
        if reader["driver"] in NOT_HERE:
            side = {"side": reader["side"]} if "side" in reader else {}
            readers[name] = {"driver": "serial", "protocol": "em4100-ascii", **side}
        if reader["driver"] != "wiegand":
            readers[name]["port"] = f"run:{name}"
    gpio = {"backend": "socket", "socket": "run:pins"}
    # systemd gives no credentials here, and no card of a serial reader can prove itself.
    left_out = {"x-serial": None, "identity_key": None, "cards": None}
    return {"lanes": lanes, "readers": readers, "gpio": gpio, **left_out}


@pytest.mark.parametrize("example", WIRINGS)
def test_the_daemon_runs_and_opens_every_lane(example: str, tmp_path: Path) -> None:
    with SimulatedGate(CONFIG / f"{example}.yaml", tmp_path, in_software(example)) as gate:
        gate.start()
        told = parts(gate)
        assert told["gpio"]["condition"] == "ok", told["gpio"]
        for name, lane in gate.settings.lanes.items():
            relay = lane.relays()["open"]
            off = int(relay.active == "low")
            assert gate.sim.client.pins()[relay.pin]["level"] == off, "starting moves nothing"
            args = {"lane": name, "reason": "test"}
            with PatientClient(gate.settings.paths.control, LIMIT_S) as control:
                answer = control.ask("order", order_id=f"o-{name}", kind="open", args=args)
            assert answer["status"] == "done", answer
            until(partial(_was, gate, relay.pin, 1 - off), f"the relay of {name}")
        for name, lane in gate.settings.lanes.items():
            if lane.signals.display is not None:
                until(partial(_lines, gate, f"display {name}"), "a text on the display")
        assert gate.stop() == 0


def parts(gate: SimulatedGate) -> dict[str, Any]:
    """The health of every part, by its name."""
    with PatientClient(gate.settings.paths.control, LIMIT_S) as control:
        return {part["part"]: part for part in control.ask("status")["parts"]}


def _was(gate: SimulatedGate, pin: int, level: int) -> bool:
    """Whether an output was there once; a pulse may be over when somebody looks."""
    stands = {(one.function, one.level) for one in gate.sim.client.trace([pin])}
    return ("output", level) in stands


def _lines(gate: SimulatedGate, display: str) -> int:
    """How many lines were sent to a display."""
    return int(parts(gate)[display]["counters"]["lines"])
