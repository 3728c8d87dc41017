"""The shipped files of mosquitto: who comes in, and who may do what."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.ports import Condition
from agent.uplink.broker import Broker, Tls
from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.peer import Peer, Turned
from tests.rigs.pki import Authority, Pair
from tests.rigs.shipped import SHIPPED, ShippedMosquitto
from tests.uplink.estate import CLIENTS, EVERYBODY, GATES, MEMBERS, TABLE
from tests.uplink.gate import ADDRESS, EVT, INFO, STATUS, Gate, lane

NOT_AUTHORISED = 0x87
OPEN = f"gate/v1/{ADDRESS.estate}/{ADDRESS.agent}/cmd/centre/open"
PAST, SOON = "20240101000000Z", "20240102000000Z"
FUTURE, LATER = "20980101000000Z", "20990101000000Z"


class Place:
    """A broker with the shipped files, and a certificate for everybody of the table."""

    def __init__(self, folder: Path) -> None:
        self.broker = ShippedMosquitto(folder, MEMBERS)
        pki = self.broker.pki
        self.pairs = {name: pki.gate(*name.split(".")) for name in GATES}
        self.pairs |= {name: pki.client(name) for name in CLIENTS}

    def peer(self, name: str, **how: Any) -> Peer:
        return self.anybody(self.pairs[name], **how)

    def anybody(self, pair: Pair | None, **how: Any) -> Peer:
        return Peer(self.broker.port, self.broker.pki.ca, pair, **how)

    def agent(self, version: str = "5", pair: Pair | None = None) -> Broker:
        """What an agent has in its settings; its common name is that of `tests.uplink.gate`."""
        mine = pair or self.pairs["estate.north"]
        return Broker(
            "localhost",
            self.broker.port,
            version="5" if version == "5" else "3.1.1",
            tls=Tls(self.broker.pki.ca, mine.cert, mine.key),
            client_id="estate.north",
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    require("mosquitto", "openssl")
    place = Place(tmp_path_factory.mktemp("b"))
    with place.broker:
        yield place


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Peer]]:
    """Everybody, connected at the same time, asking for everything; at a broker of their own."""
    require("mosquitto", "openssl")
    place = Place(tmp_path_factory.mktemp("b"))
    with place.broker, ExitStack() as stack:
        found = {name: stack.enter_context(place.peer(name)) for name in EVERYBODY}
        for peer in found.values():
            peer.hear("#", "$SYS/#")
        yield found
        assert [name for name, peer in found.items() if peer.losses] == []


def settle(peers: Mapping[str, Peer]) -> None:
    """Wait until everything that the broker had for each of them has come.

    It queues a message for its readers before it acknowledges it, and answers in that order.
    """
    for peer in peers.values():
        peer.hear("settled")


@pytest.mark.parametrize("topic", TABLE)
def test_who_may_write(peers: Mapping[str, Peer], topic: str) -> None:
    codes = {name: peer.say(topic, b"{}") for name, peer in peers.items()}
    allowed = {name for name, code in codes.items() if code < 0x80}
    assert allowed == set(TABLE[topic].write.split())
    refused = {code for code in codes.values() if code >= 0x80}
    assert refused <= {NOT_AUTHORISED}


@pytest.mark.parametrize("topic", [topic for topic in TABLE if TABLE[topic].write])
def test_who_may_read(peers: Mapping[str, Peer], topic: str) -> None:
    payload = f"for {topic}".encode()
    writer = peers[TABLE[topic].write.split()[0]]
    assert writer.say(topic, payload) < 0x80
    settle(peers)
    heard = {name for name, peer in peers.items() if peer.got(topic, payload)}
    assert heard == set(TABLE[topic].read.split())


def test_what_was_refused_comes_to_nobody(peers: Mapping[str, Peer]) -> None:
    for number, (topic, may) in enumerate(TABLE.items()):
        for name in set(EVERYBODY) - set(may.write.split()):
            assert peers[name].say(topic, f"refused {number} {name}".encode()) >= 0x80
    settle(peers)
    heard = [payload for peer in peers.values() for _, payload in peer.heard]
    assert [payload for payload in heard if payload.startswith(b"refused")] == []


def test_nobody_hears_of_the_broker_itself(peers: Mapping[str, Peer]) -> None:
    settle(peers)
    heard = {topic for peer in peers.values() for topic, _ in peer.heard}
    assert [topic for topic in heard if topic.startswith("$SYS")] == []


def test_what_is_kept_is_for_its_readers_only(place: Place) -> None:
    with place.peer("estate.south") as south, place.peer("hill.east") as east:
        for peer, where in ((south, "estate/south"), (east, "hill/east")):
            for leaf in ("status", "info", "state/in-1"):
                assert peer.say(f"gate/v1/{where}/{leaf}", b"kept", retain=True) < 0x80
    with place.peer("screens") as screens, place.peer("records") as records:
        for peer in (screens, records):
            peer.hear("#")
        records.hear("settled")
        screens.hear("settled")
        ours = {f"gate/v1/estate/south/{leaf}" for leaf in ("status", "info", "state/in-1")}
        theirs = {topic.replace("estate/south", "hill/east") for topic in ours}
        kept = {topic for topic, payload in screens.heard if payload == b"kept"}
        assert kept == ours
        kept = {topic for topic, payload in records.heard if payload == b"kept"}
        assert kept == ours | theirs
    with place.peer("estate.south") as south, place.peer("hill.east") as east:
        for peer, where in ((south, "estate/south"), (east, "hill/east")):
            for leaf in ("status", "info", "state/in-1"):
                assert peer.say(f"gate/v1/{where}/{leaf}", b"", retain=True) < 0x80


def test_on_311_a_forbidden_command_comes_nowhere(place: Place) -> None:
    """There the broker acknowledges what it throws away, and may hang up."""
    with place.peer("estate.north") as north, place.peer("centre") as centre:
        north.hear("gate/v1/estate/north/cmd/+/+")
        for name in ("estate.south", "phone", "hill.east", "screens"):
            with place.peer(name, five=False) as peer:
                peer.shout(OPEN, b"forbidden")
        assert centre.say(OPEN, b"allowed") < 0x80
        until(lambda: north.got(OPEN, b"allowed"), "the command that is allowed")
        assert [payload for _, payload in north.heard] == [b"allowed"]


# --- who comes in ---------------------------------------------------------------------------------


def turned_away(peer: Peer) -> str:
    with pytest.raises(Turned) as turned, peer:
        pass
    return str(turned.value)


def test_without_a_certificate_nobody_comes_in(place: Place) -> None:
    assert turned_away(place.anybody(None))
    assert turned_away(place.anybody(None, five=False))


def test_a_forged_certificate(place: Place, tmp_path: Path) -> None:
    """It bears the right names, also that of the authority, and is signed by somebody else."""
    forger = Authority(tmp_path / "forged", "gate test authority")
    assert turned_away(place.anybody(forger.issue("estate.north")))
    assert turned_away(place.anybody(forger.issue("centre")))


@pytest.mark.parametrize("bounds", [(PAST, SOON), (FUTURE, LATER)])
def test_certificates_of_another_time(place: Place, bounds: tuple[str, str]) -> None:
    first, last = bounds
    pair = place.broker.pki.gate("estate", "outdated", first=first, last=last)
    assert turned_away(place.anybody(pair))


def test_the_brokers_own_certificate_is_no_clients(place: Place) -> None:
    assert turned_away(place.anybody(place.broker.pki.server))


def test_a_gate_cannot_pose_as_the_broker(place: Place, tmp_path: Path) -> None:
    """With the certificate of a gate, and the name that the others look for."""
    pki = place.broker.pki
    south = place.pairs["estate.south"]
    lines = (f"certfile {south.cert}", f"keyfile {south.key}")
    with Mosquitto(tmp_path / "posing", lines=lines) as posing:
        north = place.pairs["estate.north"]
        tls = Tls(pki.ca, north.cert, north.key)
        broker = Broker("localhost", posing.port, tls=tls, client_id="estate.north")
        with Gate(tmp_path, broker) as gate:
            gate.append(1)
            detail = gate.wait(lambda it: it.condition is Condition.DOWN).detail
            assert "its certificate is not trusted (unsuitable certificate purpose)" in detail
            assert gate.counter("published") == 0


def test_a_certificate_alone_opens_nothing(place: Place) -> None:
    """It is ours, and it is good; but its name is not in the list of members."""
    with place.peer("estate.west") as west:
        assert west.say("gate/v1/estate/west/evt") == NOT_AUTHORISED
        assert west.say(OPEN) == NOT_AUTHORISED


def test_a_user_name_does_not_make_another_one(place: Place) -> None:
    peer = place.peer("estate.south")
    peer.call_himself("centre")
    with peer:
        assert peer.say(OPEN) == NOT_AUTHORISED
        assert peer.say("gate/v1/estate/south/evt") < 0x80


def test_nobody_throws_out_another_one(place: Place) -> None:
    """A client id is anybody's to choose; it is the certificate that says who comes."""
    with place.peer("estate.north", client_id="estate.north") as north:
        with place.peer("estate.south", client_id="estate.north") as south:
            assert south.say("gate/v1/estate/south/evt") < 0x80
            assert north.say("gate/v1/estate/north/evt") < 0x80
        assert north.alive
        assert north.losses == 0


