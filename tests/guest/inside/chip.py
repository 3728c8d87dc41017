"""The hand at a simulated chip's lines: gpio-sim's files in sysfs, outside of what is tested."""

import time
from pathlib import Path
from threading import Event

LIMIT_S = 60.0
_NAP_S = 0.002
_PLATFORM = Path("/sys/devices/platform")


class Chip:
    """The chip with the header's lines."""

    def __init__(self) -> None:
        found = sorted(_PLATFORM.glob("gpio-sim.*/gpiochip*/sim_gpio0"))
        assert found, "no gpio-sim chip in this machine"
        self._folder = found[0].parent
        self._nap = Event()

    def pull(self, line: int, level: int) -> None:
        """Stand on an input: pull it up (1) or down (0) from outside."""
        word = "pull-up" if level else "pull-down"
        (self._folder / f"sim_gpio{line}" / "pull").write_text(word)

    def level(self, line: int) -> int:
        """The level of the pad now, whoever drives it."""
        return int((self._folder / f"sim_gpio{line}" / "value").read_text())

    def wait(self, line: int, level: int, limit_s: float = LIMIT_S) -> float:
        """Wait until the line has this level; gives the seconds it took."""
        start = time.monotonic()
        while self.level(line) != level:
            assert time.monotonic() - start < limit_s, f"GPIO{line} did not become {level}"
            self._nap.wait(_NAP_S)
        return time.monotonic() - start

    def stays(self, line: int, level: int, seconds: float = 1.0) -> None:
        """Look for a while: the line must not leave this level."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            assert self.level(line) == level, f"GPIO{line} left {level}"
            self._nap.wait(_NAP_S)
