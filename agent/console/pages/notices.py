"""Notices: what the office has to say to the booth, posted and ended.

Rules kept here:
- what is in force stands first, what is still to come behind it; what ended can be looked up;
- nothing of a notice is changed: it is ended, and another one posted.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import told
from agent.console.pages.sent import Deed, take, version
from agent.console.words import N_, Words
from agent.store.queries.desk import all_notices

AUDIENCES: Mapping[str, str] = {
    "all": N_("everybody"),
    "booth": N_("the booth"),
    "sales": N_("the sales office"),
    "patrol": N_("the patrol"),
    "shift_leader": N_("the shift leader"),
}
DEEDS: Mapping[str, Deed] = {
    "post": Deed("notice.post", N_("The notice is posted."), ("text", "audience", "from", "until")),
    "end": Deed("notice.end", N_("The notice has ended."), row=("notice",)),
}
_OVER = 30


def notices(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words = desk.words(request)
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        rows = all_notices(reading)
    opened = [row for row in rows if row["state"] == "open"]
    current = sorted(opened, key=lambda row: (row["from_us"] > now_us, -row["from_us"]))
    return desk.render(
        request,
        "notices.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        version=_version(request),
        audiences=told.options(AUDIENCES, words),
        current=[_shown(row, words, now_us) for row in current],
        over=[_shown(row, words, now_us) for row in rows if row["state"] != "open"][:_OVER],
    )


def _shown(row: Mapping[str, Any], words: Words, now_us: int) -> dict[str, Any]:
    return {
        "notice": row["notice"],
        "text": words(row["text"]),
        "private": row["personal"].get("text_private", ""),
        "audience": words(AUDIENCES.get(row["audience"], row["audience"])),
        "span": span(row["from_us"], row["until_us"], words),
        "by": row["by"],
        "coming": row["from_us"] > now_us,
    }


def span(from_us: int, until_us: int, words: Words) -> str:
    """From when to when, the end left open where there is none."""
    begins = words.moment(from_us)
    return f"{begins} – {words.moment(until_us)}" if until_us else f"{begins} –"


def _version(request: Request) -> str:
    with desk.reading(request) as reading:
        return version(all_notices(reading), "notice")


def changed(request: Request) -> Response:
    """``/notices/version``: so that a page sees that there is news."""
    return JSONResponse({"version": _version(request)})


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/notices", notices, methods=["GET", "POST"]),
        Route("/notices/version", changed),
    ]
