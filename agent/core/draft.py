"""What a step writes down and asks for, gathered in order while it is made."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.core.effects import Effect
from agent.core.entries import Entry, EntryType
from agent.core.facts import Facts
from agent.core.ids import LaneId, PassageId
from agent.core.model import Direction, Moment
from agent.core.plan import GatePlan


@dataclass(frozen=True, slots=True)
class Admit:
    """The guard lets somebody through: at which lane, which way, with which card (label, kind).

    ``cause`` is the id of the entry that says why, ``personal`` what the record shall name,
    ``actor`` who let him through, where that is not who gave the order.
    """

    lane: LaneId
    direction: Direction
    card: str = ""
    kind: str = ""
    cause: str = ""
    personal: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""


class Draft:
    """The entries and effects of one step; entries get consecutive sequence numbers."""

    def __init__(self, plan: GatePlan, facts: Facts, at: Moment) -> None:
        self._plan = plan
        self._facts = facts
        self.at = at
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self.admits: list[Admit] = []

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

    def found(self, kinds: Container[str]) -> tuple[str, Entry]:
        """The last entry of one of these types, after its id; raises LookupError without one."""
        for back, entry in enumerate(reversed(self.entries), 1):
            if entry.type in kinds:
                return self._id(self._sequence() - back), entry
        raise LookupError("nothing of these types was written")

    def do(self, effect: Effect) -> None:
        """Ask for an effect, to happen after the commit."""
        self.effects.append(effect)

    def admit(self, admit: Admit) -> None:
        """Ask the lane to let somebody through; it may refuse (see `agent.core.gate`)."""
        self.admits.append(admit)

    def drop(self) -> None:
        """Forget all of it: nothing is written and nothing is done."""
        self.entries.clear()
        self.effects.clear()
        self.admits.clear()

    def next_id(self) -> str:
        """The id that the next entry of this draft will have."""
        return self._id(self._sequence())

    def new_passage(self) -> PassageId:
        """An identifier that no other gate and no other stream can make."""
        return PassageId(f"{self._plan.agent}-{self._facts.stream}-{self._sequence()}-1")

    def new_id(self, number: int = 1) -> str:
        """Likewise for a visit, a deposit and the like; ``number`` tells those of one entry apart.

        It carries the sequence number of the next entry.
        """
        return f"{self._plan.agent}-{self._facts.stream}-{self._sequence()}-{number}"

    def _id(self, sequence: int) -> str:
        return f"{self._plan.source}/{self._facts.stream}/{sequence:020d}"

    def _sequence(self) -> int:
        return self._facts.next_sequence + len(self.entries)
