"""The booth of the demo: the screen is there, somebody can sign on, and a day lies behind it."""

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from agent.core.entries import EntryType
from agent.demo import yesterday
from agent.demo.booth import Booth
from agent.demo.house import House, shipped
from agent.demo.past import Past, StoryClock
from agent.demo.words import tell
from agent.demo.yesterday import LEADER, OTHER
from agent.errors import GateError
from agent.settings import Settings
from agent.settings.here import load
from agent.simulate import _rewrite
from agent.store.queries import counts, deposits, desk, shifts, visits
from agent.store.reading import Reading
from agent.store.verify import verify
from tests.patience import LIMIT_S, until
from tests.rigs.contract import judge_stored

HOUR_US = 3_600_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a demo with a booth, of which nothing runs."""
    paths = {"state": str(tmp_path / "state"), "run": str(tmp_path / "run")}
    changes = {"paths": paths, "uplink": None, **Booth().changes(shipped("demo.yaml"), tmp_path)}
    _rewrite(shipped("demo.yaml"), tmp_path / "gate.yaml", changes)
    return load(tmp_path / "gate.yaml")


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    return Booth().roster(shipped("demo-roster.csv"), tmp_path)


def test_a_day_is_lived_through_by_orders_and_taps(settings: Settings, roster: Path) -> None:
    now_us = time.time_ns() // 1_000
    last = yesterday.live(settings, roster, now_us)
    verdict = verify(settings.paths.ledger)
    assert verdict.ok
    assert verdict.last == last > 150
    with Reading.open(settings.paths.ledger) as reading:
        entries = reading.after(0, 1_000)
        assert len(entries) == last
        judge_stored(entries)
        assert entries[0].time_us == now_us - 24 * HOUR_US
        assert entries[-1].time_us <= now_us
        assert [entry.time_us for entry in entries] == sorted(entry.time_us for entry in entries)
        types = {entry.type for entry in entries}
        assert types >= {
            EntryType.ACCESS_GRANTED,
            EntryType.ACCESS_DENIED,
            EntryType.ACCESS_REFERRED,
            EntryType.VISIT_OVERDUE,
            EntryType.VISIT_DECLINED,
            EntryType.PASS_LOST,
            EntryType.SLIP_USED,
            EntryType.HELP_CLOSED,
            EntryType.SHIFT_HANDED,
            EntryType.AGENT_STOPPED,
        }
        began = sum(entry.type == EntryType.ACCESS_GRANTED for entry in entries)
        assert sum(entry.type == EntryType.PASSAGE_ENDED for entry in entries) == began > 20
        open_now = {row["card"]: row for row in visits.visits(reading)}
        assert set(open_now) == {"VC-002", "VC-006", "VC-007", "VV-004", "W-001", ""}
        assert open_now["VC-002"]["overdue"] == 1
        assert open_now["VV-004"]["truck"] == 1
        held = counts.counts(reading)
        assert held["cash"] == {"CNY": 20_000}
        assert [row["pocket"] for row in deposits.pockets(reading)] == ["3", "7", "12"]
        assert len(desk.slips(reading)) == 1
        assert len(desk.appointments(reading)) == 3
        assert shifts.shift(reading) is None
        assert {row["guard"] for row in shifts.guards(reading)} == {LEADER.guard, OTHER.guard}


def test_an_order_that_is_refused_ends_the_day(settings: Settings, roster: Path) -> None:
    with Past(settings, time.time_ns() // 1_000) as past:
        past.begin(roster)
        with pytest.raises(GateError, match=r"duty\.note: this is needed"):
            past.order("duty.note", "g-1")
        with pytest.raises(GateError, match="no lane"):
            past.order("open", "g-1", lane="nowhere", reason="x")
        past.order("open", "g-1", lane="in-1", reason="x")
        with Reading.open(settings.paths.ledger) as reading:
            assert reading.tail(1)[0].type == EntryType.ARM_CLOSED


def test_the_clock_of_a_story_never_goes_back() -> None:
    clock = StoryClock(1_000)
    clock.set(2_000)
    clock.set(1_500)
    assert clock.now().wall_us == 2_000


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = House(booth=True)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_the_screen_is_served_and_a_guard_signs_on_with_his_card(house: House) -> None:
    booth = house.booth
    assert booth is not None
    assert booth.url in booth.told
    assert booth.url in booth.brief
    door = HTTPConnection(urlsplit(booth.url).netloc, timeout=LIMIT_S)
    door.request("GET", "/")
    page = door.getresponse()
    assert page.status < 400
    door.close()
    before = house.before
    assert before > 150
    card = next(card for card in house.cards if card.label == LEADER.card)
    house.tap("desk-rdm", card.credential.hex)

    def presented() -> int:
        with Reading.open(house.settings.paths.ledger) as reading:
            shown = [e for e in reading.after(before, 500) if e.type == EntryType.CARD_PRESENTED]
        return shown[-1].sequence if shown else 0

    sequence = until(presented, "the card at the desk")
    with house.gate.control() as client:
        told = client.ask("sign_on", desk="booth", presented=sequence, pin=LEADER.pin)
    assert (told["status"], told["guard"], told["role"]) == ("done", LEADER.guard, LEADER.role)


def test_a_call_for_help_comes_in_as_it_begins(house: House) -> None:
    with Reading.open(house.settings.paths.ledger) as reading:
        calls = [row for row in desk.help_requests(reading) if row["kind"] == "flood"]
    assert [row["state"] for row in calls] in (["open"], ["escalated"])


def test_every_entry_of_the_day_has_its_words(settings: Settings, roster: Path) -> None:
    yesterday.live(settings, roster, time.time_ns() // 1_000)
    with Reading.open(settings.paths.ledger) as reading:
        told = [tell(entry, ZoneInfo(settings.timezone)) for entry in reading.after(0, 1_000)]
    said = {one.words for one in told}
    assert {"visit: delivery", "deposit: cash", "deposit returned", "visit over: left"} <= said
    assert {"card given out", "card is back", "g-zhangwei signed on", "at the desk"} <= said
    assert max(len(one.lane) for one in told) <= 16
