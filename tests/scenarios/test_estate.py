"""A whole gate among its siblings and clients, at the broker as it is shipped: TLS, access list."""

import itertools
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.uplink.envelope import envelope
from tests.parts import require
from tests.patience import until
from tests.rigs.cards import residents
from tests.rigs.house import IN, STARTED, House, demo_lanes
from tests.rigs.peer import Peer
from tests.rigs.shipped import ShippedMosquitto
from tests.rigs.told import SOURCE

ROOT = SOURCE.removeprefix("/")
ESTATE, GATE = ROOT.split("/")[2:]
NOT_AUTHORISED = 0x87
ATTEMPTS = 5
MEMBERS = (
    f"gate {ESTATE}.{GATE}",
    f"gate {ESTATE}.south",
    f"client centre {ESTATE}",
    f"client phone {ESTATE}",
    f"consumer records {ESTATE}",
)

_ids = itertools.count(1)


class Estate:
    """The gate runs; everybody else is connected and hears all that he may."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.broker = stack.enter_context(ShippedMosquitto(folder / "b", MEMBERS))
        pki = self.broker.pki
        mine = pki.gate(ESTATE, GATE)
        pairs = {name: pki.client(name) for name in ("centre", "phone", "records")}
        pairs["south"] = pki.gate(ESTATE, "south")
        self.peers = {
            name: stack.enter_context(Peer(self.broker.port, pki.ca, pair, judged=True))
            for name, pair in pairs.items()
        }
        for peer in self.peers.values():
            peer.hear("#")
        uplink = {
            "host": "localhost",
            "port": self.broker.port,
            "tls": {"ca": str(pki.ca), "cert": str(mine.cert), "key": str(mine.key)},
            "clients": {
                "centre": {"group": "operators"},
                "records": {"group": "readers"},
                "south": {"group": "readers"},
            },
            "groups": {
                "operators": {"may": ["open", "ping"]},
                "readers": {"may": ["replay", "ping"]},
            },
            "consumers": ["centre", "records"],
        }
        changes = {"lanes": demo_lanes(open_for="1 s"), "uplink": uplink}
        self.rig = stack.enter_context(House(folder / "gate", residents(3), changes=changes))
        self.rig.start()
        until(lambda: self.rig.part("uplink")["condition"] == "ok", "the line")

    def send(self, who: str, name: str, under: str = "", **args: Any) -> tuple[int, str]:
        """Give a command; the reason code of the broker, and the command's id."""
        body = {
            "cmd_id": f"{who}-{next(_ids)}",
            "issued_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "ttl_ms": 10_000,
            "actor": "Li",
            "reason": "a delivery",
            "args": args,
        }
        topic = f"{ROOT}/cmd/{under or who}/{name}"
        return self.peers[who].say(topic, json.dumps(body).encode()), str(body["cmd_id"])

    def answers(self, who: str, cmd_id: str) -> list[str]:
        """What was answered to it, in order."""
        told = [
            json.loads(body) for topic, body in list(self.peers[who].heard) if "/reply/" in topic
        ]
        return [one["status"] for one in told if one["cmd_id"] == cmd_id]

    def done(self, who: str, name: str, **args: Any) -> None:
        """Give a command and wait until it is done. Where the machine stood still: again."""
        ends = (["done"], ["expired"])
        for _ in range(ATTEMPTS):
            code, cmd_id = self.send(who, name, **args)
            assert code < 0x80
            until(partial(self._ended, who, cmd_id, ends), f"{name} of {who} is done")
            if self.answers(who, cmd_id) != ["expired"]:
                break
        assert self.answers(who, cmd_id) == ["accepted", "done"]

    def _ended(self, who: str, cmd_id: str, ends: Collection[Sequence[str]]) -> bool:
        return self.answers(who, cmd_id)[-1:] in ends


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    require("mosquitto", "openssl")
    with ExitStack() as stack:
        yield Estate(tmp_path_factory.mktemp("e"), stack)


