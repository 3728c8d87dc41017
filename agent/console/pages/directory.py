"""Directory and calls: whom to call, under which number, and what was answered.

Rules kept here:
- emergency numbers are always in sight; residents only when they are looked for;
- where there is an intercom the gate calls with one press, and the call is on the Gate page;
- else a call is made with the booth's telephone and noted here with its answer;
- numbers stand in the order in which they are to be called;
- who is not to be called at this hour is called all the same for a reason, which is kept.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import told
from agent.console.pages.entries import latest
from agent.console.pages.filled import number
from agent.console.pages.sent import Deed, Form, Sent, asked, may, take
from agent.console.words import N_, Words
from agent.core.entries import EntryType
from agent.store.queries.desk import directory as listed
from agent.store.reading import Reading

KINDS: Mapping[str, str] = {
    "resident": N_("resident"),
    "department": N_("department"),
    "emergency": N_("emergency number"),
    "other": N_("other"),
}
ANSWERS: Mapping[str, str] = {
    "agreed": N_("agreed"),
    "declined": N_("declined"),
    "nobody": N_("nobody answered"),
    "busy": N_("line busy"),
    "message": N_("left a message"),
    "other": N_("other"),
}
_PARTED = re.compile("[,;，；、]")
_MOST = 60
_CALLS = 8


def _phones(form: Form) -> dict[str, object]:
    typed = _PARTED.split(number(form.get("phones", "")))
    return {"phones": [each.strip() for each in typed if each.strip()]}


def _signs(form: Form) -> dict[str, object]:
    return {**_phones(form), "signs": bool(form.get("signs"))}


def _home(_answer: Answer) -> str:
    return "/"


_CALL = ("to", "unit", "department", "answer", "note")
_ENTRY = ("kind", "name", "unit", "department", "note", "quiet")
DEEDS: Mapping[str, Deed] = {
    "call": Deed("call.note", N_("The call is written down."), _CALL),
    "put": Deed(
        "directory.put",
        N_("The directory is changed."),
        _ENTRY,
        row=("entry",),
        shape=_signs,
    ),
    "place": Deed(
        "call.place",
        N_("It rings: the call is on the Gate page."),
        ("despite", "reason"),
        row=("entry",),
        back=_home,
    ),
    "drop": Deed("directory.drop", N_("The entry is removed."), row=("entry",)),
}


def directory(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words = desk.words(request)
    text = asked(request).get("q", "")
    with desk.reading(request) as reading:
        found = listed(reading, text, "", _MOST + 1) if text else []
        emergency = listed(reading, "", "emergency")
        departments = [] if text else listed(reading, "", "department")
        calling = _entry(reading, request.query_params.get("call", ""))
        editing = _entry(reading, request.query_params.get("edit", ""))
        resting = _entry(reading, _insists(sent))
        calls = latest(reading, {EntryType.CALL_NOTED}, _CALLS)
    return desk.render(
        request,
        "directory.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        asked=text,
        found=[_shown(row) for row in found[:_MOST]],
        more=len(found) > _MOST,
        emergency=[_shown(row) for row in emergency],
        departments=[_shown(row) for row in departments],
        calling=_calling(calling),
        resting=None if resting is None else _shown(resting),
        editing=_editing(editing),
        may_edit=may(request, "directory.put"),
        calls_out=desk.site(request).plan.calls is not None and may(request, "call.place"),
        kinds=told.options(KINDS, words),
        answers=told.options(ANSWERS, words),
        calls=[_call(row, words) for row in calls],
    )


def _entry(reading: Reading, entry: str) -> Mapping[str, Any] | None:
    if not entry:
        return None
    return next((row for row in listed(reading, "", "", 20_000) if row["entry"] == entry), None)


def _insists(sent: Sent) -> str:
    """The entry that is not to be called now, unless the guard says why; empty where none is."""
    about = sent.answer is not None and sent.answer.field in ("despite", "reason")
    return sent.values.get("entry", "") if sent.do == "place" and about else ""


def numbers(row: Mapping[str, Any]) -> list[str]:
    """The telephone numbers of an entry, in turn."""
    found = json.loads(row["phones"] or "[]")
    return [str(each) for each in found]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    below = " · ".join(text for text in (row["unit"], row["department"]) if text)
    return {
        "entry": row["entry"],
        "name": row["name"],
        "below": below,
        "phones": numbers(row),
        "signs": bool(row["signs"]),
        "note": row["note"],
        "quiet": row["quiet"],
    }


def _calling(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    named = {name: row[name] for name in ("unit", "department")}
    return {"to": row["name"], "phones": numbers(row), **named}


def _editing(row: Mapping[str, Any] | None) -> dict[str, str]:
    if row is None:
        return {}
    texts = {name: str(row[name]) for name in ("entry", *_ENTRY)}
    signs = "true" if row["signs"] else ""
    return {**texts, "phones": ", ".join(numbers(row)), "signs": signs}


def _call(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    answer = str(row["data"].get("answer", ""))
    personal = row["personal"]
    places = (personal.get(name, "") for name in ("host", "unit", "department"))
    return {
        "time": words.moment(row["time_us"]),
        "to": " ".join(text for text in places if text) or (words(N_("(erased)"))),
        "answer": words(ANSWERS.get(answer, answer)),
        "note": personal.get("text_private", ""),
        "by": row["by"],
    }


def routes() -> list[Route]:
    """The routes of this page."""
    return [Route("/directory", directory, methods=["GET", "POST"])]
