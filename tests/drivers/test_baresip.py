"""The intercom on real baresip processes: calls both ways, keys, and all that can go away."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.events import Event, FrameFaulted, IntercomFound, IntercomLost, LineTold, Turn, Why
from agent.core.ids import LaneId, LineId
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.baresip import WANTS, Baresip
from drivers.clock import SystemClock
from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.house import PROFILE
from tests.rigs.phone import Phone, silence
from tests.rigs.ports import free_port
from tests.rigs.registrar import Registrar
from tests.rigs.sipp import Sipp

ONE, TWO = LineId("c-1.1"), LineId("c-1.2")
NUMBER = "13800000001"


class Ear:
    """Hears what the intercom tells."""

    def __init__(self, gate: Baresip) -> None:
        self.gate = gate
        self.events: list[Event | FrameFaulted] = []
        gate.start(self.events.append)

    def told(self, line: str, turn: Turn) -> list[LineTold]:
        return [
            each
            for each in list(self.events)
            if isinstance(each, LineTold) and (each.line, each.turn) == (line, turn)
        ]

    def wait(self, line: str, turn: Turn, count: int = 1) -> LineTold:
        until(lambda: len(self.told(line, turn)) >= count, f"{line} {turn} {count}")
        return self.told(line, turn)[count - 1]

    def seen(self, kind: type) -> int:
        return sum(isinstance(each, kind) for each in list(self.events))

    def found(self, count: int = 1) -> None:
        until(lambda: self.seen(IntercomFound) >= count, f"the intercom is there, {count}")

    def called(self) -> LineTold:
        """Somebody calls us."""

        def look() -> LineTold | None:
            for each in list(self.events):
                if isinstance(each, LineTold) and each.turn is Turn.CALLED:
                    return each
            return None

        found = until(look, "somebody calls")
        assert found is not None
        return found


@pytest.fixture
def gate_phone(tmp_path: Path) -> Iterator[Phone]:
    """The gate's own baresip."""
    require("baresip")
    with Phone(tmp_path / "gate", "gate", lines=["rtp_timeout 2"]) as phone:
        yield phone


@pytest.fixture
def resident(tmp_path: Path) -> Iterator[Phone]:
    with Phone(tmp_path / "resident", NUMBER) as phone:
        phone.take_control()
        yield phone


@pytest.fixture
def ear(gate_phone: Phone) -> Iterator[Ear]:
    intercom = Baresip("127.0.0.1", gate_phone.control, SystemClock())
    heard = Ear(intercom)
    heard.found()
    yield heard
    intercom.stop()


