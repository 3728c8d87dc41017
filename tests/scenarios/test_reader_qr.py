"""QR passes at a whole gate: the scanner's line, the daemon, its arms, its journal, kill -9."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.core.entries import StoredEntry
from agent.qr_passes import label_of
from drivers.wire.qr_pass import QrPass, encode, parse
from tests.parts import require
from tests.patience import until
from tests.rigs import faked
from tests.rigs.house import DENIED, GRANTED, IN, OUT, REFERRED, House, demo_lanes
from tests.rigs.passes import HOUR, Signer, now

KILLS_S = (None, 0.002)
"""How long after the scan the daemon is killed; None: as soon as the grant is in the ledger."""
OPENED, OVER = "gate.visit.opened.v1", "gate.visit.ended.v1"
ESTATE, GATE = "green-garden", "demo"


def signer(folder: Path, name: str = "k1") -> Signer:
    folder.mkdir(exist_ok=True)
    return Signer(folder, name, ESTATE, GATE)


@contextmanager
def gate(folder: Path, *keys: Signer, revoked: str = "", **more: Any) -> Iterator[House]:
    """The demo gate with a scanner at each lane, and nobody hurried."""
    scanner = {"driver": "serial", "protocol": "qr-pass", "quiet": "0 s", "baud": 115200}
    readers = {f"{lane}-rdm": {**scanner, "port": f"run:{lane}-rdm"} for lane in (IN, OUT)}
    known = {key.name: {"file": str(key.place), "revoked": key.name == revoked} for key in keys}
    changes = {
        "readers": readers,
        "qr_passes": {"keys": known},
        "lanes": demo_lanes(open_for="5 min"),
    }
    with House(folder, changes=changes, **more) as rig:
        faked.start(rig)
        for lane in (IN, OUT):
            ready(rig, lane)
        yield rig


def ready(rig: House, lane: str) -> None:
    """The scanner's line is open."""
    until(lambda: rig.part(f"reader {lane}-rdm")["condition"] == "ok", f"the line of {lane}")


def scan(rig: House, lane: str, text: str) -> StoredEntry:
    """Hold a code to the scanner; gives what was decided."""
    before = rig.head()
    rig.sim.tap(f"{lane}-rdm", f"{text}\r\n".encode())

    def look() -> StoredEntry | None:
        found = rig.entries(GRANTED, DENIED, REFERRED, after=before)
        return found[0] if found else None

    entry = until(look, f"a decision; the daemon says: {rig.log()}")
    assert entry is not None
    return entry


def answer(entry: StoredEntry) -> str:
    told: Mapping[str, Any] = json.loads(entry.data)
    return str(told.get("reason") or told.get("duty") or "granted")


def label(text: str) -> str:
    return label_of(parse(text).says)


def through(rig: House, lane: str, passed: int) -> None:
    """Drive through as soon as the arm is up; ``passed`` have done so then."""
    rig.sim.drive(lane, f"{lane}-{passed}", enter_ms=200, under_ms=300)
    rig.wait(lane=lane, passed=passed)
    until(lambda: not rig.lane(lane)["waiting"], "the end of the passage")


