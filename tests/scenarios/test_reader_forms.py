"""One card at readers that show it differently: the whole daemon, and what it decides."""

import json
from pathlib import Path

from agent.core.entries import StoredEntry
from tests.patience import until
from tests.rigs.cards import Card
from tests.rigs.house import DENIED, GRANTED, IN, OUT, REFERRED, House
from tests.wire.makers import wiegand

CARDS = [
    Card("uid:26DEFAE7", "R-00001"),
    Card("uid:0411AABBCCDDEE", "R-00002"),
    Card("uid:04221234CCDDEE", "R-00003"),
]
READERS = {
    "in-1-rdm": {
        "driver": "serial",
        "port": "run:in-1-rdm",
        "protocol": "wiegand-34",
        "byte_order": "reversed",
        "as_scheme": "uid",
        "quiet": "0 s",
    },
    "out-1-rdm": {
        "driver": "serial",
        "port": "run:out-1-rdm",
        "protocol": "wiegand-26",
        "matching": "low24",
        "quiet": "0 s",
    },
}


def ready(rig: House, lane: str) -> None:
    """The reader's line is open."""
    until(lambda: rig.part(f"reader {lane}-rdm")["condition"] == "ok", f"the line of {lane}")


def hold(rig: House, lane: str, digits: str) -> StoredEntry:
    """Hold the card that this reader shows as these digits; gives what was decided."""
    before = rig.head()
    number, size = int(digits, 16), 4 * len(digits)
    bits = wiegand(f"{number:0{size}b}", size // 2)
    rig.sim.tap(f"{lane}-rdm", f"{bits}\r\n".encode())

    def look() -> StoredEntry | None:
        found = rig.entries(GRANTED, DENIED, REFERRED, after=before)
        return found[0] if found else None

    entry = until(look, f"a decision; the daemon says: {rig.log()}")
    assert entry is not None
    return entry


def test_the_same_card_is_known_at_both(tmp_path: Path) -> None:
    with House(tmp_path, CARDS, changes={"readers": READERS}) as rig:
        rig.start()
        for lane in (IN, OUT):
            ready(rig, lane)

        strange = hold(rig, IN, "26DEFAE7")
        assert (strange.type, json.loads(strange.data)["reason"]) == (DENIED, "unknown_credential")
        entered = hold(rig, IN, "E7FADE26")
        assert (entered.type, json.loads(entered.data)["card"]) == (GRANTED, "R-00001")
        rig.sim.drive(IN, "car", enter_ms=200, under_ms=300)
        rig.wait(lane=IN, passed=1)

        left = hold(rig, OUT, "DEFAE7")
        assert (left.type, json.loads(left.data)["card"]) == (GRANTED, "R-00001")
        both = hold(rig, OUT, "CCDDEE")
        assert (both.type, json.loads(both.data)["reason"]) == (DENIED, "ambiguous")
