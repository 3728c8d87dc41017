"""A roster by the centre over a real broker, at a gate that works meanwhile, and that is killed."""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.parts import require
from tests.patience import LIMIT_S, Watch, until
from tests.rigs.broker import Mosquitto
from tests.rigs.commander import Commander
from tests.rigs.house import DENIED, GRANTED, IN, OUT, House, busy_lanes, size
from tests.rigs.load import CARDS, Load, load_cards, prove
from tests.rigs.roster_sender import RosterSender, Row, digest, in_order, row

require("mosquitto")

MANY = size(6_000, 200_000)
KILLS = size(3, 20)
SWITCHED, CHANGED = "gate.roster.switched.v1", "gate.card.changed.v1"
MAY = ["ping", "roster.begin", "roster.chunk", "roster.commit", "roster.digest", "card.block"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture
def house(tmp_path: Path, broker: Mosquitto) -> Iterator[House]:
    uplink = {
        "host": broker.host,
        "port": broker.port,
        "tls": False,
        "groups": {"keepers": {"may": MAY}},
        "clients": {"centre": {"group": "keepers"}},
    }
    changes = {"uplink": uplink, "lanes": busy_lanes()}
    with House(tmp_path / "house", load_cards(), changes=changes, travel_ms=100) as made:
        yield made.start()


@pytest.fixture
def centre(house: House, broker: Mosquitto) -> Iterator[Commander]:
    settings = house.gate.settings
    with Commander(broker, f"gate/v1/{settings.estate}/{settings.gate}") as made:
        made.online()
        yield made


def residents(many: int, first: int = 1) -> list[Row]:
    """As the centre has them; the first ones are those of the load."""
    return in_order(row(number, f"R-{number:05}") for number in range(first, first + many))


def in_force(centre: Commander) -> tuple[int, str]:
    told = centre.ask("roster.digest", ttl_ms=600_000)
    assert told["status"] == "done", told
    return told["result"]["count"], told["result"]["digest"]


def listed(rows: Sequence[Row]) -> tuple[int, str]:
    return len(rows), digest(rows)


def test_a_whole_roster_comes_while_cards_are_decided(house: House, centre: Commander) -> None:
    old, new = residents(2 * CARDS), residents(MANY)
    assert in_force(centre) == listed(old)
    sender = RosterSender(centre, new)
    sender.begin()
    begun = house.head()
    with Load(house, 5) as load:
        sender.send()
        assert in_force(centre) == listed(old), "the old one rules until the new one is whole"
        told = sender.commit("roster-1")
        assert told["status"] == "done", told
        assert load.taps
    switched = house.wait_entry(SWITCHED, begun)
    assert (switched.actor, switched.cause) == ("mqtt:centre/Li", "roster-1")
    decided = house.entries(GRANTED, DENIED, after=begun)
    meanwhile = [each for each in decided if each.sequence < switched.sequence]
    assert meanwhile, "nobody was decided upon while the roster came"
    assert in_force(centre) == listed(new)
    assert prove(house).granted
    house.wait(lane=IN, arm="down")
    house.tap_opens(IN, MANY)
    again = sender.commit("roster-1")
    assert again["code"] == 409, "the same id with another body: it was issued at another time"
    assert len(house.entries(SWITCHED, after=begun)) == 1


@pytest.mark.timed
def test_a_blocked_card_is_refused_within_a_second_while_a_roster_comes(
    house: House, centre: Commander, broker: Mosquitto
) -> None:
    sender = RosterSender(centre, residents(MANY))
    sender.begin()
    faults: list[BaseException] = []
    ended = threading.Event()

    def send() -> None:
        try:
            sender.send()
        except AssertionError as fault:
            faults.append(fault)
        ended.set()

    sending = threading.Thread(target=send, name="sender", daemon=True)
    settings = house.gate.settings
    with Commander(broker, f"gate/v1/{settings.estate}/{settings.gate}") as office:
        office.online()
        sending.start()
        until(lambda: sender.next, "the first rows are there")
        with Watch() as watch:
            body = office.body(args={"card": "R-00007"}, cmd_id="block-7")
            office.send("card.block", body)
            assert office.final("block-7")["status"] == "done"
            assert watch.ran_s < 1.0
        before = house.head()
        house.tap(IN, 7)
        denied = house.wait_entry(DENIED, before, reason="card_blocked")
        assert json.loads(denied.data)["card"] == "R-00007"
        number = {"credential": "em4100:0000000008"}
        with Watch() as watch:
            assert office.ask("card.block", number)["status"] == "done"
            assert watch.ran_s < 1.0
    changed = house.entries(CHANGED, after=before)
    assert [json.loads(each.data)["card"] for each in changed] == ["R-00008"]
    sending.join(10 * LIMIT_S)
    assert ended.is_set()
    assert not faults


def test_it_stops_in_order_while_a_roster_comes(house: House, centre: Commander) -> None:
    rows = residents(4_000)
    generation = RosterSender(centre, rows).begin()
    step = 250
    for first in range(0, len(rows), step):
        args = {"generation": generation, "first": first, "rows": rows[first : first + step]}
        centre.send("roster.chunk", centre.body(args=args, ttl_ms=600_000))
    centre.send("roster.digest", centre.body(ttl_ms=600_000))
    session = centre.online()
    with Watch() as watch:
        assert house.stop() == 0
        assert watch.ran_s < 5
    assert "Traceback" not in house.log()
    house.start()
    centre.online(session)
    assert in_force(centre) == listed(residents(2 * CARDS))
    house.verified()


def test_killed_at_any_time_the_old_roster_rules_or_the_new_one(
    house: House, centre: Commander
) -> None:
    chance = random.Random(8)  # noqa: S311 - reproducible on purpose
    rules = residents(2 * CARDS)
    for number in range(KILLS):
        new = residents(1_200 + number)
        sender = RosterSender(centre, new)
        sender.begin()
        sender.send(chance.randrange(len(new)))
        wanted, session = sender.end(f"roster-{number}"), centre.online()
        at_the_end = number % 2 == 0
        if at_the_end:
            # All is there, and the power goes about when the last word comes.
            sender.send()
            centre.send("roster.commit", wanted)
            threading.Event().wait(chance.uniform(0, 0.1))
        house.kill()
        house.start()
        session = centre.online(session)
        found = in_force(centre)
        assert found in (listed(rules), listed(new))
        if not at_the_end:
            assert found == listed(rules)
        last = sender.sent[list(sender.sent)[-1]] if sender.sent else None
        if last is not None:
            # It was answered before: that answer is kept over the restart.
            seen = len(centre.answers)
            centre.send("roster.chunk", last)
            assert centre.final(last["cmd_id"], seen)["duplicate"]
        seen = len(centre.answers)
        centre.send("roster.commit", wanted)
        told = centre.final(wanted["cmd_id"], seen)
        if found == listed(new) != listed(rules):
            assert told["status"] == "done", told
        else:
            assert (told["status"], told["code"]) == ("rejected", 409), told
            sender.begin()
            sender.send()
            assert sender.commit(f"again-{number}")["status"] == "done"
        assert in_force(centre) == listed(new)
        rules = new
        house.tap_opens(OUT, 1 + number)
        house.wait(lane=OUT, arm="down")
    causes = [each.cause for each in house.entries(SWITCHED)]
    assert len(causes) == len(set(causes)) == KILLS + 1
    house.verified()
