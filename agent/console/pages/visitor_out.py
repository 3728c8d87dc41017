"""Visitor out: what to give back (the pocket first), what to take back, then the way is free.

Rules kept here:
- the visit of a card that was tapped at the exit or at the desk is found by itself;
- the end of the visit, the card and every deposit are one order: all is written, or nothing;
- whatever is different (lost card, left without a tap, left elsewhere, let out all the same) is
  said with a reason.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import filled, finding, told
from agent.console.pages.coming import stays
from agent.console.pages.lanes import leading
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.core.model import Direction
from agent.store.queries import todo as books_todo
from agent.store.queries import visits as books_visits
from agent.store.reading import Reading

Row = Mapping[str, Any]

OUTCOMES = frozenset({"left", "card_lost", "without_tap", "elsewhere", "mistake"})
_NOT_HERE = frozenset({"elsewhere", "mistake"})
"""Ends at which nobody stood at the window: nothing was given back, no card was taken."""
CHANGES = ("visitor", "company", "plate", "unit", "host", "phone", "companions", "bay")
DUTIES: Mapping[str, str] = {
    "deposit_due": N_("take the card back and give the deposit back"),
    "inspection_due": N_("open the truck's back and look in"),
    "release_slip_due": N_("goods: see the release slip"),
    "bearer_check": N_("see that the bearer is the holder"),
    "clock_unknown": N_("the clock is not known: decide yourself"),
}
_AT_GOODS = frozenset({"inspection_due", "release_slip_due"})
_DEPOSIT = ("deposit", "end", "to", "why")
_DIFFERENT = (OUTCOMES - {"left"}) | {"override", "dismiss"}
_OVER = N_("The visit is over.")
_PATH = "/visitor-out"


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        Route(_PATH, page, methods=["GET", "POST"]),
        Route(f"{_PATH}/look", look, methods=["POST"]),
        Route(f"{_PATH}/waiting", waiting),
    ]


def page(request: Request) -> Response:
    """One visit that ends, or the open visits to choose from."""
    if request.method == "POST":
        answer = _sent(request)
        return answer if isinstance(answer, Response) else _shown(request, answer)
    return _shown(request, None)


def look(request: Request) -> Response:
    """Open visits with what is being typed."""
    words, site = desk.words(request), desk.site(request)
    text = filled.plain(desk.form(request).get("card", ""))
    groups: list[dict[str, Any]] = []
    if text:
        with desk.reading(request) as reading:
            rows = books_visits.visits_by(reading, text, limit=8)
        now_us = time.time_ns() // 1000
        lines = finding.visit_lines(rows, words, site.plan.books, now_us)
        groups = finding.group(words(N_("Open visits")), lines)
    return JSONResponse({"groups": groups})


def waiting(request: Request) -> Response:
    """``{waiting: [{href, text}]}``: the cards that were tapped at an exit and need the guard."""
    words, site = desk.words(request), desk.site(request)
    with desk.reading(request) as reading:
        duties = [_duty(row, words, site) for row in books_todo.duties(reading)]
    return JSONResponse(
        {"waiting": [{"href": each["href"], "text": each["text"]} for each in duties]}
    )


def ended(typed: Mapping[str, str], outcome: str, lane: str) -> dict[str, Any]:
    """The form of ``visit.end``."""
    form: dict[str, Any] = filled.texts(typed, ("visit", "reason"))
    back = bool(typed.get("card_back")) and outcome not in {"card_lost", "elsewhere"}
    form |= {"outcome": outcome, "card_back": back, "deposits": []}
    for n, line in enumerate(filled.lines(typed, "deposits", _DEPOSIT)):
        if outcome in _NOT_HERE and line.get("end") in (None, "returned"):
            continue
        lost = bool(typed.get(f"deposits.{n}.receipt_lost"))
        form["deposits"].append({**line, **({"receipt_lost": True} if lost else {})})
    if lane:
        form["lane"] = lane
    return form


def changed(typed: Mapping[str, str], row: Row) -> dict[str, str]:
    """The form of ``visit.change``: what is different from what is written, emptied fields too."""
    before = {name: str(row["personal"].get(name, "")) for name in CHANGES} | {"bay": row["bay"]}
    form = {
        name: text
        for name in CHANGES
        if name in typed and (text := filled.plain(typed[name])) != before[name]
    }
    return form | filled.texts(typed, ("visit", "hours"))


def _sent(request: Request) -> Response | Answer:
    typed, words = desk.form(request), desk.words(request)
    what, first, second, *_ = (*typed.get("do", "").split(), "", "", "")
    after = _PATH
    match what:
        case "override":
            form: Mapping[str, Any] = filled.texts(typed, ("visit", "reason")) | {"lane": first}
            answer = desk.act(request, "visit.override", form)
            after, says = "/", N_("Let out by override; the visit stays open.")
        case "dismiss":
            form = filled.texts(typed, ("reason",)) | {"lane": first}
            answer = desk.act(request, "duty.dismiss", form)
            after, says = "/", N_("Written down: nobody waits there any more.")
        case "change":
            with desk.reading(request) as reading:
                row = books_visits.visit(reading, typed.get("visit", ""))
            form = changed(typed, row) if row else filled.texts(typed, ("visit",))
            answer = desk.act(request, "visit.change", form)
            after, says = f"{_PATH}?visit={typed.get('visit', '')}", N_("The visit is corrected.")
        case _:
            outcome, lane = (first, second) if first in OUTCOMES else ("left", first)
            answer = desk.act(request, "visit.end", ended(typed, outcome, lane))
            says = N_("The visit is over. “Thank you, goodbye.”") if lane else _OVER
            after = "/" if lane else _PATH
    return desk.see(request, after, words(says)) if answer.done else answer


def _shown(request: Request, answer: Answer | None) -> Response:
    words, site = desk.words(request), desk.site(request)
    books, now_us = site.plan.books, time.time_ns() // 1000
    typed, query = desk.form(request), request.query_params
    asked = _asked(query.get("card", ""))
    with desk.reading(request) as reading:
        row = _meant(reading, typed.get("visit") or query.get("visit", ""), asked)
        rows = [] if row else books_visits.visits(reading, "open", 300)
        duties = books_todo.duties(reading)
    if row is None and asked:
        with desk.reading(request) as reading:
            some = books_visits.visits_by(reading, asked)
        if len(some) == 1:
            row, rows = some[0], []
        elif some:
            rows, asked = some, ""
    due = next((each for each in duties if row and each["card"] == row["card"] != ""), None)
    lane = query.get("lane", "") or (str(due["lane"]) if due else "")
    suggested = {f"deposits.{n}.end": "returned" for n in range(20)}
    written: dict[str, str] = {}
    if row is not None:
        written = {name: str(row["personal"].get(name, "")) for name in CHANGES}
        written["bay"] = str(row["bay"])
    corrects = typed.get("do") == "change"
    mine, theirs = ({}, typed) if corrects else (typed, {})
    return desk.render(
        request,
        "visitor_out.html",
        answer=answer,
        filled=filled.Filled(
            words,
            mine,
            None if corrects else answer,
            suggested,
            order=filled.kept(request.method, mine),
        ),
        change=filled.Filled(
            words,
            theirs,
            answer if corrects else None,
            written,
            "change-",
            filled.kept(request.method, theirs),
        ),
        corrects=corrects,
        differs=bool(mine.get("reason")) or bool(set(mine.get("do", "").split()) & _DIFFERENT),
        bays=[(bay, bay) for bay in books.bays],
        stays=stays(words, books.longest_visit_us, books.contractor_days),
        due_lane=str(due["lane"]) if due else "",
        due_name=site.lane(str(due["lane"])) if due else "",
        asked=asked,
        visit=told.visit(row, words, books, now_us) if row else None,
        closed=bool(row and row["state"] != "open"),
        deposits=_held(row, words, site.plan.books, now_us),
        card_back=bool(mine.get("card_back")) if mine else True,
        ends=told.options(told.ENDS, words),
        lanes=leading(site, Direction.OUT, lane),
        due=words(DUTIES.get(str(due["kind"]), "")) if due else "",
        duties=[_duty(each, words, site) for each in duties],
        visits=[told.visit(each, words, books, now_us) for each in rows],
    )


def _asked(text: str) -> str:
    """What was asked for; a number of a receipt or pocket without the zeros before it."""
    asked = filled.number(text)
    return asked.lstrip("0") if asked.isascii() and asked.isdecimal() else filled.plain(text)


def _meant(reading: Reading, visit: str, card: str) -> Row | None:
    if visit:
        return books_visits.visit(reading, visit)
    return books_visits.visit_of_card(reading, card) if card else None


def _held(row: Row | None, words: Words, books: Any, now_us: int) -> Sequence[dict[str, Any]]:
    if row is None:
        return []
    held = [each for each in row["deposits"] if each["state"] == "held"]
    return [told.deposit({**each, "visit_row": row}, words, books, now_us) for each in held]


def _duty(row: Row, words: Words, site: Site) -> dict[str, str]:
    """Who waits at a lane, for what, and the page where it is done."""
    kind, card, lane = str(row["kind"]), str(row["card"]), str(row["lane"])
    path = "/goods" if kind in _AT_GOODS else _PATH
    what = words(DUTIES.get(kind, kind))
    return {
        "href": f"{path}?{urlencode({'card': card, 'lane': lane})}",
        "text": f"{site.lane(lane)} · {card} · {what}",
    }
