"""The directory: residents, departments, emergency numbers, and who may sign release slips.

Rules kept here:
- a line is put whole, or dropped; telephone numbers are called in the order in which they stand;
- who may sign stands there with a unit;
- what is put here is written by hand, and no roster changes it (`agent.core.residents`);
- hours in which a line is not called are local times, written as the windows of cards are.
"""

import json
import re
from collections.abc import Mapping, Sequence

from agent.core.ask import Act, Ask, Book
from agent.core.booking import LINE, book, by
from agent.core.draft import Draft
from agent.core.effects import DropRow, PutRow
from agent.core.entries import EntryType
from agent.core.form import Form
from agent.core.windows import parse

KINDS = ("resident", "department", "emergency", "other")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()#*-]{1,30}")
_PHONES = 8
_HOURS = 120


def put(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{entry?, kind, name, unit, department, phones: [text], signs, note, quiet}``."""
    form = ask.form
    entry = form.text("entry", 64) or f"d-{out.new_id()}"
    if _ID.fullmatch(entry) is None:
        raise form.fault("write letters, digits, dots or -", "entry")
    kind = form.choice("kind", KINDS, "resident")
    name = form.text("name", 80, needed=True)
    unit, department = form.text("unit", 64), form.text("department", 64)
    phones = phones_of(form)
    signs = form.flag("signs")
    if signs and not unit:
        raise form.fault("who may sign, signs for a unit: say which", "unit")
    more: dict[str, str | int] = {
        "department": department,
        "signs": int(signs),
        "note": form.text("note", LINE),
        "quiet": _hours(form),
    }
    values = line_of(kind, name, unit, phones=phones, **more)
    data = {"entry": entry, "kind": kind, "change": "put", "signs": signs}
    who = {"holder": name, "unit": unit, "department": department}
    book(ask, out, EntryType.DIRECTORY_CHANGED, f"directory/{entry}", data, who)
    out.do(PutRow("directory", entry, values))
    return {"entry": entry}


def phones_of(form: Form) -> tuple[str, ...]:
    """The telephone numbers of a line, in turn; raises `Fault`."""
    phones = form.texts("phones", _PHONES)
    for phone in phones:
        if _PHONE.fullmatch(phone) is None:
            raise form.fault("%(phone)s is no telephone number", "phones", phone=phone)
    return phones


def line_of(
    kind: str, name: str, unit: str, *, phones: Sequence[str], **more: str | int
) -> dict[str, str | int]:
    """A whole row of the directory but for its key; ``more`` are columns that are not empty.

    ``place`` is 0 for what was written by hand, else where the resident stands among those of the
    unit in the roster.
    """
    empty: dict[str, str | int] = {
        "department": "",
        "signs": 0,
        "note": "",
        "quiet": "",
        "place": 0,
    }
    told = {"kind": kind, "name": name, "unit": unit, "phones": json.dumps(phones)}
    return {**empty, **told, **more}


def _hours(form: Form) -> str:
    """When this line is not called; empty: it always is. Raises `Fault`."""
    hours = form.text("quiet", _HOURS)
    try:
        parse(hours)
    except ValueError:
        says = "%(hours)s are no hours: write such as 22:00-07:00, or Mo-Fr 13:00-14:00"
        raise form.fault(says, "quiet", hours=hours) from None
    return hours


def dropped(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{entry}``."""
    entry = ask.form.text("entry", 64, needed=True)
    row = ask.row("directory", "entry", entry)
    data = {"entry": entry, "kind": row["kind"], "change": "drop"}
    who = {"holder": row["name"], "unit": row["unit"], "department": row["department"]}
    book(ask, out, EntryType.DIRECTORY_CHANGED, f"directory/{entry}", data, who)
    out.do(DropRow("directory", entry))
    return {"entry": entry}


BOOK = Book({"directory.put": Act(put), "directory.drop": Act(dropped, by("directory", "entry"))})