def test_a_call_is_answered_and_a_key_is_heard(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    ear.wait(ONE, Turn.RANG)
    resident.wait("CALL_INCOMING")
    resident.command("accept")
    ear.wait(ONE, Turn.ANSWERED)
    resident.wait("CALL_ESTABLISHED")
    resident.press("5#")
    assert ear.wait(ONE, Turn.KEY).key == "5"
    assert ear.wait(ONE, Turn.KEY, 2).key == "#"
    resident.command("hangup")
    assert ear.wait(ONE, Turn.ENDED).why is Why.HUNG_UP
    assert NUMBER not in repr(ear.events)
    health = ear.gate.health()
    assert health.condition is Condition.OK
    assert health.counters is not None
    assert (health.counters["dialled"], health.counters["keys"], health.counters["calls"]) == (
        1,
        2,
        0,
    )


def test_a_key_as_sip_info(ear: Ear, gate_phone: Phone, tmp_path: Path) -> None:
    """Telephones that send keys beside the sound (application/dtmf-relay)."""
    require("sipp")
    with Sipp(tmp_path, key="7") as phone:
        ear.gate.dial(ONE, phone.address)
        ear.wait(ONE, Turn.RANG)
        ear.wait(ONE, Turn.ANSWERED)
        assert ear.wait(ONE, Turn.KEY).key == "7"
        assert "received event" not in gate_phone.log(), "it came as an RTP event"
        ear.gate.hang_up(ONE)
        ear.wait(ONE, Turn.ENDED)
        phone.done()


def test_the_gate_hangs_up_while_it_rings_and_calls_the_next(
    ear: Ear, resident: Phone, tmp_path: Path
) -> None:
    with Phone(tmp_path / "second", "13900000002", auto=True) as second:
        ear.gate.dial(ONE, resident.address)
        ear.wait(ONE, Turn.RANG)
        ear.gate.hang_up(ONE)
        ear.gate.dial(TWO, second.address)
        ear.wait(TWO, Turn.ANSWERED)
        resident.wait("CALL_CLOSED")
        assert ear.wait(ONE, Turn.ENDED).why is Why.HUNG_UP
        ear.gate.hang_up(TWO)
        ear.wait(TWO, Turn.ENDED)
        ear.gate.hang_up(TWO)
        ear.gate.hang_up(LineId("nobody"))


def test_every_lane_has_its_own_sound(gate_phone: Phone, resident: Phone, tmp_path: Path) -> None:
    """Whose microphone is open is seen by which file baresip reads."""
    files = {lane: str(silence(tmp_path / f"{lane}.wav")) for lane in ("in-1", "out-1", "other")}
    sounds = {
        None if lane == "other" else LaneId(lane): (f"aufile,{file}", f"aubridge,{lane}")
        for lane, file in files.items()
    }
    intercom = Baresip("127.0.0.1", gate_phone.control, SystemClock(), sounds=sounds)
    ear = Ear(intercom)
    ear.found()
    spoken = [("in-1", "in-1", 1), ("out-1", "out-1", 1), (None, "other", 1), ("in-2", "other", 2)]
    for number, (lane, file, count) in enumerate(spoken, 1):
        line = LineId(f"c-{number}.1")
        intercom.dial(line, resident.address, None if lane is None else LaneId(lane))
        resident.wait("CALL_INCOMING", number)
        resident.command("accept")
        ear.wait(line, Turn.ANSWERED)
        _opened(gate_phone, files[file], count)
        assert gate_phone.log().count("loading input file") == number
        intercom.hang_up(line)
        ear.wait(line, Turn.ENDED)
    resident.command("dial", gate_phone.address)
    called = ear.called()
    intercom.accept(called.line, LaneId("in-1"))
    ear.wait(called.line, Turn.ANSWERED)
    _opened(gate_phone, files["in-1"], 2)
    assert (intercom.health().counters or {})["faults"] == 0
    intercom.stop()


def _opened(phone: Phone, file: str, count: int = 1) -> None:
    """Wait until this phone has opened this file so often, for a microphone."""
    says = f"loading input file '{file}'"
    until(lambda: phone.log().count(says) == count, f"{count} times: {says}")


def test_a_sound_that_baresip_does_not_have_is_counted(gate_phone: Phone, resident: Phone) -> None:
    intercom = Baresip(
        "127.0.0.1", gate_phone.control, SystemClock(), sounds={None: ("jack,x", "jack,x")}
    )
    ear = Ear(intercom)
    ear.found()
    intercom.dial(ONE, resident.address)
    ear.wait(ONE, Turn.RANG)
    assert (intercom.health().counters or {})["faults"] == 2
    intercom.stop()


def test_a_number_that_still_waits_is_taken_back(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    ear.wait(ONE, Turn.RANG)
    ear.gate.dial(TWO, resident.address)
    ear.gate.hang_up(TWO)
    ear.gate.hang_up(ONE)
    ear.wait(ONE, Turn.ENDED)
    ear.gate.dial(LineId("c-1.3"), resident.address)
    ear.wait("c-1.3", Turn.RANG)
    assert not ear.told(TWO, Turn.RANG)


def test_who_declines_and_who_is_not_there(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    ear.wait(ONE, Turn.RANG)
    resident.wait("CALL_INCOMING")
    resident.command("hangup")
    assert ear.wait(ONE, Turn.ENDED).why is Why.BUSY
    ear.gate.dial(TWO, resident.address.replace(NUMBER, "nobody"))
    assert ear.wait(TWO, Turn.ENDED).why is Why.UNREACHABLE


@pytest.mark.parametrize("number", ["", "two words", "sip:\n@x", "x" * 201])
def test_what_is_no_number(ear: Ear, number: str) -> None:
    ear.gate.dial(ONE, number)
    assert ear.wait(ONE, Turn.ENDED).why is Why.UNREACHABLE


def test_a_number_that_never_answers_is_hung_up(ear: Ear, tmp_path: Path) -> None:
    with Phone(tmp_path / "frozen", "1") as frozen:
        frozen.freeze(on=True)
        ear.gate.dial(ONE, frozen.address)
        until(lambda: (ear.gate.health().counters or {})["calls"], "it is being dialled")
        ear.gate.hang_up(ONE)
        ear.wait(ONE, Turn.ENDED)
        assert not ear.told(ONE, Turn.RANG)


def test_the_control_room_calls_is_taken_and_declined(
    ear: Ear, gate_phone: Phone, resident: Phone
) -> None:
    resident.command("dial", gate_phone.address)
    called = ear.called()
    assert called.peer.startswith(f"sip:{NUMBER}@127.0.0.1")
    ear.gate.accept(called.line)
    ear.wait(called.line, Turn.ANSWERED)
    resident.wait("CALL_ESTABLISHED")
    ear.gate.hang_up(called.line)
    ear.wait(called.line, Turn.ENDED)
    ear.events.clear()
    resident.command("dial", gate_phone.address)
    ear.gate.hang_up(ear.called().line)
    assert resident.wait("CALL_CLOSED", 2).detail.startswith("486")


def test_who_calls_while_another_talks_is_told_apart(
    ear: Ear, gate_phone: Phone, resident: Phone, tmp_path: Path
) -> None:
    with Phone(tmp_path / "control", "control") as control:
        control.take_control()
        ear.gate.dial(ONE, resident.address)
        resident.wait("CALL_INCOMING")
        resident.command("accept")
        ear.wait(ONE, Turn.ANSWERED)
        control.command("dial", gate_phone.address)
        called = ear.called()
        ear.gate.hang_up(called.line)
        ear.wait(called.line, Turn.ENDED)
        control.wait("CALL_CLOSED")
        assert not ear.told(ONE, Turn.ENDED), "it is the other one that was hung up"
        resident.press("5")
        ear.wait(ONE, Turn.KEY)


def test_who_dies_without_a_word_is_noticed(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    resident.wait("CALL_INCOMING")
    resident.command("accept")
    ear.wait(ONE, Turn.ANSWERED)
    resident.wait("CALL_RTPESTAB")
    resident.kill()
    assert ear.wait(ONE, Turn.ENDED).why is Why.SILENT


def test_baresip_killed_in_mid_call(ear: Ear, gate_phone: Phone, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    resident.wait("CALL_INCOMING")
    resident.command("accept")
    ear.wait(ONE, Turn.ANSWERED)
    gate_phone.kill()
    assert ear.wait(ONE, Turn.ENDED).why is Why.LOST
    until(lambda: ear.seen(IntercomLost), "the intercom is lost")
    assert ear.gate.health().condition is Condition.DOWN
    ear.gate.dial(TWO, resident.address)
    assert ear.wait(TWO, Turn.ENDED).why is Why.LOST
    gate_phone.start()
    ear.found(2)
    assert ear.gate.health().condition is Condition.OK
    ear.gate.dial(LineId("c-2.1"), resident.address)
    ear.wait("c-2.1", Turn.RANG)
    assert ear.seen(IntercomLost) == 1, "it is told once"


def test_a_registrar_that_is_away_is_told(tmp_path: Path) -> None:
    require("baresip")
    phone = Phone(tmp_path / "gate", "gate")
    nobody = free_port()
    account = f'<sip:gate@127.0.0.1>;outbound="sip:127.0.0.1:{nobody}";regint=60;answermode=manual'
    (phone.directory / "accounts").write_text(account + "\n")
    intercom = Baresip("127.0.0.1", phone.control, SystemClock())
    with phone:
        ear = Ear(intercom)
        ear.found()
        until(lambda: intercom.health().condition is Condition.DEGRADED, "the registrar is missed")
        assert "the registrar does not take us" in intercom.health().detail
        intercom.stop()


@pytest.mark.parametrize(
    ("answer", "wanted", "condition"),
    [(b"200 OK", True, Condition.OK), (b"403 Forbidden", False, Condition.DEGRADED)],
)
def test_a_registrar_that_takes_us_and_one_that_refuses(
    tmp_path: Path, answer: bytes, wanted: bool, condition: Condition
) -> None:
    require("baresip")
    port = free_port()
    phone = Phone(tmp_path / "gate", "gate")
    account = f'<sip:gate@127.0.0.1>;outbound="sip:127.0.0.1:{port}";regint=60;answermode=manual'
    (phone.directory / "accounts").write_text(account + "\n")
    intercom = Baresip("127.0.0.1", phone.control, SystemClock(), alive_s=0.1)
    assert intercom.registered is None
    with Registrar(port, answer=answer), phone:
        Ear(intercom).found()
        until(lambda: intercom.registered is wanted, f"{answer!r}")
        assert intercom.health().condition is condition
        intercom.stop()


@pytest.mark.skipif(PROFILE != "nightly", reason="baresip tries again after half a minute at least")
def test_a_registrar_that_comes_back_is_found_by_itself(tmp_path: Path) -> None:
    require("baresip")
    port = free_port()
    phone = Phone(tmp_path / "gate", "gate")
    account = f'<sip:gate@127.0.0.1>;outbound="sip:127.0.0.1:{port}";regint=60;answermode=manual'
    (phone.directory / "accounts").write_text(account + "\n")
    intercom = Baresip("127.0.0.1", phone.control, SystemClock(), alive_s=0.1)
    with phone:
        Ear(intercom).found()
        until(lambda: intercom.registered is False, "the registrar is missed")
        with Registrar(port):
            until(lambda: intercom.registered, "it is found", 4 * LIMIT_S)
            assert intercom.health().condition is Condition.OK
        intercom.stop()


def test_baresip_that_does_not_run(tmp_path: Path) -> None:
    require("baresip")
    phone = Phone(tmp_path / "gate", "gate")
    intercom = Baresip("127.0.0.1", phone.control, SystemClock())
    intercom.stop()
    assert intercom.health().condition is Condition.UNKNOWN
    intercom = Baresip("127.0.0.1", phone.control, SystemClock())
    ear = Ear(intercom)
    until(lambda: ear.seen(IntercomLost), "it is lost")
    assert f"no baresip at 127.0.0.1:{phone.control}" in intercom.health().detail
    with pytest.raises(DeviceError, match="started already"):
        intercom.start(ear.events.append)
    with phone:
        ear.found()
        intercom.stop()
        intercom.stop()


def test_a_call_that_is_left_from_before_is_hung_up(gate_phone: Phone, resident: Phone) -> None:
    gate_phone.command("dial", resident.address)
    resident.wait("CALL_INCOMING")
    resident.command("accept")
    gate_phone.wait("CALL_ESTABLISHED")
    intercom = Baresip("127.0.0.1", gate_phone.control, SystemClock())
    ear = Ear(intercom)
    ear.found()
    resident.wait("CALL_CLOSED")
    assert not [each for each in ear.events if isinstance(each, LineTold)]
    intercom.stop()


def test_the_agent_stops_and_leaves_nobody_on_the_line(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    resident.wait("CALL_INCOMING")
    ear.gate.stop()
    resident.wait("CALL_CLOSED")


def test_the_control_connection_is_taken_over_and_comes_back(
    ear: Ear, gate_phone: Phone, resident: Phone
) -> None:
    ear.gate.dial(ONE, resident.address)
    ear.wait(ONE, Turn.RANG)
    with socket.create_connection(("127.0.0.1", gate_phone.control), LIMIT_S):
        assert ear.wait(ONE, Turn.ENDED).why is Why.LOST
        lost = next(each for each in list(ear.events) if isinstance(each, LineTold))
        assert lost.line == ONE
    ear.found(2)
    told = [each.detail for each in ear.events if isinstance(each, IntercomLost)]
    assert "took its control port over" in told[0]
    resident.wait("CALL_CLOSED")
    ear.gate.dial(TWO, resident.address)
    ear.wait(TWO, Turn.RANG)


def test_somebody_else_answers_at_the_port() -> None:
    port = free_port()
    intercom = Baresip("127.0.0.1", port, SystemClock())
    with socket.create_server(("127.0.0.1", port)) as server:
        ear = Ear(intercom)
        conn, _ = server.accept()
        conn.sendall(b"SSH-2.0-OpenSSH_9\r\n")
        until(lambda: ear.seen(IntercomLost), "it is no baresip")
        assert "another program answers" in intercom.health().detail
        conn.close()
        intercom.stop()


def test_more_wishes_than_can_wait_are_told_as_lost() -> None:
    """A connection that says nothing takes no wishes; every one of them is answered."""
    port = free_port()
    intercom = Baresip("127.0.0.1", port, SystemClock())
    with socket.create_server(("127.0.0.1", port)) as server:
        ear = Ear(intercom)
        conn, _ = server.accept()
        for number in range(WANTS + 3):
            intercom.dial(LineId(f"c-{number}"), "sip:x@y")
        for number in range(WANTS, WANTS + 3):
            assert ear.wait(f"c-{number}", Turn.ENDED).why is Why.LOST
        conn.close()
        for number in range(WANTS):
            ear.wait(f"c-{number}", Turn.ENDED)
        intercom.stop()


def test_a_baresip_that_hangs_is_left() -> None:
    """It listens, and never answers: after some seconds it counts as gone."""
    port = free_port()
    intercom = Baresip("127.0.0.1", port, SystemClock(), answer_s=0.5)
    with socket.create_server(("127.0.0.1", port)) as server:
        ear = Ear(intercom)
        conn, _ = server.accept()
        until(lambda: ear.seen(IntercomLost), "it hangs")
        assert "it hangs" in intercom.health().detail
        conn.close()
        intercom.stop()


def test_keys_that_no_finger_presses_so_fast() -> None:
    """Noise, or somebody who tries all PINs: what is too fast is not handed over."""
    port = free_port()
    intercom = Baresip("127.0.0.1", port, SystemClock())
    with socket.create_server(("127.0.0.1", port)) as server:
        ear = Ear(intercom)
        with server.accept()[0] as conn:
            conn.sendall(_answer("g1"))
            ear.found()
            conn.sendall(_event("CALL_INCOMING", "x", "sip:x@y"))
            ear.wait("in-x", Turn.CALLED)
            conn.sendall(b"".join(_event("CALL_DTMF_START", "x", "5") for _ in range(40)))
            conn.sendall(_event("CALL_DTMF_START", "x", "Q"))
            conn.sendall(_event("CALL_CLOSED", "x", "Connection reset by peer"))
            ear.wait("in-x", Turn.ENDED)
            assert 1 <= len(ear.told("in-x", Turn.KEY)) <= 20
            intercom.stop()


def test_a_flood_of_callers_is_turned_away() -> None:
    port = free_port()
    intercom = Baresip("127.0.0.1", port, SystemClock())
    with socket.create_server(("127.0.0.1", port)) as server:
        ear = Ear(intercom)
        with server.accept()[0] as conn:
            conn.sendall(_answer("g1"))
            ear.found()
            for number in range(12):
                conn.sendall(_event("CALL_INCOMING", f"x{number}", "sip:x@y"))
            until(lambda: (intercom.health().counters or {})["turned_away"] == 4, "four too many")
            told = [each for each in ear.events if isinstance(each, LineTold)]
            assert len(told) == 8
            intercom.stop()


def _answer(token: str, data: str = "") -> bytes:
    return _net(f'{{"response": true, "ok": true, "data": "{data}", "token": "{token}"}}')


def _event(kind: str, call: str, param: str) -> bytes:
    said = f'"type": "{kind}", "direction": "incoming", "id": "{call}"'
    return _net(f'{{"event": true, {said}, "peeruri": "sip:x@y", "param": "{param}"}}')


def _net(text: str) -> bytes:
    return b"%d:%s," % (len(text), text.encode())


def test_it_has_one_thread_with_a_name(ear: Ear) -> None:
    assert [each.name for each in threading.enumerate()].count("intercom") == 1
    ear.gate.stop()
    assert "intercom" not in [each.name for each in threading.enumerate()]
