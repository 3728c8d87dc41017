"""The intercom on real baresip processes: calls both ways, keys, and all that can go away."""

import contextlib
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
from drivers.baresip_talk import ALIVE_S, ANSWER_S, Sounds
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

    def lines(self) -> list[LineTold]:
        return [each for each in list(self.events) if isinstance(each, LineTold)]

    def told(self, line: str, turn: Turn) -> list[LineTold]:
        return [each for each in self.lines() if (each.line, each.turn) == (line, turn)]

    def wait(self, line: str, turn: Turn, count: int = 1) -> LineTold:
        until(lambda: len(self.told(line, turn)) >= count, f"{line} {turn} {count}")
        return self.told(line, turn)[count - 1]

    def ended(self, line: str) -> Why:
        """The line ends: why?"""
        return self.wait(line, Turn.ENDED).why

    def seen(self, kind: type) -> int:
        return sum(isinstance(each, kind) for each in list(self.events))

    def found(self, count: int = 1) -> None:
        until(lambda: self.seen(IntercomFound) >= count, f"the intercom is there, {count}")

    def lost(self) -> str:
        """The intercom goes: what is said of it the first time?"""
        told = until(
            lambda: [each.detail for each in list(self.events) if isinstance(each, IntercomLost)],
            "the intercom is lost",
        )
        return told[0]

    def count(self, counter: str) -> int:
        return (self.gate.health().counters or {})[counter]

    def called(self) -> LineTold:
        """Somebody calls us."""
        turns = until(
            lambda: [each for each in self.lines() if each.turn is Turn.CALLED], "somebody calls"
        )
        return turns[0]

    def rings(self, line: LineId, address: str, lane: LaneId | None = None) -> None:
        """Call there, until it rings."""
        self.gate.dial(line, address, lane)
        self.wait(line, Turn.RANG)

    def talks(self, line: LineId, other: Phone, count: int = 1, lane: LaneId | None = None) -> None:
        """Call there, and it is taken: its ``count``-th call."""
        self.rings(line, other.address, lane)
        other.wait("CALL_INCOMING", count)
        other.command("accept")
        self.wait(line, Turn.ANSWERED)


@contextlib.contextmanager
def listening(
    port: int,
    *,
    answer_s: float = ANSWER_S,
    alive_s: float = ALIVE_S,
    sounds: Sounds | None = None,
) -> Iterator[Ear]:
    """An intercom at this control port, from its start to its end."""
    intercom = Baresip(
        "127.0.0.1", port, SystemClock(), answer_s=answer_s, alive_s=alive_s, sounds=sounds
    )
    try:
        yield Ear(intercom)
    finally:
        intercom.stop()


@contextlib.contextmanager
def listening_to_us(answer_s: float = ANSWER_S) -> Iterator[tuple[Ear, socket.socket]]:
    """An intercom that takes the test for its baresip, and our end of the connection."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(LIMIT_S)
        with listening(port, answer_s=answer_s) as ear, server.accept()[0] as conn:
            yield ear, conn


def at_registrar(directory: Path, port: int) -> Phone:
    """The gate's own baresip, whose registrar is at this port; it does not run yet."""
    require("baresip")
    phone = Phone(directory / "gate", "gate")
    account = f'<sip:gate@127.0.0.1>;outbound="sip:127.0.0.1:{port}";regint=60;answermode=manual'
    (phone.directory / "accounts").write_text(account + "\n")
    return phone


@pytest.fixture
def gate_phone(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Phone]:
    """The gate's own baresip; a line counts as dead after a minute, or the seconds asked for."""
    require("baresip")
    silent_s = getattr(request, "param", 60)
    with Phone(tmp_path / "gate", "gate", lines=[f"rtp_timeout {silent_s}"]) as phone:
        yield phone


@pytest.fixture
def resident(tmp_path: Path) -> Iterator[Phone]:
    with Phone(tmp_path / "resident", NUMBER) as phone:
        phone.take_control()
        yield phone