def test_a_client_opens_and_is_answered_and_nobody_else_hears_it(estate: Estate) -> None:
    before = len(estate.rig.strokes(IN))
    estate.done("centre", "open", lane=IN)
    until(lambda: len(estate.rig.strokes(IN)) > before, "the relay")
    for name in ("phone", "records", "south"):
        heard = [topic for topic, _ in estate.peers[name].heard]
        assert not [topic for topic in heard if "/cmd/" in topic or "/reply/centre" in topic]


@pytest.mark.parametrize(
    ("who", "under"), [("south", "centre"), ("south", "south"), ("records", "centre"),
                       ("records", "records"), ("phone", "centre")]
)  # fmt: skip
def test_what_the_broker_refuses_never_comes_to_the_gate(
    estate: Estate, who: str, under: str
) -> None:
    head, before = estate.rig.head(), len(estate.rig.strokes(IN))
    code, cmd_id = estate.send(who, "open", under, lane=IN)
    assert code == NOT_AUTHORISED
    # What the centre asks for afterwards has been answered: the other one would have been before.
    estate.done("centre", "ping")
    assert estate.answers(who, cmd_id) == []
    written = "".join(one.data.decode() for one in estate.rig.entries(after=head))
    assert cmd_id not in written
    assert len(estate.rig.strokes(IN)) == before


def test_whom_the_broker_lets_write_the_gate_may_refuse(estate: Estate) -> None:
    code, cmd_id = estate.send("phone", "open", lane=IN)
    assert code < 0x80
    until(lambda: estate.answers("phone", cmd_id) == ["rejected"], "that the gate knows no phone")


@pytest.mark.parametrize("who", ["south", "records"])
def test_a_sibling_and_a_consumer_are_told_again(estate: Estate, who: str) -> None:
    rig, peer = estate.rig, estate.peers[who]
    stream = rig.entries(STARTED)[0].stream
    last = rig.entries(STARTED)[0].sequence
    estate.done(who, "replay", streamid=stream, **{"from": 1}, to=last, limit=100)
    chunks = [body for topic, body in peer.heard if topic == f"{ROOT}/replay/{who}"]
    wanted = [envelope(one, SOURCE) for one in rig.entries() if one.sequence <= last]
    assert b"".join(chunks).count(b'"specversion"') == len(wanted)
    assert all(any(event in chunk for chunk in chunks) for event in wanted)
    others = [name for name in estate.peers if name != who]
    for name in others:
        assert not [1 for topic, _ in estate.peers[name].heard if topic.endswith(f"/replay/{who}")]


def test_consumers_confirm_and_nobody_does_it_for_them(estate: Estate) -> None:
    rig = estate.rig
    first = rig.entries()[0]

    def confirmed() -> int:
        return int(rig.part("uplink")["counters"]["confirmed"])

    cursor = json.dumps({"streamid": first.stream, "throughseq": 2}).encode()
    topic = f"{ROOT}/ack"
    assert estate.peers["centre"].say(f"{topic}/centre", cursor, retain=True) < 0x80
    for name in ("centre", "south", "phone"):
        code = estate.peers[name].say(f"{topic}/records", cursor, retain=True)
        assert code == NOT_AUTHORISED
    estate.done("centre", "ping")
    assert confirmed() == 0
    assert estate.peers["records"].say(f"{topic}/records", cursor, retain=True) < 0x80
    until(lambda: confirmed() == 2, "what both have")


def test_figures_and_pictures_are_for_clients_only(estate: Estate) -> None:
    leaves = {"status", "evt", "info", "tele", f"state/{IN}"}

    def heard(name: str) -> set[str]:
        found = {topic for topic, _ in list(estate.peers[name].heard)}
        return {topic.removeprefix(f"{ROOT}/") for topic in found} & leaves

    until(lambda: heard("records") == leaves, "all of it at a consumer")
    assert heard("south") == {"status", "evt"}