# --- what changes while it runs -------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """As `place`, for who changes it."""
    require("mosquitto", "openssl")
    place = Place(tmp_path / "b")
    with place.broker:
        yield place


def test_members_come_and_go_while_it_runs(own: Place) -> None:
    west = "gate/v1/estate/west/evt"
    with own.peer("centre") as centre, own.peer("estate.west") as new:
        assert new.say(west) == NOT_AUTHORISED
        own.broker.admit([*MEMBERS, "gate estate.west"])
        own.broker.reload()
        assert new.say(west) < 0x80
        assert centre.say(OPEN) < 0x80
        own.broker.admit([one for one in MEMBERS if "centre" not in one])
        own.broker.reload()
        assert new.say(west) == NOT_AUTHORISED
        assert centre.say(OPEN) == NOT_AUTHORISED
        assert (centre.losses, new.losses) == (0, 0)


def test_a_revoked_certificate_is_good_for_no_new_connection(own: Place) -> None:
    with own.peer("estate.south"):
        pass
    own.broker.pki.revoke("estate.south")
    own.broker.reload()
    assert turned_away(own.peer("estate.south"))
    with own.peer("estate.north") as north:
        assert north.say("gate/v1/estate/north/evt") < 0x80
    # A new one for the same gate is as good as the first.
    again = own.broker.pki.gate("estate", "south")
    with own.anybody(again) as south:
        assert south.say("gate/v1/estate/south/evt") < 0x80


