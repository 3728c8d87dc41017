"""A part goes away and comes back: the daemon goes on, says so, and works again by itself."""

import json
from pathlib import Path

from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import Card, residents
from tests.rigs.house import GRANTED, IN, OUT, House, busy_lanes
from tests.rigs.listener import Listener
from tests.rigs.pcsc_rig import VirtualCard, pcscd_apart, virtual_reader
from tests.rigs.told import events, same_as_stored

LOST, FOUND = "gate.reader.lost.v1", "gate.reader.found.v1"
UID = "04A1B2C3D4E5F6"


def _granted(rig: House, label: str) -> int:
    return sum(json.loads(one.data)["card"] == label for one in rig.entries(GRANTED))


def test_pcscd_restarted(tmp_path: Path) -> None:
    require("root", "pcscd")
    reader = virtual_reader("Virtual PCD")
    changes = {
        "readers": {
            "in-1-rdm": {"driver": "pcsc", "name": "Virtual PCD 00 00", "quiet": "500 ms"},
            "out-1-rdm": {
                "driver": "serial",
                "port": "run:out-1-rdm",
                "protocol": "em4100-ascii",
            },
        }
    }
    cards = [Card(f"uid:{UID}", "U-1"), *residents(2)]
    with (
        pcscd_apart(reader) as pcscd,
        House(tmp_path / "gate", cards, changes=changes, environment=pcscd.environment) as rig,
    ):
        rig.start()
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the reader")
        for seen in range(1, 4):
            with VirtualCard(reader.port, bytes.fromhex(UID)):
                until(lambda: _granted(rig, "U-1") == seen, "the card's entry")  # noqa: B023
            if seen == 3:
                break
            pcscd.stop()
            until(lambda: rig.part("reader in-1-rdm")["condition"] == "down", "the reader is lost")
            rig.tap_opens(OUT, seen)
            pcscd.start()
            until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the reader again")
        kinds = [one.type for one in rig.entries(LOST, FOUND) if one.subject == "reader/in-1-rdm"]
        assert kinds == [FOUND, LOST, FOUND, LOST, FOUND]
        assert rig.stop() == 0
        rig.verified()


def test_a_serial_reader_unplugged_and_plugged_in(tmp_path: Path) -> None:
    with House(tmp_path, residents(5)) as rig:
        rig.start()
        rig.tap_opens(IN, 1)
        for number in (2, 3):
            rig.sim.unplug("in-1-rdm")
            until(lambda: rig.part("reader in-1-rdm")["condition"] == "down", "the reader is lost")
            rig.tap_opens(OUT, number)
            rig.sim.replug("in-1-rdm")
            until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the reader again")
            rig.tap_opens(IN, number)
        kinds = [one.type for one in rig.entries(LOST, FOUND) if one.subject == "reader/in-1-rdm"]
        assert kinds == [FOUND, LOST, FOUND, LOST, FOUND]
        assert len(rig.strokes(IN)) == 3, "no relay moves because a reader comes or goes"
        assert rig.stop() == 0
        rig.verified()


def test_the_broker_killed_and_restarted(tmp_path: Path) -> None:
    require("mosquitto")
    # A killed broker may forget what it has acknowledged just then. So the arms stay up, and it is
    # killed when nothing is on its way.
    lanes = busy_lanes()
    for lane in lanes.values():
        lane["open_for"] = "10 min"
    with (
        Mosquitto(tmp_path / "broker", persistence=True) as broker,
        Listener(broker, "gate/v1/#", session="centre") as listener,
        House(tmp_path / "gate", residents(9), changes={"lanes": lanes}, broker=broker) as rig,
    ):
        rig.start()
        for number in (1, 2, 3):
            rig.tap_opens(IN, 3 * number)
            for at in (IN, OUT)[: min(number, 2)]:
                rig.wait_entry("gate.arm.opened.v1", lane=at)
            until(lambda: rig.part("uplink")["counters"]["backlog"] == 0, "told")
            listener.wait(lambda them: max(events(them.on("/evt")), default=0) >= rig.head())
            if number == 3:
                break
            broker.kill()
            until(lambda: rig.part("uplink")["condition"] == "down", "the uplink is down")
            rig.tap_opens(OUT, 3 * number + 1)
            assert rig.part("uplink")["counters"]["backlog"] > 0
            broker.start()
            until(lambda: rig.part("uplink")["condition"] == "ok", "the uplink is up")
        assert rig.stop() == 0
        entries = rig.entries()
        listener.wait(lambda them: len(events(them.on("/evt"))) == len(entries))
        found = events(listener.on("/evt"))
        assert list(found) == [one.sequence for one in entries]
        same_as_stored(found, entries)
        sessions = {json.loads(one.payload)["session"] for one in listener.on("/status")}
        assert len(sessions) >= 3, "every CONNECT counts its session"
        assert len(rig.strokes(IN)) == 3, "no relay moves because the network comes or goes"
        rig.verified()
