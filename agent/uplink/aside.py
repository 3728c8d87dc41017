"""What a session says besides its events: answers, replays, figures.

Rules kept here:
- answers go as soon as the window has room, before any event;
- a replay goes only while no live event waits (`agent.uplink.replay`);
- figures (`tele`) go every minute, with QoS 0: what is lost of them is not missed.
"""

from collections.abc import Callable
from typing import Protocol

from agent.core.commands import ACCEPTED
from agent.ports import Clock, Head
from agent.uplink.client import Packed, answering, properties
from agent.uplink.feed import JournalReader
from agent.uplink.hearing import Hearing
from agent.uplink.payloads import CONTENT_TYPE
from agent.uplink.replay import Replay
from agent.uplink.tele import Gauge
from agent.uplink.topics import Address

TELE_S = 60.0
LOOK_S = 1.0
KEEP_S = 10.0
CHUNK = 128 * 1024
OVERHEAD = 512


class Line(Protocol):
    """How it is said."""

    def room(self) -> bool:
        """May something more be on its way?"""

    def put(self, topic: str, payload: bytes, how: Packed) -> None:
        """Send with QoS 1."""

    def hint(self, topic: str, payload: bytes, how: Packed) -> None:
        """Send with QoS 0."""


class Aside:
    """Of one session. Times in seconds of the monotonic clock."""

    def __init__(
        self,
        address: Address,
        hearing: Hearing,
        journal: Callable[[], JournalReader],
        line: Line,
        *,
        clock: Clock,
        gauge: Gauge,
    ) -> None:
        self._address = address
        self._hearing = hearing
        self._journal = journal
        self._replay = Replay(journal, address.source, CHUNK)
        self._line = line
        self._clock = clock
        self._gauge = gauge
        self._look_at = 0.0
        self._keep_at = 0.0
        self._figures_at = 0.0
        self._due: float | None = None

    def begin(self, packet_maximum: int | None) -> None:
        """The broker takes no packet larger than this; call it before anything else."""
        if packet_maximum is not None and packet_maximum < CHUNK + OVERHEAD:
            self._replay = Replay(self._journal, self._address.source, packet_maximum - OVERHEAD)

    def answer(self, head: Head) -> None:
        """Send the answers that wait, and take up the replays that were asked for."""
        while (wanted := self._hearing.asked()) is not None:
            said = self._replay.ask(wanted.client, wanted.cmd_id, wanted.args, head)
            tell = self._hearing.say if said.status == ACCEPTED else self._hearing.replayed
            tell(wanted.client, wanted.cmd_id, said)
        while self._line.room() and (out := self._hearing.next()) is not None:
            self._line.put(out.topic, out.payload, out.how)

    def replay(self, now: float, *, idle: bool) -> None:
        """Send the next chunk of a replay when it is due; ``idle``: no live event waits."""
        self._due = self._replay.due(now, idle)
        if self._due is not None and now >= self._due and self._line.room():
            found = self._replay.chunk(now)
            if found is not None:
                client, cmd_id, payload = found
                how = answering(CONTENT_TYPE, self._hearing.about(client, cmd_id))
                self._line.put(self._address.replay(client), payload, how)
            self._due = self._replay.due(now, idle)
        for client, cmd_id, said in self._replay.finished():
            self._hearing.replayed(client, cmd_id, said)

    def figures(self, now: float, head: Head, published: int) -> None:
        """Look how far the centre has come, once a second, and tell it when that is due."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        moment = self._clock.now()
        confirmed = self._hearing.acks.confirmed(head.stream)
        self._gauge.look(head, published, confirmed, moment)
        if now >= self._keep_at:
            self._keep_at = now + KEEP_S
            self._hearing.keep()
        if now >= self._figures_at:
            self._figures_at = now + TELE_S
            payload = self._gauge.payload(head, published, confirmed, moment)
            self._line.hint(self._address.tele, payload, properties(CONTENT_TYPE))

    def wait_s(self, now: float, longest: float) -> float:
        """How long nothing of this is due."""
        return longest if self._due is None else max(0.0, min(longest, self._due - now))

    def close(self) -> None:
        """The session is over."""
        self._replay.close()
        self._hearing.keep()
        self._hearing.forget_replays()
        self._gauge.delays.lost()
