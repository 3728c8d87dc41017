"""Current: what the broker keeps of this gate, as it is now: `status`, `info` and every lane.

Rules kept here:
- `status` comes first, then `info`, then the lanes; what changes before it is sent is sent once;
- a status tells how long the journal is, so it is said again while that grows.
"""

from agent.ports import Head
from agent.uplink import payloads
from agent.uplink.board import Board
from agent.uplink.payloads import Presence
from agent.uplink.topics import Address

STATUS_EVERY_S = 30.0


class Current:
    """Of one session. Times in seconds of the monotonic clock."""

    def __init__(self, address: Address, board: Board) -> None:
        self._address = address
        self._board = board
        self._waiting: dict[str, bytes] = {}
        self._session = 0
        self._told = (0, 0.0)

    def __bool__(self) -> bool:
        """Does any of it wait to be sent?"""
        return bool(self._waiting)

    def begin(self, session: int, head: Head, info: bytes, now: float) -> None:
        """All of it is to be said, in a session with this number."""
        self._session = session
        self._online(head, now)
        self._waiting[self._address.info] = info
        self._board.repeat()

    def look(self, stream: str) -> None:
        """Take in which lanes have changed; ``stream`` is the journal's."""
        for view, as_of in self._board.changes():
            self._waiting[self._address.state(view.lane)] = payloads.state(view, stream, as_of)

    def take(self) -> tuple[str, bytes]:
        """Topic and payload of what has waited longest; only where something waits."""
        topic = next(iter(self._waiting))
        return topic, self._waiting.pop(topic)

    def refresh(self, head: Head, now: float) -> bool:
        """Whether the last status is old; if so it is said again, where the journal has grown."""
        sequence, told_at = self._told
        if now - told_at <= STATUS_EVERY_S:
            return False
        if head.sequence != sequence:
            self._online(head, now)
        return True

    def _online(self, head: Head, now: float) -> None:
        self._told = (head.sequence, now)
        told = payloads.status(Presence.ONLINE, self._session, head)
        self._waiting[self._address.status] = told
