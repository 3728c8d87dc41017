"""``gate-agent voice`` and ``check``: which recordings are wanted, and which are there."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import gate_agent
from agent.core.spoken import SENTENCES
from tests.parts import require
from tests.rigs.sound_card import recording

PAGE = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1:
    direction: in
    readers: [nfc]
    arm: {open: {pin: 17}}
    voice: {sounds: voice, language: en}
  out-1:
    direction: out
    readers: [other]
    arm: {open: {pin: 18}}
    voice: {sounds: voice, language: en, device: "plughw:1,0"}
readers:
  nfc: {driver: pcsc}
  other: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}
gpio: {backend: mock}
paths: {state: state, run: run}
"""
COMMON = [name for name in SENTENCES if not name.startswith(("denied_", "referred_"))]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "gate.yaml"
    made.write_text(PAGE, "utf-8")
    (tmp_path / "voice").mkdir()
    return made


def record(file: Path, *names: str) -> None:
    for name in names:
        (file.parent / "voice" / f"{name}.wav").write_bytes(recording(1))


def run(*words: object) -> Result:
    return CliRunner().invoke(gate_agent, [str(word) for word in words])


def test_every_recording_is_listed_once_with_its_sentence(file: Path) -> None:
    done = run("voice", "--config", file)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[0] == f"{file.parent / 'voice'}:"
    assert len(lines) == 1 + len(SENTENCES)
    for (name, sentence), line in zip(SENTENCES.items(), lines[1:], strict=True):
        assert line.split()[:2] == [f"{name}.wav", "missing"]
        assert line.endswith(sentence.en)


def test_what_is_there_and_what_stands_in(file: Path) -> None:
    record(file, *COMMON)
    (file.parent / "voice" / "denied_expired.wav").write_bytes(b"no sound at all")
    done = run("voice", "--json", "--config", file)
    told = {Path(each["file"]).stem: each for each in json.loads(done.output)}
    assert done.exit_code == 1, "one of them is no recording"
    assert told["denied"]["found"] == "there"
    assert told["denied_full"]["found"] == "stand-in"
    assert told["denied_expired"]["found"] == "no WAV file"
    assert (told["fire"]["zh"], told["fire"]["en"]) == SENTENCES["fire"]
    record(file, "denied_expired")
    assert run("voice", "--config", file).exit_code == 0


def test_a_gate_without_loudspeakers(file: Path) -> None:
    lines = [line for line in PAGE.splitlines() if "voice:" not in line]
    file.write_text("\n".join(lines), "utf-8")
    done = run("voice", "--config", file)
    assert done.exit_code == 0
    assert "no lane has a loudspeaker" in done.output


def test_check_tells_what_is_missing(file: Path) -> None:
    require("aplay")
    record(file, *(name for name in COMMON if name != "fire"))
    done = run("check", file)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{file}: no fault, 2 warnings"), "one for each lane"
    assert "warning: lanes.in-1.voice.sounds: " in done.output
    assert "has no recordings called fire.wav: gate-agent voice" in done.output
    assert f"speaks on plughw:1,0, from {file.parent / 'voice'} (en)" in done.output
    record(file, "fire")
    assert run("check", file).output.startswith(f"{file}: no fault\n")


def test_check_tells_that_there_is_no_player(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(file, *COMMON)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install alsa-utils" in run("check", file).output


@pytest.mark.parametrize("device", ["-D x", "a b", "'a\"; rm'", ""])
def test_a_device_that_is_none_is_a_fault(file: Path, device: str) -> None:
    file.write_text(PAGE.replace('"plughw:1,0"', json.dumps(device)), "utf-8")
    done = run("check", file)
    assert done.exit_code == 1
    assert "lanes.out-1.voice.device: this text does not fit here" in done.output
