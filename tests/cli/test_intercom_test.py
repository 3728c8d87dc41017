"""``gate-agent intercom test`` with real telephones: what it heard, and what it tells to do."""

import json
import threading
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agent.cli import gate_agent
from agent.tones import RATE, beeps
from tests.parts import require
from tests.rigs.calling import NUMBER, CallingHouse
from tests.rigs.phone import Phone
from tests.rigs.ports import free_port
from tests.rigs.registrar import Registrar
from tests.rigs.sipp import Sipp
from tests.settings.pages import CONFIG, GOOD
from tests.test_tones import fainter, sine

QUICK = ("--listen", "4")


@pytest.fixture(autouse=True)
def _parts() -> None:
    require("baresip")


def page(folder: Path, number: str = "", account: str = "") -> Path:
    """A gate whose booth has this telephone."""
    step = f", number: {number}" if number else ""
    text = f"""\
intercom:
  dial: sip:{{number}}@127.0.0.1
  listen: 127.0.0.1:5060
  interface: 127.0.0.1
  lanes:
    in-1: [{{call: unit, unit: 3-1}}, {{call: booth{step}}}]
  audio: {{driver: files, microphone: {folder}/microphone.wav, speaker: unused}}
  account: {{address: "sip:gate@127.0.0.1"{account}}}
paths: {{state: {folder}/state, run: {folder}/run}}
"""
    path = folder / "gate.yaml"
    path.write_text(GOOD + text, "utf-8")
    return path


