"""TLS looks at the clock. A machine whose clock is wrong comes to the centre when it is right."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.parts import require
from tests.patience import until
from tests.rigs import faked
from tests.rigs.cards import residents
from tests.rigs.house import GRANTED, IN, House, demo_lanes
from tests.rigs.peer import Peer
from tests.rigs.shipped import ShippedMosquitto

ESTATE, GATE = "green-garden", "demo"
EVT = f"gate/v1/{ESTATE}/{GATE}/evt"


def after_1970() -> datetime:
    """As long after 1970 as the machine is up (see test_clock.py)."""
    return datetime.fromtimestamp(time.monotonic(), UTC)


def years_ahead() -> datetime:
    """When every certificate of today has expired."""
    now = datetime.now(UTC)
    return now.replace(year=now.year + 12, day=1)


def _set(file: Path, when: datetime) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(f"@{when:%Y-%m-%d %H:%M:%S}\n")
    fresh.rename(file)


@pytest.mark.parametrize(
    ("wrong", "why"), [(after_1970, "not yet valid"), (years_ahead, "has expired")]
)
def test_it_comes_by_itself_when_the_time_comes(
    tmp_path: Path, wrong: Callable[[], datetime], why: str
) -> None:
    require("mosquitto", "openssl", "faketime")
    broker = ShippedMosquitto(tmp_path / "b", [f"gate {ESTATE}.{GATE}", f"client centre {ESTATE}"])
    mine, centres = broker.pki.gate(ESTATE, GATE), broker.pki.client("centre")
    clock = tmp_path / "clock"
    _set(clock, wrong())
    environment = {
        "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
        "TZ": "UTC",
    }
    tls = {"ca": str(broker.pki.ca), "cert": str(mine.cert), "key": str(mine.key)}
    changes = {
        "lanes": demo_lanes(open_for="1 s"),
        "uplink": {"host": "localhost", "port": broker.port, "tls": tls},
    }
    with (
        broker,
        Peer(broker.port, broker.pki.ca, centres, judged=True) as centre,
        House(tmp_path / "gate", residents(9), changes=changes, environment=environment) as rig,
    ):
        centre.hear(EVT)
        faked.start(rig)
        detail = until(lambda: _down(rig), "that the line does not stand")
        assert f"certificate is {why}" in detail or f"certificate {why}" in detail
        assert "clock" in detail
        rig.tap_opens(IN, 1)
        rig.wait_entry(GRANTED, card="R-00001")
        assert not centre.heard
        before = rig.lives[-1].pid

        _set(clock, datetime.now(UTC))
        until(lambda: rig.part("uplink")["condition"] == "ok", "the line, by itself")
        rig.tap_opens(IN, 2)
        rig.wait_entry(GRANTED, card="R-00002")
        until(lambda: _told(rig, centre), "the last event at the centre")
        assert rig.pid == before
        told = [json.loads(payload) for _, payload in centre.heard]
        assert [int(one["sequence"]) for one in told] == list(range(1, len(told) + 1))
        entries = {one.sequence: one for one in rig.entries()}
        years = {datetime.fromisoformat(one["time"]).year for one in told}
        assert len(years) > 1, "what was written is not written anew"
        assert [one["timequality"] for one in told] == [
            entries[int(one["sequence"])].quality for one in told
        ]
        assert rig.stop() == 0
        rig.verified()


def _down(rig: House) -> str:
    part = rig.part("uplink")
    return str(part["detail"]) if part["condition"] == "down" else ""


def _told(rig: House, centre: Peer) -> bool:
    if any(lane["waiting"] for lane in rig.ask("status")["lanes"]):
        return False
    last = f'"sequence":"{rig.head():020d}"'.encode()
    return bool(centre.heard) and last in centre.heard[-1][1]
