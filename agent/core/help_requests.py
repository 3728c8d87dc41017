"""Requests for help: answered within a time, or escalated.

Rules kept here:
- a request is open until a guard answers it; when the time for that is over it is escalated, once,
  and can still be answered;
- the time is over by the wall clock while that can be trusted, or by the monotonic one, which no
  change of the clock can hold up; after a restart of the machine, which loses the monotonic time,
  it is taken to be over: rather too early than never;
- to close a request that nobody answered answers it.
"""

from collections.abc import Mapping, Sequence

from agent.core.ask import Act, Ask, Book, Sweep
from agent.core.booking import LINE, book, by, found, personal
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.needs import Need, Row

KINDS = (
    "illness",
    "crime",
    "fire",
    "flood",
    "repair",
    "complaint",
    "question",
    "ambulance",
    "other",
)
_MS = 1_000_000


def asked(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{kind, unit, visitor, phone, description}``; ``visitor`` is who asks. Gives its end too."""
    form = ask.form
    kind = form.choice("kind", KINDS)
    who = personal(form, "visitor", "unit", "phone")
    who["description"] = form.text("description", LINE)
    if not any(who.values()):
        raise form.fault("say who asks, or where, or what for", "description")
    request = out.new_id()
    within_us = ask.books.help_within_us
    data: dict[str, object] = {
        "help": request,
        "kind": kind,
        "dueus": ask.now_us + within_us,
        "withinms": within_us // 1000,
        "uptimems": ask.at.mono_ns // _MS,
    }
    book(ask, out, EntryType.HELP_REQUESTED, f"help/{request}", data, who)
    return {"help": request, "due_us": data["dueus"]}


def answered(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{help, note}``."""
    row = found(ask, "help", "help", "open", "escalated")
    _note(ask, out, row, EntryType.HELP_ANSWERED)
    return {"help": row["help"]}


def closed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{help, note}``."""
    row = found(ask, "help", "help", "open", "escalated", "answered")
    if row["state"] != "answered":
        _note(ask, out, row, EntryType.HELP_ANSWERED)
    _note(ask, out, row, EntryType.HELP_CLOSED)
    return {"help": row["help"]}


def _note(ask: Ask, out: Draft, row: Row, kind: EntryType) -> None:
    data = {"help": row["help"], "kind": row["kind"], "late": row["state"] == "escalated"}
    note = {"text_private": ask.form.text("note", LINE)}
    book(ask, out, kind, f"help/{row['help']}", data, note)


def _due(_now_us: int) -> Sequence[Need]:
    return (Need("help", state="open", name="help.open"),)


def _swept(ask: Ask, out: Draft) -> None:
    now_ms = ask.at.mono_ns // _MS
    for row in ask.rows("help.open"):
        by_wall = ask.at.quality.trusted and row["due_us"] <= ask.now_us
        since_ms = now_ms - row["asked_ms"]
        if by_wall or not 0 <= since_ms < row["within_ms"]:
            data = {"help": row["help"], "kind": row["kind"], "to": "shift_leader"}
            out.write(EntryType.HELP_ESCALATED, f"help/{row['help']}", data)


_NAMED = by("help", "help")

BOOK = Book(
    {
        "help.ask": Act(asked),
        "help.answer": Act(answered, _NAMED),
        "help.close": Act(closed, _NAMED),
    },
    (Sweep(_due, _swept, always=True),),
)
