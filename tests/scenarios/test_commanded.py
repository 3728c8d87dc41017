"""The centre commands over a real broker: refused as the contract says, done once, kept."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.commander import Answer, Commander
from tests.rigs.house import IN, ORDERED, House, demo_lanes
from tests.rigs.listener import Listener

require("mosquitto")

ROOT = "gate/v1/garden/north"
KEY = b"a key that only the tests know, of some length"
ANSWERED, REFUSED = "gate.command.answered.v1", "gate.command.refused.v1"
TTL_MS = 10_000
READS = ["ping", "info", "config.get", "replay"]


def a_house(
    folder: Path, broker: Mosquitto, version: str = "5", changes: Mapping[str, Any] | None = None
) -> House:
    """A gate whose centre may open and read, and whose office has to sign."""
    key = folder / "key"
    folder.mkdir(parents=True, exist_ok=True)
    key.write_bytes(KEY)
    signed = {"signed": ["open"]} if version == "5" else {}
    groups = {
        "operators": {"may": ["open", "close", "stop", *READS]},
        "office": {"may": ["open"], **signed},
        "readers": {"may": READS},
    }
    clients = {
        "centre": {"group": "operators"},
        "office": {"group": "office", "keys": {"k1": {"file": str(key)}}},
        "viewer": {"group": "readers"},
    }
    uplink = {
        "host": broker.host,
        "port": broker.port,
        "tls": False,
        "version": version,
        "groups": groups,
        "clients": clients,
        "consumers": ["centre"],
    }
    return House(
        folder,
        changes={"uplink": uplink, "lanes": demo_lanes(open_for="5 s"), **(changes or {})},
        travel_ms=100,
    )


def root_of(house: House) -> str:
    settings = house.gate.settings
    return f"gate/v1/{settings.estate}/{settings.gate}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[House]:
    with a_house(tmp_path_factory.mktemp("house"), broker) as made:
        yield made.start()


@pytest.fixture
def centre(house: House, broker: Mosquitto) -> Iterator[Commander]:
    with Commander(broker, root_of(house)) as made:
        made.online()
        yield made


def opened(centre: Commander, **how: Any) -> tuple[dict[str, Any], Answer]:
    """Open the lane: body and answer. Where the machine stood still it is too late: again."""
    for _ in range(5):
        body = centre.body(args={"lane": IN}, ttl_ms=TTL_MS)
        centre.send("open", body, **how)
        answer = centre.final(body["cmd_id"])
        if answer["status"] != "expired":
            break
    return body, answer


def opens(house: House) -> int:
    """How often the arm was ordered open."""
    return len([each for each in house.entries() if each.type == ORDERED])


def test_an_arm_is_opened_once_and_proved(house: House, centre: Commander) -> None:
    before, head = opens(house), house.head()
    _, answer = opened(centre)
    assert answer["status"] == "done"
    assert "code" not in answer
    assert centre.statuses(answer["cmd_id"]) == ["accepted", "done"]
    entry = house.wait_entry(ORDERED, after=head)
    assert (entry.cause, entry.actor) == (answer["cmd_id"], "mqtt:centre/Li")
    noted = house.wait_entry(ANSWERED, after=head, command="open")
    assert json.loads(noted.data)["reason"] == "a delivery"
    house.wait_entry("gate.arm.opened.v1", after=head)
    assert opens(house) == before + 1


def test_a_repeat_moves_nothing_also_after_kill_9(tmp_path: Path, broker: Mosquitto) -> None:
    with a_house(tmp_path, broker, changes={"gate": "south"}) as house:
        house.start()
        with Commander(broker, root_of(house)) as centre:
            centre.online()
            body, first = opened(centre)
            before = opens(house)
            for _ in range(3):
                seen = len(centre.answers)
                centre.send("open", body)
                again = centre.final(body["cmd_id"], seen)
                assert again.pop("duplicate") is True
                assert again == first
            session = centre.online()
            house.kill()
            house.start()
            centre.online(session)
            # The same bytes are the same command however late: what it did, it did.
            ends = time.time() + TTL_MS / 1000
            until(lambda: time.time() > ends, "the end of the command's time")
            seen = len(centre.answers)
            centre.send("open", body)
            again = centre.final(body["cmd_id"], seen)
            assert again.pop("duplicate") is True
            assert again == first
            seen = len(centre.answers)
            now = centre.body()["issued_at"]
            centre.send("open", body | {"reason": "another", "issued_at": now})
            other = centre.final(body["cmd_id"], seen)
            assert (other["status"], other["code"]) == ("rejected", 409)
            assert opens(house) == before == 1


@pytest.mark.parametrize(
    ("name", "changes", "how", "code"),
    [
        ("open", {"cmd_id": None}, {}, 400),
        ("open", {"ttl_ms": None}, {}, 400),
        ("open", {"args": [1]}, {}, 422),
        ("open", {"args": {"lane": "nowhere"}}, {}, 404),
        ("open", {"args": {"lane": IN, "speed": 5}}, {}, 422),
        ("toggle", {}, {}, 404),
        ("lockdown", {}, {}, 403),
        ("open", {"args": {"lane": IN}}, {"retain": True}, 400),
        ("open", {"args": {"lane": IN}}, {"response": "somewhere/else"}, 403),
        ("open", {"args": {"lane": IN}, "issued_at": Commander.ago(600)}, {}, 410),
    ],
)
def test_what_is_refused(
    house: House,
    centre: Commander,
    name: str,
    changes: dict[str, Any],
    how: dict[str, Any],
    code: int,
) -> None:
    before, seen = opens(house), len(centre.answers)
    body = centre.body(**changes)
    try:
        centre.send(name, body, about=b"\x00\xff", **how)
        answer = until(
            lambda: [each for each in centre.answers[seen:] if each["status"] != "accepted"],
            "its refusal",
        )[0]
    finally:
        if how.get("retain"):
            centre.send(name, b"", retain=True)
    status = "expired" if code == 410 else "rejected"
    assert (answer["status"], answer["code"]) == (status, code), answer
    assert answer.about == b"\x00\xff"
    assert answer["cmd_id"] == body.get("cmd_id", "")
    assert answer["result"]["detail"]
    assert opens(house) == before


def test_what_is_no_json_and_what_is_too_much(centre: Commander) -> None:
    # The lambda is used before the next turn of the loop.
    for payload in (b"{", b"\xff", json.dumps(centre.body(args={"x": "y" * 70_000})).encode()):
        seen = len(centre.answers)
        centre.send("ping", payload)
        until(lambda: len(centre.answers) > seen, "its refusal")  # noqa: B023
        assert (centre.answers[seen]["status"], centre.answers[seen]["code"]) == ("rejected", 400)
    assert centre.ask("ping")["status"] == "done"


@pytest.mark.usefixtures("centre")
def test_what_has_to_be_signed(house: House, broker: Mosquitto) -> None:
    before, head = opens(house), house.head()
    with Commander(broker, root_of(house), "office") as office:
        for how in ({}, {"key": ("k1", KEY[:-1])}, {"key": ("k2", KEY)}):
            body = office.body(args={"lane": IN})
            office.send("open", body, **how)  # type: ignore[arg-type]  # told apart by the case
            assert office.final(body["cmd_id"])["code"] == 403
        assert opens(house) == before
        entry = house.wait_entry(REFUSED, after=head, client="office")
        assert json.loads(entry.data)["command"] == "open"
        _, answer = opened(office, key=("k1", KEY))
        assert answer["status"] == "done"
    assert opens(house) == before + 1


@pytest.mark.usefixtures("centre")
def test_a_stranger_and_one_who_may_only_read(house: House, broker: Mosquitto) -> None:
    before, head = opens(house), house.head()
    for client in ("stranger", "viewer"):
        with Commander(broker, root_of(house), client) as other:
            answer = other.ask("open", lane=IN)
            assert (answer["status"], answer["code"]) == ("rejected", 403)
    house.wait_entry(REFUSED, after=head, client="viewer")
    house.wait_entry(REFUSED, after=head, client="stranger")
    assert opens(house) == before


def test_too_many_at_once(house: House, broker: Mosquitto, centre: Commander) -> None:
    """A flood is answered with 429 beyond the client's pace; others are served meanwhile."""
    with Commander(broker, root_of(house), "viewer") as flood:
        codes: set[object] = set()
        # A machine that stands still lets them trickle in at a pace that is allowed: then again.
        for _ in range(10):
            sent = []
            for _ in range(200):
                body = flood.body()
                flood.send("ping", body, wait=False)
                sent.append(body["cmd_id"])
            assert centre.ask("ping")["status"] == "done"
            for each in sent:
                flood.final(each)
            codes = {each.get("code") for each in flood.answers if each["status"] == "rejected"}
            if codes:
                break
    assert codes == {429}


