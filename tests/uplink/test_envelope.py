"""The bytes of an event, of a status and of a state; topics."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import StoredEntry
from agent.core.ids import LaneId
from agent.core.view import LaneView
from agent.ports import Head
from agent.uplink import payloads, topics
from agent.uplink.backoff import Backoff
from agent.uplink.envelope import envelope, rfc3339
from agent.uplink.payloads import Presence
from agent.uplink.topics import Address, Topic

ROW = StoredEntry(
    42,
    "s-1",
    "b-1",
    2**33,
    1_795_308_402_000_001,
    1_795_308_402_500_000,
    "holdover",
    "gate.access.granted.v1",
    "card/V-017",
    "guard",
    "north-41",
    b'{"lane": "in-1",  "n":1.50}',
)


def test_the_bytes_are_these_for_ever() -> None:
    assert envelope(ROW, "/gate/v1/estate/north") == (
        b'{"specversion":"1.0","id":"/gate/v1/estate/north/s-1/00000000000000000042",'
        b'"source":"/gate/v1/estate/north","subject":"card/V-017",'
        b'"type":"gate.access.granted.v1","dataschema":"urn:gate:schema:gate.access.granted.v1",'
        b'"time":"2026-11-22T00:46:42.000001Z","recordedtime":"2026-11-22T00:46:42.500000Z",'
        b'"datacontenttype":"application/json","streamid":"s-1",'
        b'"sequence":"00000000000000000042","bootid":"b-1","uptimems":"8589934592",'
        b'"timequality":"holdover","causationid":"north-41","data":{"lane": "in-1",  "n":1.50}}'
    )


def test_empty_attributes_are_left_out() -> None:
    event = json.loads(envelope(ROW._replace(cause="", subject=""), "/s"))
    assert "causationid" not in event
    assert "subject" not in event


@given(
    st.text(st.characters(codec="utf-8")),
    st.text(st.characters(codec="utf-8")),
    st.integers(1, 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
)
def test_whatever_stands_in_a_row_is_valid_json(
    subject: str, cause: str, sequence: int, wall_us: int
) -> None:
    row = ROW._replace(
        sequence=sequence, subject=subject, cause=cause, time_us=wall_us, recorded_us=wall_us
    )
    event = json.loads(envelope(row, "/gate/v1/estate/north"))
    assert event.get("subject", "") == subject
    assert event.get("causationid", "") == cause
    assert int(event["sequence"]) == sequence
    assert len(event["sequence"]) == max(20, len(str(sequence)))
    assert envelope(row, "/gate/v1/estate/north") == envelope(row, "/gate/v1/estate/north")


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 -- bounds are naive
def test_times_read_back(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    text = rfc3339((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)
    assert datetime.fromisoformat(text) == aware
    assert len(text) == 27


def test_times_beyond_the_calendar_are_its_ends() -> None:
    assert rfc3339(2**62) == "9999-12-31T23:59:59.999999Z"
    assert rfc3339(-(2**62)) == "0001-01-01T00:00:00.000000Z"


def test_status_info_and_state() -> None:
    head = Head("s-1", "b-1", 3, 42, bytes(range(32)))
    lost = json.loads(payloads.status(Presence.LOST, 7, head))
    assert lost == {
        "status": "lost",
        "contract": "gate/v1",
        "session": 7,
        "bootid": "b-1",
        "streamid": "s-1",
        "firstseq": 3,
        "headseq": 42,
        "headhash": bytes(range(32)).hex(),
    }
    assert json.loads(payloads.info({"lanes": 2})) == {"contract": "gate/v1", "lanes": 2}
    faults = ("reader in-1 lost",)
    more = ("switch", "occupied", "none", "lockdown", "pre_alarm", "请稍候 WAIT")
    view = LaneView(LaneId("in-1"), "closed", "normal", "clear", 1, faults, *more)
    assert json.loads(payloads.state(view, "s-1", 42)) == {
        "lane": "in-1",
        "position": "closed",
        "proof": "switch",
        "mode": "normal",
        "emergency": "lockdown",
        "approach": "occupied",
        "loop": "clear",
        "exit": "none",
        "waiting": 1,
        "alarm": "pre_alarm",
        "text": "请稍候 WAIT",
        "faults": ["reader in-1 lost"],
        "streamid": "s-1",
        "asofseq": 42,
    }


def test_topics_are_made_and_read() -> None:
    address = Address("estate", "north")
    assert address.state("in-1") == "gate/v1/estate/north/state/in-1"
    assert topics.read(address.evt) == Topic(address, "evt")
    assert topics.read(address.state("in-1")) == Topic(address, "state", "in-1")
    for foreign in ("", "gate/v2/a/b/evt", "gate/v1/A/b/evt", "gate/v1/a/b", "gate/v1/a/b/c/d/e"):
        assert topics.read(foreign) is None
    assert topics.filters("estate")[0] == "gate/v1/estate/+/status"


@pytest.mark.parametrize("bad", ["", "North", "a/b", "+", "#", "a" * 33, "nörd", "a\n"])
def test_no_topic_is_smuggled_in(bad: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a topic"):
        Address(bad, "north")
    with pytest.raises(ValueError, match="cannot stand in a topic"):
        Address("estate", "north").state(bad)
    if bad != "+":
        with pytest.raises(ValueError, match="cannot stand in a topic"):
            topics.filters("estate", bad)


def test_waits_grow_to_a_cap_are_jittered_and_begin_anew() -> None:
    backoff = Backoff(lambda: 0.0)
    low = [backoff.failed() for _ in range(200)]
    assert low[0] == pytest.approx(0.1)
    assert low == sorted(low)
    assert low[-1] == 15
    assert backoff.failures == 200
    backoff.succeeded()
    assert Backoff(lambda: 0.999).failed() == pytest.approx(0.2, rel=0.01)
    assert backoff.failed() == pytest.approx(0.1)
