"""Appointments: who is expected on a day; made, moved, called off.

Rules kept here:
- a day is the gate's own day; the list is that of the day in the address;
- what was used or called off stays in the list of its day and says so.
"""

import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import filled, finding, told
from agent.console.pages.sent import version
from agent.console.words import N_, Words
from agent.store.queries import desk as books_desk

_PATH = "/appointments"
_DAY_US = 86_400_000_000
_MAKE = ("kind", "visitor", "company", "host", "unit", "plate", "phone", "from", "until")
STATES: Mapping[str, str] = {
    "open": N_("expected"),
    "used": N_("came"),
    "cancelled": N_("called off"),
}
_SAYS: Mapping[str, str] = {
    "make": N_("The appointment is written down."),
    "move": N_("The appointment is moved."),
    "cancel": N_("The appointment is called off."),
}


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        Route(_PATH, page, methods=["GET", "POST"]),
        Route(f"{_PATH}/version", changed),
    ]


def page(request: Request) -> Response:
    """The list of a day, and the form for a new appointment."""
    answer = None
    if request.method == "POST":
        typed = desk.form(request)
        what = typed.get("do", "make")
        answer = desk.act(request, f"appointment.{what}", _form(what, typed))
        if answer.done:
            says = desk.words(request)(_SAYS[what])
            return desk.see(request, f"{_PATH}?day={_lands(typed)}", says)
    return _shown(request, answer)


def changed(request: Request) -> Response:
    """``/appointments/version``: so that a page sees that there is news."""
    return JSONResponse({"version": _version(request)})


def _version(request: Request) -> str:
    since_us = time.time_ns() // 1000 - _DAY_US
    with desk.reading(request) as reading:
        return version(books_desk.open_appointments(reading, since_us), "appointment")


def _form(what: str, typed: Mapping[str, str]) -> dict[str, str]:
    names: Mapping[str, tuple[str, ...]] = {
        "move": ("appointment", "from", "until"),
        "cancel": ("appointment", "reason"),
    }
    return filled.texts(typed, names.get(what, _MAKE))


def _lands(typed: Mapping[str, str]) -> str:
    """The day to show afterwards: that of the beginning, else the one that was shown."""
    day = typed.get("from", "")[:10] or typed.get("day", "")
    return day if _day(day) else ""


def _shown(request: Request, answer: Answer | None) -> Response:
    words, site = desk.words(request), desk.site(request)
    typed, query = desk.form(request), request.query_params
    asked = filled.plain(query.get("q", ""))
    today = words.local(time.time_ns() // 1000).date()
    day = _day(typed.get("day", "") or query.get("day", "")) or today
    begin = datetime(day.year, day.month, day.day, tzinfo=site.timezone)
    from_us, until_us = (_us(begin), _us(begin + timedelta(days=1)))
    with desk.reading(request) as reading:
        rows = books_desk.appointments(reading, from_us, until_us, asked, state="")
    mine = typed.get("do") in ("move", "cancel")
    suggested = {"kind": "company", "from": f"{day.isoformat()}T09:00"}
    if day == today:
        suggested["from"] = words.local(time.time_ns() // 1000).strftime("%Y-%m-%dT%H:%M")
    return desk.render(
        request,
        "appointments.html",
        answer=answer,
        version=_version(request),
        filled=filled.Filled(words, {} if mine else typed, None if mine else answer, suggested),
        change=filled.Filled(words, typed if mine else {}, answer if mine else None, {}, "change-"),
        rows=[_told(row, words) for row in rows],
        day=day.isoformat(),
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        heading=format_date(day, "full", locale=words.locale),
        asked=asked,
        kinds=told.options(told.VISIT_KINDS, words),
    )


def _told(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    until_us = int(row["until_us"])
    span = words.minute(row["from_us"])
    if until_us:
        span = f"{span}–{words.minute(until_us)}"
    return {
        "appointment": row["appointment"],
        "state": row["state"],
        "state_label": words(STATES.get(row["state"], row["state"])),
        "kind": words(told.VISIT_KINDS.get(row["kind"], row["kind"])),
        "time": span,
        "visitor": told.person(row, words),
        "company": row["personal"].get("company", ""),
        "plate": row["personal"].get("plate", ""),
        "towards": finding.towards(row),
        "from": words.local(row["from_us"]).strftime("%Y-%m-%dT%H:%M"),
        "until": words.local(until_us).strftime("%Y-%m-%dT%H:%M") if until_us else "",
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _us(local: datetime) -> int:
    return int(local.timestamp()) * 1_000_000
