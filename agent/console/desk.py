"""What a page needs: who asks, in which language, the ledger, an order, and a page to answer with.

A page is a plain function in `agent.console.pages` (a thread of the pool runs it)::

    def appointments(request: Request) -> Response:
        answer = None
        if request.method == "POST":
            answer = desk.act(request, "appointment.make", {"visitor": ..., "from": ...})
            if answer.done:
                return desk.see(request, "/appointments", words(N_("It is written down.")))
        with desk.reading(request) as reading:
            rows = queries.appointments(reading, ...)
        return desk.render(request, "appointments.html", answer=answer, rows=rows)

    def routes() -> list[Route]:
        return [Route("/appointments", appointments, methods=["GET", "POST"])]

Rules kept here:
- a form carries ``csrf`` and ``order_id`` (macro ``form`` of ``_fields.html`` writes both); what is
  sent twice under one id is one order, a corrected form is another one;
- an order always names the desk, so that the daemon takes it for a console's: nobody who is not
  signed on gets more here than stop, fire and priority, and the two that open only in the booth;
- `act` waits at most 2 s; what is not known then is said so and settles by itself: the form that
  comes back carries the same id, so that sending it again doubles nothing;
- names and numbers of people stay out of addresses and logs.
"""

import hashlib
import json
import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from agent.console import answers
from agent.console.answers import Answer
from agent.console.glance import Glance
from agent.console.link import Link, Picture
from agent.console.parts import STATES, header
from agent.console.security import wants_json
from agent.console.sessions import Guard, Session
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.control.client import NotAllowedError, NotRunningError
from agent.errors import GateError
from agent.store.reading import Reading

_ORDER = re.compile(r"console-[0-9a-f]{32}")
OPENING = frozenset({"fire", "priority"})
"""What opens with nobody signed on: for whoever stands in the booth, not for the whole network."""
NO_DESK = "console"
"""What the desk is called where none is configured."""
_LOOK_S = 5.0
_DAY = (6, 19)
"""From which hour to which hour the screen is light."""
_ENDED = N_("Your shift has ended. What you filled in is kept: sign on and send it again.")
_log = logging.getLogger("gate.console")


def site(request: Request) -> Site:
    """The gate and desk that this console stands for."""
    found: Site = request.app.state.site
    return found


def link(request: Request) -> Link:
    """The line to the daemon; raises nothing, its `Link.picture` says how old it is."""
    found: Link = request.app.state.link
    return found


def picture(request: Request) -> Picture:
    """The gate as it was last heard."""
    return link(request).picture


def session(request: Request) -> Session:
    """The browser's session."""
    found: Session = request.state.session
    return found


def guard(request: Request) -> Guard | None:
    """Who is signed on here."""
    return session(request).guard


def words(request: Request) -> Words:
    """The language of this page; call it to translate: ``words(request)("Visitor in")``."""
    found: Words = request.app.state.words[session(request).language]
    return found


def form(request: Request) -> Mapping[str, str]:
    """What was filled in: the fields that were sent, or (once) those kept from before a sign-on.

    Give it to the template as ``form``: the macros of ``_fields.html`` show its values again.
    """
    if request.method == "POST":
        sent: Mapping[str, str] = request.state.form
        return sent
    if not hasattr(request.state, "draft"):
        request.state.draft = session(request).drafts.pop(request.url.path, {})
    kept: Mapping[str, str] = request.state.draft
    return kept


def fields(request: Request, name: str) -> list[str]:
    """All values that were sent under one name (several ticked boxes)."""
    return [value for key, value in request.state.fields if key == name]


@contextmanager
def reading(request: Request) -> Iterator[Reading]:
    """The ledger, read only; raises StoreError (the page then says so by itself)."""
    with Reading.open(site(request).ledger) as found:
        yield found


def glance(request: Request) -> Glance:
    """What the ledger says for the Gate page."""
    found: Glance = request.app.state.glance
    return found


def ask(request: Request, op: str, **args: object) -> Any:
    """Ask the daemon something that changes nothing; at most 2 s. Raises GateError."""
    return link(request).ask(op, **args)


def act(
    request: Request,
    kind: str,
    form: Mapping[str, object],
    args: Mapping[str, str] | None = None,
) -> Answer:
    """Send an order of this kind and wait for its answer, 2 s at most. Raises nothing.

    ``form`` is what the books want; ``args`` is what orders of lanes want (``lane``, ``reason``).
    """
    held = session(request)
    order_id, about = _order(request, held, kind, form, args or {})
    if held.guard is None and kind in OPENING and not _in_booth(request):
        return Answer(order_id, "rejected", 403, answers.ELSEWHERE)
    order: dict[str, object] = {
        "order_id": order_id,
        "kind": kind,
        "args": {name: str(text) for name, text in (args or {}).items()},
        "form": dict(form),
        "desk": site(request).desk or NO_DESK,
        "asked_ns": time.monotonic_ns(),
    }
    if held.guard is not None:
        order["token"] = held.guard.token
    held.sent(order_id, about)
    try:
        answer = answers.of(order_id, link(request).ask("order", **order))
    except (NotRunningError, NotAllowedError) as fault:
        _log.warning("an order could not be given: %s", fault)
        answer = Answer(order_id, "failed", 503, answers.AWAY)
    except GateError as fault:
        _log.warning("order %s is not known yet: %s", order_id, fault)
        answer = Answer(order_id, "unknown", 0, answers.UNKNOWN)
        request.state.unsettled = order_id
    if answer.code == 401:
        held.guard = None
        request.state.ended = True
    return answer