def test_a_pass_from_the_gate_in_to_the_gate_out(tmp_path: Path) -> None:
    centre = signer(tmp_path / "keys")
    stranger = replace_key(signer(tmp_path / "other"), centre)
    old, unknown = signer(tmp_path / "keys", "k0"), signer(tmp_path / "keys", "k9")
    with gate(tmp_path / "gate", centre, old, revoked="k0") as rig:
        good = centre.text()
        for text, reason in (
            (centre.text(begins=now() + HOUR, ends=now() + 2 * HOUR), "not_yet_valid"),
            (centre.text(begins=now() - 3 * HOUR, ends=now() - HOUR), "expired"),
            (centre.text(lanes=(OUT,)), "lane_not_allowed"),
            (centre.text(enters=False), "direction_not_allowed"),
            (stranger.text(), "pass_forged"),
            (unknown.text(), "pass_key_unknown"),
            (old.text(), "pass_revoked"),
            (centre.text(gate="south"), "pass_elsewhere"),
            (centre.text(estate="elsewhere"), "pass_elsewhere"),
            ("V-017", "unknown_credential"),
        ):
            assert answer(scan(rig, IN, text)) == reason
        assert rig.strokes(IN) == []
        assert rig.entries(OPENED, GRANTED) == []

        granted = scan(rig, IN, good)
        assert answer(granted) == "granted"
        assert json.loads(granted.data)["card"] == label(good)
        through(rig, IN, 1)
        inside = rig.ask("inside")["inside"]
        assert [(each["card"], each["kind"]) for each in inside] == [(label(good), "visitor")]
        assert answer(scan(rig, IN, good)) == "pass_used"

        shown = rig.command("pass", "show", good, "--lane", IN)
        assert shown.returncode == 0, shown.stderr
        assert "denied" in shown.stdout
        assert "this pass was used already" in shown.stdout

        assert answer(scan(rig, OUT, good)) == "granted"
        through(rig, OUT, 1)
        over = rig.data(rig.wait_entry(OVER))
        assert (over["card"], over["outcome"]) == (label(good), "left")
        assert rig.ask("inside")["inside"] == []
        assert answer(scan(rig, OUT, good)) == "pass_used"
        assert len(rig.strokes(IN)) == len(rig.strokes(OUT)) == 1

        assert rig.stop() == 0
        rig.verified()
        compared = rig.command("journal", "rebuild", "--compare")
        assert compared.returncode == 0, compared.stdout
        log = (rig.folder / "daemon.log").read_text("utf-8", "replace")
        for text in (good, parse(good).says.identity.hex()):
            assert text.upper() not in log.upper()


def replace_key(stranger: Signer, centre: Signer) -> Signer:
    """Somebody who signs in the name of the centre."""
    stranger.name = centre.name
    stranger.made = 1000
    return stranger


def test_killed_after_the_grant_nobody_comes_in_twice(tmp_path: Path) -> None:
    centre = signer(tmp_path / "keys")
    with gate(tmp_path / "gate", centre) as rig:
        for wait_s in KILLS_S:
            text = centre.text()
            rig.sim.tap(f"{IN}-rdm", f"{text}\r\n".encode())
            if wait_s is None:
                rig.wait_entry(GRANTED, card=label(text))
            else:
                threading.Event().wait(wait_s)
            rig.kill()
            if rig.relays_on():
                rig.relays_safe()
            committed = granted(rig, text)
            rig.start()
            ready(rig, IN)
            said = answer(scan(rig, IN, text))
            assert said == ("pass_used" if committed else "granted")
            assert granted(rig, text) == 1
            assert wait_s is not None or committed == 1
        assert len(rig.strokes(IN)) <= len(KILLS_S)
        assert rig.stop() == 0
        rig.verified()


def granted(rig: House, text: str) -> int:
    """How often this pass was granted: a second scan of one that waits is the same passage.

    What a killed daemon had not read yet, the next one may read.
    """
    told = [json.loads(one.data) for one in rig.entries(GRANTED)]
    return len({each["passage"] for each in told if each.get("card") == label(text)})


def test_without_a_clock_the_guard_decides(tmp_path: Path) -> None:
    require("faketime")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    centre = signer(tmp_path / "keys")
    clock = tmp_path / "clock"
    booted = datetime.fromtimestamp(time.monotonic(), UTC)
    clock.write_text(f"@{booted:%Y-%m-%d %H:%M:%S}\n")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    with gate(tmp_path / "gate", centre, environment=environment) as rig:
        referred = scan(rig, IN, centre.text(begins=now() - 3 * HOUR, ends=now() - HOUR))
        assert (referred.type, answer(referred)) == (REFERRED, "clock_unknown")
        assert rig.strokes(IN) == []


def test_a_code_that_is_half_read_is_a_fault_of_the_line(tmp_path: Path) -> None:
    centre = signer(tmp_path / "keys")
    says: QrPass = replace(centre.says(), lanes=(IN,))
    text = encode(centre.signed(says))
    with gate(tmp_path / "gate", centre) as rig:
        rig.sim.tap(f"{IN}-rdm", f"{text[:-5]}\r\n".encode())
        part = f"reader {IN}-rdm"
        until(lambda: rig.part(part)["counters"]["faults"] == 1, "the fault in health")
        assert answer(scan(rig, IN, text)) == "granted"
        until(lambda: rig.part(part)["counters"]["frames"] == 1, "the frame in health")
