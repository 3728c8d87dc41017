"""What the example makes of every message of a gate, without a broker."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import pytest

from examples.central import PATIENCE_S, Central, Store
from tests.examples.gates import NORTH, STREAM, cursors, passed

ROOT = NORTH[1:]
CMD_ID = "0d7b7c0e"


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(":memory:")
    yield made
    made._db.close()


@pytest.fixture
def central(store: Store) -> Central:
    options = argparse.Namespace(broker="mqtt://127.0.0.1", client="centre", keyid="")
    return Central(store, options)


def _status(central: Central, status: str, session: int, head: int, stream: str = STREAM) -> None:
    told = {"status": status, "session": session, "streamid": stream, "headseq": head}
    central._take(f"{ROOT}/status", json.dumps(told).encode())


def _gate(store: Store) -> tuple[str, int, str]:
    row = store.run("SELECT streamid, session, status FROM gates").fetchone()
    return (row[0], row[1], row[2])


def _reply(central: Central, **said: Any) -> None:
    central._take(f"{ROOT}/reply/centre", json.dumps({"cmd_id": CMD_ID, **said}).encode())


def _asks(central: Central) -> None:
    central._asked[NORTH] = (CMD_ID, STREAM, PATIENCE_S)


def _has(central: Central, *numbers: int) -> None:
    for number in numbers:
        central._take(f"{ROOT}/evt", passed(NORTH, number, number, "R-1", "inside"))


def test_a_late_will_is_no_news(central: Central, store: Store) -> None:
    _status(central, "online", 5, 10)
    _status(central, "online", 6, 12)
    _status(central, "lost", 5, 10)
    assert _gate(store) == (STREAM, 6, "online")
    _status(central, "lost", 6, 12)
    assert _gate(store) == (STREAM, 6, "lost")


def test_the_will_of_a_journal_that_was_replaced_is_no_news(central: Central, store: Store) -> None:
    _status(central, "online", 57, 900)
    _status(central, "online", 1, 3, "another")
    _status(central, "lost", 57, 900)
    assert _gate(store) == ("another", 1, "online"), "its sessions began anew with its stream"
    assert sorted(hole[1:4] for hole in store.holes()) == [(STREAM, 1, 900), ("another", 1, 3)]


def test_a_will_that_is_the_first_thing_heard_is_believed(central: Central, store: Store) -> None:
    _status(central, "lost", 7, 4)
    assert _gate(store) == (STREAM, 7, "lost")


def test_a_new_session_of_the_gate_is_asked_anew(central: Central) -> None:
    _status(central, "online", 5, 10)
    _asks(central)
    _status(central, "online", 5, 11)
    assert NORTH in central._asked, "the same session answers still"
    _status(central, "online", 6, 11)
    assert NORTH not in central._asked


def test_410_loses_what_the_gate_has_no_more_and_goes_on_behind_it(
    central: Central, store: Store
) -> None:
    _status(central, "online", 1, 40)
    _asks(central)
    _reply(central, status="accepted")
    assert NORTH in central._asked
    _reply(central, status="rejected", code=410, result={"firstseq": 31})
    assert NORTH not in central._asked
    assert store.run("SELECT first, last FROM lost").fetchall() == [(1, 30)]
    assert store.holes() == [(NORTH, STREAM, 31, 40, False)]


def test_409_ends_a_stream(central: Central, store: Store) -> None:
    _has(central, 1, 2)
    _status(central, "online", 1, 9)
    _asks(central)
    _reply(central, status="rejected", code=409, result={"streamid": "another"})
    assert store.run("SELECT first, last FROM lost").fetchall() == [(3, 9)]
    assert store.holes() == []


def test_busy_and_broken_gates_are_asked_again_later(central: Central, store: Store) -> None:
    _status(central, "online", 1, 9)
    for code in (429, 503, 403):
        _asks(central)
        _reply(central, status="rejected", code=code)
        assert NORTH in central._asked
    assert store.run("SELECT * FROM lost").fetchall() == []


def test_the_answer_to_another_question_changes_nothing(central: Central, store: Store) -> None:
    _status(central, "online", 1, 9)
    _asks(central)
    _reply(central, cmd_id="other", status="rejected", code=410, result={"firstseq": 5})
    assert NORTH in central._asked
    assert store.run("SELECT * FROM lost").fetchall() == []


def test_a_chunk_fills_the_hole_and_the_last_one_ends_the_answer(
    central: Central, store: Store
) -> None:
    _has(central, 1, 5)
    _asks(central)
    topic = f"{ROOT}/replay/centre"
    two, three, four = (passed(NORTH, n, n, "R-1", "inside") for n in (2, 3, 4))
    central._take(topic, b'{"events":[%b,%b],"last":false,"nextfrom":4}' % (two, three))
    assert NORTH in central._asked
    assert cursors(store) == {NORTH: (3, 5)}
    central._take(topic, b'{"events":[%b],"last":true,"nextfrom":null}' % four)
    assert NORTH not in central._asked
    assert cursors(store) == {NORTH: (5, 5)}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (f"{ROOT}/evt", b"not JSON"),
        (f"{ROOT}/evt", b"{}"),
        (f"{ROOT}/evt", b"[]"),
        (f"{ROOT}/evt", b"\xff"),
        ("gate/v1/garden/south/evt", passed(NORTH, 1, 1, "R-1", "inside")),
        (f"{ROOT}/status", b'{"status":"online"}'),
        (f"{ROOT}/replay/centre", b"no list"),
        (f"{ROOT}/replay/centre", b'{"events":['),
        (f"{ROOT}/reply/centre", b"null"),
    ],
)
def test_what_is_not_as_the_contract_says_is_one_of_the_faults_that_are_passed_over(
    central: Central, store: Store, topic: str, payload: bytes
) -> None:
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
        central._take(topic, payload)
    assert cursors(store) == {}
