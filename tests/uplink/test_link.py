"""The uplink against a real mosquitto."""

import json
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest

from agent.ports import Condition
from agent.uplink.broker import Broker
from agent.uplink.link import SAVE_FEW_S
from tests.parts import require
from tests.patience import Watch
from tests.rigs.broker import Mosquitto
from tests.rigs.listener import Listener
from tests.uplink.gate import EVT, INFO, STATUS, Gate, lane, sequences, statuses, whole

VERSIONS: tuple[Literal["5", "3.1.1"], ...] = ("5", "3.1.1")


def to(broker: Mosquitto, version: Literal["5", "3.1.1"] = "5") -> Broker:
    return Broker(broker.host, broker.port, version=version, client_id="estate.north")


@pytest.fixture
def broker(tmp_path: Path) -> Mosquitto:
    require("mosquitto")
    return Mosquitto(tmp_path / "broker")


@pytest.mark.parametrize("version", VERSIONS)
def test_tells_everything_in_order(
    tmp_path: Path, broker: Mosquitto, version: Literal["5", "3.1.1"]
) -> None:
    with broker, Listener(broker) as listener, Gate(tmp_path, to(broker, version)) as gate:
        gate.uplink.lanes([lane("in-1"), lane("out-1", "opening")])
        for _ in range(3):
            gate.append(400)
        gate.drained()
        listener.wait(lambda it: len(it.on("/evt")) >= 1200)
        health = gate.wait(lambda it: it.condition is Condition.OK)
        assert "session 1" in health.detail
        whole(listener, gate.book)
        assert sequences(listener.on("/evt")) == list(range(1, 1201))
        assert [one.topic for one in listener.heard[:2]] == [STATUS, INFO]
        assert not any(one.retained for one in listener.heard)
        if version == "5":
            event = listener.on("/evt")[0]
            assert event.content_type == "application/cloudevents+json; charset=utf-8"
            assert event.user == {"type": json.loads(event.payload)["type"]}
            assert listener.on("/status")[0].content_type == "application/json"
        with Listener(broker) as late:
            late.wait(lambda it: len(it.heard) >= 4)
            kept = {one.topic: json.loads(one.payload) for one in late.heard}
            assert all(one.retained for one in late.heard)
        assert set(kept) == {STATUS, INFO, f"{STATUS[:-6]}state/in-1", f"{STATUS[:-6]}state/out-1"}
        assert kept[STATUS]["status"] == "online"
        assert kept[f"{STATUS[:-6]}state/out-1"]["position"] == "opening"
    assert gate.book.kept("published") == 1200


def test_status_has_exactly_the_fields_of_the_contract(tmp_path: Path, broker: Mosquitto) -> None:
    with broker, Listener(broker) as listener:
        with Gate(tmp_path, to(broker)) as gate:
            gate.append(3)
            gate.drained()
        listener.wait(lambda it: len(it.on("/status")) >= 2)
        online, offline = statuses(listener)
        head = gate.book.head()
        assert online["status"] == "online"
        assert offline == {
            "status": "offline",
            "contract": "gate/v1",
            "session": 1,
            "bootid": head.boot,
            "streamid": head.stream,
            "firstseq": 1,
            "headseq": 3,
            "headhash": head.hash.hex(),
        }
        assert set(online) == set(offline)
        with Listener(broker, STATUS) as late:
            late.wait(lambda it: bool(it.heard))
            assert json.loads(late.heard[0].payload)["status"] == "offline"


def test_what_was_written_last_is_told_before_offline(tmp_path: Path, broker: Mosquitto) -> None:
    with broker, Listener(broker) as listener:
        for run in range(1, 11):
            folder = tmp_path / str(run)
            folder.mkdir()
            with Gate(folder, to(broker)) as gate:
                gate.append(1)
                gate.drained()
                gate.append(1)  # that the agent stopped: the uplink is stopped at once
            listener.wait(lambda it: len(it.on("/status")) >= 2)
            whole(listener, gate.book)
            assert listener.heard[-1].topic.endswith("/status"), "offline is the last word"
            listener.heard.clear()


def test_a_lane_is_current_while_a_backlog_drains(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, replace(to(broker), window=2))
    gate.append(5_000)
    with broker, Listener(broker) as listener, gate:
        listener.wait(lambda it: len(it.on("/evt")) > 50)
        gate.uplink.lanes([lane("in-1", "open")])
        listener.wait(lambda it: bool(it.on("/state/in-1")))
        assert gate.counter("backlog") > 0
        state = json.loads(listener.on("/state/in-1")[0].payload)
        assert state["position"] == "open"
        assert state["asofseq"] == 5_000
        gate.drained()


def test_history_is_marked(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, to(broker))
    gate.append(2, age_s=31)
    gate.append(2, age_s=5)
    with broker, Listener(broker, EVT) as listener, gate:
        listener.wait(lambda it: len(it.heard) == 4)
        marks = [one.user.get("historical") for one in listener.heard]
    assert marks == ["true", "true", None, None]


