"""The tone of a test call: what is sent, and how much of it is in what came back.

Rules kept here:
- pure: samples in, figures out; samples are 16 bits, signed, one channel, `RATE` in a second;
- a window counts as our tone when most of what is in it is at `TONE_HZ`, and it can be heard;
- levels are in dB below the loudest that there is, so that they are 0 or less.

The power at one frequency is found as G. Goertzel wrote it down (1958).
"""

import math
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

RATE = 8_000
TONE_HZ = 1_000
SENT_DB = -12.0
CYCLE_S = 3.0
"""A beep so often: what comes back within this time is told apart from the next one."""

_BEGINS_S, _ENDS_S = 0.5, 1.0
_WINDOW = 160
_FULL = 32_768.0
_FLOOR_DB = -55.0
_SILENT_DB = -96.0
_MOST = 0.5
_RUN = 5
"""So many windows of 20 ms make a beep: speech is seldom so even for so long."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is in some sound. ``begins`` are the samples at which a beep of ours begins.

    ``tone_db`` is the level of the loudest window of a beep, None without one; ``sound_db`` that of
    the loudest window of all.
    """

    seconds: float
    sound_db: float
    tone_db: float | None
    begins: tuple[int, ...]

    @property
    def silent(self) -> bool:
        """Is there nothing to be heard?"""
        return self.sound_db < _FLOOR_DB


def beeps(seconds: float) -> bytes:
    """So much sound to be sent, little-endian: a beep of half a second in every `CYCLE_S`."""
    peak = _FULL * 10 ** (SENT_DB / 20)
    begins, ends, cycle = (round(each * RATE) for each in (_BEGINS_S, _ENDS_S, CYCLE_S))
    turn = 2 * math.pi * TONE_HZ / RATE
    samples = array(
        "h",
        (
            round(peak * math.sin(turn * place)) if begins <= place % cycle < ends else 0
            for place in range(round(seconds * RATE))
        ),
    )
    return _little(samples).tobytes()


def heard(sound: bytes) -> Heard:
    """What is in this sound, little-endian; half a sample at its end does not count."""
    samples = array("h")
    samples.frombytes(sound[: len(sound) // 2 * 2])
    windows = [_window(samples, at) for at in range(0, len(samples) - _WINDOW + 1, _WINDOW)]
    runs = list(_runs([ours for _, ours in windows]))
    loudest = max((level for level, _ in windows), default=_SILENT_DB)
    tone = [windows[at][0] for begin, end in runs for at in range(begin, end)]
    return Heard(
        len(samples) / RATE,
        loudest,
        max(tone, default=None),
        tuple(begin * _WINDOW for begin, _ in runs),
    )


def power(samples: "array[int]", hz: float) -> float:
    """The mean square of what is at ``hz`` in these samples, on a scale where 1 is the loudest."""
    factor = 2 * math.cos(2 * math.pi * hz / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample / _FULL + factor * last - before, last
    return 2 * (last * last + before * before - factor * last * before) / len(samples) ** 2


def _window(samples: "array[int]", at: int) -> tuple[float, bool]:
    """The level of a window, and whether it is our tone."""
    part = _little(samples[at : at + _WINDOW])
    total = sum(each * each for each in part) / _FULL**2 / _WINDOW
    # A sine has half the square of its peak; levels are those of a peak.
    level = max(_SILENT_DB, 10 * math.log10(2 * total)) if total else _SILENT_DB
    ours = level >= _FLOOR_DB and power(part, TONE_HZ) >= _MOST * total
    return min(0.0, level), ours


def _runs(ours: list[bool]) -> Iterator[tuple[int, int]]:
    """The beeps: from which window to which."""
    begin = None
    for at, mine in enumerate([*ours, False]):
        if mine and begin is None:
            begin = at
        elif not mine and begin is not None:
            if at - begin >= _RUN:
                yield begin, at
            begin = None


def _little(samples: "array[int]") -> "array[int]":
    """As the files have it, whatever this machine has."""
    if sys.byteorder == "big":
        samples = array("h", samples)
        samples.byteswap()
    return samples