def test_a_replay_is_what_was_published(house: House, broker: Mosquitto, centre: Commander) -> None:
    with Listener(broker, f"{root_of(house)}/evt") as live:
        head = house.head()
        assert opened(centre)[1]["status"] == "done"
        live.wait(lambda it: len(it.heard) >= 3)
        told = {each.payload for each in live.heard}
        with house.control() as client:
            stream = client.ask("status")["head"]["stream"]
        answer = centre.ask(
            "replay", {"streamid": stream, "from": head + 1, "to": None, "limit": 500}
        )
        assert answer["status"] == "done", answer
        chunks = [payload for topic, payload in centre.others if "/replay/" in topic]
        again = b"".join(chunks)
        assert all(payload in again for payload in told)
        assert json.loads(chunks[-1])["last"] is True
    wrong = centre.ask("replay", {"streamid": "another", "from": 1, "to": None, "limit": 5})
    assert wrong["code"] == 409


def test_over_mqtt_311(tmp_path: Path) -> None:
    """Answers go where the body says, if that is the client's own place; else nothing is done."""
    with Mosquitto(tmp_path / "own") as own, a_house(tmp_path / "old", own, "3.1.1") as house:
        house.start()
        with Commander(own, root_of(house), five=False) as centre:
            centre.online()
            body = centre.body(args={"lane": IN}, reply_to=centre.reply_to, correlation="q-7")
            centre.send("open", body)
            answer = centre.final(body["cmd_id"])
            # Its clock is the machine's: where that is not trusted, no arm is moved.
            assert (answer["status"], answer.get("code")) in {("done", None), ("rejected", 503)}
            assert answer["correlation"] == "q-7"
            body = centre.body(args={"lane": IN}, reply_to="somewhere/else")
            centre.send("open", body)
            assert centre.final(body["cmd_id"])["code"] == 403
            seen = len(centre.answers)
            centre.send("open", b"{")
            assert centre.ask("ping")["status"] == "done"
            answers = [each for each in centre.answers[seen:] if each.get("code") == 400]
            assert answers == [], "nobody can be told of a body that cannot be read"
