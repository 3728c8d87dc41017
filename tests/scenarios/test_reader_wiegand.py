"""Wiegand readers on the header at a whole gate: a card opens, swapped wires are named."""

import json
from pathlib import Path
from typing import Any

from tests.patience import until
from tests.rigs.cards import Card
from tests.rigs.house import GRANTED, IN, OUT, House
from tests.wire.makers import wiegand

NUMBER, OTHER = 0x123456, 0x654321
READERS: dict[str, Any] = {
    "in-1-rdm": {
        "driver": "wiegand",
        "d0": 2,
        "d1": 3,
        "protocol": "wiegand-26",
        "green": {"pin": 4},
    },
    "out-1-rdm": {
        "driver": "wiegand",
        "d0": 20,
        "d1": 21,
        "protocol": "wiegand-37",
        "format": "h10304",
    },
}
SWAP = str.maketrans("01", "10")


def test_a_card_opens_and_swapped_wires_are_named(tmp_path: Path) -> None:
    cards = [Card(f"w26:{NUMBER:06X}", "V-1"), Card("w37:000000007", "V-2")]
    bits = wiegand(f"{NUMBER:024b}", 12)
    with House(tmp_path / "gate", cards, changes={"readers": READERS}) as rig:
        rig.start()
        until(
            lambda: all(rig.part(f"reader {name}")["condition"] == "ok" for name in READERS),
            "both readers are found",
        )
        sim = rig.gate.sim.client
        for _ in range(2):
            sim.tap_wiegand("in-1-rdm", bits.translate(SWAP))
        until(
            lambda: "D0 and D1 are swapped" in rig.part("reader in-1-rdm")["detail"],
            "the swapped wires are named",
        )
        began_ns = sim.tap_wiegand("in-1-rdm", bits)
        rig.opened(IN, began_ns)
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "all is well")
        # Its lamp was switched on, and off again.
        until(
            lambda: [one.level for one in sim.trace([4]) if one.function == "output"] == [1, 0, 1],
            "the green lamp was on",
        )
        began_ns = sim.tap_wiegand("out-1-rdm", wiegand(f"{7:035b}", 18))
        rig.opened(OUT, began_ns)
        granted = [json.loads(one.data) for one in rig.entries() if one.type == GRANTED]
        assert [(one["lane"], one["card"]) for one in granted] == [(IN, "V-1"), (OUT, "V-2")]
