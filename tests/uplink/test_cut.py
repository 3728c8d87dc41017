"""The line to the broker is cut without a word: no packet, no reset, no answer comes any more."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.ports import Condition
from agent.uplink.broker import Broker
from tests.parts import require
from tests.patience import Watch
from tests.rigs.broker import Mosquitto
from tests.rigs.cable import Cable
from tests.rigs.listener import Listener
from tests.rigs.ports import free_port
from tests.uplink.gate import Gate, sequences, statuses, whole

KEEPALIVE_S = 2


class Line:
    """A broker and a centre at the far end of a cable; the near end is for the gate."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.cable = stack.enter_context(Cable())
        self.port = free_port()
        self.broker = Mosquitto(folder / "broker", lines=[f"listener {self.port} {Cable.FAR}"])
        with self.cable.far():
            stack.enter_context(self.broker)
            self.listener = stack.enter_context(Listener(self.broker))

    def target(self, version: str) -> Broker:
        return Broker(
            Cable.FAR,
            self.port,
            version="5" if version == "5" else "3.1.1",
            client_id="estate.north",
            keepalive_s=KEEPALIVE_S,
            connect_timeout_s=1,
        )


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    require("mosquitto", "root", "nft")
    with ExitStack() as stack:
        yield Line(tmp_path, stack)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_it_is_noticed_and_all_comes_afterwards(
    tmp_path: Path, line: Line, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(tmp_path, line.target(version))
    with line.cable.near():
        gate.__enter__()
    try:
        gate.append(200)
        gate.drained()
        line.listener.wait(lambda it: len(it.on("/evt")) == 200)
        with Watch() as watch:
            line.cable.cut()
            gate.append(300)
            gate.wait(lambda it: it.condition is Condition.DOWN)
            # A ping after one keepalive, and another one without an answer to it.
            assert watch.ran_s < 2 * KEEPALIVE_S + 1
        # The broker of a machine that stood still has hung up before the cut.
        assert "went silent" in caplog.text or "was lost" in caplog.text
        assert "300 events wait" in gate.uplink.health().detail
        assert gate.counter("published") == 200
        health = gate.wait(lambda it: "nothing answers" in it.detail)
        assert Cable.FAR in health.detail
        # The broker notices, too, and says so.
        line.listener.wait(lambda it: statuses(it)[-1]["status"] == "lost")
        gate.append(100)
        line.cable.mend()
        gate.drained()
        line.listener.wait(lambda it: 600 in sequences(it.on("/evt")[-1:]))
        whole(line.listener, gate.book)
        assert statuses(line.listener)[-1]["status"] == "online"
    finally:
        gate.uplink.stop()


def test_stopping_does_not_wait_for_a_line_that_is_dead(tmp_path: Path, line: Line) -> None:
    gate = Gate(tmp_path, line.target("5"))
    with line.cable.near():
        gate.__enter__()
    gate.append(50)
    gate.drained()
    line.cable.cut()
    gate.append(10)
    with Watch() as watch:
        gate.uplink.stop()
        assert watch.ran_s < 3
    assert gate.book.kept("published") == 50
