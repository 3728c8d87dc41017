"""The duty log: what a guard notes himself, a supervisor's look, and what is added afterwards.

Rules kept here:
- notes are free text and may name people, so they stay with the personal fields;
- a supervisor's check is a patrol or guard card that was just held to the desk's reader, not the
  card of the guard who is on;
- who drove and who came along is added to a passage, never changed in it;
- what left the gate as evidence is noted with its hash and the head that it was sealed with; what
  was looked for may name people and stays with the personal fields.
"""

import re
from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, by, conflict, personal
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.model import CardKind

ANSWERS = ("agreed", "declined", "nobody", "busy", "message", "other")
_SUPERVISORS = frozenset({CardKind.PATROL, CardKind.GUARD})
_LAST = 10**15


def noted(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{text}``."""
    text = ask.form.text("text", LINE, needed=True)
    book(ask, out, EntryType.DUTY_NOTED, "duty", {}, {"text_private": text})
    return {}


def checked(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{presented, note}``; ``shown`` is the card that `agent.signing_requests` found for it."""
    form = ask.form
    if not form.given("shown"):
        raise form.fault("hold the supervisor's card to the desk's reader", "presented")
    card = ask.card("shown")
    if card.kind not in _SUPERVISORS:
        says = "card %(card)s is neither a patrol's nor a guard's"
        raise form.fault(says, "presented", card=card.label)
    if any(row["guard"] == ask.actor for row in ask.rows("guards")):
        raise conflict("this is your own card: a check is somebody else's", "presented")
    who = {"holder": card.holder, "text_private": form.text("note", LINE)}
    data = {"card": card.label, "kind": card.kind.value}
    book(ask, out, EntryType.SUPERVISOR_CHECKED, f"card/{card.label}", data, who)
    return {"card": card.label}


def passage_noted(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{sequence, driver, companions}``; ``sequence`` is that of the passage's entry."""
    form = ask.form
    sequence = form.whole("sequence", 1, _LAST)
    who = personal(form, "driver", "companions")
    if not any(who.values()):
        raise form.fault("say who drove or who came along", "driver")
    book(ask, out, EntryType.PASSAGE_NOTED, f"entry/{sequence}", {"of": sequence}, who)
    return {"sequence": sequence}


def call_noted(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{to, unit, department, answer, note}``: whom the guard called, and what came of it."""
    form = ask.form
    who = {"host": form.text("to", needed=True), **personal(form, "unit", "department")}
    who["text_private"] = form.text("note", LINE)
    data = {"answer": form.choice("answer", ANSWERS)}
    book(ask, out, EntryType.CALL_NOTED, "call", data, who)
    return {}


def exported(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{file, sha256, rows, head, about}``: a sealed export of records was made."""
    form = ask.form
    digest = form.text("sha256", 64, needed=True)
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise form.fault("this is not a SHA-256 in hexadecimal digits", "sha256")
    data = {
        "file": form.text("file", 100, needed=True),
        "sha256": digest,
        "rows": form.whole("rows", 0, _LAST),
        "head": form.text("head", 100, needed=True),
    }
    book(
        ask, out, EntryType.EVIDENCE_EXPORTED, "journal", data, {"text_private": form.text("about")}
    )
    return {}


BOOK = Book(
    {
        "duty.note": Act(noted),
        "patrol.check": Act(checked, by("guards", "card", "shown"), ("shown",)),
        "passage.note": Act(passage_noted),
        "call.note": Act(call_noted),
        "evidence.export": Act(exported),
    }
)
