"""Shift: the duty log, acts that want a name, supervisor's checks, and the shifts so far.

Rules kept here:
- the log is the journal itself between two moments; free entries stand among what the gate wrote;
- an act that was done while nobody was signed on, and a priority passage, which asks nothing, are
  written up by whoever is on now, once;
- a supervisor's check is a card held to the desk's reader, never a name that was typed.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import entries, handover, papers
from agent.console.pages.sent import Deed, Form, take
from agent.console.pages.sign_on import ROLES
from agent.console.words import N_, Words
from agent.store.queries import shifts, todo

DAY_US = 86_400_000_000
HOURS_US = 12 * 3_600_000_000
_PRINTED = 20_000
_SHOWN = 60
_COLUMNS = ("sequence", "time", "type", "lane", "card", "guard", "what", "details")
_SHIFTS = 30


def presented(form: Form) -> dict[str, object]:
    """The number of the entry that tells that a card was held to the reader."""
    given = form.get("presented", "")
    return {"presented": int(given)} if given.isascii() and given.isdecimal() else {}


DEEDS: Mapping[str, Deed] = {
    "note": Deed("duty.note", N_("It stands in the duty log."), ("text",)),
    "check": Deed(
        "patrol.check",
        N_("The check is written down."),
        ("note",),
        shape=presented,
    ),
    "sign": Deed("act.sign", N_("It is written up, with your name."), ("reason",), row=("act",)),
    "lead": Deed("shift.lead", N_("You lead until your shift ends."), ("reason",)),
}
ORDERS: Mapping[str, str] = {
    "stop": N_("stop"),
    "fire": N_("fire"),
    "priority": N_("priority passage"),
}


def shift(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words, site = desk.words(request), desk.site(request)
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        current = handover.own(request, reading)
        since_us = min(now_us - HOURS_US, current["began_us"] if current else now_us)
        log = entries.log(reading, since_us, now_us + DAY_US, _SHOWN + 1)
        unsigned = todo.unsigned(reading)
        earlier = shifts.shifts(reading, _SHIFTS)
    marked = request.query_params.get("act", "")
    return desk.render(
        request,
        "shift.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        shift=_shift(current, words) if current else None,
        mine=_mine(request, current),
        log=[entries.line(row, words, site) for row in log[::-1][:_SHOWN]],
        more=len(log) > _SHOWN,
        unsigned=[_unsigned(row, words, site.lanes, marked) for row in unsigned],
        earlier=[_shift(row, words) for row in earlier],
        may_lead=_leaderless(request, earlier),
    )


def _mine(request: Request, current: Mapping[str, Any] | None) -> bool:
    who = desk.guard(request)
    return who is not None and current is not None and current["guard"] == who.guard


def _leaderless(request: Request, rows: list[dict[str, Any]]) -> bool:
    """Is a guard on, and no shift leader?"""
    who = desk.guard(request)
    on = [row for row in rows if row["state"] == "on"]
    leader = any(row["role"] == "shift_leader" for row in on)
    return who is not None and who.role == "guard" and bool(on) and not leader


def _shift(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    ended = words.moment(row["ended_us"]) if row["ended_us"] else ""
    return {
        "shift": row["shift"],
        "guard": row["guard_name"],
        "role": words(ROLES.get(row["role"], row["role"])),
        "began": words.moment(row["began_us"]),
        "ended": ended,
        "on": row["state"] == "on",
        "handed": bool(row["handed"]),
        "without_card": bool(row["without_card"]),
    }


def _unsigned(
    row: Mapping[str, Any], words: Words, lanes: Mapping[str, str], marked: str
) -> dict[str, Any]:
    return {
        "act": row["act"],
        "order": words(ORDERS.get(row["kind"], row["kind"])),
        "lane": lanes.get(row["lane"]) or row["lane"],
        "since": words.moment(row["since_us"]),
        "by": "" if row["data"].get("unsigned") is True else row["by"],
        "marked": row["act"] == marked,
    }


def log_paper(request: Request) -> Response:
    """``/shift/print?shift=``: the duty log of a shift, and how it was handed over, for paper."""
    words, site = desk.words(request), desk.site(request)
    wanted = request.query_params.get("shift", "")
    with desk.reading(request) as reading:
        row = next((each for each in shifts.shifts(reading, 1000) if each["shift"] == wanted), None)
        if row is None:
            return desk.see(request, "/shift", words(N_("There is no such shift.")), "bad")
        log = entries.log(reading, row["began_us"], _end(row), _PRINTED + 1)
        names = {each["guard"]: each["name"] for each in shifts.guards(reading)}
    handed = [each for each in log if each["data"].get("shift") == wanted and _handing(each)]
    return desk.render(
        request,
        "shift_print.html",
        shift=_shift(row, words),
        log=[entries.line(each, words, site) for each in log[-_PRINTED:]],
        most=_PRINTED if len(log) > _PRINTED else 0,
        handed=[papers.handed(each, words, site.plan.books, names) for each in handed],
        print=papers.printed(request),
    )


def log_file(request: Request) -> Response:
    """``/shift/log.csv?shift=``: the same as a table, all of it."""
    words, site = desk.words(request), desk.site(request)
    wanted = request.query_params.get("shift", "")
    with desk.reading(request) as reading:
        row = next((each for each in shifts.shifts(reading, 1000) if each["shift"] == wanted), None)
        if row is None:
            return desk.see(request, "/shift", words(N_("There is no such shift.")), "bad")
        name = f"duty-log-{site.plan.agent}-{words.local(row['began_us']):%Y%m%d-%H%M}.csv"
        log = entries.every(reading, row["began_us"], _end(row))
        cells = (entries.cells(each, words, site) for each in log)
        made, told = papers.table(reading, name, _COLUMNS, cells)
    # Nothing leaves the gate that the journal does not know of.
    noted = desk.act(request, "evidence.export", {**told, "about": f"shift: {wanted}"})
    if not noted.done:
        made.close()
        return desk.see(request, "/shift", noted.says(words), noted.tone)
    return papers.sent(name, made)


def _end(row: Mapping[str, Any]) -> int:
    now_us = time.time_ns() // 1000
    return int(row["ended_us"]) + 1 if row["ended_us"] else now_us + DAY_US


def _handing(row: Mapping[str, Any]) -> bool:
    return str(row["type"]) == "gate.shift.handed.v1"


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/shift", shift, methods=["GET", "POST"]),
        Route("/shift/print", log_paper),
        Route("/shift/log.csv", log_file),
        *handover.routes(),
    ]
