"""A machine without a clock: it starts in 1970, and somebody sets the time while it works."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.parts import require
from tests.patience import Watch, until
from tests.rigs import faked
from tests.rigs.cards import Card, digits, residents
from tests.rigs.house import DENIED, GRANTED, IN, OUT, REFERRED, House

NOW = "2026-11-22 08:00:00"
STEPPED, TRUSTED = "gate.clock.stepped.v1", "gate.clock.trusted.v1"


@pytest.fixture
def library() -> Path:
    require("faketime")
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def _soon_after_1970() -> str:
    """The time of a machine without a clock: as long after 1970 as it is up.

    It has to be just that: libfaketime leaves CLOCK_MONOTONIC alone, but reckons with the wall
    clock where somebody sleeps until a monotonic time (clock_nanosleep(2)), as `time.sleep` does.
    """
    return datetime.fromtimestamp(time.monotonic(), UTC).strftime("%Y-%m-%d %H:%M:%S")


def _set(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(f"@{text}\n")
    fresh.rename(file)


def test_from_1970_to_now(tmp_path: Path, library: Path) -> None:
    clock = tmp_path / "clock"
    _set(clock, _soon_after_1970())
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
        "TZ": "UTC",
    }
    cards = [
        *residents(2),
        Card(f"em4100:{digits(11)}", "V-1", "visitor"),
        Card(f"em4100:{digits(12)}", "R-OLD", valid_until="2025-01-01"),
        Card(f"em4100:{digits(13)}", "R-NEW", valid_from="2030-01-01"),
    ]
    with House(tmp_path / "gate", cards, environment=environment) as rig:
        faked.start(rig)
        assert rig.part("clock")["condition"] == "degraded"
        # Nobody knows the date: residents pass, marked, whatever their dates say; others do not.
        for number, label in ((1, "R-00001"), (12, "R-OLD"), (13, "R-NEW")):
            rig.tap_opens(IN, number)
            entry = rig.wait_entry(GRANTED, card=label)
            assert json.loads(entry.data)["marks"] == ["clock_unknown"]
            assert entry.quality == "unknown"
            assert datetime.fromtimestamp(entry.time_us / 1e6, UTC).year == 1970
        rig.tap(IN, 11)
        referred = rig.wait_entry(REFERRED, card="V-1")
        assert json.loads(referred.data)["duty"] == "clock_unknown"
        assert rig.entries(DENIED, STEPPED) == []
        opened = len(rig.strokes(IN))

        with Watch() as watch:
            before_ms = time.monotonic_ns() // 1_000_000
            _set(clock, NOW)
            stepped = rig.wait_entry(STEPPED)
            stood_ms = watch.stood_s * 1000
        years = json.loads(stepped.data)["deltams"] / 1000 / 3600 / 24 / 365.25
        assert 56 < years < 57.5
        assert stepped.uptime_ms >= before_ms, "the monotonic time did not jump"
        assert stepped.uptime_ms - before_ms < 5000 + stood_ms
        rig.wait_entry(TRUSTED)
        until(lambda: rig.part("clock")["condition"] == "ok", "a clock that can be trusted")

        # From here on dates count, and nothing that was written is written anew.
        rig.tap_opens(OUT, 11)
        entry = rig.wait_entry(GRANTED, card="V-1")
        assert "marks" not in json.loads(entry.data)
        assert entry.quality == "synced"
        for number, label, reason in ((12, "R-OLD", "expired"), (13, "R-NEW", "not_yet_valid")):
            rig.tap(OUT, number)
            rig.wait_entry(DENIED, card=label, reason=reason)
        assert len(rig.strokes(IN)) == opened
        assert rig.stop() == 0
        entries = rig.entries()
        uptimes = [one.uptime_ms for one in entries]
        assert uptimes == sorted(uptimes)
        jump = next(n for n, one in enumerate(entries) if one.quality == "synced")
        assert {one.quality for one in entries[:jump]} == {"unknown"}
        assert {one.quality for one in entries[jump:]} == {"synced"}
        assert all(one.recorded_us < 1e15 for one in entries[:jump])
        assert STEPPED in [one.type for one in entries[jump : jump + 3]]
        rig.verified()
