"""What goes with QoS 0 is not taken for something that the broker has acknowledged."""

from pathlib import Path
from typing import Literal

import pytest

from agent.uplink.broker import Broker
from agent.uplink.client import Connection, properties
from agent.uplink.line import Incoming
from agent.uplink.payloads import CONTENT_TYPE
from tests.parts import require
from tests.patience import until
from tests.rigs.broker import Mosquitto
from tests.rigs.listener import Listener

HOW = properties(CONTENT_TYPE)


class Owner:
    """Notes what the broker acknowledged."""

    def __init__(self) -> None:
        self.mids: list[int] = []

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        assert (code, name) == (0, "")
        self.mids.append(mid)

    def answered(self, refused: str) -> None:
        raise AssertionError(refused)

    def received(self, message: Incoming) -> None:
        raise AssertionError(message)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_hint_is_heard_and_counts_for_nothing(
    tmp_path: Path, version: Literal["5", "3.1.1"]
) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker) as listener:
        owner = Owner()
        line = Connection(Broker(broker.host, broker.port, version=version), owner)
        line.open(None)
        for number in range(3):
            line.hint("tele", b"%d" % number, HOW)
        first = line.publish("evt", b"1", HOW)
        line.hint("tele", b"3", HOW)
        second = line.publish("evt", b"2", HOW)
        assert line.outstanding == 2

        def turned() -> bool:
            line.turn(0.01)
            return len(listener.heard) == 6 and len(owner.mids) == 2

        until(turned, "six messages and two acknowledgements")
        assert sorted(owner.mids) == [first, second]
        assert line.outstanding == 0
        line.close(politely=True)
