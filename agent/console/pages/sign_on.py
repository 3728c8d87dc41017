"""Signing on with card and PIN, and off again; the daemon judges, the token stays here.

Rules kept here:
- a card counts by the entry of its being shown at this desk, never by what a browser types;
- the session gets another id and another CSRF token whenever it changes hands;
- what was filled in before the sign-on is led back to.
"""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import answers, desk
from agent.console.limits import Limit
from agent.console.said import translated
from agent.console.security import BUSY
from agent.console.sessions import Guard
from agent.console.words import N_
from agent.control.client import NotRunningError
from agent.errors import GateError, StoreError
from agent.store.queries import shifts

ROLES = {
    "guard": N_("guard"),
    "shift_leader": N_("shift leader"),
    "office": N_("office"),
    "installer": N_("installer"),
}
_DIGITS = 18
_TRIES = Limit(10, 0.2)


def sign_on(request: Request) -> Response:
    """``/sign-on``: the form, or who is signed on."""
    fault = ""
    if request.method == "POST" and desk.guard(request) is None:
        fault = _sign_on(request)
        if not fault:
            return desk.see(request, _next(request), _welcome(request))
    guard = desk.guard(request)
    role = "" if guard is None else desk.words(request)(ROLES.get(guard.role, guard.role))
    return desk.render(
        request,
        "sign_on.html",
        422 if fault else 200,
        fault=fault,
        guards=_guards(request),
        next=_next(request),
        role=role,
    )


def sign_off(request: Request) -> Response:
    """``/sign-on/off``."""
    held = desk.session(request)
    if request.method == "POST" and held.guard is not None:
        token, held.guard = held.guard.token, None
        request.app.state.sessions.renew(held)
        try:
            desk.ask(request, "sign_off", token=token)
        except GateError as fault:
            held.say(translated(desk.words(request), str(fault)), "wait")
    return desk.see(request, "/sign-on")


def _sign_on(request: Request) -> str:
    """Sign on; gives what is wrong, in the guard's language, or an empty text."""
    sent, words, held = desk.form(request), desk.words(request), desk.session(request)
    if _TRIES.take(held.key):
        return words(BUSY)
    asked = {name: sent[name] for name in ("card", "guard", "pin") if sent.get(name)}
    presented = sent.get("presented", "")
    if presented.isascii() and presented.isdecimal() and len(presented) <= _DIGITS:
        told: dict[str, object] = {**asked, "presented": int(presented)}
    else:
        told = dict(asked)
    try:
        answer = desk.ask(request, "sign_on", desk=_desk(request), **told)
    except NotRunningError:
        return words(answers.AWAY)
    except GateError as fault:
        return translated(words, str(fault))
    if answer.get("status", "done") != "done":
        return answers.of("", answer).says(words)
    held.guard = Guard(
        str(answer["guard"]),
        str(answer["name"]),
        str(answer["role"]),
        str(answer.get("shift") or ""),
        int(answer.get("since_us") or time.time_ns() // 1000),
        str(answer["token"]),
    )
    request.app.state.sessions.renew(held)
    return ""


def _desk(request: Request) -> str:
    return desk.site(request).desk or desk.NO_DESK


def _welcome(request: Request) -> str:
    guard = desk.guard(request)
    says = desk.words(request)(N_("Good day, %(name)s."))
    return says % {"name": "" if guard is None else guard.name}


def _next(request: Request) -> str:
    wanted = desk.form(request).get("next") or request.query_params.get("next", "/")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours else "/"


def _guards(request: Request) -> list[tuple[str, str]]:
    try:
        with desk.reading(request) as reading:
            return [
                (str(row["guard"]), str(row["name"])) for row in shifts.guards(reading, "active")
            ]
    except StoreError:
        return []


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/sign-on", sign_on, methods=["GET", "POST"]),
        Route("/sign-on/off", sign_off, methods=["GET", "POST"]),
    ]
