"""Bans: a name, a plate or a card that is not to be let in, shown to every later shift.

Rules kept here:
- a ban names at least one of the three and has a reason;
- it ends at its time or when it is lifted, with a reason; who looks a ban up looks at its end.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, by, found, one_of, personal, reason, until_us
from agent.core.draft import Draft
from agent.core.entries import EntryType


def set_up(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{visitor | plate | card, reason, until?}``."""
    return _put(ask, out, EntryType.BAN_SET, out.new_id())


def changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{ban}``, and what a new one has: what is left out is empty from now on."""
    return _put(ask, out, EntryType.BAN_CHANGED, found(ask, "bans", "ban", "open")["ban"])


def _put(ask: Ask, out: Draft, kind: EntryType, ban: str) -> Mapping[str, object]:
    form = ask.form
    who = personal(form, "visitor", "plate")
    card = form.text("card", 64)
    one_of(form, {**who, "card": card}, "say who it is: a name, a plate or a card", "visitor")
    data: dict[str, object] = {"ban": ban, "reason": reason(form), "untilus": until_us(ask)}
    if card:
        data["card"] = card
    book(ask, out, kind, f"ban/{ban}", data, who)
    return {"ban": ban}


def lifted(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{ban, reason}``."""
    row = found(ask, "bans", "ban", "open")
    data = {"ban": row["ban"], "reason": reason(ask.form)}
    book(ask, out, EntryType.BAN_LIFTED, f"ban/{row['ban']}", data)
    return {"ban": row["ban"]}


_NAMED = by("bans", "ban")

BOOK = Book(
    {
        "ban.set": Act(set_up),
        "ban.change": Act(changed, _NAMED),
        "ban.lift": Act(lifted, _NAMED),
    }
)
