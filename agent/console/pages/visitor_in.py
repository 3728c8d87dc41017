"""Visitor in: one form for everybody who comes without a card of his own (P3 to P7, V2 to V6).

Rules kept here:
- card, deposits and visit go out as one order, whose id was minted when the form was shown; a
  refused order is over, so the form comes back as it was typed with an id of its own;
- who is not let in is written down as well; a ban is an order of its own that follows;
- the unit, or a department, is called from the form, which stays as it was typed; what is answered
  goes into the visit by itself;
- an emergency number is called with one press as well, and is no answer to the visitor.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import calls, desk
from agent.console.answers import Answer
from agent.console.pages import coming, drafts, filled, finding, plated, receipt, told
from agent.console.pages.directory import numbers
from agent.console.pages.lanes import leading
from agent.console.pages.sent import may
from agent.console.words import N_
from agent.core.model import Direction
from agent.store.queries import calls as talks
from agent.store.queries import counts as books_counts
from agent.store.queries import deposits as books_deposits
from agent.store.queries import desk as books_desk
from agent.store.queries import visits as books_visits
from agent.store.reading import Reading

HINTS: Mapping[str, str] = {
    "company": N_("with or without an appointment"),
    "resident": N_("call the resident first"),
    "viewing": N_("no deposit, to the sales office"),
    "contractor": N_("up to three days"),
    "delivery": N_("card and deposit, tell the route"),
    "vehicle": N_("plate and destination before it enters"),
}
_LOOKED = frozenset({"visitor", "plate", "company", "phone", "unit", "host", "department", "card"})
_WHO = frozenset({"visitor", "plate", "company", "phone"})
_HOSTS = frozenset({"unit", "host", "department"})
_BANNED = N_("Banned")
_EXPECTED = N_("Expected")
_EARLIER = N_("Was here before")
_DIRECTORY = N_("Directory")
_DAY_US = 86_400_000_000
_PATH = "/visitor-in"
_CALLEES = ("emergency", "department")
_MOST = 12


def _called(call: Mapping[str, Any]) -> dict[str, str]:
    """What the call in which somebody was asked tells of the visit."""
    unit = str(call["whose"] or call["personal"].get("unit", ""))
    known = {"call": str(call["call"]), "unit": unit, "host": str(call["who"])}
    if call["answer"] == "agreed":
        known["answer"] = "host_agreed"
    return {**known, "kind": "resident"} if unit else known


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        Route(_PATH, page, methods=["GET", "POST"]),
        Route(f"{_PATH}/look", look, methods=["POST"]),
        Route(f"{_PATH}/keep", keep, methods=["POST"]),
        Route(f"{_PATH}/call", call),
        *receipt.routes(),
    ]


def page(request: Request) -> Response:
    """The form, and what it sends."""
    if request.method == "POST":
        drafts.drop(request, _PATH)
        answer = _sent(request)
        return answer if isinstance(answer, Response) else _shown(request, answer)
    if request.query_params:
        drafts.drop(request, _PATH)
    return _shown(request, None)


def keep(request: Request) -> Response:
    """Keep the form that is being filled in."""
    return drafts.keep(request, _PATH)


def call(request: Request) -> Response:
    """How far the call has come in which somebody is asked about this visitor."""
    one = _call(request, request.query_params.get("call", ""))
    return desk.render(request, "_call_now.html", one=one)


def _call(request: Request, name: str) -> Mapping[str, Any] | None:
    with desk.reading(request) as reading:
        row = talks.call(reading, name)
    words, site = desk.words(request), desk.site(request)
    named = desk.guard(request) is not None
    return None if row is None else calls.shown(row, words, site, named=named)


def look(request: Request) -> Response:
    """What the books know of what is being typed, as groups of lines."""
    typed, words = desk.form(request), desk.words(request)
    name = typed.get("field", "")
    text = filled.plain(typed.get(name, "")) if name in _LOOKED else ""
    asks = len(text) >= finding.SHORTEST or (len(text) == 1 and not text.isascii())
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        bans = finding.banned(books_desk.bans(reading), typed)
        groups = finding.group(words(_BANNED), finding.ban_lines(bans, words), "ban")
        if asks and name in _WHO:
            from_us, until_us = now_us - _DAY_US // 2, now_us + _DAY_US
            rows = books_desk.appointments(reading, from_us, until_us, text)
            groups += finding.group(words(_EXPECTED), finding.expected_lines(rows, words))
            rows = books_visits.earlier(reading, text)
            groups += finding.group(words(_EARLIER), finding.earlier_lines(rows, words))
        elif asks and name in _HOSTS:
            rows = books_desk.directory(reading, text, limit=8)
            groups += finding.group(words(_DIRECTORY), finding.host_lines(rows))
        elif asks and name == "card":
            out = books_visits.visit_of_card(reading, text)
            books = desk.site(request).plan.books
            lines = finding.visit_lines([out] if out else [], words, books, now_us)
            groups += finding.group(words(N_("This card is out")), lines)
    if name == "plate" and desk.site(request).plan.books.country == plated.COUNTRY:
        groups += finding.group(words(plated.PLATE), plated.lines(typed, words), "warn")
    return JSONResponse({"groups": groups})


def _sent(request: Request) -> Response | Answer:
    typed, words = desk.form(request), desk.words(request)
    books = desk.site(request).plan.books
    what, _, lane = typed.get("do", "").partition(" ")
    if what == "call":
        return _placed(request, typed, lane)
    if what == "decline":
        answer = desk.act(request, "visit.decline", coming.declined(typed))
        if not answer.done:
            return answer
        if typed.get("ban"):
            return _banned(request, typed)
        return desk.see(request, "/", words(N_("Written down: not let in.")))
    answer = desk.act(request, "visit.open", coming.opened(typed, books, lane))
    if not answer.done:
        return answer
    return desk.see(request, f"/receipt?visit={answer.result.get('visit', '')}&new=1")


def _placed(request: Request, typed: Mapping[str, str], entry: str) -> Response | Answer:
    """Call a line of the directory, or (``entry`` empty) the unit that is typed.

    The form is shown again as it was typed; the visit is another order.
    """
    whom = {"entry": entry} if entry else {"unit": filled.plain(typed.get("unit", ""))}
    answer = desk.act(request, "call.place", whom)
    if not answer.done:
        return replace(answer, result={**answer.result, "field": "" if entry else "unit"})
    call = str(answer.result.get("call", ""))
    with desk.reading(request) as reading:
        urgent = {row["entry"] for row in books_desk.directory(reading, "", "emergency")}
    asked = typed.get("call", "") if entry in urgent else call
    request.state.form = {**typed, "order_id": "", "call": asked}
    return _shown(request, None, call)


def _callees(reading: Reading) -> list[dict[str, str]]:
    """Who is called with one press besides the unit: emergency numbers first."""
    return [
        {"entry": str(row["entry"]), "name": str(row["name"]), "kind": kind}
        for kind in _CALLEES
        for row in books_desk.directory(reading, "", kind)[:_MOST]
        if numbers(row)
    ]


def _banned(request: Request, typed: Mapping[str, str]) -> Response:
    """Set the ban that was asked for with a refusal; its id follows from that of the refusal."""
    words = desk.words(request)
    request.state.form = {**typed, "order_id": ""}
    answer = desk.act(request, "ban.set", coming.ban(typed, words))
    if answer.done:
        return desk.see(request, "/", words(N_("Written down: not let in, and banned.")))
    says = words.filled(
        N_("Written down: not let in. There is no ban yet: %(why)s"), {"why": answer.says(words)}
    )
    return desk.see(request, "/notices", says, "bad")


def _shown(request: Request, answer: Answer | None, on: str = "") -> Response:
    """The form; ``on`` is the call that was placed just now."""
    words, site = desk.words(request), desk.site(request)
    books = site.plan.books
    query = request.query_params
    suggested = {"kind": query.get("kind", "company"), "hours": "4", "visitor": "", "plate": ""}
    with desk.reading(request) as reading:
        named = books_desk.appointment(reading, query.get("appointment", ""))
        called = talks.call(reading, query.get("call", ""))
        used = [str(row["pocket"]) for row in books_deposits.pockets(reading)]
        stock = int(books_counts.counts(reading)["cards_stock"])
        callees = _callees(reading)
    if named is not None:
        suggested |= finding.fills(named, named["kind"])
        suggested |= {"appointment": named["appointment"], "answer": "expected"}
    if called is not None:
        suggested |= _called(called)
    free = told.free_pockets(used, books)
    typed = filled.closed(desk.form(request), "deposits")
    f = filled.Filled(words, typed, answer, suggested, order=filled.kept(request.method, typed))
    return desk.render(
        request,
        "visitor_in.html",
        one=_call(request, on or f.value("call")),
        calls_out=site.plan.calls is not None and may(request, "call.place"),
        callees=callees,
        answer=answer,
        filled=f,
        kinds=[
            {"kind": kind, "label": words(text), "hint": words(HINTS[kind])}
            for kind, text in told.VISIT_KINDS.items()
        ],
        answers=told.options(coming.ANSWERS, words),
        reasons=told.options(coming.REASONS, words),
        asked=told.options(coming.ASKED, words),
        stays=coming.stays(words, books.longest_visit_us, books.contractor_days),
        bays=[(bay, bay) for bay in books.bays],
        lanes=leading(site, Direction.IN),
        deposit_kinds=told.kinds(words, books),
        deposit_count=f.lines("deposits"),
        free=free,
        stock=stock,
        contractor_days=books.contractor_days,
        again=bool(typed) and request.method == "GET",
        despite=bool(typed.get("despite")) or (answer is not None and answer.code == 403),
    )
