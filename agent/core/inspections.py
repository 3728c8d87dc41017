"""Inspections: a truck's back was opened and looked at before it leaves.

Rules kept here:
- it is clear only when the back was opened; what was found is written in a note;
- the arm opens with it (``release``) only when it was clear and nothing else is due.
"""

from collections.abc import Mapping

from agent.core import clearance
from agent.core.access import Duty
from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, one_of, personal
from agent.core.draft import Draft
from agent.core.entries import EntryType

CLEAR, FOUND = "clear", "found"


def made(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{card | plate, lane, opened, result: clear | found, note, release}``.

    Gives ``{inspection, released, due}``; ``due`` names what keeps the truck although it is clear.
    """
    form = ask.form
    lane = ask.lane()
    who = personal(form, "plate")
    card = ask.card().label if form.given("card") else ""
    one_of(form, {**who, "card": card}, "say which truck: its card or its plate", "plate")
    result = form.choice("result", (CLEAR, FOUND))
    opened, note = form.flag("opened"), form.text("note", LINE)
    if result == CLEAR and not opened:
        raise form.fault("open the back and look: nothing is clear unseen", "opened")
    if result == FOUND and not note:
        raise form.fault("say what was found", "note")
    due = clearance.due(ask, Duty.INSPECTION_DUE)
    released = form.flag("release") and result == CLEAR and not due
    inspection = out.new_id()
    data: dict[str, object] = {
        "inspection": inspection,
        "lane": lane.lane,
        "opened": opened,
        "result": result,
        "released": released,
    }
    if card:
        data["card"] = card
    if result == CLEAR:
        data |= clearance.next_duty(ask, lane.lane, due)
    who["text_private"] = note
    subject = f"lane/{lane.lane}"
    cause = book(ask, out, EntryType.INSPECTION_MADE, subject, data, who)
    if released:
        clearance.leave(ask, out, lane, cause)
    return {"inspection": inspection, "released": released, "due": due}


BOOK = Book({"inspection.make": Act(made, clearance.needs, ("card",), admits=True)})
