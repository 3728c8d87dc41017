"""The demo as a user starts it: a process, its output, its exit code, and what is left behind.

A demo that does not end in time is asked where it stands: SIGABRT lets faulthandler write the
stack of every thread into its standard error, which is a file here.
"""

import itertools
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from time import monotonic

import pytest

from tests.parts import require
from tests.patience import LIMIT_S, Watch, until
from tests.rigs.listener import Listener
from tests.rigs.pki import Authority

COMMAND = [sys.executable, "-X", "faulthandler", "-m", "agent", "demo"]
ATTEMPTS, STALL_S = 3, 0.1
MORNING_S = 300
"""A whole morning, which waits for one thing after the other."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for the demo's folder, with a name short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="gd-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def environment(place: Path, *, mosquitto: bool = True) -> dict[str, str]:
    """As it is, with the demo's folder below ``place``; without mosquitto nothing is on PATH."""
    found = {**os.environ, "TMPDIR": str(place), "COLUMNS": "100", "TERM": "xterm-256color"}
    if not mosquitto:
        found["PATH"] = str(place / "nothing")
    return found


def left_over(place: Path) -> list[str]:
    """State and command line of processes that have ``place`` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"TMPDIR={place}\0".encode() in told:
                found.append(f"{entry.name} {state} {line}")
    return found


def none_running(place: Path) -> None:
    """Processes end in their own time, within the limit."""
    with suppress(AssertionError):
        until(lambda: not left_over(place), "the end of every process", step_s=0.05)
    assert left_over(place) == []


def nothing_left(place: Path) -> None:
    """No process, and not the demo's folder."""
    none_running(place)
    assert list(place.iterdir()) == []


def ended(demo: subprocess.Popen[bytes], errors: Path, limit_s: float = LIMIT_S) -> int:
    """The exit code of a demo; one that does not end is asked where it stands."""
    try:
        return demo.wait(limit_s)
    except subprocess.TimeoutExpired:
        state = Path(f"/proc/{demo.pid}/status").read_text()
        demo.send_signal(signal.SIGABRT)
        demo.wait(LIMIT_S)
        told = errors.read_text(errors="replace")
        pytest.fail(f"the demo did not end within {limit_s:g} s:\n{told}\n{state}")


@dataclass(frozen=True)
class Loopback:
    """The demo's own broker, as a listener looks for one."""

    port: int
    host: str = "127.0.0.1"
    authority: Authority | None = None


def beside(place: Path, stack: ExitStack) -> Listener:
    """A listener at the broker of a demo that was just started, as soon as it listens."""

    def look() -> Listener | None:
        for config in place.glob("gate-demo-*/**/mosquitto.conf"):
            found = re.match(r"listener (\d+) ", config.read_text())
            if found is not None:
                listener = Listener(Loopback(int(found.group(1))), "gate/v1/#")
                with suppress(ConnectionRefusedError):
                    return stack.enter_context(listener)
        return None

    found = until(look, "the demo's broker listens")
    assert found is not None
    return found


def once(place: Path, folder: Path, *, mosquitto: bool) -> str:
    """A whole morning. Where it has a broker, what the gate says there is judged.

    It finds fault with pulses that a machine draws out which stands still: then it is lived again.
    """
    for _ in range(ATTEMPTS):
        with Watch() as watch:
            code, told = morning(place, folder, mosquitto=mosquitto)
            stood_s = watch.stood_s
        nothing_left(place)
        if code == 0 or stood_s < STALL_S:
            break
    assert code == 0, told
    return told


def morning(place: Path, folder: Path, *, mosquitto: bool) -> tuple[int, str]:
    """One of them: its exit code, and what it said."""
    out, errors = folder / "out", folder / "errors"
    with ExitStack() as stack:
        output, faults = (stack.enter_context(path.open("wb")) for path in (out, errors))
        demo = subprocess.Popen(
            [*COMMAND, "--once"],
            env=environment(place, mosquitto=mosquitto),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=faults,
        )
        listener = beside(place, stack) if mosquitto else None
        code, told = ended(demo, errors, MORNING_S), out.read_text()
        if code != 0:
            return code, told + errors.read_text()
        if listener is not None:
            kinds = {one.topic.split("/")[4] for one in listener.heard}
            assert kinds >= {"evt", "status", "info", "state"}
    return code, told


def signs(printed: str) -> list[str]:
    return re.findall(r"^([✓✗–]) ", printed, re.MULTILINE)


def test_the_morning_with_a_broker(place: Path, tmp_path: Path) -> None:
    require("mosquitto")
    printed = once(place, tmp_path, mosquitto=True)
    assert signs(printed) == ["✓"] * 12
    for part in ("card is blocked", "card is not known", "card has expired", "the outage was"):
        assert part in printed


