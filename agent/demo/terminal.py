"""The terminal: keys as they are pressed, and two ways of showing a picture.

Rules kept here:
- the terminal is left as it was found, however the demo ends;
- where the output is no terminal, what happens is printed in plain lines, each once.
"""

import contextlib
import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.live import Live

from agent.demo.leaving import Leaving
from agent.demo.picture import Picture
from agent.demo.screen import draw

_ESCAPE = "\x1b"


class View(Protocol):
    """Shows pictures, one after the other."""

    def show(self, picture: Picture) -> None:
        """Show how it is now."""


class Plain:
    """Lines, for a file or a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._caption = ""
        self._last = 0

    def show(self, picture: Picture) -> None:
        """Print what is new."""
        if picture.caption != self._caption:
            self._caption = picture.caption
            self._line(f"— {picture.caption}")
        for one in picture.told:
            if one.sequence > self._last:
                self._last = one.sequence
                self._line(f"{one.time}  {one.lane:10}  {one.card:7} {one.words}".rstrip())

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()


class Screen:
    """The whole terminal, redrawn at every picture."""

    def __init__(self, live: Live, leaving: Leaving) -> None:
        self._live = live
        self._leaving = leaving

    def show(self, picture: Picture) -> None:
        """Draw it; a terminal that is gone ends the demo."""
        drawn = draw(picture, self._live.console.size.height)
        try:
            self._live.update(drawn, refresh=True)
        except OSError:
            self._leaving.terminal_gone()


@contextlib.contextmanager
def viewing(console: Console, leaving: Leaving) -> Iterator[View]:
    """The way of showing that fits the console."""
    if not console.is_terminal:
        yield Plain(console)
        return
    live = Live(console=console, screen=True, auto_refresh=False)
    try:
        live.start()
        yield Screen(live, leaving)
    finally:
        # A terminal that is gone needs nothing any more, and must not hide why the demo ends.
        with contextlib.suppress(OSError):
            live.stop()


class Keys:
    """Keys from standard input, one at a time, without Enter; none where it is no terminal."""

    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving
        self._fd = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._nap = threading.Event()
        self._pressed = ""

    @property
    def there(self) -> bool:
        """Whether somebody could press a key."""
        return self._fd is not None

    @contextlib.contextmanager
    def raw(self) -> Iterator[None]:
        """Have the keys at once and unseen, for as long as this lasts."""
        if self._fd is None:
            yield
            return
        before = termios.tcgetattr(self._fd)
        try:
            tty.setcbreak(self._fd)
            yield
        finally:
            # A terminal that is gone needs nothing any more.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, before)

    def wait(self, seconds: float) -> str:
        """The key that is pressed within this time; "" when none is, "esc" for Escape.

        Keys that send several characters (arrows) count as none. A terminal that is gone ends the
        demo as its signal (SIGHUP) would.
        """
        self._leaving.check()
        if self._fd is None:
            self._nap.wait(seconds)
            return ""
        if not self._pressed and not self._press(self._fd, seconds):
            return ""
        key, self._pressed = self._pressed[0], self._pressed[1:]
        return "esc" if key == _ESCAPE else key.lower()

    def _press(self, fd: int, seconds: float) -> bool:
        """Keys that were typed faster than they are taken wait here."""
        ready, _, _ = select.select([fd], [], [], seconds)
        if not ready:
            return False
        try:
            pressed = os.read(fd, 32)
        except OSError:
            pressed = b""
        if not pressed:
            self._leaving.terminal_gone()
        text = pressed.decode("utf-8", "replace")
        if text == _ESCAPE or not text.startswith(_ESCAPE):
            self._pressed = text
        return bool(self._pressed)