def said(path: Path, sound: bytes) -> Path:
    """A file of sound."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound)
    return path


def run(config: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(gate_agent, ["intercom", "test", "-c", str(config), *words])
    return done.exit_code, done.output or str(done.exception)


def told(config: Path, *words: str) -> tuple[int, Mapping[str, Any]]:
    code, output = run(config, "--json", *words)
    found: Mapping[str, Any] = json.loads(output)
    return code, found


def test_the_tone_goes_there_and_comes_back(tmp_path: Path) -> None:
    with Phone(tmp_path / "echo", "booth", auto=True, echo=True) as phone:
        config = page(tmp_path, phone.address)
        code, report = told(config, "--listen", "60")
        assert (code, report["ok"], report["advice"]) == (0, True, [])
        assert report["registered"] is None, "there is no registrar"
        assert report["answered_s"] >= report["rang_s"] >= 0
        assert abs(report["tone_db"]) < 3
        assert 0 < report["back_ms"] < 3_000
        assert report["key"] is False
    assert NUMBER not in json.dumps(report)


def test_somebody_hears_the_tone_and_presses_a_key(tmp_path: Path) -> None:
    """In words; no echo, and no tone: it is the key that counts."""
    with Phone(tmp_path / "booth", "booth", auto=True) as phone:
        phone.take_control()

        def listen() -> None:
            phone.wait("CALL_ESTABLISHED")
            phone.press("1")

        person = threading.Thread(target=listen, name="person")
        person.start()
        code, output = run(page(tmp_path, phone.address), "--listen", "60")
        person.join()
    lines = dict(line.split(maxsplit=1) for line in output.splitlines())
    assert code == 0
    assert lines["key"] == "was pressed"
    assert lines["tone"] == "DID NOT COME BACK: silence"
    assert "1" not in lines["key"], "which key it was is nobody's business"


def test_silence_and_other_sound_are_told_apart(tmp_path: Path) -> None:
    with Phone(tmp_path / "silent", "a", auto=True) as phone:
        code, report = told(page(tmp_path, phone.address), *QUICK)
    assert (code, report["ok"], report["tone_db"]) == (1, False, None)
    assert "only silence came from there" in report["advice"][0]
    voice = said(tmp_path / "voice.wav", sine(440, -20, 60))
    with Phone(tmp_path / "loud", "b", auto=True, voice=voice) as phone:
        code, report = told(page(tmp_path, phone.address), *QUICK)
    assert (code, report["tone_db"]) == (1, None)
    assert report["sound_db"] == pytest.approx(-20, abs=2)
    assert "not our tone" in report["advice"][0]


def test_no_sound_at_all_although_a_key_came(tmp_path: Path) -> None:
    """The telephone answers, presses a key by SIP INFO, and sends no sound."""
    require("sipp")
    with Sipp(tmp_path, key="7") as phone:
        code, report = told(page(tmp_path), phone.address, *QUICK)
        phone.done()
    assert (code, report["sound_db"], report["key"]) == (1, None, True)
    assert "no sound came from there" in report["advice"][0]


def test_nobody_answers_declines_or_is_there(tmp_path: Path) -> None:
    with Phone(tmp_path / "booth", "booth") as phone:
        phone.take_control()
        config = page(tmp_path, phone.address)
        code, output = run(config, "--ring", "5")
        assert code == 1
        assert "answered   NO" in output
        assert "it rang and nobody answered" in output

        def decline() -> None:
            phone.wait("CALL_INCOMING", 2)
            phone.command("hangup")

        person = threading.Thread(target=decline, name="person")
        person.start()
        code, report = told(config, "--ring", "60")
        person.join()
        assert (code, report["why"]) == (1, "busy")
        assert "declined" in report["advice"][0]
        code, report = told(config, phone.address.replace("booth", "nobody"))
        assert (code, report["why"]) == (1, "unreachable")
        assert "nobody answers under that address" in report["advice"][0]


def test_a_registrar_that_takes_the_gate_and_one_that_does_not(tmp_path: Path) -> None:
    port = free_port()
    account = f', registrar: "127.0.0.1:{port}"'
    # Everything goes by the registrar, which knows no telephone at all.
    config = page(tmp_path, "sip:booth@127.0.0.1", account)
    with Registrar(port) as registrar:
        code, output = run(config, "--ring", "1")
        assert registrar.asked[0] == b"REGISTER"
    assert code == 1
    assert "registrar  takes the gate" in output
    with Registrar(port, answer=b"403 Forbidden"):
        code, report = told(config, "--ring", "1")
    assert (code, report["registered"]) == (1, False)
    assert "the registrar does not take the gate" in report["advice"][0]


def test_the_microphone_hears_the_loudspeaker(tmp_path: Path) -> None:
    """The two are files here: in one there is the tone, in the other one nothing."""
    config = page(tmp_path)
    said(tmp_path / "microphone.wav", fainter(beeps(60), -38))
    code, report = told(config, "--sound", "--listen", "60")
    assert (code, report["tone_db"]) == (0, pytest.approx(-38, abs=2))
    assert "faint" in report["advice"][0]
    silent = said(tmp_path / "other.wav", bytes(2 * RATE * 60))
    own = f"lanes: {{in-1: {{microphone: {silent}, speaker: unused}}}}, driver: files"
    config.write_text(config.read_text("utf-8").replace("driver: files", own), "utf-8")
    code, report = told(config, "--sound", "--lane", "in-1", *QUICK)
    assert (code, report["tone_db"]) == (1, None)
    assert "the microphone does not hear" in report["advice"][0]


def test_the_gate_works_meanwhile_and_its_own_call_goes_on(tmp_path: Path) -> None:
    with (
        CallingHouse(tmp_path) as gate,
        Phone(tmp_path / "echo", "echo", auto=True, echo=True) as echo,
    ):
        gate.talk()
        done = gate.house.command("intercom", "test", echo.address, "--json", "--listen", "60")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["ok"] is True
        health = gate.house.part("intercom")
        assert (health["condition"], health["counters"]["reconnects"]) == ("ok", 0)
        assert health["counters"]["calls"] == 1, "the visitor still talks"
        gate.resident.press("5")
        gate.house.wait_entry("gate.access.granted.v1")


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    code, output = run(page(tmp_path))
    assert (code, "names no telephone of the booth" in output) == (1, True)
    code, output = run(CONFIG / "small-gate.yaml")
    assert (code, "there is no intercom" in output) == (1, True)
    assert run(page(tmp_path), "8001", "--sound")[0] == 2
    assert run(page(tmp_path), "--lane", "in-1")[0] == 2
    code, output = run(page(tmp_path), "--sound", "--lane", "in-7")
    assert (code, "there is no lane in-7: the lanes are in-1" in output) == (1, True)


def test_a_machine_without_baresip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, output = run(page(tmp_path), "8001")
    assert (code, "baresip is not installed" in output) == (1, True)
