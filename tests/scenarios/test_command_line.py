"""The command line against a gate that runs, and one that does not."""

import json
import threading
from pathlib import Path

import pytest

from tests.patience import LIMIT_S, Watch, until
from tests.rigs import house
from tests.rigs.cards import Card, residents, write_roster
from tests.rigs.house import DENIED, GRANTED, IN, LANES, ORDERED, OUT, House

MANY = house.size(5_000, 500_000)
BAD = """credential,label,kind,status,valid_until,lanes
em4100:0000000001,A-1,resident,active,,in-1
em4100:0000000002,A-2,residnet,active,,in-1
em4100:XYZ,A-3,resident,active,,
em4100:0000000004,,staff,active,2026-02-30,
em4100:0000000001,A-5,resident,actve,,in-9
"""
FAULTS = {
    "line 3, column kind": "did you mean resident?",
    "line 4, column credential": "is not a credential",
    "line 5, column label": "needs a label",
    "line 5, column valid_until": "not a date",
    "line 6, column credential": "in line 2 already",
    "line 6, column status": "did you mean active?",
    "line 6, column lanes": "no lane 'in-9'",
}


def _counts(rig: House) -> int:
    return len(rig.command("roster", "list", "--json", "--limit", "1000000").stdout.splitlines())


def test_a_roster_with_faults_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(BAD)
    with House(tmp_path / "gate", residents(3)) as rig:
        rig.start()
        for running in (True, False):
            head = rig.head()
            done = rig.command("roster", "import", str(file))
            assert done.returncode == 1
            lines = done.stderr.splitlines()
            for where, what in FAULTS.items():
                assert any(where in line and what in line for line in lines), (where, done.stderr)
            assert f"{len(FAULTS)} faults: nothing was imported" in done.stderr
            assert rig.head() == head
            assert _counts(rig) == 3
            if running:
                rig.tap_opens(IN, 1)
                assert rig.stop() == 0


@pytest.mark.timed
def test_a_roster_comes_in_while_taps_go_on_and_goes_out_the_same(tmp_path: Path) -> None:
    cards = residents(MANY)
    file = write_roster(tmp_path / "many.csv", cards)
    changes = {"lanes": house.busy_lanes()}
    with House(tmp_path / "gate", residents(100), changes=changes) as rig:
        rig.start()
        imported = threading.Event()
        outcome = []

        def bring_in() -> None:
            outcome.append(rig.command("roster", "import", str(file), limit_s=600))
            imported.set()

        thread = threading.Thread(target=bring_in, name="import", daemon=True)
        thread.start()
        took_ms = []
        number = 0
        with Watch() as watch:
            while not imported.is_set():
                # One of a hundred cards after the other: none comes again within its quiet time.
                number = number % 100 + 1
                watch.lap()
                tapped_ns = rig.tap(OUT, number)
                took_ns = rig.opened(OUT, tapped_ns).on_ns - tapped_ns
                took_ms.append(took_ns / 1e6 - watch.stood_s * 1000)
                rig.wait(pin=rig.relay(OUT), level=1)
        thread.join(LIMIT_S)
        assert outcome[0].returncode == 0, outcome[0].stderr
        assert f"was 100 cards, now {MANY}" in outcome[0].stdout
        assert took_ms, "no tap came while the roster did"
        assert max(took_ms) < 500, took_ms
        rig.tap_opens(IN, MANY)
        switched = [json.loads(one.data) for one in rig.entries("gate.roster.switched.v1")]
        assert [one["count"] for one in switched] == [100, MANY]

        out = tmp_path / "out.csv"
        assert rig.command("roster", "export", str(out)).returncode == 0
        assert rig.command("roster", "import", str(out), limit_s=600).returncode == 0
        assert rig.stop() == 0
        # And once more where no daemon runs, straight into the ledger under its lock.
        again = rig.command("roster", "import", str(out), limit_s=600)
        assert again.returncode == 0, again.stderr
        digests = [json.loads(one.data)["digest"] for one in rig.entries("gate.roster.switched.v1")]
        assert len(digests) == 4
        assert len(set(digests[1:])) == 1
        rig.verified()


def test_explain_moves_and_writes_nothing(tmp_path: Path) -> None:
    cards = [*residents(1), Card("em4100:0000000002", "R-OLD", valid_until="2020-01-01")]
    with House(tmp_path, cards) as rig:
        rig.start()
        head, pins = rig.head(), rig.recorded()
        for running in (True, False):
            for card, lane, decision in (
                ("R-00001", IN, "granted"),
                ("em4100:0000000001", OUT, "granted"),
                ("R-OLD", IN, "denied"),
                ("em4100:00000000FF", IN, "denied"),
            ):
                done = rig.command("explain", card, "--lane", lane, "--json")
                assert done.returncode == 0, done.stderr
                told = json.loads(done.stdout)
                assert (told["decision"], told["lane"]) == (decision, lane)
                assert told["steps"]
            at = rig.command("explain", "R-OLD", "--lane", IN, "--at", "2019-06-01 12:00", "--json")
            assert json.loads(at.stdout)["decision"] == "granted"
            wrong = rig.command("explain", "R-00001", "--lane", "in-9")
            assert wrong.returncode == 1
            assert "the lanes are in-1, out-1" in wrong.stderr
            if running:
                assert (rig.head(), rig.recorded()) == (head, pins)
                assert rig.stop() == 0
                head = rig.head()
        assert rig.head() == head


