"""The intercom: baresip, a process of its own, told over its control connection.

Rules kept here:
- one thread owns the connection; whoever wants something puts it down and goes on;
- every line that was asked for is told of to its end, also when baresip is away or dies;
- one call goes out at a time: the next number is dialled when the line before is closed;
- when the connection is there again, whatever baresip still has on is hung up first;
- an answer that does not come in `ANSWER_S` is a connection that is gone: opened again with a
  jittered back-off;
- no number, address or key is ever written to a log or into health.

baresip serves one connection: a second program at its port takes it over, and this one comes back.
"""

import os
import select
import socket
import threading
import time
from collections import deque

from agent.core.events import IntercomFound, IntercomLost, LineTold, Turn, Why
from agent.core.ids import LaneId, LineId
from agent.ports import Clock, Condition, Emit, Health
from drivers.baresip_talk import ALIVE_S, ANSWER_S, GoneError, Sounds, Talk, Wish
from drivers.serial_port import back_off
from drivers.worker import Worker

STEADY_S = 5.0
JOIN_S = 3.0
LEAVE_S = 1.0
WANTS = 64
"""So many wishes wait at most; beyond that a call is told as ended, since nobody could end it."""
_CHUNK = 16_384
_AWAY = "baresip closed the connection: it ended, or another program took its control port over"


