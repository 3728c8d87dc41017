"""Acts without a name: stop, fire and priority while nobody was signed on, signed afterwards.

Rules kept here:
- what was done stands in the journal as it was, with its desk; signing adds who and why;
- an act is signed once, by somebody who is signed on.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, by, reason
from agent.core.draft import Draft
from agent.core.entries import EntryType


def signed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{act, reason}``; ``act`` is the sequence number of the entry, as text."""
    act = ask.form.text("act", 20, needed=True)
    row = ask.row("unsigned", "act", act, "this act waits for no name: it was signed already")
    data: dict[str, object] = {"act": act, "of": row["kind"], "reason": reason(ask.form)}
    if row["lane"]:
        data["lane"] = row["lane"]
    book(ask, out, EntryType.ACT_SIGNED, f"act/{act}", data)
    return {"act": act}


BOOK = Book({"act.sign": Act(signed, by("unsigned", "act"))})
