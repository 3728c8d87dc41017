"""baresip's configuration out of ours: what stands in it, who may read it, and if it is taken."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent import intercom_config, recordings
from agent.cli import gate_agent
from agent.core.ids import LaneId
from agent.errors import GateError, SettingsError
from agent.settings.reading import read
from tests.parts import require
from tests.rigs.phone import Phone, silence
from tests.rigs.ports import free_port
from tests.settings.pages import CONFIG, GOOD

EXAMPLE = CONFIG / "intercom.yaml"
DUMPS = ("dump-2026-11-22-12-00-00-enc.wav", "dump-2026-11-22-12-00-01-enc.wav")


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where systemd would put the credentials."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "intercom-password").write_text("correct-horse\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_what_the_example_becomes(secrets: Path) -> None:
    del secrets
    made = intercom_config.files(read(EXAMPLE))
    config = made["config"].splitlines()
    for line in (
        "sip_listen 192.168.1.5:5060",
        "audio_source alsa,plughw:1,0",
        "audio_player alsa,plughw:1,0",
        "rtp_timeout 10",
        "call_local_timeout 190",
        "module g722.so",
        "module speex_pp.so",
        "ctrl_tcp_listen 127.0.0.1:4444",
    ):
        assert line in config
    assert config.index("module g722.so") < config.index("module g711.so"), "the best codec first"
    assert made["accounts"] == (
        '<sip:north-gate@192.168.1.10>;answermode=manual;dtmfmode=auto;outbound="sip:192.168.1.10";'
        "regint=600;auth_user=north-gate;auth_pass=correct-horse\n"
    )
    assert "correct-horse" not in made["config"]


def test_it_is_for_its_user_alone_and_replaced_whole(secrets: Path, tmp_path: Path) -> None:
    del secrets
    out = tmp_path / "baresip"
    run = CliRunner().invoke(
        gate_agent, ["intercom", "configure", "-c", str(EXAMPLE), "--out", str(out)]
    )
    assert run.exit_code == 0, run.output
    assert "correct-horse" not in run.output
    for name in ("config", "accounts"):
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600
    (out / "accounts").write_text("old")
    (out / ".accounts.new").write_text("left over")
    if os.geteuid() == 0:
        os.chown(out, 12_345, 12_346)
    intercom_config.write(out, intercom_config.files(read(EXAMPLE)))
    assert (out / "accounts").read_text().startswith("<sip:")
    assert sorted(each.name for each in out.iterdir()) == ["accounts", "config"]
    if os.geteuid() == 0:
        owner = (out / "accounts").stat()
        assert (owner.st_uid, owner.st_gid) == (12_345, 12_346)


def test_sound_of_one_lane_and_of_all_others(secrets: Path, tmp_path: Path) -> None:
    del secrets
    told = read(EXAMPLE).intercom
    assert told is not None
    assert intercom_config.sounds(told) == {}
    own = 'lanes: {in-1: {microphone: "plughw:2,0", speaker: "plughw:3,0"}}'
    text = EXAMPLE.read_text("utf-8").replace("    driver: alsa ", f"    {own}\n    driver: alsa ")
    (tmp_path / "gate.yaml").write_text(text, "utf-8")
    told = read(tmp_path / "gate.yaml").intercom
    assert told is not None
    assert intercom_config.sounds(told) == {
        None: ("alsa,plughw:1,0", "alsa,plughw:1,0"),
        LaneId("in-1"): ("alsa,plughw:2,0", "alsa,plughw:3,0"),
    }


def test_a_password_that_baresip_cannot_take(secrets: Path) -> None:
    (secrets / "intercom-password").write_text("two;parts")
    with pytest.raises(SettingsError, match="a character that baresip cannot take") as told:
        intercom_config.files(read(EXAMPLE))
    assert "two;parts" not in str(told.value)


def test_nothing_is_recorded_unless_the_settings_say_so(secrets: Path, tmp_path: Path) -> None:
    del secrets
    assert "sndfile" not in intercom_config.files(read(EXAMPLE))["config"]
    calls = tmp_path / "calls"
    text = EXAMPLE.read_text("utf-8") + f"  record: {{directory: {calls}, keep: 1 h}}\n"
    (tmp_path / "gate.yaml").write_text(text, "utf-8")
    words = ["-c", str(tmp_path / "gate.yaml")]
    out = tmp_path / "baresip"
    run = CliRunner().invoke(gate_agent, ["intercom", "configure", *words, "--out", str(out)])
    assert run.exit_code == 0, run.output
    config = (out / "config").read_text("utf-8").splitlines()
    assert f"snd_path {calls}" in config
    assert config.index("module speex_pp.so") < config.index("module sndfile.so")
    assert stat.S_IMODE(calls.stat().st_mode) == 0o700
    old, new, other = (calls / name for name in (*DUMPS, "dump-notes.wav"))
    for file in (old, new, other):
        file.write_bytes(b"RIFF")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    (calls / DUMPS[0].replace("enc", "dec")).symlink_to(other)
    run = CliRunner().invoke(gate_agent, ["intercom", "tidy", *words])
    assert run.output == f"1 files of recorded calls deleted, 2 are left in {calls}\n"
    assert [old.exists(), new.exists(), other.exists()] == [False, True, True]


def test_tidying_what_is_not_there(tmp_path: Path) -> None:
    run = CliRunner().invoke(gate_agent, ["intercom", "tidy", "-c", str(EXAMPLE)])
    assert run.output == "calls are not recorded: nothing is deleted\n"
    (tmp_path / "link").symlink_to("/etc")
    for name in ("nowhere", "link"):
        with pytest.raises(GateError, match="cannot be tidied"):
            recordings.tidy(tmp_path / name, timedelta(days=1), 0)


def test_a_gate_without_an_intercom() -> None:
    with pytest.raises(SettingsError, match="nothing to configure"):
        intercom_config.files(read(CONFIG / "small-gate.yaml"))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        intercom_config.write(tmp_path / "file", {"config": ""})


def test_baresip_starts_with_it(tmp_path: Path) -> None:
    require("baresip")
    sip = free_port(3)
    sound = silence(tmp_path / "silence.wav")
    page = (
        GOOD
        + f"""\
intercom:
  dial: sip:{{number}}@127.0.0.1
  listen: 127.0.0.1:{sip}
  interface: 127.0.0.1
  control_port: {sip + 2}
  audio:
    driver: files
    microphone: {sound}
    speaker: {tmp_path}/heard.wav
    codecs: [g722, g711]
"""
    )
    (tmp_path / "gate.yaml").write_text(page, "utf-8")
    out = tmp_path / "baresip"
    intercom_config.write(out, intercom_config.files(read(tmp_path / "gate.yaml")))
    with Phone(tmp_path / "log", "gate", config=out, sip=sip, control=sip + 2) as phone:
        phone.take_control()
        assert "baresip is ready" in phone.log()
        assert "not found" not in phone.log()
