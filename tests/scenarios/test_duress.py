"""Somebody is forced at a whole gate: his card, the code, and who hears of it."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import Card
from tests.rigs.house import DENIED, GRANTED, IN, OUT, House
from tests.rigs.listener import Listener
from tests.wire.makers import wiegand

PIN, WRONG = "471108", "471109"
ALARM = "gate.alarm.raised.v1"
BITS = {number: wiegand(f"{number:024b}", 12) for number in (0x123456, 0xBAD)}
READERS: dict[str, Any] = {
    "in-1-rdm": {"driver": "wiegand", "d0": 2, "d1": 3, "protocol": "wiegand-26"},
    "out-1-rdm": {
        "driver": "serial",
        "port": "run:out-1-rdm",
        "protocol": "wiegand-uart-ascii10",
        "quiet": "0 s",
    },
}
CARDS = [Card("w26:123456", "R-1"), Card("w32:00123456", "R-2")]
OUT_CARD = b"0001193046\r\n"


def keys(rig: House, lane: str) -> int:
    """How many keys its reader has handed on."""
    return int(rig.part(f"reader {lane}-rdm")["counters"]["keys"])


def _counted(rig: House, least: int) -> bool:
    return keys(rig, IN) >= least


def type_in(rig: House, digits: str) -> None:
    """Bursts of eight bits on the pins, one after the other."""
    before = keys(rig, IN)
    for number, digit in enumerate(digits, before + 1):
        rig.sim.tap_wiegand("in-1-rdm", f"{15 - int(digit):04b}{int(digit):04b}")
        until(partial(_counted, rig, number), f"the key {number}")


def type_out(rig: House, digits: str) -> None:
    """Bytes of a converter."""
    before = keys(rig, OUT)
    rig.sim.tap("out-1-rdm", digits.encode())
    until(lambda: keys(rig, OUT) == before + len(digits), "the keys of the line")


def alarms(listener: Listener) -> list[dict[str, Any]]:
    """The alarms of which the centre has heard."""
    told = [json.loads(one.payload) for one in listener.on("/evt")]
    return [one for one in told if one["type"] == ALARM]


def ready(rig: House) -> None:
    until(
        lambda: all(rig.part(f"reader {name}")["condition"] == "ok" for name in READERS),
        "both readers are found",
    )


def test_a_code_at_a_card_calls_and_nobody_at_the_gate_sees_it(tmp_path: Path) -> None:
    require("mosquitto")
    (tmp_path / "code").write_text(f"{PIN}\n")
    place = tmp_path / "broker"
    lines = ("persistence true", f"persistence_location {place}/")
    broker = Mosquitto(place, lines=lines)
    duress = {"pin": {"file": str(tmp_path / "code")}, "within": "1 min"}
    changes = {"readers": READERS, "duress": duress}
    with (
        broker,
        Listener(broker, "gate/v1/#", session="centre") as listener,
        House(tmp_path / "gate", CARDS, broker=broker, changes=changes) as rig,
    ):
        # The centre cannot be reached while it happens: it hears of it afterwards.
        broker.stop()
        rig.start()
        ready(rig)
        began_ns = rig.sim.tap("out-1-rdm", OUT_CARD)
        rig.opened(OUT, began_ns)
        type_out(rig, WRONG)

        began_ns = rig.sim.tap_wiegand("in-1-rdm", BITS[0x123456])
        rig.opened(IN, began_ns)
        type_in(rig, PIN)
        alarm = rig.wait_entry(ALARM)
        granted = rig.wait_entry(GRANTED, lane=IN)
        assert json.loads(alarm.data) == {
            "lane": IN,
            "alarm": "duress",
            "step": "alarm",
            "level": 1,
            "reader": "in-1-rdm",
            "card": "R-1",
        }
        assert alarm.cause.endswith(f"/{granted.sequence:020d}")
        assert rig.lane(IN)["alarm"] == "none"
        assert len(rig.strokes(IN)) == 1
        assert rig.lane(IN)["waiting"], "the grant waits for its vehicle"

        # A code whose card was shown before the agent was killed is nothing.
        after = rig.head()
        rig.sim.tap("out-1-rdm", OUT_CARD)
        rig.wait_entry(GRANTED, after=after, lane=OUT)
        rig.kill()
        rig.start()
        ready(rig)
        type_out(rig, PIN)
        # What comes behind the keys is decided behind them.
        after = rig.head()
        rig.sim.tap_wiegand("in-1-rdm", BITS[0xBAD])
        rig.wait_entry(DENIED, after=after, lane=IN)
        assert [one.sequence for one in rig.entries(ALARM)] == [alarm.sequence]

        broker.start()
        listener.wait(lambda them: bool(alarms(them)))
        assert {one["data"]["alarm"] for one in alarms(listener)} == {"duress"}
        for text in (PIN, WRONG):
            assert text not in rig.log()
            assert not any(text.encode() in one.data for one in rig.entries())
        rig.verified()
