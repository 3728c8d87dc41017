"""A lane's loudspeaker: recordings, played by ``aplay`` of alsa-utils.

Rules kept here:
- the newest sentence counts: one that waits is replaced; one that waited longer than `WAITS_S`
  is not said any more, since whoever it was for is gone; what is urgent cuts off the others;
- nobody waits for a loudspeaker: a player that hangs is killed after `LIMIT_S`, and at the stop;
- it is silent while somebody talks to the people in the lane, and falls silent when that begins;
- the player is started without a shell, and what it is given are a device and a path, no more.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from agent.core.ids import LaneId
from agent.ports import Condition, Health
from drivers.worker import Worker

LIMIT_S = 20.0
WAITS_S = 6.0
JOIN_S = 3.0
LOOK_S = 0.1
IDLE_S = 60.0
REAP_S = 1.0
PLAYER = "aplay"
_SAID = 4_096
_COUNTED = ("played", "replaced", "late", "silenced", "cut", "missing", "faults")


@dataclass(frozen=True, slots=True)
class _Waiting:
    names: tuple[str, ...]
    urgent: bool
    since_s: float


class _End(Enum):
    """Why a recording is over."""

    PLAYED = auto()
    CUT = auto()
    SILENCED = auto()
    HUNG = auto()


class Loudspeaker:
    """A `agent.ports.Voice` of ``lane`` on ``device`` of ALSA.

    ``sounds`` is the folder of the recordings. ``silent`` says whether nothing may be said just
    now; it is asked from the thread of the loudspeaker, every `LOOK_S` seconds while it plays.
    ``limit_s`` is how long a recording may last, ``waits_s`` how long one may wait, in seconds.
    """

    def __init__(
        self,
        lane: LaneId,
        sounds: Path,
        device: str,
        silent: Callable[[], bool] = lambda: False,
        limit_s: float = LIMIT_S,
        waits_s: float = WAITS_S,
    ) -> None:
        self._lane = lane
        self._sounds = sounds
        self._device = device
        self._silent = silent
        self._limit_s = limit_s
        self._waits_s = waits_s
        self._lock = threading.Lock()
        self._waiting: _Waiting | None = None
        self._worker = Worker(f"voice-{lane}", f"loudspeaker of {lane}", self._run, JOIN_S)
        self._condition, self._detail = Condition.UNKNOWN, "not started"
        self._counters: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))

    def start(self) -> None:
        """Begin; returns at once. Raises DeviceError when it was started before."""
        self._worker.start()

    def stop(self) -> None:
        """Fall silent and end the thread; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `JOIN_S` seconds.
        """
        self._worker.stop()

    def say(self, names: Sequence[str], *, urgent: bool = False) -> None:
        """Play the first recording that is there, ``{name}.wav``. Returns at once."""
        with self._lock:
            if self._waiting is not None:
                if self._waiting.urgent and not urgent:
                    return
                self._counters["replaced"] += 1
            self._waiting = _Waiting(tuple(names), urgent, time.monotonic())
        self._worker.wake()

    def health(self) -> Health:
        """How the last recording went, and the counters."""
        return Health(f"voice {self._lane}", self._condition, self._detail, dict(self._counters))

    def _run(self) -> None:
        if shutil.which(PLAYER) is None:
            self._is(Condition.DOWN, _absent())
        elif not os.access(self._sounds, os.R_OK | os.X_OK):
            told = f"{self._sounds} is no folder that can be read: see gate-agent voice"
            self._is(Condition.DOWN, told)
        else:
            self._well()
        while not self._worker.stopping:
            with self._lock:
                waiting, self._waiting = self._waiting, None
            if waiting is None:
                self._worker.rest(IDLE_S)
            else:
                self._take(waiting)

    def _take(self, waiting: _Waiting) -> None:
        if not waiting.urgent and time.monotonic() - waiting.since_s > self._waits_s:
            self._counters["late"] += 1
            return
        if self._silent():
            self._counters["silenced"] += 1
            return
        paths = [self._sounds / f"{name}.wav" for name in waiting.names]
        path = next((path for path in paths if os.access(path, os.R_OK)), None)
        if path is None:
            told = f"{paths[0]} is not there to be read: gate-agent voice tells what to record"
            self._is(Condition.DEGRADED, told)
            self._counters["missing"] += 1
            return
        if _noise(path):
            self._fault(f"{path} is no WAV file: record it anew")
            return
        self._play(path)

    def _play(self, path: Path) -> None:
        try:
            player = subprocess.Popen(
                [PLAYER, "-q", "-D", self._device, path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except FileNotFoundError:
            self._fault(_absent())
            return
        except OSError as fault:
            self._fault(f"{PLAYER} cannot be started: {fault.strerror}")
            return
        end, told = self._attend(player), _told(player)
        try:
            player.wait(REAP_S)
        except subprocess.TimeoutExpired:
            self._fault(f"{PLAYER} cannot be ended: it hangs in the sound card {self._device}")
            return
        if end is _End.HUNG:
            self._fault(f"{path.name} on {self._device} was not over within {self._limit_s:g} s")
        elif end is not _End.PLAYED:
            self._counters["cut" if end is _End.CUT else "silenced"] += 1
        elif player.returncode:
            why = told or f"it ended with {player.returncode}"
            self._fault(f"{path.name} cannot be played on {self._device}: {why}")
        else:
            self._well()
            self._counters["played"] += 1

    def _attend(self, player: "subprocess.Popen[bytes]") -> _End:
        """Until the player has ended, or has to; it is dead then."""
        ends_s = time.monotonic() + self._limit_s
        over = os.pidfd_open(player.pid)
        try:
            wait = select.poll()
            wait.register(over, select.POLLIN)
            wait.register(self._worker, select.POLLIN)
            end = None
            while end is None:
                wait.poll(LOOK_S * 1000)
                self._worker.clear()
                end = self._over(player, ends_s)
        finally:
            os.close(over)
            if player.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(player.pid, signal.SIGKILL)
        return end

    def _over(self, player: "subprocess.Popen[bytes]", ends_s: float) -> _End | None:
        if player.poll() is not None:
            return _End.PLAYED
        waiting = self._waiting
        if self._worker.stopping or (waiting is not None and waiting.urgent):
            return _End.CUT
        if self._silent():
            return _End.SILENCED
        return _End.HUNG if time.monotonic() >= ends_s else None

    def _well(self) -> None:
        self._is(Condition.OK, f"recordings of {self._sounds} on {self._device}")

    def _is(self, condition: Condition, detail: str) -> None:
        self._detail = detail
        self._condition = condition

    def _fault(self, told: str) -> None:
        self._is(Condition.DOWN, told)
        self._counters["faults"] += 1


def _noise(path: Path) -> bool:
    """Whether it is a file without the head of a WAV: the player would take it for raw sound."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False  # the player says what is wrong
    return head[:4] != b"RIFF" or head[8:] != b"WAVE"


def _absent() -> str:
    return f"{PLAYER} is not on this machine: apt install alsa-utils"


def _told(player: "subprocess.Popen[bytes]") -> str:
    """The last line that the player said, as far as it said any."""
    if player.stderr is None:
        return ""
    with player.stderr as end:
        os.set_blocking(end.fileno(), False)
        try:
            said = os.read(end.fileno(), _SAID)
        except BlockingIOError:
            return ""
    lines = said.decode("utf-8", "replace").split("\n")
    text = next((line for line in reversed(lines) if line.strip()), "")
    return "".join(letter for letter in text if letter.isprintable())[:200]