def _in_booth(request: Request) -> bool:
    return request.client is not None and site(request).booth(request.client.host)


def mint() -> str:
    """A new id for an order."""
    return f"console-{secrets.token_hex(16)}"


def order_id(request: Request) -> str:
    """The id for the form that is shown next: a new one, or that of what is not known yet."""
    return getattr(request.state, "unsettled", "") or mint()


def _order(
    request: Request,
    held: Session,
    kind: str,
    form: Mapping[str, object],
    args: Mapping[str, str],
) -> tuple[str, str]:
    """The id that came with the form; another one when it was used for something else before."""
    told = json.dumps([kind, dict(form), dict(args)], sort_keys=True, default=str)
    about = hashlib.sha256(told.encode()).hexdigest()
    given = str(request.state.form.get("order_id", ""))
    if _ORDER.fullmatch(given) is None:
        return mint(), about
    if held.orders.get(given, about) != about:
        return mint(), about
    return given, about


def render(request: Request, template: str, status: int = 200, **context: object) -> Response:
    """A page.

    In every template: ``_``, ``words``, ``request``, ``site``, ``guard``, ``csrf``, ``order_id()``,
    ``picture``, ``gate_now`` (`agent.console.parts.header`), ``states``, ``form``, ``answer`` (None
    unless given), ``flashes()``, ``here``. A rejected ``answer`` makes the page's status 422. Who
    is not signed on any more is led to the sign-on, and what was filled in waits for him.
    """
    held = session(request)
    answer = context.get("answer")
    if _ended(request, held):
        return _sign_on(request, held)
    if isinstance(answer, Answer) and status == 200 and not answer.done:
        status = 202 if answer.unknown else 422
    shown = {
        "request": request,
        "site": site(request),
        "picture": picture(request),
        "gate_now": header(picture(request)),
        "states": STATES,
        "guard": held.guard,
        "csrf": held.csrf,
        "form": form(request),
        "answer": None,
        "order_id": lambda: order_id(request),
        "flashes": lambda: _flashes(held),
        "here": request.url.path,
        "scheme": _scheme(words(request)),
        **context,
    }
    page = request.app.state.templates[held.language].get_template(template)
    return HTMLResponse(page.render(shown), status)


def see(request: Request, path: str, says: str = "", tone: str = "good") -> Response:
    """Lead to another page, which says ``says`` (already translated)."""
    if says:
        session(request).say(says, tone)
    return RedirectResponse(path, 303)


def told(request: Request, answer: Answer) -> Response:
    """The answer for a script: ``{status, says, field, order_id, next_order_id, csrf}``."""
    told = {
        "status": answer.status,
        "tone": answer.tone,
        "says": answer.says(words(request)),
        "field": answer.field,
        "order_id": answer.order_id,
        "next_order_id": mint(),
        "result": dict(answer.result) if answer.done else {},
    }
    return JSONResponse(told)


def json_wanted(request: Request) -> bool:
    """Does a script ask, which wants data and no page?"""
    headers: Headers = request.headers
    return wants_json(headers)


def _ended(request: Request, held: Session) -> bool:
    """Has the daemon said that nobody is signed on here any more? It is asked now and then."""
    now_s = time.monotonic()
    if getattr(request.state, "ended", False):
        return True
    if held.guard is None or now_s - held.known_s < _LOOK_S or not picture(request).fresh:
        return False
    held.known_s = now_s
    try:
        told = link(request).ask("who", token=held.guard.token)
    except GateError:
        return False
    if told.get("code") == 401:
        held.guard = None
    return held.guard is None


def _sign_on(request: Request, held: Session) -> Response:
    sent = {name: text for name, text in request.state.form.items() if "pin" not in name}
    path = request.url.path
    if request.headers.get("x-fragment") == "1" or json_wanted(request):
        return JSONResponse({"status": "lost", "goto": "/sign-on"}, 401)
    if sent:
        held.keep(path, sent)
    held.say(words(request)(_ENDED), "wait")
    return RedirectResponse(f"/sign-on?next={quote(path, safe='')}", 303)


def _scheme(said: Words) -> str:
    """Light by day and dark by night, by the gate's own hour."""
    hour = said.local(time.time_ns() // 1000).hour
    return "light" if _DAY[0] <= hour < _DAY[1] else "dark"


def _flashes(held: Session) -> list[tuple[str, str]]:
    found, held.flashes = held.flashes, []
    return found
