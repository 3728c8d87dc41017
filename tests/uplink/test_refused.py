"""Brokers that refuse, in words; what they refused stays."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

from agent.ports import Condition, Health
from agent.uplink.broker import Broker, Tls
from tests.parts import require
from tests.rigs.broker import Mosquitto
from tests.rigs.listener import Listener
from tests.rigs.pki import Authority
from tests.rigs.ports import free_port
from tests.rigs.stubborn import CONNACK_5, CONNACK_311, PINGREQ, PINGRESP, Last, Stubborn
from tests.uplink.gate import EVT, STATUS, Gate, sequences, whole

QOS = 0x06
RIGHT, WRONG = "open-sesame", "open-barley"


def down(health: Health) -> bool:
    return health.condition is Condition.DOWN


def complaint(tmp_path: Path, broker: Broker) -> str:
    with Gate(tmp_path, broker) as gate:
        gate.append(1)
        detail = gate.wait(down).detail
        assert gate.counter("published") == 0
    return detail


def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    require("mosquitto")
    acl = "user estate.north\ntopic readwrite gate/v1/#\n"
    with Mosquitto(tmp_path / "broker", tls=True, acl=acl) as broker:
        assert broker.authority is not None
        pair = broker.authority.issue("estate.north")
        tls = Tls(broker.authority.ca, pair.cert, pair.key)
        good = Broker("localhost", broker.port, tls=tls, client_id="estate.north")
        with Listener(broker, pair=pair) as listener, Gate(tmp_path, good) as gate:
            gate.append(3_000)
            gate.drained()
            listener.wait(lambda it: len(it.on("/evt")) == 3_000)
            whole(listener, gate.book)
        other = Authority(tmp_path / "other", "another authority")
        stranger = other.issue("estate.north")
        wrong = {
            "certificate is not trusted": Tls(other.ca, pair.cert, pair.key),
            "uplink.tls.cert": Tls(broker.authority.ca, stranger.cert, stranger.key),
            "cannot be used": Tls(broker.authority.ca, pair.cert, stranger.key),
            "uplink.tls.ca": Tls(tmp_path / "absent.pem"),
        }
        for number, (words, files) in enumerate(wrong.items()):
            place = tmp_path / str(number)
            place.mkdir()
            assert words in complaint(place, replace(good, tls=files))
        place = tmp_path / "plain"
        place.mkdir()
        assert "TLS" in complaint(place, replace(good, tls=None))


def test_tls_towards_a_plain_port(tmp_path: Path) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as broker:
        detail = complaint(tmp_path, Broker(broker.host, broker.port, tls=Tls()))
    assert "cannot reach the broker" in detail


def test_user_names_and_passwords(tmp_path: Path) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker", users={"north": RIGHT}) as broker:
        good = Broker(broker.host, broker.port, username="north", password=RIGHT)
        assert RIGHT not in repr(good)
        for version in ("5", "3.1.1"):
            place = tmp_path / version
            place.mkdir()
            bad = replace(good, password=WRONG, version=version)
            detail = complaint(place, bad)
            assert "refused us" in detail
            assert "user name and password" in detail
            assert WRONG not in detail
        with Gate(tmp_path, good) as gate:
            gate.append(1)
            gate.drained()


def test_names_that_do_not_resolve(tmp_path: Path) -> None:
    detail = complaint(tmp_path, Broker("no-such-host.invalid", free_port()))
    assert "cannot be resolved" in detail


def test_an_event_that_the_acl_forbids_stays(tmp_path: Path) -> None:
    require("mosquitto")
    acl = f"topic write {STATUS}\ntopic write gate/v1/estate/north/info\ntopic read #\n"
    broker = Mosquitto(tmp_path / "broker", acl=acl)
    with broker, Listener(broker) as listener:
        target = Broker(broker.host, broker.port, client_id="estate.north")
        with Gate(tmp_path, target) as gate:
            gate.append(30)
            health = gate.wait(lambda it: it.condition is Condition.DEGRADED)
            assert "refused event 1" in health.detail
            assert "Not authorized" in health.detail
            assert EVT in health.detail
            assert "30 events wait" in health.detail
            # A new session tries again, and again from the first one.
            gate.wait(lambda it: (it.counters or {})["session"] >= 3)
            assert gate.counter("published") == 0
            listener.wait(lambda it: len(it.on("/status")) >= 3)
            # The broker reads it anew and lets nobody go: the listener misses nothing.
            (broker.directory / "acl").write_text("topic readwrite #\n")
            os.kill(broker.pid, signal.SIGHUP)
            gate.drained()
            assert gate.wait(lambda it: it.condition is Condition.OK).detail.startswith("connected")
            listener.wait(lambda it: 30 in sequences(it.on("/evt")[-1:]))
            # Those behind a refused one are taken already where it reads in the midst of them.
            assert set(sequences(listener.on("/evt"))) == set(range(1, 31))


def test_an_event_that_the_acl_forbids_silently_stays(tmp_path: Path) -> None:
    """On MQTT 3.1.1 mosquitto acknowledges what it throws away, and may then hang up."""
    require("mosquitto")
    acl = f"topic write {STATUS}\ntopic write gate/v1/estate/north/info\ntopic read #\n"
    broker = Mosquitto(tmp_path / "broker", acl=acl)
    target = Broker(broker.host, broker.port, version="3.1.1")
    with broker, Listener(broker) as listener, Gate(tmp_path, target) as gate:
        gate.append(30)
        health = gate.wait(lambda it: "ACL" in it.detail)
        assert EVT in health.detail
        gate.wait(lambda it: (it.counters or {})["session"] >= 3)
        assert gate.counter("published") == 0
        (broker.directory / "acl").write_text("topic readwrite #\n")
        os.kill(broker.pid, signal.SIGHUP)
        gate.drained()
        listener.wait(lambda it: 30 in sequences(it.on("/evt")[-1:]))


def test_a_packet_beyond_the_brokers_limit_stays(tmp_path: Path) -> None:
    require("mosquitto")
    broker = Mosquitto(tmp_path / "broker", lines=["max_packet_size 2000"])
    target = Broker(broker.host, broker.port)
    with broker, Listener(broker, EVT) as listener:
        with Gate(tmp_path, target) as gate:
            gate.append(5)
            gate.append(1, padding=3_000)
            gate.append(5)
            health = gate.wait(lambda it: it.condition is Condition.DEGRADED)
            assert "event 6 needs a packet of" in health.detail
            assert "2000" in health.detail
            gate.wait(lambda it: (it.counters or {})["published"] == 5)
            gate.wait(lambda it: (it.counters or {})["session"] >= 3)
        assert set(sequences(listener.heard)) == {1, 2, 3, 4, 5}


def test_a_broker_that_allows_no_qos_1(tmp_path: Path) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker", lines=["max_qos 0"]) as broker:
        assert "QoS 1" in complaint(tmp_path, Broker(broker.host, broker.port))


def test_a_broker_that_keeps_nothing(tmp_path: Path) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker", lines=["retain_available false"]) as broker:
        assert "retained" in complaint(tmp_path, Broker(broker.host, broker.port))


def test_a_narrower_window_of_the_broker_is_kept(tmp_path: Path) -> None:
    require("mosquitto")
    broker = Mosquitto(tmp_path / "broker", lines=["max_inflight_messages 3"])
    with broker, Gate(tmp_path, Broker(broker.host, broker.port, window=50)) as gate:
        gate.append(3_000)
        most = 0
        while gate.counter("backlog"):
            most = max(most, gate.counter("inflight"))
        assert 0 < most <= 3
        assert gate.counter("reconnects") == 0


def test_a_server_that_never_answers(tmp_path: Path) -> None:
    with Stubborn(lambda _first, _body: b"") as server:
        detail = complaint(tmp_path, Broker(server.host, server.port, connect_timeout_s=0.5))
        assert "accepted the connection and never answered" in detail
        assert not server.of(3)


def test_a_server_that_talks_nonsense(tmp_path: Path) -> None:
    with Stubborn(lambda _first, _body: b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        detail = complaint(tmp_path, Broker(server.host, server.port, connect_timeout_s=0.5))
        assert str(server.port) in detail


def test_a_broker_of_the_other_version(tmp_path: Path) -> None:
    with Stubborn(lambda _first, _body: bytes.fromhex("20 02 00 01")) as server:
        detail = complaint(tmp_path, Broker(server.host, server.port))
        assert "does not speak this version of MQTT" in detail


def test_a_broker_that_never_acknowledges(tmp_path: Path) -> None:
    def answer(first: int, _body: bytes) -> bytes:
        return {0x10: CONNACK_5, PINGREQ: PINGRESP}.get(first, b"")

    with Stubborn(answer) as server:
        broker = Broker(server.host, server.port, window=5, keepalive_s=1)
        with Gate(tmp_path, broker) as gate:
            gate.append(100)
            health = gate.wait(down)
            assert "acknowledges nothing" in health.detail
            assert gate.counter("published") == 0
            assert gate.book.kept("published") == 0
            # Status, info and events together fill the window, and nothing exceeds it. Figures go
            # with QoS 0, beside it.
            sent = [first for first, _ in server.seen if first >> 4 == 3 and first & QOS]
            assert 5 <= len(sent) <= 5 * server.connections


def test_a_broker_gone_silent_is_found_by_keepalive(tmp_path: Path) -> None:
    def answer(first: int, body: bytes) -> bytes:
        if first >> 4 == 3:
            topic = 2 + int.from_bytes(body[:2], "big")
            return bytes.fromhex("40 02") + body[topic : topic + 2]
        return CONNACK_5 if first == 0x10 else b""

    server = Stubborn(answer)
    target = Broker(server.host, server.port, keepalive_s=1)
    with server, Gate(tmp_path, target) as gate:
        gate.append(5)
        gate.drained()
        assert "went silent" in gate.wait(down).detail


def test_a_puback_without_an_echo_does_not_count_on_311(tmp_path: Path) -> None:
    """As other brokers deny: they acknowledge, and that is all."""

    def answer(first: int, body: bytes) -> bytes:
        if first >> 4 == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            return bytes.fromhex("40 02") + body[end : end + 2]
        return {0x10: CONNACK_311, 0x82: b"\x90\x03" + body[:2] + b"\x01"}.get(first, b"")

    server = Stubborn(answer)
    target = Broker(server.host, server.port, version="3.1.1")
    with server, Gate(tmp_path, target) as gate:
        gate.append(5)
        health = gate.wait(lambda it: it.condition is Condition.DEGRADED)
        assert "acknowledged event 1 and did not pass it on" in health.detail
        gate.wait(lambda _: server.connections >= 2)
        assert gate.counter("published") == 0
        assert gate.counter("inflight") <= 1


def test_a_puback_before_a_dropped_socket_does_not_count_on_311(tmp_path: Path) -> None:
    """As brokers deny on MQTT 3.1.1: they acknowledge, and hang up."""

    def answer(first: int, body: bytes) -> bytes:
        if first == 0x10:
            return CONNACK_311
        if first >> 4 != 3:
            return b""
        end = 2 + int.from_bytes(body[:2], "big")
        puback = bytes.fromhex("40 02") + body[end : end + 2]
        return Last(puback) if body[2:end] == EVT.encode() else puback

    with Stubborn(answer) as server:
        with Gate(tmp_path, Broker(server.host, server.port, version="3.1.1")) as gate:
            gate.append(5)
            health = gate.wait(lambda it: down(it) and server.connections >= 2)
            assert gate.counter("published") == 0
            assert EVT in health.detail
            assert "ACL" in health.detail
        assert json.loads(server.of(3)[0].split(STATUS.encode())[1][2:])["status"] == "online"
