"""The example of a central server: real daemons, a real broker that loses its memory, kill -9."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.contract.messages import Ack, Command
from agent.uplink.envelope import envelope
from tests.parts import require
from tests.patience import until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import residents
from tests.rigs.centre import CLIENT, Centre, served
from tests.rigs.contract import judge, judge_event
from tests.rigs.house import IN, OUT, House
from tests.rigs.listener import Listener
from tests.rigs.postgres import a_postgres
from tests.rigs.shipped import Pki, ShippedMosquitto

PAST = house.size(1_500, 30_000)
TAPS = 4


def _gate(folder: Path, name: str, broker: Mosquitto, tls: object = False) -> House:
    changes = {
        "gate": name,
        "lanes": house.demo_lanes(open_for="5 min"),
        "uplink": served(host="localhost", port=broker.port, tls=tls),
    }
    return House(folder / name, residents(20), broker=broker, changes=changes)


def _tls(pki: Pki, name: str) -> dict[str, str]:
    """The certificate of a gate."""
    pair = pki.gate("green-garden", name)
    return {"ca": str(pki.ca), "cert": str(pair.cert), "key": str(pair.key)}


def _taps(rig: House, first: int) -> None:
    """Some that are known and some that are not, until they are written down."""
    after = rig.head()
    for number in range(first, first + TAPS):
        rig.tap(OUT, 0xBAD0000 + number)
    until(lambda: len(rig.entries(house.DENIED, after=after)) == TAPS, "the entries of the taps")


def _weeks(rig: House, count: int) -> None:
    """What a gate writes in weeks, while its daemon is down."""
    command = [sys.executable, "-m", "tests.rigs.bulk", str(rig.gate.config), str(count)]
    subprocess.run(command, check=True, cwd=house.ROOT, timeout=600)


def _told(rig: House) -> None:
    """The broker has acknowledged everything."""
    until(lambda: rig.part("uplink")["counters"]["backlog"] == 0, "nothing waits")


def _confirmed(rig: House) -> None:
    """The gate knows that the centre has everything."""

    def look() -> bool:
        return bool(rig.part("uplink")["counters"].get("confirmed") == rig.head())

    until(look, f"the centre's ack: {rig.part('uplink')}")


def _drive(rig: House, lane: str, number: int, passed: int) -> None:
    """Somebody passes a lane of this gate, and it is written down."""
    rig.tap_opens(lane, number)
    rig.sim.drive(lane, f"car {number}", enter_ms=200, under_ms=300)
    rig.wait(lane=lane, arm="down", passed=passed)
    rig.wait_entry(house.ENDED, card=f"R-{number:05}", lane=lane, outcome="passed")


def _order(rig: House, kind: str, form: dict[str, Any]) -> dict[str, Any]:
    """An order of the booth."""
    name = os.urandom(8).hex()
    told = rig.ask("order", order_id=name, kind=kind, args={}, form=form)
    assert told["status"] == "done", told
    result: dict[str, Any] = told["result"]
    return result


def _whole(centre: Centre, gates: dict[str, House]) -> bool:
    """The centre has all that the gates have written; what it asks for is written down as well."""
    through = centre.through()
    return all(through.get(name) == rig.head() for name, rig in gates.items())


def _the_same(centre: Centre, gates: dict[str, House]) -> None:
    """Exactly once, byte for byte: the centre's events are the journals."""

    def journal(name: str) -> dict[int, bytes]:
        source = f"/gate/v1/{gates[name].gate.settings.estate}/{name}"
        return {one.sequence: envelope(one, source) for one in gates[name].entries()}

    def agrees() -> bool:
        """The answer to its last question is written down behind the last event that it has."""
        events = centre.events()
        return all(events.get(name) == journal(name) for name in gates)

    until(agrees, "the same events at the centre and in the journals")
    events = centre.events()
    for name in gates:
        for payload in events[name].values():
            judge_event(payload)
    assert sorted(events) == sorted(gates)
    assert centre.rows("SELECT * FROM lost") == []


