"""The daemon killed with a relay on, on a real GPIO chip whose kernel holds what was driven.

What `ExecStopPost` (`gate-agent relays-safe`) and the next start do, seen at the pads.
"""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.guest.inside.chip import LIMIT_S, Chip

ROOT = Path(__file__).resolve().parents[3]
OPEN, CLOSE, STOP, LOOP, UPPER, LOWER = 17, 27, 22, 23, 25, 8
PULSED = f"""
    arm:
      open:  {{pin: {OPEN}, pulse: 10 s, active: high}}
      close: {{pin: {CLOSE}, pulse: 10 s, active: high}}
      stop:  {{pin: {STOP}, pulse: 10 s, active: high}}
      travel: 20 s
"""
HELD = f"""
    arm:
      open: {{pin: {OPEN}, drive: maintained, active: high, on_exit: keep}}
      travel: 20 s
"""
PAGE = """
estate: night
gate: guest
timezone: Asia/Shanghai
gpio: {{backend: lgpio}}
clock: {{assume_synced: true}}
paths: {{state: {folder}/state, run: {folder}/run}}
lanes:
  in-1:
    direction: in
    readers: [near]
    open_for: 5 min
{arm}
    inputs:
      loop:   {{pin: 23, active: high, pull: none, debounce: 10 ms}}
      opened: {{pin: 25, active: high, pull: none, debounce: 10 ms}}
      closed: {{pin: 8, active: high, pull: none, debounce: 10 ms}}
readers:
  near: {{driver: serial, port: {port}, protocol: em4100-ascii}}
"""


class Guest:
    """A daemon on the chip's lines."""

    def __init__(self, folder: Path, arm: str, port: str) -> None:
        self.chip = Chip()
        self._folder = folder
        self._page = folder / "gate.yaml"
        self._page.write_text(PAGE.format(folder=folder, arm=arm, port=port), encoding="utf-8")
        self._daemon: subprocess.Popen[bytes] | None = None
        (folder / "run").mkdir()
        for line, level in ((LOOP, 0), (UPPER, 0), (LOWER, 1)):
            self.chip.pull(line, level)

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "agent", "run", "-c", str(self._page)],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        ends = time.monotonic() + 2 * LIMIT_S
        while "the gate is ready" not in self.log():
            assert self._daemon.poll() is None, self.log()
            assert time.monotonic() < ends, self.log()
            Event().wait(0.1)

    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8", "replace")

    def ask(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "agent", *arguments, "-c", str(self._page)],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=2 * LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill(self) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGKILL)
            self._daemon.wait(LIMIT_S)
        self._daemon = None
        (self._folder / "log").write_text("")


@pytest.fixture
def port() -> Iterator[str]:
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def pulsed(tmp_path: Path, port: str) -> Iterator[Guest]:
    guest = Guest(tmp_path, PULSED, port)
    yield guest
    guest.kill()
    guest.ask("relays-safe")


@pytest.fixture
def held(tmp_path: Path, port: str) -> Iterator[Guest]:
    guest = Guest(tmp_path, HELD, port)
    yield guest
    guest.kill()


def test_a_pulse_relay_left_on_is_switched_off_by_relays_safe(pulsed: Guest) -> None:
    pulsed.start()
    pulsed.ask("open", "in-1", "--reason", "test")
    pulsed.chip.wait(OPEN, 1)
    pulsed.kill()
    pulsed.chip.stays(OPEN, 1)
    assert "in-1.open: off" in pulsed.ask("relays-safe")
    assert [pulsed.chip.level(line) for line in (OPEN, CLOSE, STOP)] == [0, 0, 0]


def test_a_pulse_relay_left_on_is_switched_off_by_the_next_start(pulsed: Guest) -> None:
    pulsed.start()
    pulsed.ask("open", "in-1", "--reason", "test")
    pulsed.chip.wait(OPEN, 1)
    pulsed.kill()
    pulsed.chip.stays(OPEN, 1)
    pulsed.start()
    assert [pulsed.chip.level(line) for line in (OPEN, CLOSE, STOP)] == [0, 0, 0]
    pulsed.chip.stays(OPEN, 0)


def test_a_close_relay_left_on_is_switched_off_too(pulsed: Guest) -> None:
    pulsed.chip.pull(LOWER, 0)
    pulsed.chip.pull(UPPER, 1)
    pulsed.start()
    pulsed.ask("close", "in-1")
    pulsed.chip.wait(CLOSE, 1)
    pulsed.kill()
    pulsed.chip.stays(CLOSE, 1)
    pulsed.ask("relays-safe")
    assert pulsed.chip.level(CLOSE) == 0


def test_a_car_on_the_loop_lifts_the_arm_at_the_chip(pulsed: Guest) -> None:
    pulsed.chip.pull(LOWER, 0)
    pulsed.chip.pull(UPPER, 1)
    pulsed.start()
    pulsed.ask("close", "in-1")
    pulsed.chip.wait(CLOSE, 1)
    pulsed.chip.pull(LOOP, 1)
    pulsed.chip.wait(OPEN, 1)
    assert pulsed.chip.level(CLOSE) == 0


def test_a_maintained_open_relay_is_never_dropped(held: Guest) -> None:
    held.start()
    held.ask("open", "in-1", "--reason", "test")
    held.chip.wait(OPEN, 1)
    held.kill()
    held.chip.stays(OPEN, 1)
    assert "in-1.open: on" in held.ask("relays-safe")
    held.chip.stays(OPEN, 1)
    held.start()
    held.chip.stays(OPEN, 1, 3)