def test_the_morning_without_a_broker(place: Path, tmp_path: Path) -> None:
    printed = once(place, tmp_path, mosquitto=False)
    assert "no mosquitto on this machine" in printed
    assert signs(printed) == ["✓"] * 8 + ["–"] * 3 + ["✓"]
    assert printed.count("not checked: no mosquitto") == 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_demo_that_is_ended(
    place: Path, tmp_path: Path, number: signal.Signals
) -> None:
    errors = tmp_path / "errors"
    with errors.open("wb") as faults:
        demo = subprocess.Popen(
            [*COMMAND, "--once"],
            env=environment(place),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=faults,
        )
    assert demo.stdout is not None
    for line in demo.stdout:
        if b"may pass" in line:
            break
    assert len(left_over(place)) >= 3
    demo.send_signal(number)
    demo.stdout.close()
    code = ended(demo, errors)
    assert code == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    none_running(place)
    if number != signal.SIGKILL:
        assert list(place.iterdir()) == []


class Terminal:
    """A demo on a terminal of 80 by 24, its own, so that Ctrl-C reaches it."""

    def __init__(self, place: Path, errors: Path, *arguments: str) -> None:
        self.screen = ""
        self._fd, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        told = environment(place)
        told.pop("COLUMNS")
        self._errors = errors
        with errors.open("wb") as faults:
            self.demo = subprocess.Popen(
                ["setsid", "--ctty", *COMMAND, *arguments],
                env=told,
                stdin=slave,
                stdout=slave,
                stderr=faults,
            )
        os.close(slave)

    def press(self, keys: str) -> None:
        """Type keys, as fast as they come."""
        os.write(self._fd, keys.encode())

    def see(self, words: str) -> None:
        """Wait until a screen drawn from now on shows the words."""
        ends, seen = monotonic() + LIMIT_S, ""
        while words not in seen:
            assert monotonic() < ends, f"{words!r} was not shown; the last was:\n{seen[-6000:]}"
            if select.select([self._fd], [], [], 0.2)[0]:
                try:
                    part = os.read(self._fd, 65536).decode("utf-8", "replace")
                except OSError:
                    pytest.fail(f"the demo ended: {seen[-2000:]}\n{self._errors.read_text()}")
                self.screen += part
                seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part)

    def close(self) -> None:
        """Tear the terminal away from under it."""
        os.close(self._fd)

    def gone(self) -> int:
        """Wait for the end of a demo whose terminal was closed."""
        return ended(self.demo, self._errors)

    def end(self) -> int:
        """Wait for its end, reading on, and give the exit code."""
        ends = monotonic() + LIMIT_S
        # Reading fails when nobody has the other side any more.
        with suppress(OSError):
            while monotonic() < ends:
                if select.select([self._fd], [], [], 0.1)[0]:
                    self.screen += os.read(self._fd, 65536).decode("utf-8", "replace")
        code = ended(self.demo, self._errors)
        os.close(self._fd)
        return code


def test_hands_on_the_menu(place: Path, tmp_path: Path) -> None:
    require("mosquitto")
    terminal = Terminal(place, tmp_path / "errors", "--menu")
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
        ("g", "PIN 208416"),
        ("l", "Keys act on booth"),
        ("o", "is a desk, without an arm"),
        ("t05", "at the desk"),
        ("v", "Nothing was checked"),
    ):
        terminal.press(keys)
        terminal.see(words)
    terminal.press("q")
    assert terminal.end() == 0
    nothing_left(place)


def test_a_closed_terminal_ends_everything(place: Path, tmp_path: Path) -> None:
    terminal = Terminal(place, tmp_path / "errors", "--menu")
    terminal.see("Your turn")
    terminal.close()
    assert terminal.gone() != 0
    nothing_left(place)
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_signals_that_pour_in_cut_no_clean_up_short(place: Path, tmp_path: Path) -> None:
    terminal = Terminal(place, tmp_path / "errors", "--menu")
    terminal.see("Your turn")
    terminal.close()
    numbers = itertools.cycle((signal.SIGTERM, signal.SIGHUP, signal.SIGINT))
    folder = next(place.iterdir())

    def disturbed() -> bool:
        terminal.demo.send_signal(next(numbers))
        return not folder.exists()

    until(disturbed, "the end of the demo's folder", step_s=0)
    terminal.gone()
    nothing_left(place)


def test_ctrl_c_leaves_nothing_and_restores_the_terminal(place: Path, tmp_path: Path) -> None:
    terminal = Terminal(place, tmp_path / "errors", "--menu")
    terminal.see("Your turn")
    terminal.press("\x03")
    assert terminal.end() == 130
    assert "\x1b[?1049l" in terminal.screen
    nothing_left(place)
