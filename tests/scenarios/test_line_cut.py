"""The line of a whole gate to the centre is cut without a word, in the middle of its work."""

from contextlib import ExitStack
from pathlib import Path

from tests.parts import require
from tests.patience import Watch, until
from tests.rigs.broker import Mosquitto
from tests.rigs.cable import Cable
from tests.rigs.cards import residents
from tests.rigs.house import GRANTED, IN, OUT, House, demo_lanes
from tests.rigs.listener import Listener
from tests.rigs.ports import free_port
from tests.rigs.told import events, same_as_stored

KEEPALIVE_S = 20
"""Of the daemon. A ping after as long a silence, and another one without an answer to it."""


def test_cut_in_mid_work_and_mended(tmp_path: Path) -> None:
    require("mosquitto", "root", "nft")
    port = free_port()
    broker = Mosquitto(tmp_path / "broker", lines=[f"listener {port} {Cable.FAR}"])
    uplink = {"host": Cable.FAR, "port": port, "tls": False, "plain_because": "a cable of a test"}
    changes = {"lanes": demo_lanes(open_for="1 s"), "uplink": uplink}
    with ExitStack() as stack:
        cable = stack.enter_context(Cable())
        with cable.far():
            stack.enter_context(broker)
            centre = stack.enter_context(Listener(broker, "gate/v1/#"))
        rig = stack.enter_context(House(tmp_path / "gate", residents(40), changes=changes))
        with cable.near():
            rig.start()
        rig.tap_opens(IN, 1)
        rig.wait_entry(GRANTED, card="R-00001")
        until(lambda: rig.part("uplink")["condition"] == "ok", "the line")
        centre.wait(lambda it: b"R-00001" in b"".join(one.payload for one in it.on("/evt")))

        with Watch() as watch:
            cable.cut()
            # The gate works as if nothing were: nobody at it waits for the line.
            for number in range(2, 6):
                rig.tap_opens(IN, number)
                rig.tap_opens(OUT, number)
            until(lambda: "went silent" in rig.log(), "that the line is found dead", step_s=0.2)
            assert watch.ran_s < 2 * KEEPALIVE_S + 10
        assert rig.part("uplink")["condition"] == "down"
        heard, written = len(centre.on("/evt")), rig.head()
        assert rig.part("uplink")["counters"]["backlog"] >= written - heard > 0
        rig.tap_opens(IN, 6)
        assert len(centre.on("/evt")) == heard

        cable.mend()
        rig.tap_opens(IN, 7)
        until(lambda: _told(rig, centre), "the last event at the centre", step_s=0.2)
        found = events(centre.on("/evt"))
        entries = rig.entries()
        assert list(found) == list(range(1, entries[-1].sequence + 1))
        same_as_stored(found, entries)
        late = {one.payload for one in centre.on("/evt") if one.user.get("historical") == "true"}
        assert late, "what lay in the journal for longer than 30 s is history"
        assert found[entries[-1].sequence] not in late
        assert rig.stop() == 0
        rig.verified()


def _told(rig: House, centre: Listener) -> bool:
    if any(lane["waiting"] for lane in rig.ask("status")["lanes"]):
        return False
    heard = centre.on("/evt")
    return bool(heard) and f'"sequence":"{rig.head():020d}"'.encode() in heard[-1].payload