@pytest.fixture
def ear(gate_phone: Phone) -> Iterator[Ear]:
    with listening(gate_phone.control) as heard:
        heard.found()
        yield heard


def test_a_call_is_answered_and_a_key_is_heard(ear: Ear, resident: Phone) -> None:
    ear.talks(ONE, resident)
    resident.wait("CALL_ESTABLISHED")
    resident.press("5#")
    assert ear.wait(ONE, Turn.KEY).key == "5"
    assert ear.wait(ONE, Turn.KEY, 2).key == "#"
    resident.command("hangup")
    assert ear.ended(ONE) is Why.HUNG_UP
    assert NUMBER not in repr(ear.events)
    assert ear.gate.health().condition is Condition.OK
    assert [ear.count(each) for each in ("dialled", "keys", "calls")] == [1, 2, 0]


def test_a_key_as_sip_info(ear: Ear, gate_phone: Phone, tmp_path: Path) -> None:
    """Telephones that send keys beside the sound (application/dtmf-relay)."""
    require("sipp")
    with Sipp(tmp_path, key="7") as phone:
        ear.rings(ONE, phone.address)
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
        ear.rings(ONE, resident.address)
        ear.gate.hang_up(ONE)
        ear.gate.dial(TWO, second.address)
        ear.wait(TWO, Turn.ANSWERED)
        resident.wait("CALL_CLOSED")
        assert ear.ended(ONE) is Why.HUNG_UP
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
    spoken = [("in-1", "in-1", 1), ("out-1", "out-1", 1), (None, "other", 1), ("in-2", "other", 2)]
    with listening(gate_phone.control, sounds=sounds) as ear:
        ear.found()
        for number, (lane, file, count) in enumerate(spoken, 1):
            line = LineId(f"c-{number}.1")
            ear.talks(line, resident, number, None if lane is None else LaneId(lane))
            _opened(gate_phone, files[file], count)
            assert gate_phone.log().count("loading input file") == number
            ear.gate.hang_up(line)
            ear.wait(line, Turn.ENDED)
        resident.command("dial", gate_phone.address)
        called = ear.called()
        ear.gate.accept(called.line, LaneId("in-1"))
        ear.wait(called.line, Turn.ANSWERED)
        _opened(gate_phone, files["in-1"], 2)
        assert ear.count("faults") == 0


def _opened(phone: Phone, file: str, count: int = 1) -> None:
    """Wait until this phone has opened this file so often, for a microphone."""
    says = f"loading input file '{file}'"
    until(lambda: phone.log().count(says) == count, f"{count} times: {says}")


def test_a_sound_that_baresip_does_not_have_is_counted(gate_phone: Phone, resident: Phone) -> None:
    with listening(gate_phone.control, sounds={None: ("jack,x", "jack,x")}) as ear:
        ear.found()
        ear.rings(ONE, resident.address)
        assert ear.count("faults") == 2


def test_a_number_that_still_waits_is_taken_back(ear: Ear, resident: Phone) -> None:
    ear.rings(ONE, resident.address)
    ear.gate.dial(TWO, resident.address)
    ear.gate.hang_up(TWO)
    ear.gate.hang_up(ONE)
    ear.wait(ONE, Turn.ENDED)
    ear.rings(LineId("c-1.3"), resident.address)
    assert not ear.told(TWO, Turn.RANG)


def test_who_declines_and_who_is_not_there(ear: Ear, resident: Phone) -> None:
    ear.rings(ONE, resident.address)
    resident.wait("CALL_INCOMING")
    resident.command("hangup")
    assert ear.ended(ONE) is Why.BUSY
    ear.gate.dial(TWO, resident.address.replace(NUMBER, "nobody"))
    assert ear.ended(TWO) is Why.UNREACHABLE


