"""Goods: release slips, and trucks that are looked into before they leave.

Rules kept here:
- a slip is checked line by line: a line that is not ticked counts as nothing found;
- who signed is compared with who may sign by the daemon; the page shows who may;
- what does not agree stops the goods, and that is written down; the slip can be shown again.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import drafts, filled, told
from agent.console.pages.lanes import leading
from agent.console.pages.sent import version
from agent.console.words import N_, Words
from agent.core.model import Direction
from agent.store.queries import desk as books_desk

Row = Mapping[str, Any]

STATES: Mapping[str, str] = {
    "open": N_("not used yet"),
    "used": N_("used"),
    "stopped": N_("stopped: it did not agree"),
    "cancelled": N_("no longer counts"),
}
_DUES: Mapping[str, str] = {
    "deposit_due": N_("the visit is still open: end it at Visitor out"),
}
_AGAINST: Mapping[str, str] = {
    "quantity": N_("%(name)s: %(listed)s listed, %(counted)s counted"),
    "not_listed": N_("not on the slip: %(counted)s × %(name)s"),
    "stamp": N_("the stamp is missing"),
    "signatory": N_("who signed may not sign for this unit"),
}
_SLIP = ("number", "unit", "signatory", "owner", "plate", "until")
_OPEN = frozenset({"open", "stopped"})
"""Also a slip that was stopped may be shown again, when the goods were put right."""
_PATH = "/goods"


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        Route(_PATH, page, methods=["GET", "POST"]),
        Route(f"{_PATH}/keep", keep, methods=["POST"]),
        Route(f"{_PATH}/version", changed),
    ]


def page(request: Request) -> Response:
    """The slips, one slip at the gate, and the truck that leaves."""
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


def changed(request: Request) -> Response:
    """``/goods/version``: so that a page sees that there is news."""
    return JSONResponse({"version": _version(request)})


def _version(request: Request) -> str:
    with desk.reading(request) as reading:
        return version(books_desk.open_slips(reading), "slip")


def received(typed: Mapping[str, str]) -> dict[str, Any]:
    """The form of ``slip.receive``."""
    form: dict[str, Any] = filled.texts(typed, _SLIP)
    form |= filled.flags(typed, ("stamp",))
    form["lines"] = _counted(typed, "lines")
    return form


def used(typed: Mapping[str, str], lane: str) -> dict[str, Any]:
    """The form of ``slip.use``; a line that is not ticked was not there."""
    form: dict[str, Any] = filled.texts(typed, ("slip", "signatory", "by", "card", "why"))
    form |= filled.flags(typed, ("stamp",))
    form["ticks"] = [
        {"line": line["line"], "quantity": filled.number(line.get("quantity", "0"))}
        for line in filled.lines(typed, "ticks", ("line", "quantity"))
        if "line" in line
    ]
    form["extra"] = _counted(typed, "extra")
    if lane:
        form["lane"] = lane
    return form


def inspected(typed: Mapping[str, str], lane: str, *, release: bool) -> dict[str, Any]:
    """The form of ``inspection.make``."""
    form: dict[str, Any] = filled.texts(typed, ("card", "plate", "result", "note"))
    form |= filled.flags(typed, ("opened",))
    return form | {"lane": lane, "release": release}


def _counted(typed: Mapping[str, str], table: str) -> list[dict[str, str]]:
    rows = filled.lines(typed, table, ("name", "quantity"))
    return [
        {**row, **({"quantity": filled.number(row["quantity"])} if "quantity" in row else {})}
        for row in rows
    ]


def _sent(request: Request) -> Response | Answer:
    typed, words = desk.form(request), desk.words(request)
    what, _, lane = typed.get("do", "").partition(" ")
    if what == "receive":
        answer = desk.act(request, "slip.receive", received(typed))
        if answer.done:
            says = words(N_("The slip is written down. Now check the goods."))
            return desk.see(request, f"{_PATH}?slip={answer.result.get('slip', '')}", says)
        return answer
    if what in ("stop", "cancel"):
        answer = desk.act(request, f"slip.{what}", filled.texts(typed, ("slip", "reason")))
        said = N_("Written down: the goods stay here.")
        return desk.see(request, _PATH, words(said)) if answer.done else answer
    if what in ("inspect", "clear"):
        answer = desk.act(
            request, "inspection.make", inspected(typed, lane, release=what == "clear")
        )
        said = N_("The inspection is written down.")
    else:
        answer = desk.act(request, "slip.use", used(typed, lane))
        said = N_("The slip is used: the goods may leave.")
    if not answer.done:
        return answer
    return _over(request, answer, words(said))


def _over(request: Request, answer: Answer, says: str) -> Response:
    """What became of goods or truck: stopped, held back by something else, or on the way."""
    words, result = desk.words(request), answer.result
    against, due = result.get("stopped"), str(result.get("due") or "")
    if isinstance(against, list) and against:
        why = "; ".join(difference(each, words) for each in against if isinstance(each, dict))
        stopped = words.filled(N_("Stopped and written down: %(why)s"), {"why": why})
        return desk.see(request, f"{_PATH}?slip={result.get('slip', '')}", stopped, "bad")
    if due:
        why = words(_DUES.get(due, due))
        kept = words.filled(N_("%(says)s The arm stays down: %(why)s"), {"says": says, "why": why})
        return desk.see(request, _PATH, kept, "wait")
    return desk.see(request, "/" if result.get("released") else _PATH, says)


def difference(each: Mapping[str, object], words: Words) -> str:
    """One thing that did not agree, as a sentence."""
    text = _AGAINST.get(str(each.get("what")), str(each.get("what")))
    return words.filled(text, {"name": "—", **{k: v for k, v in each.items() if v != ""}})


def _shown(request: Request, answer: Answer | None) -> Response:
    words, site = desk.words(request), desk.site(request)
    typed, query = desk.form(request), request.query_params
    wanted = typed.get("slip") or query.get("slip", "")
    with desk.reading(request) as reading:
        row = books_desk.slip(reading, wanted) if wanted else None
        every = [] if row else books_desk.slips(reading, "", limit=200)
        signers = _signers(books_desk.directory(reading, limit=20_000), row)
    truck = typed.get("do", "").partition(" ")[0] in ("inspect", "clear")
    mine, theirs = ({}, typed) if truck else (typed, {})
    lane = query.get("lane", "")
    return desk.render(
        request,
        "goods.html",
        answer=answer,
        version=_version(request),
        filled=filled.Filled(
            words,
            filled.closed(mine, "lines"),
            None if truck else answer,
            _begun(row, query),
            order=filled.kept(request.method, mine),
        ),
        truck=filled.Filled(
            words,
            theirs,
            answer if truck else None,
            {"card": query.get("card", ""), "result": "clear"},
            "truck-",
        ),
        slip=_slip(row, words) if row else None,
        slips=[_slip(each, words) for each in every if each["state"] in _OPEN],
        done_slips=[_slip(each, words) for each in every if each["state"] not in _OPEN],
        signers=signers,
        lanes=leading(site, Direction.OUT, lane),
        again=bool(typed) and request.method == "GET",
        line_count=filled.Filled(words, mine).lines("lines", 2),
        extra_count=filled.Filled(words, mine).lines("extra", 0),
    )


def _begun(row: Row | None, query: Mapping[str, str]) -> dict[str, str]:
    if row is None:
        return {}
    named = row["personal"].get("signatory", "")
    return {"signatory": named, "by": "vehicle", "card": query.get("card", "")}


def _signers(directory: list[dict[str, Any]], row: Row | None) -> list[str]:
    if row is None:
        return []
    unit = row["personal"].get("unit", "")
    return [str(each["name"]) for each in directory if each["signs"] and each["unit"] == unit]


def _slip(row: Row, words: Words) -> dict[str, Any]:
    lines = [
        {"line": n, "name": str(each["name"]), "quantity": str(each["quantity"])}
        for n, each in enumerate(row["lines"] if isinstance(row["lines"], list) else [])
    ]
    until_us, now_us = int(row["until_us"]), time.time_ns() // 1000
    return {
        "slip": row["slip"],
        "number": row["unit_slip"],
        "state": row["state"],
        "state_label": words(STATES.get(row["state"], row["state"])),
        "unit": row["personal"].get("unit", ""),
        "carrier": told.person(row, words, "owner"),
        "plate": row["personal"].get("plate", ""),
        "lines": lines,
        "goods": ", ".join(f"{line['quantity']} × {line['name']}" for line in lines),
        "until": words.moment(until_us) if until_us else "",
        "past": 0 < until_us < now_us,
        "when": words.moment(row["at_us"]) if row["at_us"] else "",
    }
