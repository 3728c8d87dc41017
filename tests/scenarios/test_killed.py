"""kill -9 of the daemon, at any moment, while both lanes are busy."""

import json
import os
import random
import threading
import time
from pathlib import Path

from tests.parts import require
from tests.patience import until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.house import ENDED, House
from tests.rigs.listener import Listener
from tests.rigs.load import Load, load_cards, prove
from tests.rigs.told import events, same_as_stored

KILLS = house.size(25, 2000)
VERIFY_EVERY = house.size(5, 50)
SEED = int(os.environ.get("GATE_SEED", "20261122"))


def _strike(rig: House, chance: random.Random) -> str:
    """Start the daemon and kill it: while it starts, at some moment, or just when a pin moved."""
    how = chance.choices(("starting", "time", "pin"), (1, 2, 3))[0]
    if how == "starting":
        then = time.monotonic() + chance.uniform(0.0, 0.8)
        rig.start_and_kill(lambda: time.monotonic() > then)
        return how
    rig.start()
    if how == "time":
        threading.Event().wait(chance.uniform(0.02, 0.5))
    else:
        rig.wait(records=rig.recorded() + chance.randrange(3, 25))
    rig.kill()
    return how


def test_killed_at_random_moments_under_load(tmp_path: Path) -> None:
    require("mosquitto")
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    left_on = 0
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        House(
            tmp_path / "gate",
            load_cards(),
            broker=broker,
            travel_ms=100,
            changes={"lanes": house.busy_lanes()},
        ) as rig,
    ):
        rig.start()
        with Load(rig, SEED) as load:
            for number in range(KILLS):
                if number:
                    how = _strike(rig, chance)
                else:
                    rig.wait(records=rig.recorded() + 20)
                    rig.kill()
                    how = "pin"
                left_on += bool(rig.relays_on())
                rig.relays_safe()
                if number % VERIFY_EVERY == 0:
                    rig.verified()
                    same_as_stored(events(listener.on("/evt")), rig.entries())
                print(f"kill {number} ({how}) of seed {SEED}")  # noqa: T201 - shown on failure
        rig.start()
        until(lambda: not any(lane["waiting"] for lane in rig.ask("status")["lanes"]), "quiet")
        until(lambda: rig.part("uplink")["counters"]["backlog"] == 0, "everything is published")
        entries = rig.entries()
        listener.wait(lambda them: max(events(them.on("/evt")), default=0) >= entries[-1].sequence)
        found = events(listener.on("/evt"))
        assert rig.stop() == 0
        assert rig.relays_on() == []
        rig.verified()
        entries = rig.entries()
        same_as_stored(found, entries)
        assert set(found) >= set(range(1, max(found) + 1))
        proof = prove(rig)
        print(f"{load.taps} taps, {len(entries)} entries, {proof}, left on {left_on}")  # noqa: T201

    assert proof.granted >= KILLS, "the load was too small to prove anything"
    assert left_on, "no kill left a relay on: too gentle to prove anything"
    ended = [json.loads(one.data)["passage"] for one in entries if one.type == ENDED]
    assert len(ended) == len(set(ended)), "a passage ended twice"
