"""Bans: who, which plate or which card is not to be let in.

Rules kept here:
- a ban stays in the list until somebody lifts it, also when its time is over: then it says so;
- who may not lift one is told who may.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import told
from agent.console.pages.sent import Deed, asked, may, take, version
from agent.console.words import N_, Words
from agent.store.queries.desk import bans as found_bans

DEEDS: Mapping[str, Deed] = {
    "set": Deed("ban.set", N_("The ban is set."), ("visitor", "plate", "card", "reason", "until")),
    "lift": Deed("ban.lift", N_("The ban is lifted."), ("reason",), row=("ban",)),
}
_OVER = 30


def bans(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words = desk.words(request)
    text = asked(request).get("q", "")
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        rows = found_bans(reading, "open", text)
        lifted = found_bans(reading, "lifted", text)[:_OVER]
    return desk.render(
        request,
        "bans.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        version=_version(request),
        asked=text,
        may_lift=may(request, "ban.lift"),
        rows=[_shown(row, words, now_us) for row in rows],
        lifted=[_shown(row, words, now_us) for row in lifted],
    )


def _shown(row: Mapping[str, Any], words: Words, now_us: int) -> dict[str, Any]:
    until_us = row["until_us"]
    return {
        "ban": row["ban"],
        "who": told.person(row, words),
        "plate": row["personal"].get("plate", ""),
        "card": row["card"],
        "reason": row["reason"],
        "since": words.moment(row["at_us"]) if row["at_us"] else "",
        "by": row["by"],
        "until": words.moment(until_us) if until_us else "",
        "over": 0 < until_us <= now_us,
    }


def _version(request: Request) -> str:
    with desk.reading(request) as reading:
        return version(found_bans(reading), "ban")


def changed(request: Request) -> Response:
    """``/bans/version``: so that a page sees that there is news."""
    return JSONResponse({"version": _version(request)})


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/bans", bans, methods=["GET", "POST"]),
        Route("/bans/version", changed),
    ]
