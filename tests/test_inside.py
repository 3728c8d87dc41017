"""Who is inside, asked of a gate that does not run: the handler and the command line."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.control.server import Peer
from agent.core.entries import Entry, EntryType
from agent.core.model import CardKind, CardStatus, ClockQuality
from agent.core.plan import INSIDE, GatePlan, PassbackMode
from agent.errors import GateError
from agent.requests import House, Requests
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from tests.core.builders import a_card
from tests.core.zones import CARS, GARAGE, estate, zone
from tests.rigs.contract import card_known
from tests.rigs.one_thread import HandClock
from tests.rigs.whole import judge_ledgers, whole
from tests.store.build import PERSON, at, open_ledger
from tests.store.test_books import forgiven, passed

PLAN = estate(zone(PassbackMode.HARD, bays=2, refuse_when_full=CARS))
PEER = Peer(1, 1000)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "gate.db") as opened:
        yield opened
    judge_ledgers(tmp_path)


def requests(ledger: Ledger, path: Path, plan: GatePlan = PLAN) -> Requests:
    house = House(
        plan,
        ZoneInfo("Asia/Shanghai"),
        HandClock(at(100)),
        lambda: ledger,
        lambda run: run(),
        lambda: Reading.open(path),
    )
    return Requests(house)


def enter(ledger: Ledger, card: str, second: float, **more: Any) -> None:
    data = {"lane": "in-1", "passage": f"p-{card}", "card": card}
    grant = Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at(second), data, PERSON)
    head = ledger.append([grant], at(second))
    cause = f"/gate/v1/garden/north/{head.stream}/{head.sequence:020d}"
    ledger.append([passed(card, second, cause, **more)], at(second))


def ask(requests: Requests, op: str, **args: object) -> Any:
    return requests.handlers()[op](args, PEER)


def test_who_is_inside_and_how_many_bays_are_free(ledger: Ledger, tmp_path: Path) -> None:
    enter(ledger, "B", 2, outcome="unobserved")
    enter(ledger, "A", 1)
    enter(ledger, "C", 3, to="garage")
    enter(ledger, "D", 4, to="outside", **{"from": "inside"})
    told = ask(requests(ledger, tmp_path / "gate.db"), "inside")
    assert told["zones"] == [
        {"zone": "inside", "bays": 2, "vehicles": 1, "free": 1, "cards": 2},
        {"zone": "garage", "bays": None, "vehicles": 1, "free": None, "cards": 1},
    ]
    assert [(each["card"], each["zone"]) for each in told["inside"]] == [
        ("C", "garage"),
        ("A", "inside"),
        ("B", "inside"),
    ]
    assert told["inside"][1] == {
        "card": "A",
        "zone": "inside",
        "kind": "vehicle",
        "lane": "in-1",
        "since": "2023-11-15T06:13+08:00",
        "since_us": at(1).wall_us,
        "clock": "trusted",
        "assumed": False,
        "forgiven": False,
        "holder": "王**",
        "unit": "3-1201",
        "plate": "京A12345",
    }
    assert told["inside"][2]["assumed"]
    json.dumps(told)


def test_names_in_full_are_asked_for_and_numbers_of_cards_never_told(
    ledger: Ledger, tmp_path: Path
) -> None:
    enter(ledger, "A", 1)
    gate = requests(ledger, tmp_path / "gate.db")
    (masked,) = ask(gate, "inside")["inside"]
    (full,) = ask(gate, "inside", names=True)["inside"]
    assert (masked["holder"], full["holder"]) == ("王**", "王小明")
    for told in (masked, full):
        assert PERSON["credential"] not in str(told)
        assert "cardref" not in told


def test_one_zone_alone(ledger: Ledger, tmp_path: Path) -> None:
    enter(ledger, "A", 1)
    enter(ledger, "C", 3, to="garage")
    ledger.append([forgiven(4, zone="garage")], at(4))
    gate = requests(ledger, tmp_path / "gate.db")
    told = ask(gate, "inside", zone=GARAGE)
    assert [each["zone"] for each in told["zones"]] == ["garage"]
    assert [(each["card"], each["forgiven"]) for each in told["inside"]] == [("C", True)]
    for nowhere in ("cellar", "outside"):
        with pytest.raises(GateError, match="the zones are inside, garage"):
            ask(gate, "inside", zone=nowhere)


def test_a_time_by_a_clock_that_was_not_trusted_says_so(ledger: Ledger, tmp_path: Path) -> None:
    entry = replace(passed("A"), at=at(1, ClockQuality.UNKNOWN))
    ledger.append([entry], at(1))
    (told,) = ask(requests(ledger, tmp_path / "gate.db"), "inside")["inside"]
    assert told["clock"] == "not trusted"


# What explain says of a label


def explained(ledger: Ledger, path: Path, card: str = "A", **args: object) -> Any:
    vehicle = replace(a_card("A"), kind=CardKind.VEHICLE)
    ledger.put_card(vehicle, card_known(vehicle, at()), at())
    return ask(requests(ledger, path), "explain", card=card, lane="in-1", **args)


def test_explain_knows_where_the_card_is(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    assert explained(ledger, path)["decision"] == "granted"
    enter(ledger, "A", 99, vehicles=0)
    for name in ("A", "uid:41"):
        told = explained(ledger, path, name)
        assert (told["decision"], told["reason"]) == ("denied", "passback")
    ledger.append([forgiven(100, card="A")], at(100))
    assert explained(ledger, path)["decision"] == "granted"


def test_explain_knows_who_has_a_card_of_the_drawer(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    stock = replace(a_card("V"), kind=CardKind.VISITOR, status=CardStatus.STOCK)
    ledger.put_card(stock, card_known(stock, at()), at())
    gate = requests(ledger, path)
    told = ask(gate, "explain", card="V", lane="in-1")
    assert (told["decision"], told["reason"]) == ("denied", "card_not_issued")
    data = {"visit": "v-1", "kind": "company", "card": "V", "untilus": at(3600).wall_us}
    entry = Entry(EntryType.VISIT_OPENED, "visit/v-1", at(), data, {"plate": "京A12345"})
    ledger.append([whole(entry)], at())
    assert ask(gate, "explain", card="V", lane="in-1")["decision"] == "granted"
    assert ask(gate, "explain", card="V", lane="out-1")["duty"] == "deposit_due"


def test_explain_asks_for_the_time_that_is_meant(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    enter(ledger, "A", 99, vehicles=0)
    timed = estate(zone(PassbackMode.TIMED))
    ledger.put_card(a_card("A"), card_known(a_card("A"), at()), at())
    gate = requests(ledger, path, timed)

    def at_local(local: str) -> object:
        return ask(gate, "explain", card="A", lane="in-1", at=local)["decision"]

    # It went in at 06:14:59 local time, and ten minutes are configured.
    assert [at_local("2023-11-15 06:20"), at_local("2023-11-15 06:25")] == ["denied", "granted"]


def test_explain_knows_that_all_bays_are_taken(ledger: Ledger, tmp_path: Path) -> None:
    counted = {"zone": INSIDE, "count": 2}
    ledger.append([whole(Entry(EntryType.ZONE_COUNTED, "zone/inside", at(), counted))], at())
    told = explained(ledger, tmp_path / "gate.db")
    assert told["reason"] == "zone_full"
    assert told["steps"][-1] == {
        "rule": "zone_full",
        "asks": "is there a free bay, where this kind of card needs one",
        "result": "decides",
    }
