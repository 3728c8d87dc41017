"""An OSDP reader at a whole gate: settings, secure channel, card, grant, lamp, tamper, journal."""

import json
from pathlib import Path

from tests.patience import until
from tests.rigs.cards import Card
from tests.rigs.house import GRANTED, IN, House
from tests.rigs.osdp_device import GREEN, LED, OsdpLine

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
CARD = {"bits": 26, "data": "85813E80"}
NUMBER = "w26:0B027D"
TAMPERED = "gate.reader.tampered.v1"


def test_a_card_over_the_secure_channel(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    line = OsdpLine(tmp_path / "line", {"address": 3, "mode": "required", "key": KEY})
    readers = {
        "in-1-rdm": {
            "driver": "osdp",
            "port": str(tmp_path / "line"),
            "address": 3,
            "baud": 115_200,
            "key": {"file": str(tmp_path / "key")},
            "quiet": "1 min",
        },
        "out-1-rdm": {"driver": "serial", "port": "run:out-1-rdm", "protocol": "em4100-ascii"},
    }
    gate = House(tmp_path / "gate", [Card(NUMBER, "R-1")], changes={"readers": readers})
    with line, gate as rig:
        rig.start()
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the reader")

        def granted() -> bool:
            line.do("card", address=3, **CARD)
            return bool(rig.entries(GRANTED))

        until(granted, "the grant", step_s=5.0)
        rig.wait(lane=IN, arm="up")
        assert json.loads(rig.entries(GRANTED)[0].data)["card"] == "R-1"
        until(lambda: line.told(3, LED), "the lamp of the reader")
        assert line.told(3, LED)[0]["on_color"] == GREEN
        line.do("status", address=3, tamper=1, power=0)
        until(lambda: rig.entries(TAMPERED), "the tamper contact in the journal")
        assert rig.entries(TAMPERED)[0].subject == "reader/in-1-rdm"
        assert rig.stop() == 0
        rig.verified()
        assert KEY not in rig.log()
