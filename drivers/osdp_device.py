"""One device on an OSDP line: looked for, asked, lost and found again; in the line's thread.

Rules kept here:
- a device is told of as lost when it was not to be had for `LOST_S`, so that one damaged frame is
  no event; it is asked anew at once, and then at growing distances while it stays away;
- what it is told (lamp, buzzer, text) waits for `STALE_S` at most, and only while it is up;
- a command that a device refuses twice is not given to it again: libosdp takes a refusal for a
  loss of the device.
"""

import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from drivers.osdp_panel import POLL_MS, Heard, Panel, Refused, Secure
from drivers.osdp_trail import Trail
from drivers.wire.osdp_frame import BUSY, Packet

LOST_S: Final = 1.0
LOOK_S: Final = 0.5
REFUSED_S: Final = 2.0
STALE_S: Final = 3.0
STATUS_S: Final = 30.0

_POLL_S: Final = POLL_MS / 1000 + 0.002
_SOON_S: Final = 0.005
_BUSY_S: Final = 0.1
_MOST_WAITING: Final = 8
_REFUSALS: Final = 2
_STEPS: Final = 24
"""A handshake has 8 exchanges at most, with a key to be stored; more of them lead nowhere."""

Command = Mapping[str, object]


class Owner(Protocol):
    """Who owns the device. Called in the line's thread; returns at once and never raises."""

    def came(self, detail: str) -> None:
        """The device is up; also when it was away too briefly to be told of."""

    def went(self, detail: str) -> None:
        """The device is not to be had; told again while that lasts."""

    def heard(self, told: Heard) -> None:
        """The device told something."""


class Device:
    """The state of one device. `put` is for any thread, everything else for the line's."""

    def __init__(self, address: int, baud: int, key: bytes | None, secure: Secure) -> None:
        self.address = address
        self.due = 0.0
        self.restarts = 0
        self.up = False
        self.trail = Trail(address, baud, secure)
        self._panel = Panel(address, key, secure, self._hear)
        self._owner: Owner | None = None
        self._wake: Callable[[], None] = _nothing
        self._status: Command | None = None
        self._next_status = 0.0
        self._since = 0.0
        self._fails = self._steps = 0
        self._anew = True
        self._abilities: frozenset[int] = frozenset()
        self._refusals: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, Command]] = deque(maxlen=_MOST_WAITING)

    def belongs(self, owner: Owner, wake: Callable[[], None], status: Command) -> None:
        """Say whose it is, what wakes the line, and the command that asks for tamper and power."""
        self._owner, self._wake, self._status = owner, wake, status

    def put(self, commands: Sequence[Command], now: float) -> None:
        """Give the device these commands soon; from any thread."""
        with self._lock:
            self._waiting.extend((now, command) for command in commands)
        self._wake()

    @property
    def waiting(self) -> bool:
        """Commands wait for the device, and it can take them."""
        return self.up and bool(self._waiting)

    def can(self, capability: int) -> bool:
        """Whether it told that it has this; from any thread."""
        return capability in self._abilities

    def begin(self, now: float) -> None:
        """The line is open: look for the device from the start."""
        self.up, self._anew, self._fails = False, True, 0
        self.due = self._since = now

    def line_lost(self, detail: str) -> None:
        """The line itself is gone."""
        self.up = False
        self._went(detail)

    def command(self, now: float, away: int) -> bytes:
        """The next frame for it, nothing if there is none now; ``away``: so many are not up."""
        if self._anew:
            self._anew = not self._panel.restart()
            if self._anew:
                self.due = now + _BUSY_S
                return b""
            self.trail.anew()
            self._steps = 0
        if self.up:
            self._submit(now)
        sent = self._panel.step()
        if not sent:
            self._idle(now, away)
        elif not self.up:
            self.trail.ask(sent)
            self._steps += 1
        return sent

    def answered(self, reply: Packet, now: float, away: int) -> None:
        """The reply to the last command."""
        if not self.up:
            self.trail.answer(reply)
        self._panel.answer(reply.raw)
        self._judge(now, away)

    def unanswered(self, now: float, away: int, *, noise: bool) -> None:
        """No reply came, however often it was asked; ``noise``: but something did."""
        self.trail.noise = self.trail.noise or noise
        self._panel.silence()
        self._judge(now, away)

    def _judge(self, now: float, away: int) -> None:
        was, self.up = self.up, self._panel.up
        if self.up:
            self.due = now + _POLL_S
            if not was:
                self._fails = 0
                self._next_status = now
                self._abilities = self._panel.abilities()
                if self._owner is not None:
                    self._owner.came(self._panel.identity())
            return
        if was:
            self._since, self._fails = now, 0
            self.trail.anew()
        self.due = now
        if self._panel.plain or self._steps > _STEPS:
            self._failed(now, away)

    def _idle(self, now: float, away: int) -> None:
        """Nothing to say by libosdp: too early, the device is busy, or it was given up."""
        if self.up:
            self.due = now + _SOON_S
        elif self.trail.answered == BUSY and now - self._since < LOST_S:
            self.due = now + _BUSY_S
        else:
            self._failed(now, away)

    def _failed(self, now: float, away: int) -> None:
        self._anew = True
        self.restarts += 1
        self._fails += 1
        if now - self._since >= LOST_S or self.trail.key_wrong:
            self._went(self.trail.told())
        if self._fails == 1 and not self.trail.key_wrong:
            self.due = now
            return
        pause = REFUSED_S if self.trail.heard else LOOK_S * max(1, away)
        self.due = now + pause * random.SystemRandom().uniform(0.8, 1.2)

    def _went(self, detail: str) -> None:
        if self._owner is not None:
            self._owner.went(detail)

    def _submit(self, now: float) -> None:
        with self._lock:
            waiting = [one for at, one in self._waiting if now - at <= STALE_S]
            self._waiting.clear()
        if self._status is not None and now >= self._next_status:
            self._next_status = now + STATUS_S
            waiting.append(self._status)
        for command in waiting:
            number = command["command"]
            if isinstance(number, int) and self._refusals[number] < _REFUSALS:
                self._panel.submit(command)

    def _hear(self, told: Heard) -> None:
        if isinstance(told, Refused):
            self._refusals[told.command] += 1
        elif self._owner is not None:
            self._owner.heard(told)


def _nothing() -> None:
    """What wakes a line that there is not."""
