"""Every order of the command line that is not just open and close, on a gate with cars and a fire.

The real daemon before the simulated gate: what the arms did, what was answered, what is written.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.patience import LIMIT_S, QUIET_S, until
from tests.rigs.cards import Card, residents
from tests.rigs.house import ENDED, GRANTED, IN, ORDERED, OUT, REFERRED, House, demo_lanes

FAULTED, CLEARED = "gate.arm.faulted.v1", "gate.arm.cleared.v1"
RAISED, LIFTED = "gate.emergency.raised.v1", "gate.emergency.lifted.v1"
PROTECTED, RELEASED = "gate.arm.protected.v1", "gate.arm.released.v1"
FIRE = "gate.fire"
EMERGENCY = {"fire": {"pin": 26}}
DAY = ZoneInfo("Asia/Shanghai")


@contextmanager
def gate(folder: Path, cards: Sequence[Card] = (), **changes: Any) -> Iterator[House]:
    """A gate of two lanes with a fire contact, its daemon started; its journal verifies."""
    lanes = {"lanes": demo_lanes(open_for="5 min"), "emergency": EMERGENCY}
    with House(folder, cards, changes={**lanes, **changes}) as rig:
        rig.start()
        for lane in (IN, OUT):
            seen(rig, lane, position="closed")
        yield rig
        assert rig.stop() == 0
        rig.verified()


def done(rig: House, *words: str) -> str:
    """What a command answers that is done."""
    ran = rig.command(*words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(rig: House, *words: str) -> str:
    """What a command says that is refused."""
    ran = rig.command(*words)
    assert ran.returncode == 1, ran.stdout
    return ran.stderr


def seen(rig: House, lane: str, **wanted: object) -> Mapping[str, Any]:
    """Wait until ``status`` tells all of it of a lane."""

    def look() -> Mapping[str, Any] | None:
        told = rig.lane(lane)
        return told if wanted.items() <= told.items() else None

    found = until(look, f"{lane} with {wanted}")
    assert found is not None
    return found


def told(rig: House, kind: str, **data: object) -> Mapping[str, Any]:
    """What the journal says, once it says so; with who ordered it."""
    entry = rig.wait_entry(kind, 0, **data)
    return {**rig.data(entry), "actor": entry.actor}


def order(rig: House, kind: str, lane: str, **more: str) -> Mapping[str, Any]:
    """Give an order over the control socket, as a console does; its answer."""
    args = {"lane": lane, "reason": "test", **more}
    order_id = f"o-{kind}-{lane}-{time.monotonic_ns()}"
    answer: Mapping[str, Any] = rig.ask("order", order_id=order_id, kind=kind, args=args)
    return answer


def car(rig: House, lane: str, name: str, number: int) -> None:
    """A car goes through as soon as the arm is up; ``number`` cars have passed then."""
    rig.sim.drive(lane, name, enter_ms=200, under_ms=300)
    rig.wait(lane=lane, passed=number)
    seen(rig, lane, loop="clear")


def never(rig: House, lane: str, role: str, since: int) -> None:
    """A relay that has moved ``since`` times moves no more, for as long as is proof of it."""
    try:
        until(lambda: len(rig.strokes(lane, role)) > since, "a stroke", limit_s=QUIET_S)
    except AssertionError:
        return
    raise AssertionError(f"the relay {role} of {lane} moved")


def test_an_arm_is_held_open_until_it_is_released(tmp_path: Path) -> None:
    # Hours away, whenever this runs.
    until_then = "18:00" if datetime.now(DAY).hour < 12 else "06:00"
    with gate(tmp_path) as rig:
        why = ("--reason", "removal van", "--name", "Wang")
        done(rig, "hold-open", IN, "--until", until_then, *why)
        held = told(rig, ORDERED, order="hold_open")
        assert held["reason"] == "removal van"
        assert held["actor"].startswith("Wang (uid:")
        assert held["until"].endswith(f"T{until_then}:00")
        assert held["untilus"] > 0
        rig.wait(lane=IN, arm="up")
        seen(rig, IN, position="open", mode="held_open")
        car(rig, IN, "A", 1)
        car(rig, IN, "B", 2)
        never(rig, IN, "close", 0)
        assert "release it first" in refused(rig, "close", IN)
        rig.kill()
        rig.relays_safe()
        opened = len(rig.strokes(IN))
        rig.start()
        seen(rig, IN, position="open", mode="held_open")
        assert len(rig.strokes(IN)) == opened, "a start moves nothing"
        never(rig, IN, "close", 0)
        done(rig, "release-hold", IN)
        rig.wait(lane=IN, arm="down")
        seen(rig, IN, position="closed", mode="normal")
        told(rig, ORDERED, order="release_hold")
        assert order(rig, "release_hold", IN)["code"] == 409
        ended = [rig.data(one) for one in rig.entries(ENDED)]
        assert [one["outcome"] for one in ended] == ["passed", "passed"]
        assert all(one["heldopen"] and "card" not in one for one in ended)


def test_a_hold_ends_at_its_time(tmp_path: Path) -> None:
    with gate(tmp_path) as rig:

        def held() -> datetime | None:
            """Until when; a machine that stands still may be told so when that is over."""
            end = datetime.now(DAY).replace(tzinfo=None) + timedelta(seconds=5)
            code = order(rig, "hold_open", IN, until=end.isoformat())["code"]
            return end if code == 200 else None

        end = until(held, "the hold")
        assert end is not None
        told(rig, RELEASED, lane=IN, why="hold_over")
        assert datetime.now(DAY).replace(tzinfo=None) >= end
        rig.wait(lane=IN, arm="down")
        seen(rig, IN, position="closed", mode="normal")


def test_a_convoy_passes_on_one_order(tmp_path: Path) -> None:
    with gate(tmp_path) as rig:
        done(rig, "priority", IN, "--count", "3")
        ordered = told(rig, ORDERED, order="priority")
        assert (ordered["count"], ordered["origin"]) == (3, "cli")
        rig.wait(lane=IN, arm="up")
        seen(rig, IN, position="open")
        for number, name in enumerate("ABC", 1):
            assert rig.strokes(IN, "close") == [], f"not before {name}"
            car(rig, IN, name, number)
        ended = told(rig, ENDED, passage=ordered["passage"])
        assert (ended["outcome"], ended["vehicles"]) == ("passed", 3)
        rig.wait(lane=IN, arm="down")
        assert len(rig.strokes(IN)) == 1, "one order, one opening"
        assert len(rig.entries(ENDED)) == 1
        assert rig.sim.arms()[IN]["hits"] == 0


def test_a_lockdown_lets_nobody_out_who_is_not_named(tmp_path: Path) -> None:
    with gate(tmp_path, residents(2)) as rig:
        done(rig, "lockdown", "--reason", "a thief", "--name", "Wang")
        raised = told(rig, RAISED, emergency="lockdown")
        assert (raised["reason"], raised["origin"]) == ("a thief", "cli")
        assert raised["actor"].startswith("Wang (uid:")
        assert "LOCKDOWN" in done(rig, "status")
        rig.tap(OUT, 1)
        told(rig, REFERRED, card="R-00001", duty="lockdown_release")
        assert "423" in refused(rig, "open", OUT, "--reason", "wants out")
        for kind in ("priority", "hold_open"):
            assert order(rig, kind, OUT)["code"] == 423
        tried = [rig.data(one) for one in rig.entries(ORDERED)]
        assert [one["order"] for one in tried] == ["open", "priority", "hold_open"]
        assert all("lockdown" in one["refused"] for one in tried)
        assert rig.strokes(OUT) == []
        rig.tap_opens(IN, 2)
        assert rig.lane(IN)["mode"] == "normal"

        done(rig, "open", OUT, "--reason", "ambulance", "--for", "王小明")
        rig.wait(lane=OUT, arm="up")
        seen(rig, OUT, position="open")
        car(rig, OUT, "A", 1)
        rig.wait(lane=OUT, arm="down")
        named = rig.wait_entry(ORDERED, order="open", reason="ambulance")
        assert "王小明" not in named.data.decode(), "a name is not read in the bytes that are sent"

        rig.kill()
        rig.relays_safe()
        rig.start()
        seen(rig, OUT, mode="lockdown", emergency="lockdown")
        assert order(rig, "open", OUT)["code"] == 423
        done(rig, "lift-lockdown", "--reason", "caught")
        assert told(rig, LIFTED, emergency="lockdown")["reason"] == "caught"
        seen(rig, OUT, mode="normal", emergency="none")
        rig.tap_opens(OUT, 1)
        told(rig, GRANTED, card="R-00001")
        assert len(rig.entries(RAISED)) == 1


def test_a_fire_raises_every_arm_until_it_is_reset(tmp_path: Path) -> None:
    with gate(tmp_path, residents(2)) as rig:
        rig.sim.input(FIRE, True)
        for lane in (IN, OUT):
            rig.wait(lane=lane, arm="up")
            seen(rig, lane, position="open", mode="fire")
        assert told(rig, RAISED, emergency="fire")["by"] == FIRE
        assert {
            rig.data(one)["output"]
            for one in rig.entries(PROTECTED)
            if rig.data(one)["what"] == "fire"
        } == {f"{IN}.open", f"{OUT}.open"}
        assert "FIRE" in done(rig, "status")
        assert "423" in refused(rig, "close", IN)
        assert order(rig, "stop", IN)["code"] == 423
        assert "still active" in refused(rig, "fire-reset", "--reason", "drill")
        rig.tap(OUT, 1)
        told(rig, GRANTED, card="R-00001")
        car(rig, OUT, "A", 1)
        never(rig, OUT, "close", 0)

        rig.kill()
        rig.relays_safe()
        opened = {lane: len(rig.strokes(lane)) for lane in (IN, OUT)}
        rig.sim.input(FIRE, False)
        rig.start()
        for lane in (IN, OUT):
            seen(rig, lane, position="open", mode="fire", emergency="fire")
            assert len(rig.strokes(lane)) == opened[lane], (
                "what is latched moves nothing at a start"
            )
            assert order(rig, "close", lane)["code"] == 423
        done(rig, "fire-reset", "--reason", "drill is over", "--name", "Wang")
        lifted = told(rig, LIFTED, emergency="fire")
        assert lifted["reason"] == "drill is over"
        assert lifted["actor"].startswith("Wang (uid:")
        for lane in (IN, OUT):
            seen(rig, lane, position="open", mode="normal", emergency="none")
            never(rig, lane, "close", 0)
            assert order(rig, "close", lane)["code"] == 200
            rig.wait(lane=lane, arm="down")
        assert order(rig, "fire_reset", "")["detail"].endswith("nothing to do")
        assert len(rig.entries(RAISED)) == len(rig.entries(LIFTED)) == 1


def test_an_arm_that_does_not_reach_its_end_waits_for_somebody(tmp_path: Path) -> None:
    lanes = demo_lanes(open_for="5 min")
    lanes[IN]["arm"] = {**lanes[IN]["arm"], "travel": "1 s", "retries": 1}
    with gate(tmp_path, lanes=lanes) as rig:
        assert order(rig, "fault.clear", IN)["code"] == 409
        rig.sim.ask("reach", lane=IN, high=0.5)
        done(rig, "open", IN, "--reason", "test")
        fault = told(rig, FAULTED, lane=IN)
        assert fault["fault"] == "opening"
        assert "not up within 1 s" in fault["detail"]
        view = seen(rig, IN, mode="faulted")
        assert view["faults"] == [fault["detail"]]
        assert fault["detail"] in rig.command("status").stdout
        assert "clear the fault first" in refused(rig, "close", IN)
        assert rig.strokes(IN, "close") == [], "a faulted arm is never lowered by itself"
        told(rig, ENDED, lane=IN, outcome="no_entry")

        rig.sim.ask("reach", lane=IN, high=1.0)
        done(rig, "clear-fault", IN, "--reason", "spring replaced", "--name", "Wang")
        cleared = told(rig, CLEARED, lane=IN)
        assert (cleared["reason"], cleared["fault"]) == ("spring replaced", fault["detail"])
        assert cleared["actor"].startswith("Wang (uid:")
        seen(rig, IN, mode="normal", faults=[])
        opened = len(rig.strokes(IN))
        never(rig, IN, "open", opened)
        assert order(rig, "open", IN)["code"] == 200
        rig.wait(lane=IN, arm="up")
        seen(rig, IN, position="open", mode="normal")
        assert order(rig, "close", IN)["code"] == 200
        rig.wait(lane=IN, arm="down")


def test_whoever_is_inside_does_not_come_in_again(tmp_path: Path) -> None:
    lanes = demo_lanes(open_for="5 min")
    lanes[IN]["signals"] = {"display": {"port": f"run:{IN}-text"}}
    zones = {
        "inside": {
            "bays": 2,
            "refuse_when_full": ["vehicle"],
            "passback": {"mode": "hard", "kinds": ["vehicle"]},
        }
    }
    serial = {"driver": "serial", "protocol": "em4100-ascii", "quiet": "100 ms"}
    readers = {f"{lane}-rdm": {**serial, "port": f"run:{lane}-rdm"} for lane in (IN, OUT)}
    cards = [Card(f"em4100:{number:010X}", f"V-{number}", "vehicle") for number in (1, 2, 3)]
    with gate(tmp_path, cards, lanes=lanes, zones=zones, readers=readers) as rig:

        def drive_in(number: int, passed: int) -> None:
            rig.tap_opens(IN, number)
            car(rig, IN, f"V-{number}", passed)
            rig.wait_entry(ENDED, card=f"V-{number}", outcome="passed")
            rig.wait(lane=IN, arm="down")
            seen(rig, IN, position="closed")

        assert "请刷卡 余2 FREE" in done(rig, "status")
        drive_in(1, 1)
        assert "请刷卡 余1 FREE" in done(rig, "status")
        listed = done(rig, "inside")
        assert "inside: 1 card, 1 vehicles in 2 bays, 1 free" in listed
        assert "V-1" in listed

        opened = len(rig.strokes(IN))
        head = rig.head()
        rig.tap(IN, 1)
        entry = until(lambda: rig.entries("gate.access.denied.v1", after=head), "a denial")[0]
        assert rig.data(entry)["reason"] == "passback"
        assert len(rig.strokes(IN)) == opened

        drive_in(2, 2)
        assert "已满 FULL" in done(rig, "status")
        assert "2 vehicles in 2 bays, full" in done(rig, "inside", "--zone", "inside")
        rig.tap(IN, 3)
        rig.wait_entry("gate.access.denied.v1", card="V-3", reason="zone_full")

        rig.tap_opens(OUT, 2)
        car(rig, OUT, "V-2", 1)
        rig.wait_entry(ENDED, card="V-2", direction="out")
        seen(rig, IN, text="请刷卡 余1 FREE")
        told_inside = json.loads(done(rig, "inside", "--zone", "inside", "--json"))
        assert [row["card"] for row in told_inside["inside"]] == ["V-1"]

        assert "everybody" in done(rig, "amnesty", "--reason", "counted", "--name", "Wang")
        forgiven = rig.wait_entry("gate.presence.forgiven.v1")
        assert forgiven.actor.startswith("Wang (uid:")
        head = rig.head()
        rig.tap_opens(IN, 1)
        assert rig.data(rig.wait_entry(GRANTED, after=head))["card"] == "V-1"
        done(rig, "count", "inside", "2", "--reason", "walked round")
        until(lambda: rig.lane(IN)["text"] != "请刷卡 余1 FREE", "the count is seen", LIMIT_S)