# --- the agent itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_rights_suffice_for_an_agent(place: Place, tmp_path: Path, version: str) -> None:
    with place.peer("centre", judged=True) as centre:
        centre.hear("gate/v1/estate/+/#")
        with Gate(tmp_path, place.agent(version)) as gate:
            gate.uplink.lanes([lane("in-1"), lane("out-1", "open")])
            gate.append(300)
            gate.drained()
            assert gate.wait(lambda it: it.condition is Condition.OK).detail.startswith("connected")

            def told() -> list[str]:
                return [topic for topic, payload in list(centre.heard) if payload]

            until(lambda: told().count(EVT) >= 300, "the events at the centre")
            assert gate.counter("reconnects") == 0
        until(lambda: told().count(STATUS) >= 2, "the word that it is offline")
        assert {INFO, f"{STATUS[:-6]}state/in-1", f"{STATUS[:-6]}state/out-1"} <= set(told())
        words = [json.loads(payload) for topic, payload in centre.heard if topic == STATUS]
        assert [word["status"] for word in words if word["session"] == 1][-1] == "offline"


def test_an_expired_certificate_is_said_and_a_new_one_is_taken(own: Place, tmp_path: Path) -> None:
    """The files are read for every attempt: whoever renews them has nothing to start anew."""
    expired = own.broker.pki.gate("estate", "north", first=PAST, last=SOON)
    mine = Pair(tmp_path / "mine.pem", tmp_path / "mine.key")
    for source, target in ((expired.cert, mine.cert), (expired.key, mine.key)):
        target.write_bytes(source.read_bytes())
    with Gate(tmp_path, own.agent(pair=mine)) as gate:
        gate.append(20)
        health = gate.wait(lambda it: it.condition is Condition.DOWN)
        assert "uplink.tls.cert" in health.detail
        assert "expired" in health.detail
        fresh = own.broker.pki.gate("estate", "north")
        for source, target in ((fresh.key, mine.key), (fresh.cert, mine.cert)):
            beside = target.with_suffix(".new")
            beside.write_bytes(source.read_bytes())
            beside.rename(target)
        gate.drained()


@contextmanager
def watching(place: Place, folder: Path, *options: str) -> Iterator[Callable[[], str]]:
    """`gate-agent watch` with the settings of a gate; gives what it says."""
    config, output = folder / "gate.yaml", folder / "watch.out"
    north, ca = place.pairs["estate.north"], place.broker.pki.ca
    example = (SHIPPED.parent / "self-closing.yaml").read_text(encoding="utf-8")
    page = example.replace("estate: green-garden", "estate: estate")
    page = page.replace("gate: south", "gate: north")
    tls = f"{{ca: {ca}, cert: {north.cert}, key: {north.key}}}"
    page += f"\nuplink: {{host: localhost, port: {place.broker.port}, tls: {tls}}}\n"
    config.write_text(page, encoding="utf-8")
    command = [sys.executable, "-m", "agent", "watch", "--json", "--config", str(config), *options]
    with output.open("wb") as file:
        watch = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield output.read_text
    finally:
        watch.terminate()
        watch.wait(LIMIT_S)


def test_a_watch_at_the_gate_has_a_certificate_of_its_own(place: Place, tmp_path: Path) -> None:
    screens = place.pairs["screens"]
    own = ("--tls-cert", str(screens.cert), "--tls-key", str(screens.key))
    with Gate(tmp_path, place.agent()) as gate, watching(place, tmp_path, *own) as said:
        until(lambda: '"up": true' in said(), "that the watch listens")
        gate.append(3)
        gate.drained()
        until(lambda: said().count('"specversion"') == 3, "the events on the screen")
        assert gate.counter("reconnects") == 0
        assert "throws out the gate" not in said()


def test_a_watch_with_the_gates_certificate_warns(place: Place, tmp_path: Path) -> None:
    with watching(place, tmp_path) as said:
        until(lambda: '"up": true' in said(), "that the watch listens")
        assert "throws out the gate" in said().splitlines()[0]


def test_the_key_of_the_authority_is_for_its_owner_only(place: Place) -> None:
    for key in place.broker.pki.directory.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0, key
