"""A whole gate in Home Assistant: shown, opened and closed, lost, and taken out again."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.home_assistant import UNAVAILABLE, UNKNOWN, HomeAssistant
from tests.rigs.house import IN, ORDERED, House, demo_lanes
from tests.rigs.listener import Listener
from tests.rigs.speaker import Speaker

NODE = "gate_green-garden_demo"
COVER = f"{NODE}_{IN}_cover"
SET = f"gate/v1/green-garden/demo/ha/{IN}/set"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def gate(tmp_path: Path, broker: Mosquitto, version: str = "5", **home: Any) -> House:
    uplink = {"host": broker.host, "port": broker.port, "tls": False, "version": version}
    # The arm stays up until it is told, so that nobody can look too late to see it there.
    changes = {"lanes": demo_lanes(open_for="5 min"), "uplink": {**uplink, "home_assistant": home}}
    return House(tmp_path / "gate", changes=changes)


def there(home: HomeAssistant) -> None:
    """Wait until the gate is there and all of the lane is shown, as it is at rest."""
    rest = {"mode": "normal", "loop": "off", "faults": "off"}
    wanted = {f"{NODE}_{IN}_{name}": word for name, word in rest.items()}
    wanted[f"{NODE}_emergency"] = "none"
    home.wait(lambda it: wanted.items() <= it.states().items(), "the lane is shown")
    not_yet = {None, UNAVAILABLE, UNKNOWN}
    home.wait(lambda it: it.states().get(COVER) not in not_yet, "so is its arm")


def orders(house: House, after: int) -> list[tuple[str, Mapping[str, Any]]]:
    """Actor and data of the orders to an arm."""
    found = house.entries(ORDERED, after=after)
    return [(one.actor, json.loads(one.data)) for one in found]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_it_is_shown_opened_closed_and_gone(
    tmp_path: Path, broker: Mosquitto, version: str
) -> None:
    with (
        HomeAssistant(broker) as home,
        gate(tmp_path, broker, version, open=True, close=True) as house,
    ):
        house.start()
        there(home)
        assert home.entities[COVER].buttons == {"open", "close", "stop"}
        before = house.head()
        home.press(COVER, "open")
        home.wait(lambda it: it.entities[COVER].state == "open", "the arm is up")
        (actor, order), *more = orders(house, before)
        assert not more
        assert (actor, order["order"], order["lane"]) == ("mqtt:home-assistant", "open", IN)
        assert order["reason"] == "Home Assistant"
        before = house.head()
        home.press(COVER, "close")
        home.wait(lambda it: it.entities[COVER].state == "closed", "the arm is down")
        assert [order["order"] for _, order in orders(house, before)] == ["close"]
        house.stop()
        home.wait(lambda it: set(it.states().values()) == {UNAVAILABLE}, "the gate is offline")


def test_what_is_not_switched_on_does_nothing(tmp_path: Path, broker: Mosquitto) -> None:
    with (
        HomeAssistant(broker) as home,
        gate(tmp_path, broker, open=True) as house,
        Speaker(broker) as anybody,
    ):
        house.start()
        there(home)
        before = house.head()
        anybody.say(SET, b"CLOSE")
        anybody.say(SET, b"TOGGLE")
        anybody.say(SET.replace(IN, "nowhere"), b"OPEN")
        anybody.say(SET, b"OPEN")
        home.wait(lambda it: it.entities[COVER].state == "open", "the arm is up")
        assert [order["order"] for _, order in orders(house, before)] == ["open"]


def test_a_request_that_was_retained_opens_nothing(tmp_path: Path, broker: Mosquitto) -> None:
    with Speaker(broker) as anybody:
        anybody.say(SET, b"OPEN", retain=True)
    with (
        HomeAssistant(broker) as home,
        gate(tmp_path, broker, open=True) as house,
        Speaker(broker) as anybody,
    ):
        house.start()
        there(home)
        anybody.say(SET, b"OPEN", retain=True)
        anybody.say(SET, b"STOP")
        until(lambda: orders(house, 0), "the stop, which came last")
        assert [order["order"] for _, order in orders(house, 0)] == ["stop"]


def test_on_mqtt_3_a_request_that_the_broker_kept_opens_nothing(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with Speaker(broker) as anybody:
        anybody.say(SET, b"OPEN", retain=True)
    with (
        HomeAssistant(broker) as home,
        gate(tmp_path, broker, "3.1.1", open=True) as house,
        Speaker(broker) as anybody,
    ):
        house.start()
        there(home)
        anybody.say(SET, b"STOP")
        until(lambda: orders(house, 0), "the stop, which came last")
        assert [order["order"] for _, order in orders(house, 0)] == ["stop"]


@pytest.mark.parametrize(
    ("version", "queued", "word"),
    [("5", 1000, "Not authorized"), ("5", 0, "cut the"), ("3.1.1", 0, "cut the")],
    ids=["says", "cuts", "cuts-3"],
)
def test_a_broker_that_forbids_it_is_said_and_events_get_through(
    tmp_path: Path, version: str, queued: int, word: str
) -> None:
    """Mosquitto says so on MQTT 5; where its queue has no limit, it cuts the connection as well."""
    require("mosquitto")
    password = tmp_path / "password"
    password.write_text("of the gate", encoding="ascii")
    acl = "user gate\ntopic readwrite gate/v1/green-garden/demo/#\n"
    lines, users = [f"max_queued_messages {queued}"], {"gate": "of the gate"}
    with Mosquitto(tmp_path / "broker", acl=acl, users=users, lines=lines) as broker:
        uplink = {"host": broker.host, "port": broker.port, "tls": False, "version": version}
        uplink |= {"username": "gate", "password": {"file": str(password)}, "home_assistant": {}}
        with House(tmp_path / "gate", changes={"uplink": uplink}) as house:
            house.start()

            def line() -> Mapping[str, Any]:
                with house.control() as client:
                    parts = client.ask("status")["parts"]
                return next(part for part in parts if part["part"] == "uplink")

            until(lambda: word in line()["detail"], "the refusal", step_s=0.2)
            until(lambda: line()["condition"] == "degraded", "the line stands", step_s=0.2)
            said = line()["detail"]
            assert NODE in said
            assert said.count("homeassistant/") == 1, "one sentence says enough"
            assert "ACL" in said
            session = line()["counters"]["session"]
            house.tap(IN, 1)
            house.wait_entry("gate.access.denied.v1")
            until(lambda: line()["counters"]["published"] == house.head(), "the events", step_s=0.2)
            assert line()["counters"]["session"] == session, "it does not happen over and over"


def test_it_is_taken_out_again(tmp_path: Path, broker: Mosquitto) -> None:
    with HomeAssistant(broker) as home, gate(tmp_path, broker) as house:
        house.start()
        there(home)
        assert home.entities[COVER].buttons == set()
        house.stop()
        settings = house.gate.config
        yaml = YAML()
        page = yaml.load(settings)
        page["uplink"]["home_assistant"] = {"shown": False}
        yaml.dump(page, settings)
        house.start()
        home.wait(lambda it: not it.entities, "the device is gone")
    with Speaker(broker) as anybody, Listener(broker, "homeassistant/#") as late:
        anybody.say("homeassistant/mark", b"mark")
        late.wait(lambda it: bool(it.on("/mark")))
        assert [one.topic for one in late.heard] == ["homeassistant/mark"]
