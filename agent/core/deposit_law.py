"""Kinds of deposits that the law refuses and somebody has enabled: from when on, and on whose word.

Rules kept here:
- the settings name who answers for it; the journal says since when, and when it was over;
- it is written at the first start after the settings were changed, and once for each person.
"""

from collections.abc import Iterator, Mapping, Sequence

from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.facts import Mode
from agent.core.fold import Drop, Fold, Put, Row, Told
from agent.core.plan_books import BooksPlan

MODE = "deposit"
"""The mode ``deposit:{kind}:{responsible}`` is in force while a refused kind is taken."""


def started(books: BooksPlan, modes: Sequence[Mode], cause: str, out: Draft) -> None:
    """Write down what the settings enable now and did not before, and what they no longer do."""
    known = {mode.name for mode in modes if mode.name.startswith(f"{MODE}:")}
    told = {_mode(kind, person): (kind, person) for kind, person in books.responsible.items()}
    for name in sorted(known - told.keys()):
        _, kind, person = name.split(":", 2)
        data = {"kind": kind, "responsible": person}
        out.write(EntryType.DEPOSITKIND_DISABLED, f"depositkind/{kind}", data, cause=cause)
    for name in sorted(told.keys() - known):
        kind, person = told[name]
        data = {"kind": kind, "responsible": person, "country": books.country}
        out.write(EntryType.DEPOSITKIND_ENABLED, f"depositkind/{kind}", data, cause=cause)


def _mode(kind: str, person: str) -> str:
    return f"{MODE}:{kind}:{person}"


def _enabled(told: Told) -> Iterator[Row]:
    name = _mode(str(told.data["kind"]), str(told.data["responsible"]))
    if told.kind == EntryType.DEPOSITKIND_DISABLED:
        yield Drop("modes", name)
    else:
        since = {"since_us": told.time_us, "until_us": 0, "sequence": told.sequence}
        yield Put("modes", name, since)


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.DEPOSITKIND_ENABLED: (_enabled,),
    EntryType.DEPOSITKIND_DISABLED: (_enabled,),
}
"""What each type of entry changes here."""
