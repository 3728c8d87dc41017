"""The green lamp and the buzzer of a Wiegand reader, on pins of their own.

Rules kept here:
- what is shown is a row of switchings with their times, made at once and worked off by the reader's
  thread (`Lamp.work`); a new answer takes the place of an old one;
- both are off when the reader starts and when it stops;
- a pin that cannot be driven is counted, and never keeps a card from being read.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from agent.core.effects import Verdict
from drivers.lines import FAULTS
from drivers.pins import Pin, PinFactory

GREEN: Final = "green"
BUZZER: Final = "buzzer"
_MS: Final = 1_000_000

Switching = tuple[int, str, bool]
ROWS: Final[Mapping[Verdict, tuple[Switching, ...]]] = {
    Verdict.GRANTED: (
        (0, GREEN, True),
        (0, BUZZER, True),
        (120, BUZZER, False),
        (2000, GREEN, False),
    ),
    Verdict.DENIED: tuple(
        (begins + at, BUZZER, on)
        for begins in (0, 250, 500)
        for at, on in ((0, True), (120, False))
    ),
    Verdict.REFERRED: ((0, BUZZER, True), (700, BUZZER, False)),
}
"""Milliseconds after the answer, what is switched, on or off."""


@dataclass(frozen=True, slots=True)
class LampSpec:
    """An output at the reader: most are active low, and pulled up inside the reader."""

    pin: int
    active_low: bool = True


class Lamp:
    """What the reader can show; the pins are claimed by `claim`."""

    def __init__(self, green: LampSpec | None, buzzer: LampSpec | None) -> None:
        both = {GREEN: green, BUZZER: buzzer}
        self._specs = {name: spec for name, spec in both.items() if spec is not None}
        self._pins: dict[str, Pin] = {}
        self._row: deque[Switching] = deque()
        self._began_ns = 0
        self.failures = 0

    @property
    def due_ns(self) -> int | None:
        """When the next switching is due; None when nothing is."""
        return self._began_ns + self._row[0][0] * _MS if self._row else None

    def claim(self, factory: PinFactory) -> None:
        """Make the pins outputs that are off; raises what the pins raise."""
        for name, spec in self._specs.items():
            pin = factory.pin(f"GPIO{spec.pin}")
            pin.output_with_state(_level(spec, on=False))
            self._pins[name] = pin

    def show(self, verdict: Verdict, now: int) -> None:
        """Begin to show an answer."""
        self._switch((name, False) for name in self._pins)
        self._row = deque(one for one in ROWS[verdict] if one[1] in self._pins)
        self._began_ns = now

    def work(self, now: int) -> None:
        """Switch what is due."""
        while (due := self.due_ns) is not None and due <= now:
            _at, name, on = self._row.popleft()
            self._switch([(name, on)])

    def off(self) -> None:
        """Everything off, and nothing more is shown until `claim`."""
        self._row.clear()
        self._switch((name, False) for name in self._pins)
        self._pins = {}

    def _switch(self, which: Iterable[tuple[str, bool]]) -> None:
        for name, on in which:
            try:
                self._pins[name].state = _level(self._specs[name], on=on)
            except FAULTS:
                self.failures += 1


def _level(spec: LampSpec, *, on: bool) -> int:
    return int(on is not spec.active_low)
