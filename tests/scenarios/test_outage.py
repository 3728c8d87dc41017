"""The broker is away for long: nothing is lost, nothing comes out of order, memory stays flat."""

import subprocess
import sys
from pathlib import Path

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import residents
from tests.rigs.house import DENIED, GRANTED, IN, OUT, House
from tests.rigs.listener import Listener
from tests.rigs.told import events, same_as_stored

ENTRIES = house.size(10_000, 100_000)
GROWTH_KB = 6 * 1024
AT_MOST_KB = 64 * 1024
TAPS = 5


def _weeks(rig: House, count: int) -> None:
    """The daemon is down: what it would have written in weeks, through the real ledger."""
    command = [sys.executable, "-m", "tests.rigs.bulk", str(rig.gate.config), str(count)]
    subprocess.run(command, check=True, cwd=house.ROOT, timeout=600)


def _taps(rig: House, first: int) -> None:
    """Real taps, of cards that are known and of such that are not, until they are written down."""
    after = rig.head()
    for number in range(first, first + TAPS):
        rig.tap(IN, number)
        rig.tap(OUT, 0xBAD0000 + number)
    rig.wait_entry(GRANTED, after=after, card=f"R-{first + TAPS - 1:05}")
    until(lambda: len(rig.entries(DENIED, after=after)) == TAPS, "the unknown cards' entries")


def test_every_event_comes_once_in_order_after_an_outage(tmp_path: Path) -> None:
    require("mosquitto")
    place = tmp_path / "broker"
    lines = ("persistence true", f"persistence_location {place}/", "max_queued_messages 0")
    broker = Mosquitto(place, lines=lines)
    changes = {"lanes": house.demo_lanes(open_for="1 s")}
    cards = residents(4 * TAPS)
    with (
        broker,
        Listener(broker, "gate/v1/#", session="centre") as listener,
        House(tmp_path / "gate", cards, broker=broker, changes=changes) as rig,
    ):
        # The centre's subscription is kept by the broker, so that it misses nothing afterwards.
        broker.stop()
        rig.start()
        _taps(rig, 1)
        idle_kb = rig.resident_kb()
        rig.kill()
        _weeks(rig, ENTRIES // 2)
        rig.start()
        _taps(rig, TAPS + 1)
        backlog = rig.part("uplink")["counters"]["backlog"]
        assert backlog >= ENTRIES // 2, "the broker is away"
        rig.kill()
        _weeks(rig, ENTRIES - ENTRIES // 2)
        rig.start()
        _taps(rig, 2 * TAPS + 1)
        full_kb = rig.resident_kb()
        broker.start()
        # A third time it dies while it tells the past: some events are told twice then.
        listener.wait(lambda them: len(them.on("/evt")) > ENTRIES // 4)
        replaying_kb = rig.resident_kb()
        rig.kill()
        resumes_at = rig.published()
        told_before = max(events(listener.on("/evt")))
        rig.start()
        _taps(rig, 3 * TAPS + 1)
        until(lambda: _told(rig, listener), "the last event", ENTRIES / 100 + LIMIT_S)
        told_kb = rig.resident_kb()

        entries = rig.entries()
        heard = listener.on("/evt")
        found = events(heard)
        assert list(found) == list(range(1, entries[-1].sequence + 1))
        same_as_stored(found, entries)
        assert len(entries) > ENTRIES
        if told_before > resumes_at:
            assert len(heard) - len(found) >= told_before - resumes_at
        past = [one for one in heard if one.user.get("historical") == "true"]
        assert len(past) < len(heard), "what is new is not marked as history"
        assert rig.part("uplink")["condition"] == "ok"
        assert len(rig.entries(DENIED)) >= ENTRIES + 4 * TAPS
        rig.verified()
        assert rig.stop() == 0

    for now_kb in (full_kb, replaying_kb, told_kb):
        assert now_kb - idle_kb < GROWTH_KB, (idle_kb, full_kb, replaying_kb, told_kb)
        assert now_kb < AT_MOST_KB


def _told(rig: House, listener: Listener) -> bool:
    """No passage is open any more, and the last entry has come."""
    if any(lane["waiting"] for lane in rig.ask("status")["lanes"]):
        return False
    heard = listener.on("/evt")
    return bool(heard) and f'"sequence":"{rig.head():020d}"'.encode() in heard[-1].payload
