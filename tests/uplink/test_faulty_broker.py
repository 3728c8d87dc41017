"""Brokers that are ill for a while and get well: nothing is skipped, nothing comes out of order."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.ports import Condition
from agent.uplink.broker import Broker
from tests.rigs.stubborn import CONNACK_5, PINGREQ, PINGRESP, Stubborn
from tests.uplink.gate import EVT, Gate

PUBLISH, QOS = 3, 0x06


class Ward:
    """A broker of MQTT 5 that takes all; until `heal` ``ill`` gives the reason code of a PUBACK.

    It is well from its next connection on: what was on its way meanwhile is as ill as the rest.

    It is asked with the event's sequence, 0 for what is no event; None acknowledges nothing.
    ``sent`` are the events with the number of their connection, ``taken`` those that it took.
    """

    def __init__(self, ill: Callable[[int], int | None]) -> None:
        self._ill = ill
        self._ills: int | None = None
        self.sent: list[tuple[int, int]] = []
        self.taken: list[int] = []
        self.server = Stubborn(self._answer)

    def heal(self) -> None:
        """From the next connection on it takes everything."""
        self._ills = self.server.connections

    def _answer(self, first: int, body: bytes) -> bytes:
        if first >> 4 != PUBLISH:
            return {0x10: CONNACK_5, PINGREQ: PINGRESP}.get(first, b"")
        if not first & QOS:
            return b""
        end = 2 + int.from_bytes(body[:2], "big")
        topic, mid, rest = body[2:end], body[end : end + 2], body[end + 2 :]
        sequence = 0
        if topic == EVT.encode():
            sequence = int(json.loads(rest[rest.index(b"{") :])["sequence"])
            self.sent.append((self.server.connections, sequence))
        well = self._ills is not None and self.server.connections > self._ills
        code = 0 if well else self._ill(sequence)
        if code is None:
            return b""
        if sequence and code < 0x80:
            self.taken.append(sequence)
        return bytes((0x40, 4)) + mid + bytes((code, 0))

    def most_in_one_session(self) -> int:
        """How many events one connection carried at most."""
        return max(Counter(connection for connection, _ in self.sent).values())


def target(ward: Ward, window: int = 5) -> Broker:
    return Broker(ward.server.host, ward.server.port, window=window, keepalive_s=1)


def in_order(taken: list[int], last: int) -> None:
    """The first times are in order and without a hole."""
    firsts = list(dict.fromkeys(taken))
    assert firsts == list(range(1, last + 1))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x80, "Unspecified error"),
        (0x83, "Implementation specific"),
        (0x87, "Not authorized"),
        (0x97, "a quota of the broker is used up"),
        (0x99, "another form of payload"),
    ],
)
def test_a_refused_event_is_sent_again_until_it_is_taken(
    tmp_path: Path, code: int, words: str
) -> None:
    """Those behind it that were taken do not make it up."""
    ward = Ward(lambda number: code if number == 7 else 0)
    with ward.server, Gate(tmp_path, target(ward)) as gate:
        gate.append(40)
        health = gate.wait(lambda it: it.condition is Condition.DEGRADED)
        assert "refused event 7 on" in health.detail
        assert words in health.detail
        gate.wait(lambda it: (it.counters or {})["session"] >= 3)
        assert gate.counter("published") == 6
        ward.heal()
        gate.drained()
        gate.wait(lambda it: it.condition is Condition.OK)
    assert gate.book.kept("published") == 40
    later = [number for connection, number in ward.sent if connection > 1]
    assert later[0] == 7, "every session begins with what was refused"
    assert set(ward.taken) == set(range(1, 41))


def test_a_broker_that_takes_everything_and_acknowledges_nothing(tmp_path: Path) -> None:
    ward = Ward(lambda _: None)
    with ward.server, Gate(tmp_path, target(ward)) as gate:
        gate.append(60)
        health = gate.wait(lambda it: it.condition is Condition.DOWN)
        assert "acknowledges nothing" in health.detail
        gate.wait(lambda it: (it.counters or {})["session"] >= 2)
        assert gate.counter("published") == 0
        assert ward.most_in_one_session() <= 5, "no more than the window is on its way"
        gate.append(40)
        ward.heal()
        gate.drained()
    in_order(ward.taken, 100)
    assert gate.book.kept("published") == 100


def test_a_broker_that_acknowledges_the_picture_and_no_event(tmp_path: Path) -> None:
    """Status and info are taken, events are swallowed: the link is not well for that."""
    ward = Ward(lambda number: None if number else 0)
    with ward.server, Gate(tmp_path, target(ward)) as gate:
        gate.append(30)
        health = gate.wait(lambda it: it.condition is Condition.DOWN)
        assert "acknowledges nothing" in health.detail
        assert gate.counter("published") == 0
        ward.heal()
        gate.drained()
    in_order(ward.taken, 30)


def test_a_broker_that_swallows_one_event_of_many(tmp_path: Path) -> None:
    """What lies behind the hole is acknowledged, and does not count."""
    ward = Ward(lambda number: None if number == 3 else 0)
    with ward.server, Gate(tmp_path, target(ward)) as gate:
        gate.append(30)
        gate.wait(lambda it: it.condition is Condition.DOWN)
        assert gate.counter("published") == 2
        assert {1, 2, 4, 5} <= set(ward.taken)
        ward.heal()
        gate.drained()
    assert set(ward.taken) == set(range(1, 31))
    assert next(number for connection, number in ward.sent if connection > 1) == 3