@pytest.mark.timed
def test_a_blocked_card_is_refused_within_a_second(tmp_path: Path) -> None:
    changes = {"lanes": house.busy_lanes()}
    with House(tmp_path, residents(2), changes=changes) as rig:
        rig.start()
        rig.tap_opens(IN, 1)
        done = rig.command("roster", "block", "R-00001")
        with Watch() as watch:
            assert "active → blocked" in done.stdout
            rig.tap(OUT, 1)
            rig.wait_entry(DENIED, card="R-00001", reason="card_blocked")
            assert watch.ran_s < 1
        assert rig.strokes(OUT) == []
        assert "lost" in rig.command("roster", "block", "R-00002", "--lost").stdout
        assert "blocked → active" in rig.command("roster", "unblock", "R-00001").stdout
        rig.tap(OUT, 2)
        rig.wait_entry(DENIED, card="R-00002", reason="card_lost")
        missing = rig.command("roster", "block", "R-99999")
        assert missing.returncode == 1
        assert "no card 'R-99999'" in missing.stderr
        assert rig.stop() == 0
        # A change while no daemon runs counts from the next start on.
        assert rig.command("roster", "block", "R-00001").returncode == 0
        rig.start()
        rig.tap(OUT, 1)
        last = rig.entries()[-1].sequence
        rig.wait_entry(DENIED, card="R-00001", after=last - 8)
        assert rig.strokes(OUT) == []
        rig.verified()


def test_the_arm_by_hand(tmp_path: Path) -> None:
    with House(tmp_path, travel_ms=300) as rig:
        nobody = rig.command("open", IN, "--reason", "nobody there")
        assert nobody.returncode == 1
        assert "is the daemon running" in nobody.stderr
        rig.start()
        assert rig.command("open", IN).returncode == 2, "opening needs a reason"
        assert rig.strokes(IN) == []
        done = rig.command("open", IN, "--reason", "ambulance", "--name", "Wang")
        assert done.returncode == 0, done.stderr
        ordered = rig.wait_entry(ORDERED, order="open", reason="ambulance")
        assert ordered.actor.startswith("Wang (uid:")
        rig.wait(lane=IN, arm="up")
        assert len(rig.strokes(IN)) == 1
        rig.sim.drive(IN, "car", kind="stall", enter_ms=20)
        rig.wait(lane=IN, loop=True)
        until(lambda: rig.ask("status")["lanes"][0]["loop"] == "occupied", "the loop")
        refused = rig.command("close", IN)
        assert refused.returncode == 1
        assert "423" in refused.stderr
        assert rig.strokes(IN, "close") == []
        rig.sim.release(IN)
        rig.wait(lane=IN, arm="down")
        assert rig.command("open", OUT, "--reason", "test").returncode == 0
        rig.wait(lane=OUT, arm="up")
        assert rig.command("close", OUT).returncode == 0
        assert rig.command("stop", OUT).returncode == 0
        until(lambda: rig.strokes(OUT, "stop"), "the stop relay")
        assert rig.stop() == 0
        rig.verified()


def test_an_order_that_is_repeated_moves_nothing_twice(tmp_path: Path) -> None:
    with House(tmp_path) as rig:
        rig.start()
        order = {"order_id": "o-1", "kind": "open", "args": {"lane": IN, "reason": "test"}}
        first = rig.ask("order", **order)
        assert first["status"] == "done"
        rig.wait(pin=rig.relay(IN), level=1)
        assert rig.ask("order", **order) == first
        rig.kill()
        rig.relays_safe()
        rig.start()
        assert rig.ask("order", **order) == first, "also after a crash"
        assert rig.stop() == 0
        assert len(rig.strokes(IN)) == 1
        assert len(rig.entries(ORDERED)) == 1
        rig.verified()


def test_status_and_journal(tmp_path: Path) -> None:
    with House(tmp_path / "gate", residents(2)) as rig:
        down = rig.command("status")
        assert down.returncode == 1
        assert "is the daemon running" in down.stderr
        rig.start()
        rig.tap_opens(IN, 1)
        rig.tap(OUT, 0xBAD)
        rig.wait_entry(DENIED, reason="unknown_credential")
        shown = rig.command("status")
        assert shown.returncode == 0, shown.stderr
        assert all(f"lane {lane}" in shown.stdout for lane in LANES)
        told = json.loads(rig.command("status", "--json").stdout)
        parts = {part["part"]: part["condition"] for part in told["parts"]}
        assert parts == dict.fromkeys(parts, "ok"), parts
        assert {"ledger", "disk", "gpio", "reader in-1-rdm", "clock", "uplink"} <= set(parts)
        anchor = f"{told['head']['sequence']}:{told['head']['hash']}"
        for running in (True, False):
            good = rig.command("journal", "verify", "--anchor", anchor, "--json")
            assert good.returncode == 0, good.stderr
            assert json.loads(good.stdout)["ok"] is True
            other = f"{told['head']['sequence']}:{'0' * 64}"
            assert rig.command("journal", "verify", "--anchor", other).returncode == 1
            assert "R-00001" in rig.command("journal", "search", "--card", "R-00001").stdout
            assert rig.command("journal", "tail").returncode == 0
            if running:
                assert rig.stop() == 0
        granted = [json.loads(one.data)["card"] for one in rig.entries(GRANTED)]
        assert granted == ["R-00001"]
