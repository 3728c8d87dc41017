"""A PN532 module at a whole gate: a card opens once, however long it lies there."""

import json
import time
from pathlib import Path

from tests.drivers.test_pn532 import Opposite
from tests.patience import until
from tests.rigs.cards import Card
from tests.rigs.house import GRANTED, IN, House

UID = "04112233445566"
CHANGES = {
    "readers": {
        "in-1-rdm": {"driver": "pn532", "port": "run:nfc"},
        "out-1-rdm": {"driver": "serial", "port": "run:out-1-rdm", "protocol": "em4100-ascii"},
    }
}


def test_a_card_opens_once(tmp_path: Path) -> None:
    with House(tmp_path / "gate", [Card(f"uid:{UID}", "V-1")], changes=CHANGES) as rig:
        module = Opposite(rig.gate.settings.paths.run / "nfc")
        rig.start()
        name = "reader in-1-rdm"
        until(lambda: rig.part(name)["condition"] == "ok", "the module is found")
        assert rig.part(name)["detail"].startswith("PN532 firmware 1.6 on")
        began_ns = time.monotonic_ns()
        module(f"card {UID} 20 7577810280")
        rig.opened(IN, began_ns)
        looks = rig.part(name)["counters"]["looks"]
        until(lambda: rig.part(name)["counters"]["looks"] > looks + 10, "it lies there")
        module("gone")
        until(lambda: rig.part(name)["counters"]["left"] == 1, "it is taken away")
        granted = [json.loads(one.data) for one in rig.entries() if one.type == GRANTED]
        assert [(one["lane"], one["card"]) for one in granted] == [(IN, "V-1")]
        assert rig.part(name)["counters"]["cards"] == 1
        module.close()
