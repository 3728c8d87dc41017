"""A test call of the intercom: it rings, it is answered, and a tone goes there and comes back.

Rules kept here:
- a baresip of its own makes the call, with a folder that is gone afterwards: the gate's keeps its
  control connection, and whatever it is doing;
- how long the tone was under way is told by when baresip wrote it down, as sent and as heard;
- whatever happens the call is hung up and the process ended;
- no number and no key is in a report.
"""

import contextlib
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.core.events import Event, FrameFaulted, IntercomFound, LineTold, Turn, Why
from agent.core.ids import LineId
from agent.errors import DeviceError
from agent.ports import Intercom
from agent.tones import CYCLE_S, SENT_DB, Heard, heard

LINE = LineId("test")
READY_S = 30.0
REGISTERED_S = 10.0
LATE_S = 10.0
"""So late may the first sound come, and be missing on the way."""
SAID_S = 240
"""The sound to be said is so long; no test takes longer."""

_HEADER = 44
_EVENTS = 1_000
_STEP_S = 0.005
_LOOK_S = 0.5
_ENDING_S = 5.0
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a test call. Times are seconds since it was dialled, None for what was not.

    ``registered`` is None without a registrar; ``why`` is why nobody answered; ``heard`` what came
    back, None where no sound came at all; ``back_ms`` how long the tone was under way, there and
    back; ``key``: a key was pressed there.
    """

    registered: bool | None = None
    rang_s: float | None = None
    answered_s: float | None = None
    why: Why | None = None
    heard: Heard | None = None
    back_ms: int | None = None
    key: bool = False

    @property
    def back_db(self) -> float | None:
        """The level of the tone that came back, against what was sent."""
        tone = None if self.heard is None else self.heard.tone_db
        return None if tone is None else tone - SENT_DB

    @property
    def ok(self) -> bool:
        """Does sound go there and come back? A key says that somebody there has heard it."""
        return self.heard is not None and (self.back_db is not None or self.key)


@dataclass(slots=True)
class _Growth:
    """A file of sound while it grows: when it had how many bytes."""

    path: Path
    seen: list[tuple[float, int]] = field(default_factory=list)

    def look(self, now: float) -> None:
        """See how long it is."""
        with contextlib.suppress(OSError):
            size = self.path.stat().st_size
            if not self.seen or self.seen[-1][1] != size:
                self.seen.append((now, size))

    def heard(self) -> Heard | None:
        """What is in it; None where there is no sound at all."""
        with contextlib.suppress(OSError):
            found = heard(self.path.read_bytes()[_HEADER:])
            return found if found.seconds else None
        return None

    def when(self, sample: int) -> float | None:
        """When this sample was written; None if that was not seen."""
        wanted = _HEADER + 2 * sample
        return next((at for at, size in self.seen if size > wanted), None)


@contextmanager
def folder() -> Iterator[Path]:
    """A place for the files of a test, for this user alone."""
    with tempfile.TemporaryDirectory(prefix="gate-intercom-test-") as name:
        yield Path(name)


def free_port() -> int:
    """A port of this machine that nobody has now, for TCP and UDP."""
    for _ in range(_TRIES):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            with contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port
    raise DeviceError("no port of this machine is free: is it under attack?")


@contextmanager
def process(made: Path) -> Iterator[None]:
    """A baresip with the configuration in this folder; raises DeviceError where there is none."""
    program = shutil.which("baresip")
    if program is None:
        raise DeviceError("baresip is not installed: apt install baresip-core")
    with (made / "log").open("wb") as log:
        running = subprocess.Popen(
            [program, "-f", str(made)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=made,
        )
        try:
            yield
        finally:
            running.terminate()
            try:
                running.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                # In order it waits half a minute for a telephone that is gone.
                running.kill()
                running.wait()


class Trial:
    """One test call over an intercom that was not started yet.

    ``where`` is the folder in which its sound is written down; ``registered`` tells whether the
    registrar takes it, None while that is not known.
    """

    def __init__(
        self, intercom: Intercom, where: Path, registered: Callable[[], bool | None] | None = None
    ) -> None:
        self._intercom = intercom
        self._where = where
        self._registered = registered
        self._events: queue.Queue[Event | FrameFaulted] = queue.Queue(_EVENTS)
        self._files: dict[str, _Growth] = {}

    def run(self, number: str, ring_s: float, listen_s: float) -> Report:
        """Call ``number``; it may ring for so long, and so much sound is listened to (seconds).

        Raises DeviceError when baresip does not start.
        """
        self._intercom.start(self._put)
        try:
            self._wait_ready()
            registered = self._wait_registered()
            report = self._call(number, ring_s, listen_s)
        finally:
            self._intercom.stop()
        return replace(self._judged(report), registered=registered)

    def _put(self, event: Event | FrameFaulted) -> None:
        with contextlib.suppress(queue.Full):
            self._events.put_nowait(event)

    def _next(self, seconds: float) -> Event | FrameFaulted | None:
        try:
            return self._events.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _wait_ready(self) -> None:
        ends = time.monotonic() + READY_S
        while (left := ends - time.monotonic()) > 0:
            if isinstance(self._next(left), IntercomFound):
                return
        raise DeviceError(
            f"the baresip of the test was not ready within {READY_S:g} s: make its configuration "
            "(gate-agent intercom configure --out DIR) and see what baresip -f DIR says"
        )

    def _wait_registered(self) -> bool | None:
        if self._registered is None:
            return None
        ends, pause = time.monotonic() + REGISTERED_S, threading.Event()
        while not self._registered():
            if time.monotonic() >= ends:
                return False
            pause.wait(0.1)
        return True

    def _call(self, number: str, ring_s: float, listen_s: float) -> Report:
        report = Report()
        self._intercom.dial(LINE, number)
        began = time.monotonic()
        ends, looks = began + ring_s, began
        while (now := time.monotonic()) < ends:
            event = self._next(_STEP_S)
            if isinstance(event, LineTold) and event.line == LINE:
                if event.turn is Turn.ENDED:
                    return replace(report, why=event.why)
                if event.turn is Turn.ANSWERED:
                    ends = now + listen_s + LATE_S
                report = _noted(report, event, now - began)
            if report.answered_s is not None:
                self._look(now)
                if now >= looks:
                    looks = now + _LOOK_S
                    if self._enough(report, listen_s):
                        break
        return report

    def _look(self, now: float) -> None:
        for name in ("enc", "dec"):
            if name not in self._files:
                found = sorted(self._where.glob(f"dump-*-{name}.wav"))
                if not found:
                    continue
                self._files[name] = _Growth(found[-1])
            self._files[name].look(now)

    def _enough(self, report: Report, listen_s: float) -> bool:
        """Twice heard is heard; where a key was pressed one round of it is enough."""
        back = self._back()
        if back is None:
            return False
        wanted = min(listen_s, CYCLE_S) if report.key else listen_s
        return len(back.begins) > 1 or back.seconds >= wanted

    def _back(self) -> Heard | None:
        return self._files["dec"].heard() if "dec" in self._files else None

    def _judged(self, report: Report) -> Report:
        if report.answered_s is None:
            return report
        return replace(report, why=None, heard=self._back(), back_ms=self._under_way())

    def _under_way(self) -> int | None:
        """From each beep that was heard back to the last one that was sent; the shortest, in ms."""
        if not self._files.keys() >= {"enc", "dec"}:
            return None
        sent, back = (sorted(self._times(self._files[name])) for name in ("enc", "dec"))
        ways = [at - max(known) for at in back if (known := [each for each in sent if each <= at])]
        return round(min(ways) * 100) * 10 if ways else None

    def _times(self, file: _Growth) -> Iterator[float]:
        found = file.heard()
        for begin in () if found is None else found.begins:
            at = file.when(begin)
            if at is not None:
                yield at


def _noted(report: Report, event: LineTold, after_s: float) -> Report:
    after_s = round(after_s, 3)
    if event.turn is Turn.KEY:
        return replace(report, key=True)
    if event.turn is Turn.RANG and report.rang_s is None:
        return replace(report, rang_s=after_s)
    if event.turn is Turn.ANSWERED and report.answered_s is None:
        return replace(report, answered_s=after_s)
    return report
