"""How the link is, in one word and one sentence, kept by its thread and read by any other."""

from collections.abc import Callable, Mapping
from time import monotonic_ns

from agent.core.outbox import Outbox
from agent.ports import Condition, Head, Health


class Report:
    """What the uplink's thread has to say of itself."""

    def __init__(self) -> None:
        self.condition = Condition.UNKNOWN
        self.detail = "the uplink has not started"
        self.session = 0
        self.connections = 0
        self.confirmed: int | None = None
        """The last entry that every named consumer has; None when none is named."""
        self.oldest = (0, 0)
        """An entry that the broker did not have, and when it was written (uptime in ms)."""
        self.served: Mapping[str, int] = {}
        """Commands of the centre that were taken, and such that were refused."""
        self._complaints: dict[str, str] = {}

    def say(self, condition: Condition, detail: str) -> None:
        """Set the word and the sentence."""
        self.condition, self.detail = condition, detail

    def complain(self, about: str, sentence: str) -> None:
        """Something is wrong while the link stands; it stays until `settle`."""
        self._complaints = {**self._complaints, about: sentence}

    def settle(self, about: str) -> None:
        """This is well again."""
        if about in self._complaints:
            self._complaints = {k: v for k, v in self._complaints.items() if k != about}

    def waiting_s(self, published: int) -> int:
        """How long the oldest entry beyond ``published`` waits; 0 where that is not known yet."""
        sequence, happened_ms = self.oldest
        if sequence <= published:
            return 0
        return max(0, monotonic_ns() // 1_000_000 - happened_ms) // 1000

    def health(self, outbox: Outbox, head: Head | None, alive: Callable[[], bool]) -> Health:
        """The whole report; ``alive`` tells whether the thread runs that ought to run."""
        published = outbox.published
        backlog = max(0, head.sequence - published) if head else 0
        condition, detail = self.condition, self.detail
        complaints = "; ".join(self._complaints.values())
        if not alive():
            condition, detail = Condition.DOWN, "the uplink's thread has died: see the log"
        elif complaints and condition is Condition.OK:
            condition, detail = Condition.DEGRADED, complaints
        if backlog:
            detail += f"; {backlog} {'event waits' if backlog == 1 else 'events wait'} to be sent"
        confirmed = self.confirmed
        counters = {
            "published": published,
            **({} if confirmed is None else {"confirmed": confirmed}),
            "backlog": backlog,
            "age_s": self.waiting_s(published) if backlog else 0,
            "inflight": outbox.inflight,
            "reconnects": max(0, self.connections - 1),
            "session": self.session,
            "commands": self.served.get("commands", 0),
            "commands_refused": self.served.get("refused", 0),
        }
        return Health("uplink", condition, detail, counters)
