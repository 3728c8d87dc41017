"""Appointments: who is expected, when, and by whom.

Rules kept here:
- somebody is expected by a name, a company or a plate, within a year and not in the past;
- without an end an appointment ends with its day;
- it is used by the visit that names it (`agent.core.project_booth`), and neither moved nor changed
  after that;
- to change one is to say all of it anew, but for a telephone number that is known already.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, by, found, one_of, personal, reason, span
from agent.core.draft import Draft
from agent.core.entries import EntryType

KINDS = ("company", "resident", "viewing", "contractor", "delivery", "vehicle")
_WHO = ("visitor", "company", "host", "unit", "department", "plate", "phone")


def made(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{kind, visitor, company, host, unit, department, plate, phone, purpose, from, until}``."""
    return _put(ask, out, EntryType.APPOINTMENT_MADE, out.new_id(), "")


def changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{appointment}``, and what a new one has: what is left out is empty from now on."""
    row = found(ask, "appointments", "appointment", "open")
    phone = str(row["personal"].get("phone", ""))
    return _put(ask, out, EntryType.APPOINTMENT_CHANGED, row["appointment"], phone)


def moved(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{appointment, from, until}``."""
    row = found(ask, "appointments", "appointment", "open")
    begins, ends = span(ask, ends=True)
    data = {"appointment": row["appointment"], "fromus": begins, "untilus": ends}
    subject = f"appointment/{row['appointment']}"
    book(ask, out, EntryType.APPOINTMENT_MOVED, subject, data)
    return {"appointment": row["appointment"]}


def cancelled(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{appointment, reason}``."""
    row = found(ask, "appointments", "appointment", "open")
    data = {"appointment": row["appointment"], "reason": reason(ask.form)}
    subject = f"appointment/{row['appointment']}"
    book(ask, out, EntryType.APPOINTMENT_CANCELLED, subject, data)
    return {"appointment": row["appointment"]}


def _put(
    ask: Ask, out: Draft, kind: EntryType, appointment: str, phone: str
) -> Mapping[str, object]:
    form = ask.form
    what = form.choice("kind", KINDS, "company")
    who = personal(form, *_WHO)
    named = {name: who[name] for name in ("visitor", "company", "plate")}
    one_of(form, named, "say who is expected: a name, a company or a plate", "visitor")
    begins, ends = span(ask, ends=True)
    data: dict[str, object] = {
        "appointment": appointment,
        "kind": what,
        "fromus": begins,
        "untilus": ends,
        "purpose": form.text("purpose"),
    }
    who["phone"] = who["phone"] or phone
    book(ask, out, kind, f"appointment/{appointment}", data, who)
    return {"appointment": appointment}


_NAMED = by("appointments", "appointment")

BOOK = Book(
    {
        "appointment.make": Act(made),
        "appointment.move": Act(moved, _NAMED),
        "appointment.change": Act(changed, _NAMED),
        "appointment.cancel": Act(cancelled, _NAMED),
    }
)
