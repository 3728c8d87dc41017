"""Help requests: who asks for help, how long there is to answer, and who comes with priority.

Rules kept here:
- the time that is left counts down on the page and stands there from the beginning, so that it is
  seen without the script too;
- what was not answered in time stays in the list, as late, until somebody takes care of it;
- an ambulance is announced with its way; the arm is opened by a priority passage, never from here.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import told
from agent.console.pages.notices import span
from agent.console.pages.sent import Deed, take, version
from agent.console.words import N_, Words
from agent.store.queries.desk import announced, help_request, help_requests

KINDS: Mapping[str, str] = {
    "illness": N_("illness or injury"),
    "crime": N_("crime"),
    "fire": N_("fire or smoke"),
    "flood": N_("water damage"),
    "repair": N_("repair"),
    "complaint": N_("complaint"),
    "question": N_("question"),
    "ambulance": N_("ambulance was called"),
    "other": N_("something else"),
}
PRIORITIES: Mapping[str, str] = {
    "ambulance": N_("ambulance"),
    "fire_engine": N_("fire engine"),
    "police": N_("police"),
    "funeral": N_("funeral car"),
    "wedding": N_("wedding convoy"),
    "other": N_("something else"),
}
_STATES: Mapping[str, tuple[str, str, str]] = {
    "answered": ("good", "✓", N_("answered")),
    "escalated": ("bad", "!", N_("not answered in time: passed on to the shift leader")),
}
_URGENT = frozenset({"illness", "ambulance", "crime", "fire"})
_FIRST: Mapping[str, str] = {"crime": "police", "fire": "fire_engine"}
_ASKED = ("kind", "unit", "visitor", "phone", "description")
_ANNOUNCED = ("kind", "unit", "route", "count", "from", "until")
DEEDS: Mapping[str, Deed] = {
    "ask": Deed("help.ask", N_("The request is written down; five minutes have begun."), _ASKED),
    "answer": Deed("help.answer", N_("The request is answered."), ("note",), row=("help",)),
    "close": Deed("help.close", N_("The request is closed."), ("note",), row=("help",)),
    "announce": Deed("priority.announce", N_("It is announced at the gate."), _ANNOUNCED),
    "come": Deed("priority.end", N_("It is no longer expected."), row=("announced",)),
}
_CLOSED = 20


def requests(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words = desk.words(request)
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        rows = help_requests(reading)
        closed = help_requests(reading, "closed", _CLOSED)
        expected = announced(reading, now_us)
        behind = help_request(reading, request.query_params.get("announce", ""))
    rows.sort(key=lambda row: (row["state"] == "answered", row["due_us"]))
    return desk.render(
        request,
        "help.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        version=_version(request),
        kinds=told.options(KINDS, words),
        priorities=told.options(PRIORITIES, words),
        rows=[_shown(row, words, now_us) for row in rows],
        closed=[_shown(row, words, now_us) for row in closed],
        announced=[_expected(row, words) for row in expected],
        announcing=_announcing(behind),
    )


def _shown(row: Mapping[str, Any], words: Words, now_us: int) -> dict[str, Any]:
    left_s = (row["due_us"] - now_us) / 1e6
    tone, sign, said = _STATES.get(row["state"], ("wait", "◷", row["state"]))
    return {
        "help": row["help"],
        "kind": words(KINDS.get(row["kind"], row["kind"])),
        "state": row["state"],
        "where": row["personal"].get("unit", ""),
        "visitor": told.person(row, words),
        "phone": row["personal"].get("phone", ""),
        "description": row["personal"].get("description", ""),
        "note": row["personal"].get("text_private", ""),
        "left_s": round(left_s),
        "late": left_s <= 0,
        "left": left(left_s),
        "asked": words.moment(row["asked_us"]),
        "by": row["by"],
        "tone": tone,
        "sign": sign,
        "said": words(said),
        "urgent": row["kind"] in _URGENT and row["state"] != "closed",
    }


def _expected(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {
        "announced": row["announced"],
        "kind": words(PRIORITIES.get(row["kind"], row["kind"])),
        "count": row["count"],
        "unit": row["personal"].get("unit", ""),
        "route": row["data"].get("route", ""),
        "span": span(row["from_us"], row["until_us"], words),
    }


def _announcing(behind: Mapping[str, Any] | None) -> dict[str, str]:
    """What is known of the vehicle that comes because of a request for help."""
    if behind is None:
        return {}
    kind = _FIRST.get(behind["kind"], "ambulance")
    return {"kind": kind, "unit": behind["personal"].get("unit", "")}


def left(seconds: float) -> str:
    """What is left of the time, as it is counted down: ``3:40``, ``-0:10`` when it is over."""
    whole = int(abs(seconds))
    return f"{'-' if seconds < 0 and whole else ''}{whole // 60}:{whole % 60:02d}"


def _version(request: Request) -> str:
    with desk.reading(request) as reading:
        comes = announced(reading, time.time_ns() // 1000)
        return version(help_requests(reading), "help") + version(comes, "announced")


def changed(request: Request) -> Response:
    """``/help/version``: so that a page sees that there is news."""
    return JSONResponse({"version": _version(request)})


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/help", requests, methods=["GET", "POST"]),
        Route("/help/version", changed),
    ]
