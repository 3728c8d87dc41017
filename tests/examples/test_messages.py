"""What the example makes of every message of a gate, and what it says then, without a broker."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.client import MQTTMessage

from examples.central import Central, Store
from tests.examples.gates import NORTH, NORTHERN, STREAM, cursors, event, passed


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(":memory:")
    yield made
    made.db.close()


@pytest.fixture
def central(store: Store) -> Central:
    return Central(store, argparse.Namespace(broker="mqtt://127.0.0.1", client="centre"))


def _hears(central: Central, kind: str, payload: object, gate: str = NORTH) -> None:
    """A message comes as the broker brings it."""
    message = MQTTMessage(1, f"{gate}/{kind}".encode())
    message.payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    central._heard(central._client, None, message)


def _says(central: Central) -> list[tuple[str, Any]]:
    """What waits for the broker since the last look: topic, body."""
    waiting = central._client._out_messages
    said = [
        (one.topic.removeprefix(f"{NORTH}/"), json.loads(one.payload)) for one in waiting.values()
    ]
    waiting.clear()
    return said


def _asked(central: Central) -> list[dict[str, Any]]:
    """The commands among what it says."""
    return [body for topic, body in _says(central) if topic == "cmd/centre/replay"]


def _status(central: Central, status: str, session: int, head: int, stream: str = STREAM) -> None:
    told = {"status": status, "session": session, "streamid": stream, "headseq": head}
    _hears(central, "status", told)


def _has(central: Central, *numbers: int) -> None:
    for number in numbers:
        _hears(central, "evt", passed(NORTH, number, number, "R-1", "inside"))


def _ack(through: int, stream: str = STREAM) -> tuple[str, Any]:
    return ("ack/centre", {"streamid": stream, "throughseq": through})


def test_it_tells_the_gate_how_far_it_has_everything(central: Central) -> None:
    _status(central, "online", 5, 0)
    assert _says(central) == [_ack(0)]
    _has(central, 1, 2, 2)
    assert _says(central) == [_ack(1), _ack(2)], "a repeat is no news"
    central._greeted(central._client, None, None, "Success", None)
    _has(central, 2)
    assert _says(central) == [_ack(2)], "the broker may have forgotten it"


def test_the_will_of_a_journal_that_was_replaced_is_no_news(central: Central) -> None:
    _status(central, "online", 57, 0)
    _status(central, "online", 1, 0, "another")
    _says(central)
    _status(central, "lost", 57, 0)
    assert _says(central) == [], "the ack stays with the stream of the present journal"
    _hears(central, "evt", event(NORTH, 1, "gate.agent.started.v1", 0, "another"))
    assert _says(central) == [_ack(1, "another")]


@pytest.mark.parametrize("kind", ["status", "tele", "evt"])
def test_a_hole_is_asked_for_once_and_again_when_that_is_answered(
    central: Central, store: Store, kind: str
) -> None:
    _has(central, 1)
    if kind == "evt":
        _has(central, 5)
    else:
        _hears(central, kind, {"status": "online", "streamid": STREAM, "headseq": 5})
    (asked,) = _asked(central)
    assert asked["args"] == {"streamid": STREAM, "from": 2, "to": None, "limit": 500}
    _has(central, 6)
    _hears(central, "reply/centre", {"cmd_id": asked["cmd_id"], "status": "accepted"})
    two, three = (passed(NORTH, n, n, "R-1", "inside") for n in (2, 3))
    _hears(central, "replay/centre", {"events": [two, three], "last": True, "nextfrom": 4})
    assert _asked(central) == [], "one request at a time"
    assert cursors(store)[NORTHERN][0] == 3
    _hears(central, "reply/centre", {"cmd_id": asked["cmd_id"], "status": "done"})
    (again,) = _asked(central)
    assert again["args"]["from"] == 4
    assert again["cmd_id"] != asked["cmd_id"]


def test_what_stays_without_an_answer_is_asked_for_again(central: Central) -> None:
    _status(central, "online", 1, 5)
    (asked,) = _asked(central)
    assert asked["ttl_ms"] > 0
    central._due[f"/{NORTHERN}"] -= asked["ttl_ms"] / 1000  # so long nothing comes
    _status(central, "online", 2, 5)
    assert len(_asked(central)) == 1


def test_a_broker_that_is_new_to_us_is_asked_anew(central: Central) -> None:
    _status(central, "online", 1, 5)
    assert len(_asked(central)) == 1
    central._greeted(central._client, None, None, "Success", None)
    _status(central, "online", 1, 5)
    assert len(_asked(central)) == 1


def _refused(central: Central, code: int, status: str = "rejected", **result: Any) -> None:
    (asked,) = _asked(central)
    told = {"cmd_id": asked["cmd_id"], "status": status, "code": code, "result": result}
    _hears(central, "reply/centre", told)


def test_410_loses_what_the_gate_has_no_more_and_goes_on_behind_it(
    central: Central, store: Store
) -> None:
    _status(central, "online", 1, 40)
    _refused(central, 410, firstseq=31)
    assert store.run("SELECT first, last FROM lost").fetchall() == [(1, 30)]
    assert cursors(store) == {NORTHERN: (30, 40)}
    assert [asked["args"]["from"] for asked in _asked(central)] == [31]


def test_a_request_that_came_too_late_loses_nothing(central: Central, store: Store) -> None:
    """Expired is 410, too."""
    _status(central, "online", 1, 40)
    _refused(central, 410, "expired")
    assert store.run("SELECT * FROM lost").fetchall() == []
    assert cursors(store) == {NORTHERN: (0, 40)}


def test_409_ends_a_stream(central: Central, store: Store) -> None:
    _has(central, 1, 2)
    _says(central)
    _status(central, "online", 1, 9)
    _refused(central, 409, streamid="another")
    assert store.run("SELECT first, last FROM lost").fetchall() == [(3, 9)]
    assert cursors(store) == {NORTHERN: (9, 9)}
    assert _asked(central) == []


@pytest.mark.parametrize("code", [429, 503, 403])
def test_busy_and_broken_gates_are_asked_again_later(
    central: Central, store: Store, code: int
) -> None:
    _status(central, "online", 1, 9)
    _refused(central, code)
    _status(central, "online", 1, 9)
    assert _asked(central) == []
    assert f"/{NORTHERN}" in central._due
    assert store.run("SELECT * FROM lost").fetchall() == []


def test_the_answer_to_another_question_changes_nothing(central: Central, store: Store) -> None:
    _status(central, "online", 1, 9)
    told = {"cmd_id": "other.1", "status": "rejected", "code": 410, "result": {"firstseq": 5}}
    _hears(central, "reply/centre", told)
    assert cursors(store)[NORTHERN] == (0, 9)
    assert store.run("SELECT * FROM lost").fetchall() == []


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("evt", b"not JSON"),
        ("evt", b"{}"),
        ("evt", b"[]"),
        ("evt", b"\xff"),
        ("evt", passed("gate/v1/garden/south", 2, 1, "R-1", "inside")),
        ("evt", passed(NORTH, 1, 1, "R-2", "inside")),
        ("evt", passed(NORTH, 2, 1, "R-2", "inside") | {"data": []}),
        ("evt", passed(NORTH, 2, 1, "R-2", "inside") | {"type": 7, "data": "x"}),
        ("evt", {"id": f"/{NORTHERN}/{10**20}", "streamid": STREAM, "sequence": f"{10**20}"}),
        ("status", {"status": "online"}),
        ("status", {"status": "online", "streamid": STREAM, "headseq": 2**70}),
        ("replay/centre", b"no list"),
        ("replay/centre", b'{"events":['),
        ("replay/centre", b'{"events":["a"],"last":true,"nextfrom":null}'),
        ("replay/centre", b"[" * 100_000),
        ("reply/centre", b"null"),
    ],
)
def test_what_is_not_as_the_contract_says_is_told_and_passed_over(
    central: Central,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    payload: object,
) -> None:
    _has(central, 1)
    _hears(central, kind, payload)
    assert "is not as it should be" in caplog.text
    assert cursors(store) == {NORTHERN: (1, 1)}, "nothing of it is left"
    _has(central, 2)
    assert cursors(store) == {NORTHERN: (2, 2)}
