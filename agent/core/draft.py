"""What a step writes down and asks for, gathered in order while it is made."""

from collections.abc import Mapping
from datetime import datetime

from agent.core.effects import Effect
from agent.core.entries import Entry, EntryType
from agent.core.facts import Facts
from agent.core.ids import PassageId
from agent.core.model import Moment
from agent.core.plan import GatePlan


class Draft:
    """The entries and effects of one step; entries get consecutive sequence numbers."""

    def __init__(self, plan: GatePlan, facts: Facts, at: Moment) -> None:
        self._plan = plan
        self._facts = facts
        self.at = at
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []

    @property
    def local(self) -> datetime:
        """The gate's local time, naive, when the event happened."""
        return self._facts.local

    def write(
        self,
        kind: EntryType,
        subject: str,
        data: Mapping[str, object],
        *,
        personal: Mapping[str, str] | None = None,
        actor: str = "",
        cause: str = "",
    ) -> str:
        """Add an entry and return its id, ``{source}/{stream}/{sequence}``."""
        entry_id = self.next_id()
        self.entries.append(Entry(kind, subject, self.at, data, personal or {}, actor, cause))
        return entry_id

    def do(self, effect: Effect) -> None:
        """Ask for an effect, to happen after the commit."""
        self.effects.append(effect)

    def next_id(self) -> str:
        """The id that the next entry of this draft will have."""
        return f"{self._plan.source}/{self._facts.stream}/{self._sequence():020d}"

    def new_passage(self) -> PassageId:
        """An identifier that no other gate and no other stream can make."""
        return PassageId(f"{self._plan.agent}-{self._facts.stream}-{self._sequence()}-1")

    def _sequence(self) -> int:
        return self._facts.next_sequence + len(self.entries)