def _as_agreed(listener: Listener) -> None:
    """What the centre says is as the contract says; what gates say the listener has judged."""
    for name, model in ((f"cmd/{CLIENT}/replay", Command), (f"ack/{CLIENT}", Ack)):
        said = listener.on(f"/{name}")
        assert said, f"nothing on {name}"
        for one in said:
            judge(model).validate_json(one.payload)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of the database; empty: a file."""
    require("mosquitto", *({request.param} & {"postgresql"}))
    if request.param == "sqlite":
        yield ""
        return
    with a_postgres() as server:
        yield server.address


def test_a_broker_that_loses_its_memory_loses_no_event(tmp_path: Path, address: str) -> None:
    place = tmp_path / "broker"
    # As Debian ships it: what has changed is saved every half an hour, and when it ends in order.
    broker = Mosquitto(place, lines=("persistence true", f"persistence_location {place}/"))
    with (
        broker,
        _gate(tmp_path, "north", broker) as north,
        _gate(tmp_path, "south", broker) as south,
        Centre(tmp_path / "centre", broker, address=address) as centre,
    ):
        gates = {"north": north, "south": south}
        for rig in gates.values():
            rig.start()
            _taps(rig, 1)
        until(lambda: _whole(centre, gates), f"the live events; {centre.log()}")
        before = centre.through()

        # The centre is away. The gates get every PUBACK, and then the broker forgets it all.
        centre.kill()
        north.kill()
        _weeks(north, PAST)
        north.start()
        _taps(south, 10)
        _told(north)
        _told(south)
        broker.restart()
        _taps(south, 20)
        _told(north)
        _told(south)
        assert centre.through() == before

        # It comes back, and both it and the broker die again amid the replay.
        centre.start()
        until(lambda: centre.through()["north"] > before["north"] + 100, "the replay begins")
        centre.kill()
        assert centre.through()["north"] < north.head()
        broker.restart()
        with Listener(broker, "gate/v1/#") as listener:
            centre.start()
            until(lambda: _whole(centre, gates), f"the rest; {centre.log()}", PAST / 50 + 90)
            for rig in gates.values():
                _confirmed(rig)
        _the_same(centre, gates)
        _as_agreed(listener)


def test_who_is_inside_at_all_gates(tmp_path: Path) -> None:
    """With the shipped files of mosquitto: TLS, a certificate each, and the access list."""
    require("mosquitto", "openssl")
    members = ("gate green-garden.north", "gate green-garden.south", "consumer centre *")
    broker = ShippedMosquitto(tmp_path / "broker", members)
    pki = broker.pki
    with (
        broker,
        _gate(tmp_path, "north", broker, _tls(pki, "north")) as north,
        _gate(tmp_path, "south", broker, _tls(pki, "south")) as south,
        ExitStack() as stack,
    ):
        gates = {"north": north, "south": south}
        for rig in gates.values():
            rig.start()
        _drive(north, IN, 1, passed=1)
        _drive(north, IN, 2, passed=2)
        _told(north)
        _told(south)
        # It comes when all is over: what the broker has passed on to nobody is told again.
        centre = stack.enter_context(
            Centre(tmp_path / "centre", broker, pki.client("centre"), str(pki.ca))
        )
        until(lambda: _whole(centre, gates), f"all events; {centre.log()}")
        told = centre.inside()
        assert set(told) == {"card R-00001", "card R-00002"}
        assert told["card R-00001"]["source"] == "/gate/v1/green-garden/north"
        assert told["card R-00001"]["data"]["outcome"] == "passed"
        assert told["card R-00001"]["data"]["reader"], "the grant knows more of it"

        form = {"kind": "company", "visitor": "王小明", "host": "孙悦", "answer": "host_agreed"}
        told_of = _order(north, "visit.open", {**form, "hours": 2, "reason": "walks to the office"})
        visit = f"visit {told_of['visit']}"
        until(lambda: _whole(centre, gates), f"all events; {centre.log()}")
        told = centre.inside()
        assert told[visit]["source"] == "/gate/v1/green-garden/north"
        assert told[visit]["data"]["visitor"] == "王**", (
            "the gate tells no more than its settings allow"
        )

        _order(north, "visit.end", {"visit": told_of["visit"], "outcome": "elsewhere"})
        _drive(south, OUT, 1, passed=1)
        until(lambda: _whole(centre, gates), f"all events; {centre.log()}")
        told = centre.inside()
        assert set(told) == {"card R-00002"}, "in at one gate, out at the other"
        assert centre.rows("SELECT * FROM cursors WHERE through < head") == []
