"""The demo as a user starts it: a process, its output, its exit code, and what is left behind."""

import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.parts import require

COMMAND = [sys.executable, "-m", "agent", "demo"]
LIMIT_S = 150
ENDS_S = 15


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the demo's folder, with a name short enough for sockets."""
    made = Path(f"/tmp/gd-{os.getpid()}-{tmp_path_factory.mktemp('demo').name}")  # noqa: S108
    made.mkdir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def environment(place: Path, *, mosquitto: bool = True) -> dict[str, str]:
    """As it is, with the demo's folder below ``place``; without mosquitto nothing is on PATH."""
    found = {**os.environ, "TMPDIR": str(place), "COLUMNS": "100", "TERM": "xterm-256color"}
    if not mosquitto:
        found["PATH"] = str(place / "nothing")
    return found


def left_over(place: Path) -> list[str]:
    """Command lines of processes that were started with ``place`` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"TMPDIR={place}\0".encode() in told:
                found.append(line)
    return found


def wait_for_none_left(place: Path) -> list[str]:
    """Processes end in their own time, within a limit."""
    ends, nap = monotonic() + ENDS_S, Event()
    while (left := left_over(place)) and monotonic() < ends:
        nap.wait(0.05)
    return left


def once(place: Path, *, mosquitto: bool) -> str:
    done = subprocess.run(
        [*COMMAND, "--once"],
        env=environment(place, mosquitto=mosquitto),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert left_over(place) == []
    assert list(place.iterdir()) == []
    return done.stdout


def signs(printed: str) -> list[str]:
    return re.findall(r"^([✓✗–]) ", printed, re.MULTILINE)


def test_the_morning_with_a_broker(place: Path) -> None:
    require("mosquitto")
    printed = once(place, mosquitto=True)
    assert signs(printed) == ["✓"] * 12
    for part in ("card is blocked", "card is not known", "card has expired", "the outage was"):
        assert part in printed


def test_the_morning_without_a_broker(place: Path) -> None:
    printed = once(place, mosquitto=False)
    assert "no mosquitto on this machine" in printed
    assert signs(printed) == ["✓"] * 8 + ["–"] * 3 + ["✓"]
    assert printed.count("not checked: no mosquitto") == 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_demo_that_is_ended(place: Path, number: signal.Signals) -> None:
    demo = subprocess.Popen(
        [*COMMAND, "--once"],
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "may pass" in line:
            break
    assert len(left_over(place)) >= 3
    demo.send_signal(number)
    demo.stdout.close()
    code = demo.wait(ENDS_S)
    assert code == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    assert wait_for_none_left(place) == []
    if number != signal.SIGKILL:
        assert list(place.iterdir()) == []


class Terminal:
    """A demo on a terminal of 80 by 24, its own, so that Ctrl-C reaches it."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.screen = ""
        self._fd, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        told = environment(place)
        told.pop("COLUMNS")
        self._demo = subprocess.Popen(
            ["setsid", "--ctty", *COMMAND, *arguments],
            env=told,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)

    def press(self, keys: str) -> None:
        """Type keys one by one, each as a hand does: seen before the next."""
        for key in keys:
            os.write(self._fd, key.encode())
            Event().wait(0.3)

    def see(self, words: str, limit_s: float = 30) -> None:
        """Wait until a screen drawn from now on shows the words."""
        ends, seen = monotonic() + limit_s, ""
        while words not in seen:
            assert monotonic() < ends, f"{words!r} was not shown; the last was:\n{seen[-6000:]}"
            ready, _, _ = select.select([self._fd], [], [], 0.2)
            if ready:
                part = os.read(self._fd, 65536).decode("utf-8", "replace")
                self.screen += part
                seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part)

    def close(self) -> None:
        """Tear the terminal away from under it."""
        os.close(self._fd)
        self._demo.wait(ENDS_S)

    def end(self) -> int:
        """Wait for its end, reading on, and give the exit code."""
        ends = monotonic() + ENDS_S
        while self._demo.poll() is None and monotonic() < ends:
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(self._fd, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        code = self._demo.wait(ENDS_S)
        os.close(self._fd)
        return code


def test_hands_on_the_menu(place: Path) -> None:
    require("mosquitto")
    terminal = Terminal(place, "--menu")
    terminal.see("Your turn")
    for keys, words in (
        ("c", "car 1 comes to in-1"),
        ("t", "a card to tap"),
        ("26", "→ drove through"),
        ("t17", "card is blocked"),
        ("t00", "card is not known"),
        ("u", "in-1-rdm is unplugged"),
        ("t26", "refused tap"),
        ("u", "is plugged in again"),
        ("x", "✗ CUT"),
        ("k", "✗ KILLED"),
        ("o", "no gate-agent answers"),
        ("k", "● running"),
        ("x", "● whole"),
        ("l", "» 出口 1"),
        ("z", "No key 'z' here"),
        ("v", "Nothing was checked"),
    ):
        terminal.press(keys)
        terminal.see(words)
    terminal.press("q")
    assert terminal.end() == 0
    assert wait_for_none_left(place) == []
    assert list(place.iterdir()) == []


def test_a_closed_terminal_ends_everything(place: Path) -> None:
    terminal = Terminal(place, "--menu")
    terminal.see("Your turn")
    terminal.close()
    assert wait_for_none_left(place) == []
    assert list(place.iterdir()) == []


def test_ctrl_c_leaves_nothing_and_restores_the_terminal(place: Path) -> None:
    terminal = Terminal(place, "--menu")
    terminal.see("Your turn")
    terminal.press("\x03")
    assert terminal.end() == 130
    assert "\x1b[?1049l" in terminal.screen
    assert wait_for_none_left(place) == []
    assert list(place.iterdir()) == []
