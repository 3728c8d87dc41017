"""A long-range reader at a whole gate: two cars wait, the nearer one is let in, once."""

import json
import time
from pathlib import Path

from drivers.sim.uhf import UhfSim
from tests.patience import until
from tests.rigs.cards import Card
from tests.rigs.house import GRANTED, IN, OUT, House

NEAR, FAR = "E28011700000020A00000001", "E28011700000020A00000002"
CHANGES = {
    "readers": {
        "in-1-rdm": {
            "driver": "uhf",
            "port": "run:uhf",
            "protocol": "r2000",
            "antenna": 1,
            "power": 26,
            "epc": "E280",
            "rssi_min": -70,
            "window": "1 s",
            "quiet": "5 min",
        },
        "out-1-rdm": {
            "driver": "uhf",
            "port": "run:uhf",
            "protocol": "r2000",
            "antenna": 2,
            "power": 26,
        },
    }
}


def found(rig: House, name: str) -> bool:
    return bool(rig.part(f"reader {name}")["condition"] == "ok")


def test_the_nearer_of_two_cars_is_let_in_once(tmp_path: Path) -> None:
    cards = [Card(f"epc:{NEAR}", "V-1", "vehicle"), Card(f"epc:{FAR}", "V-2", "vehicle")]
    with House(tmp_path / "gate", cards, changes=CHANGES) as rig:
        link = rig.gate.settings.paths.run / "uhf"
        with UhfSim(link, "r2000") as sim:
            rig.start()
            until(lambda: found(rig, "in-1-rdm") and found(rig, "out-1-rdm"), "the reader")
            assert sim.change()["power"] == 26
            began_ns = time.monotonic_ns()
            sim.show((NEAR, -52, 1), (FAR, -64, 1), ("300000000001", -40, 1))
            rig.opened(IN, began_ns)
            reads = rig.part("reader in-1-rdm")["counters"]["reads"]
            until(
                lambda: rig.part("reader in-1-rdm")["counters"]["reads"] > reads + 50,
                "the cars stand there for a while",
            )
            taps = rig.part("reader in-1-rdm")["counters"]["taps"]
        granted = [json.loads(one.data) for one in rig.entries() if one.type == GRANTED]
        assert [(one["lane"], one["card"]) for one in granted] == [(IN, "V-1")]
        assert taps == 1
        assert rig.strokes(OUT) == []
