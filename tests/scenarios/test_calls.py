"""A visitor presses the button, the resident answers and presses a key: all parts are real."""

import time
from pathlib import Path

from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.calling import NUMBER, UNIT, CallingHouse, held
from tests.rigs.house import IN, OUT, size
from tests.rigs.listener import Listener

CHAIN = (
    "gate.call.began.v1",
    "gate.call.decided.v1",
    "gate.access.granted.v1",
    "gate.passage.ended.v1",
)


def test_from_the_button_to_the_passage(tmp_path: Path) -> None:
    """The arm opens once; the journal has the chain; no number leaves the ledger."""
    require("baresip", "mosquitto")
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        CallingHouse(tmp_path, broker=broker) as gate,
    ):
        house = gate.house
        before_ns = house.wait(lane=IN, arm="down")
        gate.talk()
        gate.resident.press("755")
        house.opened(IN, before_ns)
        house.sim.drive(IN, "car", enter_ms=300, under_ms=400)
        house.wait(lane=IN, arm="down", passed=1)
        house.wait_entry("gate.passage.ended.v1")
        gate.resident.command("hangup")
        ended = house.wait_entry("gate.call.ended.v1")
        assert len(house.strokes(IN)) == 1
        assert house.strokes(OUT) == []

        began, decided, granted, passed = (house.entries(kind)[0] for kind in CHAIN)
        ids = {one.sequence: f"/{one.sequence:020d}" for one in house.entries()}
        assert began.actor == f"{IN}.button-call"
        assert decided.cause.endswith(ids[began.sequence])
        assert granted.cause.endswith(ids[decided.sequence])
        assert passed.cause.endswith(ids[granted.sequence])
        assert granted.actor == "directory/d-1"
        assert house.data(passed)["outcome"] == "passed"
        assert house.data(house.entries("gate.call.miskeyed.v1")[0])["wrong"] == 1
        told = house.data(ended)
        assert (told["outcome"], told["answer"], told["opened"]) == ("answered", "agreed", True)
        assert len(house.entries("gate.access.granted.v1")) == 1
        assert house.verified().ok

        listener.wait(lambda them: len(them.on("/evt")) >= ended.sequence)
        heard = b"".join(each.payload for each in listener.on(""))
        assert NUMBER.encode() not in heard
        assert NUMBER not in house.log()
        assert "recorded" not in house.data(began)
        assert not list(tmp_path.rglob("dump-*.wav")), "nothing that was said is kept"
        assert NUMBER not in "".join(one.data.decode() for one in house.entries())


def test_a_call_is_recorded_only_where_the_settings_say_so(tmp_path: Path) -> None:
    """Two files, for their user alone; the journal has it, and the lane's line says it."""
    require("baresip")
    calls = tmp_path / "recorded"
    record = {"record": {"directory": str(calls), "keep": "1 h"}}
    with CallingHouse(tmp_path / "gate", more=record) as gate:
        house = gate.house
        gate.talk()
        began = house.data(house.entries("gate.call.began.v1")[0])
        assert began["recorded"] is True
        _says(gate, "通话录音 RECORDED")
        until(lambda: sum(each.stat().st_size > 44 for each in calls.iterdir()) == 2, "both grow")
        gate.resident.command("hangup")
        house.wait_entry("gate.call.ended.v1")
        _says(gate, "请刷卡 TAP CARD")
        names = sorted(each.name.rpartition("-")[2] for each in calls.iterdir())
        assert names == ["dec.wav", "enc.wav"]
        assert calls.stat().st_mode & 0o077 == 0


def _says(gate: CallingHouse, text: str) -> None:
    """Wait until the line of lane in-1 says this."""

    def look() -> bool:
        lanes = gate.house.ask("status")["lanes"]
        return any((each["lane"], each["text"]) == (IN, text) for each in lanes)

    until(look, f"the lane says {text}")


