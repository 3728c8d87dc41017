"""What the law refuses and somebody enabled is in the journal, once for each word given."""

from dataclasses import replace

from agent.core.entries import Entry, EntryType
from agent.core.events import Started
from agent.core.plan_books import BooksPlan
from tests.core.whole import WholeGate, whole

LAW = {EntryType.DEPOSITKIND_ENABLED, EntryType.DEPOSITKIND_DISABLED}


def restarted(gate: WholeGate | None, **responsible: str) -> tuple[WholeGate, list[Entry]]:
    """A gate with the journal of the one before, and what its start wrote of deposits."""
    books = BooksPlan("cn", responsible=responsible)
    fresh = WholeGate(replace(whole(), books=books))
    if gate is not None:
        fresh.journal = gate.journal
    step = fresh.do(Started(fresh.now))
    return fresh, [entry for entry in step.entries if entry.type in LAW]


def test_enabling_is_recorded_once_with_the_name_and_so_is_its_end() -> None:
    gate, first = restarted(None)
    assert first == []
    gate, told = restarted(gate, resident_id="Wang: Fang")
    (entry,) = told
    assert entry.type is EntryType.DEPOSITKIND_ENABLED
    assert entry.data == {"kind": "resident_id", "responsible": "Wang: Fang", "country": "cn"}
    assert entry.cause
    gate, told = restarted(gate, resident_id="Wang: Fang")
    assert told == []
    gate, told = restarted(gate, resident_id="Li", passport="Li")
    assert [(entry.type, entry.data["kind"], entry.data["responsible"]) for entry in told] == [
        (EntryType.DEPOSITKIND_DISABLED, "resident_id", "Wang: Fang"),
        (EntryType.DEPOSITKIND_ENABLED, "passport", "Li"),
        (EntryType.DEPOSITKIND_ENABLED, "resident_id", "Li"),
    ]
    gate, told = restarted(gate)
    assert {entry.type for entry in told} == {EntryType.DEPOSITKIND_DISABLED}
    assert len(told) == 2
    assert restarted(gate)[1] == []
