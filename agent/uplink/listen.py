"""A consumer's connection: subscribes, hands on what comes, comes back after an outage."""

import random
from collections.abc import Callable

from agent.errors import UplinkError
from agent.uplink.backoff import Backoff
from agent.uplink.board import Board
from agent.uplink.broker import Broker
from agent.uplink.client import Connection
from agent.uplink.line import Incoming, Subscription

TURN_S = 1.0


class Listening:
    """Runs in the thread that calls `run`, until `stop`.

    ``heard`` gets topic, payload and whether it was retained; ``linked`` gets True with a sentence
    when the subscriptions stand, and False with the reason when they do not.
    """

    def __init__(
        self,
        broker: Broker,
        topics: tuple[str, ...],
        heard: Callable[[str, bytes, bool], None],
        linked: Callable[[bool, str], None],
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._heard = heard
        self._linked = linked
        self._board = Board()
        self._backoff = Backoff(random.random)

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._board.stop()

    def run(self) -> None:
        """Listen until `stop`; an outage is told to ``linked`` and waited out."""
        try:
            while not self._board.stopping:
                try:
                    self._listen()
                except UplinkError as fault:
                    if self._board.stopping:
                        return
                    self._linked(False, str(fault))
                    self._board.pause(self._backoff.failed())
        finally:
            self._board.close()

    def _listen(self) -> None:
        connection = Connection(self._broker, self)
        try:
            connection.open(None, self._board.fd, lambda: self._board.stopping)
            connection.subscribe([Subscription(topic) for topic in self._topics])
            while not self._board.stopping:
                connection.turn(TURN_S)
            connection.close(politely=True)
        finally:
            connection.close(politely=False)

    # --- what the connection calls ----------------------------------------------------------------

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """Nothing is published here."""

    def answered(self, refused: str) -> None:
        """The subscriptions stand, or some do not."""
        if refused:
            self._linked(
                False, f"the broker at {self._broker.where} refused to subscribe: {refused}"
            )
            return
        self._backoff.succeeded()
        self._linked(True, f"listening at {self._broker.where}")

    def received(self, message: Incoming) -> None:
        """Hand it on."""
        self._heard(message.topic, message.payload, message.retained)