def test_the_window_bounds_what_is_sent_twice(tmp_path: Path, broker: Mosquitto) -> None:
    with broker, Gate(tmp_path, replace(to(broker), window=7)) as gate:
        gate.append(2_000)
        most = 0
        while gate.counter("backlog"):
            most = max(most, gate.counter("inflight"))
        assert 0 < most <= 7


def test_broker_killed_and_started_again(tmp_path: Path) -> None:
    require("mosquitto")
    broker = Mosquitto(tmp_path / "broker")
    with broker, Gate(tmp_path, to(broker)) as gate:
        with Listener(broker) as listener:
            gate.append(500)
            gate.drained()
            listener.wait(lambda it: len(it.on("/evt")) == 500)
            broker.kill()
            gate.append(700)
            health = gate.wait(lambda it: it.condition is Condition.DOWN)
            assert str(broker.port) in health.detail
            assert "700 events wait" in gate.uplink.health().detail
        broker.start()
        with Listener(broker) as listener:
            gate.drained()
            gate.append(5)
            gate.drained()
            listener.wait(lambda it: 1205 in sequences(it.on("/evt")[-1:]))
            assert gate.counter("reconnects") == 1
            assert statuses(listener)[0]["session"] > 1


def test_nothing_is_listening_and_then_something_is(tmp_path: Path, broker: Mosquitto) -> None:
    with Gate(tmp_path, to(broker)) as gate:
        gate.append(10)
        health = gate.wait(lambda it: it.condition is Condition.DOWN)
        assert "nothing listens on that port" in health.detail
        assert gate.book.kept("session") == 0
        with broker, Listener(broker) as listener:
            gate.drained()
            gate.append(1)  # the others may have come before anybody listened
            listener.wait(lambda it: 11 in sequences(it.on("/evt")[-1:]))
            gate.uplink.stop()
        assert gate.book.kept("published") == 11


def test_stopping_is_quick_with_and_without_a_broker(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, to(broker))
    with gate:
        gate.wait(lambda it: it.condition is Condition.DOWN)
        with Watch() as watch:
            gate.uplink.stop()
            assert watch.ran_s < 1
    gate.uplink.stop()
    with broker, Gate(tmp_path, to(broker)) as gate:
        gate.append(3_000)
        gate.wait(lambda it: (it.counters or {})["published"] > 100)
        with Watch() as watch:
            gate.uplink.stop()
            assert watch.ran_s < 2
    assert gate.book.kept("published") == gate.counter("published")


def test_the_cursor_is_saved_sparingly(tmp_path: Path, broker: Mosquitto) -> None:
    with broker, Gate(tmp_path, to(broker)) as gate:
        began = monotonic()
        while monotonic() - began < 2.5:
            gate.append(20)
            gate.drained()
        took = monotonic() - began
        assert 1 <= len(gate.saves) <= took + 1
        # Each is noted a little after it was decided on.
        assert all(b - a > 0.5 for a, b in zip(gate.saves, gate.saves[1:], strict=False))


def test_a_few_events_cost_no_commit_of_their_own(tmp_path: Path, broker: Mosquitto) -> None:
    with broker, Gate(tmp_path, to(broker)) as gate:
        began = monotonic()
        for _ in range(15):
            gate.append(1)
            gate.drained()
        assert len(gate.saves) <= 1 + (monotonic() - began) / SAVE_FEW_S
    assert gate.book.kept("published") == gate.counter("published"), "the end hands it over"


def test_what_retention_removed_unsent_is_said(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, to(broker))
    gate.append(50)
    gate.uplink.committed(gate.book.cut(31))
    with broker, Listener(broker, EVT) as listener, gate:
        gate.drained()
        listener.wait(lambda it: len(it.heard) == 20)
        assert sequences(listener.heard) == list(range(31, 51))
        health = gate.uplink.health()
        assert health.condition is Condition.DEGRADED
        assert "30 events were removed by retention" in health.detail


def test_a_hole_in_the_journal_stops_the_events(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, to(broker))
    gate.append(50)
    with gate.book._open() as connection:
        connection.execute("DELETE FROM entries WHERE sequence = 20")
    with broker, Listener(broker, EVT) as listener, gate:
        health = gate.wait(lambda it: it.condition is Condition.DOWN)
        assert "no entry 20" in health.detail or "no entry" in health.detail
        assert gate.counter("published") <= 19
        assert all(number < 20 for number in sequences(listener.heard))


def test_a_cursor_beyond_the_journal_is_refused(tmp_path: Path, broker: Mosquitto) -> None:
    gate = Gate(tmp_path, to(broker))
    gate.append(5)
    gate.book.keep("published", 9)
    with broker, Gate(tmp_path, to(broker)) as other:
        health = other.wait(lambda it: it.condition is Condition.DOWN)
        assert "the cursor stands at 9, but the journal ends at 5" in health.detail