def test_baresip_is_killed_in_mid_call_and_the_gate_works_on(tmp_path: Path) -> None:
    require("baresip")
    with CallingHouse(tmp_path) as gate:
        house = gate.house
        gate.talk()
        gate.baresip.kill()
        ended = house.wait_entry("gate.call.ended.v1")
        assert house.data(ended)["outcome"] == "lost"
        house.wait_entry("gate.intercom.lost.v1")
        until(lambda: house.part("intercom")["condition"] == "down", "health says it")
        before = house.head()
        gate.press()
        missed = house.wait_entry("gate.call.missed.v1", after=before)
        assert house.data(missed)["why"] == "lost"
        rang = house.wait_entry("gate.call.rang.v1", after=before)
        assert house.data(rang)["party"] == "booth", "the booth's screen rings all the same"
        gate.order("call.end", call=house.data(rang)["call"])
        before = house.head()
        gate.baresip.start()
        house.wait_entry("gate.intercom.found.v1", after=before)
        gate.there()
        gate.press()
        gate.resident.wait("CALL_INCOMING", 2)


def test_the_agent_is_killed_in_mid_call(tmp_path: Path) -> None:
    """No key opens what nobody remembers; the call is over, and the line with it."""
    require("baresip")
    with CallingHouse(tmp_path) as gate:
        house = gate.house
        gate.talk()
        house.kill()
        house.relays_safe()
        gate.resident.press("5")
        house.start()
        ended = house.wait_entry("gate.call.ended.v1")
        assert house.data(ended)["outcome"] == "interrupted"
        gate.resident.wait("CALL_CLOSED")
        gate.there()
        assert not house.entries("gate.access.granted.v1")
        gate.press()
        gate.resident.wait("CALL_INCOMING", 2)


def test_call_after_call_leaves_nothing_behind(tmp_path: Path) -> None:
    """File handles and memory of daemon and baresip are as before; every call has its end."""
    require("baresip")
    with CallingHouse(tmp_path, auto=True) as gate:
        house = gate.house
        began: dict[int, tuple[int, int]] = {}
        rounds = size(ci=20, nightly=500)
        for number in range(rounds):
            before = house.head()
            call = gate.order("call.place", unit=UNIT)["call"]
            house.wait_entry("gate.call.answered.v1", after=before, call=call)
            gate.order("call.end", call=call)
            house.wait_entry("gate.call.ended.v1", after=before, call=call)
            if number == rounds // 4:
                # What is opened once and kept is open by now.
                _lines_ended(gate)
                began = {pid: held(pid) for pid in (house.pid, gate.baresip.pid)}
        _lines_ended(gate)
        for pid, (handles, memory) in began.items():
            _as_before(pid, handles)
            assert held(pid)[1] < memory + 4_096, f"memory in kB, before: {memory}"
        health = house.part("intercom")
        assert (health["condition"], health["counters"]["reconnects"]) == ("ok", 0)


def _as_before(pid: int, handles: int) -> None:
    """A handle that is being closed while we look is not one that is kept."""
    until(lambda: held(pid)[0] <= handles + 2, f"file handles as before: {handles}")


def _lines_ended(gate: CallingHouse) -> None:
    until(lambda: gate.house.part("intercom")["counters"]["calls"] == 0, "every line has ended")


def test_a_flood_of_strangers_is_turned_away_and_the_gate_works(tmp_path: Path) -> None:
    require("baresip")
    with CallingHouse(tmp_path) as gate:
        house = gate.house
        began = time.monotonic()
        for number in range(1, 9):
            gate.resident.command("dial", gate.baresip.address)
            gate.resident.wait("CALL_CLOSED", number)
        house.wait_entry("gate.call.refused.v1")
        refused = [house.data(each)["count"] for each in house.entries("gate.call.refused.v1")]
        minutes = int(time.monotonic() - began) // 60
        assert refused[0] == 1
        assert len(refused) <= 1 + minutes, "one entry a minute tells of all of them"
        gate.press()
        gate.resident.wait("CALL_INCOMING")


def test_the_guard_calls_the_resident_who_declines(tmp_path: Path) -> None:
    require("baresip")
    with CallingHouse(tmp_path, auto=True) as gate:
        call = gate.order("call.place", unit=UNIT, lane=IN)["call"]
        gate.house.wait_entry("gate.call.answered.v1")
        gate.resident.wait("CALL_ESTABLISHED")
        gate.resident.press("0")
        ended = gate.house.wait_entry("gate.call.ended.v1")
        told = gate.house.data(ended)
        assert (told["call"], told["outcome"], told["answer"]) == (call, "declined", "declined")
        gate.resident.wait("CALL_CLOSED")
        assert gate.house.strokes(IN) == []