@pytest.mark.parametrize("number", ["", "two words", "sip:\n@x", "x" * 201])
def test_what_is_no_number(ear: Ear, number: str) -> None:
    ear.gate.dial(ONE, number)
    assert ear.ended(ONE) is Why.UNREACHABLE


def test_a_number_that_never_answers_is_hung_up(ear: Ear, tmp_path: Path) -> None:
    with Phone(tmp_path / "frozen", "1") as frozen:
        frozen.freeze(on=True)
        ear.gate.dial(ONE, frozen.address)
        until(lambda: ear.count("calls"), "it is being dialled")
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
        ear.talks(ONE, resident)
        control.command("dial", gate_phone.address)
        called = ear.called()
        ear.gate.hang_up(called.line)
        ear.wait(called.line, Turn.ENDED)
        control.wait("CALL_CLOSED")
        assert not ear.told(ONE, Turn.ENDED), "it is the other one that was hung up"
        resident.press("5")
        ear.wait(ONE, Turn.KEY)


@pytest.mark.parametrize("gate_phone", [2], indirect=True)
def test_who_dies_without_a_word_is_noticed(ear: Ear, resident: Phone) -> None:
    ear.talks(ONE, resident)
    resident.wait("CALL_RTPESTAB")
    resident.kill()
    assert ear.ended(ONE) is Why.SILENT


def test_baresip_killed_in_mid_call(ear: Ear, gate_phone: Phone, resident: Phone) -> None:
    ear.talks(ONE, resident)
    gate_phone.kill()
    assert ear.ended(ONE) is Why.LOST
    ear.lost()
    assert ear.gate.health().condition is Condition.DOWN
    ear.gate.dial(TWO, resident.address)
    assert ear.ended(TWO) is Why.LOST
    gate_phone.start()
    ear.found(2)
    assert ear.gate.health().condition is Condition.OK
    ear.rings(LineId("c-2.1"), resident.address)
    assert ear.seen(IntercomLost) == 1, "it is told once"


def test_a_registrar_that_is_away_is_told(tmp_path: Path) -> None:
    with at_registrar(tmp_path, free_port()) as phone, listening(phone.control) as ear:
        ear.found()
        health = ear.gate.health
        until(lambda: health().condition is Condition.DEGRADED, "the registrar is missed")
        assert "the registrar does not take us" in health().detail


@pytest.mark.parametrize(
    ("answer", "wanted", "condition"),
    [(b"200 OK", True, Condition.OK), (b"403 Forbidden", False, Condition.DEGRADED)],
)
def test_a_registrar_that_takes_us_and_one_that_refuses(
    tmp_path: Path, answer: bytes, wanted: bool, condition: Condition
) -> None:
    port = free_port()
    phone = at_registrar(tmp_path, port)
    assert Baresip("127.0.0.1", phone.control, SystemClock()).registered is None
    with Registrar(port, answer=answer), phone, listening(phone.control, alive_s=0.1) as ear:
        ear.found()
        until(lambda: ear.gate.registered is wanted, f"{answer!r}")
        assert ear.gate.health().condition is condition


@pytest.mark.skipif(PROFILE != "nightly", reason="baresip tries again after half a minute at least")
def test_a_registrar_that_comes_back_is_found_by_itself(tmp_path: Path) -> None:
    port = free_port()
    with at_registrar(tmp_path, port) as phone, listening(phone.control, alive_s=0.1) as ear:
        ear.found()
        until(lambda: ear.gate.registered is False, "the registrar is missed")
        with Registrar(port):
            until(lambda: ear.gate.registered, "it is found", 4 * LIMIT_S)
            assert ear.gate.health().condition is Condition.OK


