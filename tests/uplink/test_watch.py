"""`gate-agent watch` as its users run it, against a real mosquitto."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.ports import Head
from agent.uplink import payloads, sentences
from agent.uplink.broker import Broker
from agent.uplink.envelope import envelope
from agent.uplink.payloads import Presence
from tests.parts import require
from tests.patience import LIMIT_S
from tests.rigs.broker import Mosquitto
from tests.uplink.book import BOOT, STREAM, Book
from tests.uplink.gate import ADDRESS, EVT, STATUS, Gate, lane


class Watch:
    """The command, running; its output goes into a file, line by line."""

    def __init__(self, directory: Path, broker: Mosquitto, *options: str) -> None:
        self.path = directory / "watch.out"
        with self.path.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agent", "watch", "--port", str(broker.port), *options],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    def wait(self, text: str) -> None:
        ends, pause = monotonic() + LIMIT_S, Event()
        while not any(text in line for line in self.lines()):
            assert monotonic() < ends, f"{text!r} is not in:\n" + "\n".join(self.lines()[-20:])
            assert self.process.poll() is None, "\n".join(self.lines())
            pause.wait(0.02)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def records(self, name: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.lines()]
        return [one for one in found if one.get("record") == name]


@contextmanager
def publisher(broker: Mosquitto) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def test_shows_every_event_as_it_came_and_ends_by_count(tmp_path: Path, broker: Mosquitto) -> None:
    watch = Watch(tmp_path, broker, "--json", "--count", "600")
    watch.wait('"up": true')
    with Gate(tmp_path, Broker(broker.host, broker.port)) as gate:
        gate.uplink.lanes([lane("in-1")])
        gate.append(600)
        assert watch.process.wait(LIMIT_S) == 0
        expected = [envelope(row, ADDRESS.source).decode() for row in gate.book.rows()]
    events = [line for line in watch.lines() if '"specversion"' in line]
    assert events == expected
    (status,) = watch.records("status")
    assert (status["status"], status["source"]) == ("online", ADDRESS.source)
    assert watch.records("state")[0]["lane"] == "in-1"
    assert watch.records("info")
    assert watch.records("summary") == [
        {
            "record": "summary",
            "events": 600,
            "duplicates": 0,
            "gaps": 0,
            "missing": 0,
            "unreadable": 0,
        }
    ]


def test_gaps_duplicates_and_nonsense_are_said(tmp_path: Path, broker: Mosquitto) -> None:
    book = Book(tmp_path / "book.db")
    book.append(9)
    events = [envelope(row, ADDRESS.source) for row in book.rows()]
    watch = Watch(tmp_path, broker, "--json")
    watch.wait('"up": true')
    with publisher(broker) as client:
        for number in (1, 2, 2, 6, 4, 9):
            client.publish(EVT, events[number - 1], 1)
        client.publish(EVT, b"\xff\x00 no JSON", 1)
        client.publish(EVT, b"[" * 50_000, 1)
        client.publish(EVT, b'{"sequence":"-1","streamid":"s"}', 1)
        client.publish(EVT, b'{"sequence":[1],"streamid":{}}', 1)
        watch.wait('"first": 7')
        client.publish(EVT, events[6], 1)
        watch.wait('"unreadable"')
        watch.wait('00000000000000000007","bootid')
    assert watch.end(signal.SIGTERM) == 1
    assert [(it["first"], it["last"]) for it in watch.records("gap")] == [(3, 5), (7, 8)]
    assert [it["sequence"] for it in watch.records("duplicate")] == [2]
    (summary,) = watch.records("summary")
    assert (summary["events"], summary["missing"], summary["unreadable"]) == (6, 3, 4)


def test_a_gap_that_was_filled_is_no_failure(tmp_path: Path, broker: Mosquitto) -> None:
    book = Book(tmp_path / "book.db")
    book.append(3)
    events = [envelope(row, ADDRESS.source) for row in book.rows()]
    watch = Watch(tmp_path, broker)
    watch.wait("listening at")
    with publisher(broker) as client:
        for number in (1, 3, 2):
            client.publish(EVT, events[number - 1], 1)
        watch.wait("(late)")
    assert watch.end() == 0
    assert any("GAP: estate/north 2 to 2 did not come" in line for line in watch.lines())
    assert watch.lines()[-1] == "3 events, 0 duplicates, 1 gaps, 0 missing, 0 unreadable"


def test_from_status_misses_what_was_never_seen(tmp_path: Path, broker: Mosquitto) -> None:
    book = Book(tmp_path / "book.db")
    book.append(5)
    events = [envelope(row, ADDRESS.source) for row in book.rows()]
    head = Head(STREAM, BOOT, 2, 5, bytes(32))
    with publisher(broker) as client:
        client.publish(STATUS, payloads.status(Presence.ONLINE, 7, head), 1, retain=True)
        watch = Watch(tmp_path, broker, "--json", "--from-status", "--gate", "north")
        watch.wait('"record": "status"')
        client.publish(STATUS, payloads.status(Presence.LOST, 6, head), 1, retain=True)
        client.publish(EVT, events[4], 1)
        watch.wait('"specversion"')
    assert watch.end() == 1
    assert [(it["first"], it["last"]) for it in watch.records("gap")] == [(2, 4)]
    # The late will of an older session is not believed.
    assert [it["status"] for it in watch.records("status")] == ["online"]


def test_it_waits_out_an_outage(tmp_path: Path, broker: Mosquitto) -> None:
    watch = Watch(tmp_path, broker, "--mqtt", "3.1.1")
    watch.wait("listening at")
    with Gate(tmp_path, Broker(broker.host, broker.port)) as gate:
        gate.append(3)
        watch.wait("passage ended")
        broker.kill()
        watch.wait("cannot reach the broker")
        broker.start()
        gate.drained()
        watch.wait("session 2")
    assert watch.end() == 0


def test_calls_that_make_no_sense(tmp_path: Path, broker: Mosquitto) -> None:
    for options in (["--estate", "A/B"], ["--tls-cert", "x.pem"], ["--count", "0"]):
        assert Watch(tmp_path, broker, *options).process.wait(LIMIT_S) == 2
    absent = ["--username", "a", "--password-file", str(tmp_path / "absent")]
    assert Watch(tmp_path, broker, *absent).process.wait(LIMIT_S) == 2


def test_lines_for_people() -> None:
    line = sentences.event(
        {
            "time": "2026-11-22T00:46:42.000001Z",
            "source": "/gate/v1/estate/north",
            "sequence": "00000000000000000042",
            "type": "gate.access.denied.v1",
            "data": {"lane": "in-1", "card": "V-017", "reason": "expired"},
        }
    )
    assert line.endswith("estate/north       42  access denied       in-1      V-017       expired")
    for found in ({"emergency": "fire", "reason": "x"}, {"fault": "chatters"}):
        line = sentences.event({"type": "gate.input.faulted.v1", "data": found})
        assert line.endswith(next(iter(found.values())))
    hostile = sentences.event({"type": "\x1b[31mred", "data": {"card": "a\nb" + "x" * 200}})
    assert "\x1b" not in hostile
    assert "\n" not in hostile
    assert len(hostile) < 200
    assert sentences.local("yesterday") == "yesterday"
    assert sentences.status("a/b", {"status": "lost"}) == "a/b is lost"
    assert "faults: one, two" in sentences.state("a/b", "in-1", {"faults": ["one", "two"]})
    told = sentences.state("a/b", "in-1", {"emergency": "fire", "alarm": "none"})
    assert told.endswith(", emergency fire")