class Baresip:
    """A `agent.ports.Intercom` at the control port of a baresip on this machine.

    ``answer_s``: for so long, in seconds, baresip may keep an answer to itself; ``alive_s``: so
    often it is asked whether it lives, and whether its registrar takes it. ``sounds`` are source
    and player of every lane that has its own, and under None those of all others.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: Clock,
        *,
        answer_s: float = ANSWER_S,
        alive_s: float = ALIVE_S,
        sounds: Sounds | None = None,
    ) -> None:
        self._sounds = sounds or {}
        self._answer_s, self._alive_s = answer_s, alive_s
        self._where = (host, port)
        self._clock = clock
        self._emit: Emit = _nowhere
        self._lock = threading.Lock()
        self._wants: deque[Wish] = deque()
        self._worker = Worker("intercom", "the intercom", self._run, JOIN_S)
        self._talk: Talk | None = None
        self._present: bool | None = None
        self._detail = "not started"
        self._connections = 0
        self.counts = {"dialled": 0, "came": 0, "turned_away": 0, "keys": 0, "faults": 0}

    def start(self, emit: Emit) -> None:
        """Begin; returns at once, also when baresip is away. Raises DeviceError if started."""
        self._worker.once()
        self._emit = emit
        self._worker.start()

    def stop(self) -> None:
        """Hang up and end the thread; safe to call twice, or before `start`.

        Raises DeviceError when the thread does not end within `JOIN_S` seconds.
        """
        self._worker.stop()

    def dial(self, line: LineId, number: str, lane: LaneId | None = None) -> None:
        """Call ``number`` (an address, or what baresip makes one of). Returns at once."""
        self._want("dial", line, number, lane)

    def accept(self, line: LineId, lane: LaneId | None = None) -> None:
        """Take a call that came in. Returns at once."""
        self._want("accept", line, "", lane)

    def hang_up(self, line: LineId) -> None:
        """End a line; nothing happens if it has ended. Returns at once."""
        self._want("hangup", line)

    @property
    def registered(self) -> bool | None:
        """Does the registrar take us? None while nothing is known, and where there is none."""
        talk = self._talk
        return None if talk is None else talk.registered

    def health(self) -> Health:
        """Connection, registrar and counters; ``reconnects`` are the openings after the first."""
        talk = self._talk
        condition, detail = Condition.UNKNOWN, self._detail
        if self._present is False:
            condition = Condition.DOWN
        elif self._present:
            condition = Condition.OK
            if talk is not None and talk.registered is False:
                condition = Condition.DEGRADED
                detail = (
                    "the registrar does not take us: calls by it fail; see its address and ours"
                )
        lines = 0 if talk is None else len(talk.lines)
        counts = {**self.counts, "calls": lines, "reconnects": max(0, self._connections - 1)}
        return Health("intercom", condition, detail, counts)

    def _want(self, what: str, line: LineId, number: str = "", lane: LaneId | None = None) -> None:
        with self._lock:
            full = len(self._wants) >= WANTS and what == "dial"
            if not full:
                self._wants.append((what, line, number, lane))
        if full:
            self._tell(line, Turn.ENDED, why=Why.LOST)
        else:
            self._worker.wake()

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began = time.monotonic()
            try:
                with socket.create_connection(self._where, self._answer_s) as conn:
                    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._pump(conn)
            except (OSError, GoneError) as error:
                self._lost(error)
            if time.monotonic() - began >= STEADY_S:
                tries = 0
            self._pause(back_off(tries))
            tries += 1

    def _pause(self, seconds: float) -> None:
        """Wait before the next try; what is asked for meanwhile is answered: nothing goes."""
        ends = time.monotonic() + seconds
        while not self._worker.stopping and (left := ends - time.monotonic()) > 0:
            self._worker.rest(left)
            self._give_up()

    def _give_up(self) -> None:
        while (wish := self._taken()) is not None:
            what, line, _, _ = wish
            if what == "dial":
                self._tell(line, Turn.ENDED, why=Why.LOST)

    def _taken(self) -> Wish | None:
        with self._lock:
            return self._wants.popleft() if self._wants else None

    def _pump(self, conn: socket.socket) -> None:
        """Talk until told to stop; raises OSError or GoneError when baresip is gone."""
        talk = self._talk = Talk(
            conn.sendall,
            self._tell,
            self._ready,
            self.counts,
            self._answer_s,
            self._alive_s,
            self._sounds,
        )
        wait = select.poll()
        wait.register(conn, select.POLLIN)
        wait.register(self._worker, select.POLLIN)
        talk.begin(time.monotonic())
        while not self._worker.stopping:
            now = time.monotonic()
            ready = wait.poll(max(0.0, talk.due(now) - now) * 1000)
            for number, _ in ready:
                if number == self._worker.fileno():
                    self._worker.clear()
                else:
                    self._read(conn, talk)
            talk.look(time.monotonic())
            while talk.clear and (wish := self._taken()) is not None:
                talk.want(wish, time.monotonic())
        self._leave(conn, talk)

    def _leave(self, conn: socket.socket, talk: Talk) -> None:
        """Hang up, and stay until that was read: a connection closed at once takes it along."""
        ends = time.monotonic() + LEAVE_S
        talk.leave(time.monotonic())
        wait = select.poll()
        wait.register(conn, select.POLLIN)
        while talk.waits and wait.poll(max(0.0, ends - time.monotonic()) * 1000):
            self._read(conn, talk)

    def _read(self, conn: socket.socket, talk: Talk) -> None:
        data = conn.recv(_CHUNK)
        if not data:
            raise GoneError(_AWAY)
        now = time.monotonic()
        for message in talk.decoder.feed(data):
            talk.take(message, now)

    def _ready(self) -> None:
        """It answers, and has no call on."""
        self._connections += 1
        self._present = True
        self._detail = "baresip answers"
        self._emit(IntercomFound(self._clock.now()))

    def _lost(self, error: Exception) -> None:
        talk, self._talk = self._talk, None
        host, port = self._where
        detail = str(error)
        if isinstance(error, OSError):
            reason = os.strerror(error.errno) if error.errno else str(error)
            detail = f"no baresip at {host}:{port}: {reason}; does it run?"
        self._detail = detail
        if talk is not None:
            for line in talk.all():
                self._tell(line, Turn.ENDED, why=Why.LOST)
        self._give_up()
        if self._present is not False:
            self._present = False
            self._emit(IntercomLost(detail, self._clock.now()))

    def _tell(
        self, line: LineId, turn: Turn, *, key: str = "", peer: str = "", why: Why = Why.HUNG_UP
    ) -> None:
        self._emit(LineTold(line, turn, self._clock.now(), key=key, peer=peer, why=why))


def _nowhere(_event: object) -> None:
    """Where events go before `Baresip.start` says where."""