def test_baresip_that_does_not_run(tmp_path: Path) -> None:
    require("baresip")
    phone = Phone(tmp_path / "gate", "gate")
    intercom = Baresip("127.0.0.1", phone.control, SystemClock())
    intercom.stop()
    assert intercom.health().condition is Condition.UNKNOWN
    with listening(phone.control) as ear:
        assert f"no baresip at 127.0.0.1:{phone.control}" in ear.lost()
        assert ear.gate.health().detail == ear.lost()
        others: list[object] = []
        with pytest.raises(DeviceError, match="started already"):
            ear.gate.start(others.append)
        with phone:
            ear.found()
            ear.gate.stop()


def test_a_call_that_is_left_from_before_is_hung_up(gate_phone: Phone, resident: Phone) -> None:
    gate_phone.command("dial", resident.address)
    resident.wait("CALL_INCOMING")
    resident.command("accept")
    gate_phone.wait("CALL_ESTABLISHED")
    with listening(gate_phone.control) as ear:
        ear.found()
        resident.wait("CALL_CLOSED")
        assert not ear.lines()


def test_the_agent_stops_and_leaves_nobody_on_the_line(ear: Ear, resident: Phone) -> None:
    ear.gate.dial(ONE, resident.address)
    resident.wait("CALL_INCOMING")
    ear.gate.stop()
    resident.wait("CALL_CLOSED")


def test_the_control_connection_is_taken_over_and_comes_back(
    ear: Ear, gate_phone: Phone, resident: Phone
) -> None:
    ear.rings(ONE, resident.address)
    with socket.create_connection(("127.0.0.1", gate_phone.control), LIMIT_S):
        assert ear.ended(ONE) is Why.LOST
        assert ear.lines()[0].line == ONE
    ear.found(2)
    assert "took its control port over" in ear.lost()
    resident.wait("CALL_CLOSED")
    ear.rings(TWO, resident.address)


def test_somebody_else_answers_at_the_port() -> None:
    with listening_to_us() as (ear, conn):
        conn.sendall(b"SSH-2.0-OpenSSH_9\r\n")
        assert "another program answers" in ear.lost()


def test_more_wishes_than_can_wait_are_told_as_lost() -> None:
    """A connection that says nothing takes no wishes; every one of them is answered."""
    with listening_to_us() as (ear, conn):
        for number in range(WANTS + 3):
            ear.gate.dial(LineId(f"c-{number}"), "sip:x@y")
        for number in range(WANTS, WANTS + 3):
            assert ear.ended(f"c-{number}") is Why.LOST
        conn.close()
        for number in range(WANTS):
            ear.wait(f"c-{number}", Turn.ENDED)


def test_a_baresip_that_hangs_is_left() -> None:
    """It listens, and never answers: after some seconds it counts as gone."""
    with listening_to_us(answer_s=0.5) as (ear, _):
        assert "it hangs" in ear.lost()


def test_keys_that_no_finger_presses_so_fast() -> None:
    """Noise, or somebody who tries all PINs: what is too fast is not handed over."""
    with listening_to_us() as (ear, conn):
        conn.sendall(_answer("g1"))
        ear.found()
        conn.sendall(_event("CALL_INCOMING", "x", "sip:x@y"))
        ear.wait("in-x", Turn.CALLED)
        conn.sendall(b"".join(_event("CALL_DTMF_START", "x", "5") for _ in range(40)))
        conn.sendall(_event("CALL_DTMF_START", "x", "Q"))
        conn.sendall(_event("CALL_CLOSED", "x", "Connection reset by peer"))
        ear.wait("in-x", Turn.ENDED)
        assert 1 <= len(ear.told("in-x", Turn.KEY)) <= 20
        ear.gate.stop()


def test_a_flood_of_callers_is_turned_away() -> None:
    with listening_to_us() as (ear, conn):
        conn.sendall(_answer("g1"))
        ear.found()
        for number in range(12):
            conn.sendall(_event("CALL_INCOMING", f"x{number}", "sip:x@y"))
        until(lambda: ear.count("turned_away") == 4, "four too many")
        assert len(ear.lines()) == 8
        ear.gate.stop()


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
