"""The end of a daemon, and a second one."""

import json
from pathlib import Path

import pytest

from agent.errors import GateError
from tests.parts import require
from tests.patience import Watch, until
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import residents
from tests.rigs.house import IN, OUT, STOPPED, House
from tests.rigs.listener import Listener
from tests.rigs.stubborn import Stubborn


def _pins(rig: House) -> list[tuple[int, str, int]]:
    return [(one.pin, one.function, one.level) for one in rig.sim.trace() if one.kind == "pin"]


def _offline(listener: Listener) -> bool:
    told = listener.on("/status")
    return bool(told) and json.loads(told[-1].payload)["status"] == "offline"


def test_sigterm_ends_in_order_and_moves_nothing(tmp_path: Path) -> None:
    require("mosquitto")
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        House(tmp_path / "gate", residents(2), broker=broker) as rig,
    ):
        rig.start()
        stroke = rig.tap_opens(IN, 1)
        rig.wait(lane=IN, arm="up")
        before = _pins(rig)
        with Watch() as watch:
            assert rig.stop() == 0
            assert watch.ran_s < 5
        assert _pins(rig) == before, "stopping moved a pin"
        assert rig.strokes(IN) == [stroke._replace(off_ns=rig.strokes(IN)[0].off_ns)]
        last = rig.entries()[-1]
        assert (last.type, json.loads(last.data)) == (STOPPED, {"reason": "SIGTERM"})
        rig.verified()
        listener.wait(_offline)

        rig.start()
        assert _pins(rig) == before, "starting moved a pin"
        rig.wait_entry("gate.passage.ended.v1", outcome="interrupted")
        rig.tap_opens(OUT, 2)
        assert len(rig.strokes(IN)) == 1, "a grant of an earlier run was pulsed again"
        assert rig.stop() == 0


def test_sigterm_in_mid_pulse_ends_the_pulse_and_nothing_else(tmp_path: Path) -> None:
    with House(tmp_path, residents(1)) as rig:
        rig.start()
        with Watch() as watch:
            rig.opened(IN, rig.tap(IN, 1))
            assert rig.stop() == 0
            (stroke,) = rig.strokes(IN)
            assert stroke.off_ns is not None
            assert (stroke.off_ns - stroke.on_ns) / 1e9 < 1 + watch.stood_s
        assert rig.relays_on() == []
        assert rig.entries()[-1].type == STOPPED


def test_a_second_daemon_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    first = House(tmp_path / "a", residents(3))
    with first, House(tmp_path / "b", state=first.ledger.parent) as second:
        first.start()
        with pytest.raises(GateError, match=f"process {first.pid} is writing to this ledger"):
            second.start()
        second.wait_dead()
        assert second.strokes(IN) == second.strokes(OUT) == []
        assert second.relays_on() == []
        first.opened(IN, first.tap(IN, 1))
        assert first.stop() == 0
        first.verified()


def test_a_second_daemon_of_the_same_gate_moves_nothing_of_the_first(tmp_path: Path) -> None:
    with House(tmp_path, residents(3)) as rig:
        rig.start()
        rig.tap_opens(IN, 1)
        before = _pins(rig)
        done = rig.command("run")
        assert done.returncode == 1
        assert "held by another process" in done.stderr, done.stderr
        assert _pins(rig)[: len(before)] == before
        refused = rig.command("relays-safe")
        assert refused.returncode == 1
        assert "held by another process" in refused.stderr, refused.stderr
        rig.tap_opens(OUT, 2)
        assert rig.ask("status")["running"] is True
        assert rig.stop() == 0
        rig.verified()


def test_sigterm_waits_for_no_broker_and_no_listener(tmp_path: Path) -> None:
    """The broker took the connection and never says a word; somebody hangs on to the feed."""
    with Stubborn(lambda _first, _body: b"") as mute:
        uplink = {"host": mute.host, "port": mute.port, "tls": False}
        with House(tmp_path, residents(1), changes={"uplink": uplink}) as rig:
            rig.start()
            rig.tap_opens(IN, 1)
            until(lambda: mute.connections > 0, "the uplink's attempt")
            with rig.control() as watching:
                feed = watching.feed()
                rig.tap(OUT, 0xBAD)
                assert any("entry" in news for news in feed), "the tap is told"
                with Watch() as watch:
                    assert rig.stop() == 0
                    assert watch.ran_s < 5
                assert all("entry" in news or "lane" in news for news in feed), "it ends"
            assert rig.entries()[-1].type == STOPPED
