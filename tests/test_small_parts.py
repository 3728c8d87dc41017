"""The small parts around the loop: keys, notifications, logs, remembered relays, clock."""

import json
import logging
import socket
import stat
import sys
from pathlib import Path

import pytest

from agent import logs
from agent.core.ids import OutputId
from agent.core.model import ClockQuality
from agent.errors import SettingsError
from agent.keys import card_reference_key
from agent.notify import Notifier
from agent.remembered import Relays, recall, remember
from drivers.clock import SystemClock, boot_id
from drivers.lines import OutputSpec
from tests.patience import LIMIT_S


def test_a_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    place = tmp_path / "state" / "card.key"
    key = card_reference_key(place)
    assert len(key) == 32
    assert card_reference_key(place) == key
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert card_reference_key(tmp_path / "other.key") != key


def test_a_key_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"paths\.state"):
        card_reference_key(Path("/proc/no/such/card.key"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        card_reference_key(tmp_path / "folder")


def test_the_service_manager_hears_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(LIMIT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notifier = Notifier()
        notifier.ready("two lanes")
        assert manager.recv(200) == b"READY=1\nSTATUS=two lanes"
        notifier.alive("two lanes")
        assert manager.recv(200) == b"WATCHDOG=1\nSTATUS=two lanes"
        notifier.stopping()
        assert manager.recv(200) == b"STOPPING=1\nSTATUS=stopping"
    notifier.alive("the manager is gone, and nothing happens")


def test_without_a_service_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().ready("nobody listens")


def test_logs_carry_their_priority_under_systemd(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")
        logs.start()
        logging.getLogger("gate.test").critical("first\nsecond")
        lines = capsys.readouterr().err.splitlines()
        assert [line[:3] for line in lines] == ["<2>", "<2>"]
        assert "part=gate.test" in lines[0]
        monkeypatch.delenv("JOURNAL_STREAM")
        logs.start()
        logging.getLogger("gate.test").warning("third")
        assert "WARNING  gate.test: third" in capsys.readouterr().err
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_relays_are_remembered(tmp_path: Path) -> None:
    specs = [OutputSpec(OutputId("in-1.open"), 17, active_low=True, max_on_ms=1000)]
    kept = Relays("socket", tmp_path / "pins", specs)
    remember(tmp_path / "state", kept)
    assert recall(tmp_path / "state") == kept


@pytest.mark.parametrize("page", ["", "[]", "{}", json.dumps({"backend": "mock", "outputs": [1]})])
def test_what_does_not_tell_the_relays_is_said(tmp_path: Path, page: str) -> None:
    with pytest.raises(SettingsError, match=r"relays\.json"):
        recall(tmp_path)
    (tmp_path / "relays.json").write_text(page)
    with pytest.raises(SettingsError, match=r"relays\.json"):
        recall(tmp_path)


def test_the_clock_tells_wall_and_monotonic_time_together() -> None:
    clock = SystemClock(assume_synced=True)
    first, second = clock.now(), clock.now()
    assert second.mono_ns >= first.mono_ns
    assert first.quality is ClockQuality.SYNCED
    assert SystemClock().now().quality in set(ClockQuality) - {ClockQuality.UNKNOWN}


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's id of a boot is Linux's")
def test_a_boot_has_an_id() -> None:
    assert len(boot_id()) == 36
    assert boot_id() == boot_id()
