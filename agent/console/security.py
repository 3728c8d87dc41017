"""What stands before every page: who may ask, how often, with which headers.

Rules kept here:
- only names that this console has are answered (another name means that a stranger's page sent the
  browser here), and what changes something comes from a page of ours: same origin, and the CSRF
  token of the session;
- no page may run anything but our own files: no inline code, no foreign address, no frame;
- pages with names on them need a guard; lanes, stop, fire and priority do not (`OPEN`);
- what was filled in is never thrown away because a session ended: it waits for the sign-on.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.console.limits import Limit
from agent.console.sessions import Session, Sessions
from agent.console.words import FIRST, LANGUAGES, N_

COOKIE, LANGUAGE = "gate_session", "gate_language"
BODY = 256 * 1024
FIELDS = 1_000
LOST = N_("The session has ended. What you filled in is kept: sign on and send it again.")
SIGN_ON = N_("Sign on first. What you filled in is kept.")
BUSY = N_("Too many requests: wait a moment.")
OPEN = (
    "/",
    "/gate",
    "/sign-on",
    "/health",
    "/events",
    "/metrics",
    "/csrf",
    "/language",
    "/orders",
    "/static",
)
"""Paths (and what lies below them) that need nobody to be signed on."""

_HERE = ("127.0.0.1", "localhost", "[::1]")
_READS = frozenset({"GET", "HEAD"})
_FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
}


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):  # noqa: N818 - an answer, raised to leave at once
    response: Response


class Guarded:
    """The application behind all of the above.

    Puts ``session``, ``form`` and ``fields`` (the same as pairs) into the state of each request.
    """

    def __init__(
        self, app: ASGIApp, sessions: Sessions, hosts: tuple[str, ...], *, secure: bool
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._hosts = frozenset(host.lower() for host in (*_HERE, *hosts))
        self._secure = secure
        self._requests = Limit(400, 100)
        self._changes = Limit(60, 8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        cookies = _cookies(headers)
        found = self._sessions.find(cookies.get(COOKIE, ""))
        path = scope["path"]
        nobody = path == "/metrics" or path.startswith("/static/")
        passing = nobody or headers.get("x-fragment") == "1"
        session = found or (Session("", "") if passing else self._sessions.fresh())
        session.language = session.language or _language(cookies)
        state |= {"session": session, "form": {}, "fields": []}
        sent = self._sending(send, session, cookies)
        try:
            self._admit(scope, headers, session)
            if scope["method"] not in _READS:
                fields = await _fields(headers, receive)
                state["fields"], state["form"] = fields, dict(fields)
                self._trust(scope, headers, session, state["form"], known=found is not None)
                receive = _nothing_more
            self._signed(scope, headers, session, state["form"])
        except _Refusal as refusal:
            await refusal.response(scope, receive, sent)
            return
        await self._app(scope, receive, sent)

    def _admit(self, scope: Scope, headers: Headers, session: Session) -> None:
        host = headers.get("host", "").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name not in self._hosts:
            raise _Refusal(PlainTextResponse("this console has another name\n", 421))
        client = scope.get("client")
        key = client[0] if client else ""
        wait = self._requests.take(key)
        if not wait and scope["method"] not in _READS:
            wait = self._changes.take(key)
        if wait:
            says = _words(scope, session)(BUSY)
            raise _Refusal(_said(headers, says, 429, {"Retry-After": str(int(wait) + 1)}))

    def _trust(
        self,
        scope: Scope,
        headers: Headers,
        session: Session,
        form: Mapping[str, str],
        *,
        known: bool,
    ) -> None:
        """Was this sent by a page of ours, in this session?"""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        scheme = "https" if self._secure else "http"
        if origin is not None and origin.lower() != f"{scheme}://{headers.get('host', '')}".lower():
            raise _Refusal(PlainTextResponse("this was sent by another page\n", 403))
        if site not in (None, "same-origin"):
            raise _Refusal(PlainTextResponse("this was sent by another page\n", 403))
        token = headers.get("x-csrf-token") or form.get("csrf", "")
        if known and secrets.compare_digest(token.encode(), session.csrf.encode()):
            return
        # Only this browser's own pages get here: what was filled in is kept, nothing is done.
        raise _Refusal(_kept(scope, headers, session, form, LOST, scope["path"]))

    def _signed(
        self, scope: Scope, headers: Headers, session: Session, form: Mapping[str, str]
    ) -> None:
        path = scope["path"]
        first = "/" + path.split("/")[1]
        if first in OPEN or session.guard is not None:
            return
        query = scope["query_string"].decode("ascii", "replace")
        here = path + (f"?{query}" if query and scope["method"] in _READS else "")
        after = f"/sign-on?next={quote(here, safe='')}"
        says = "" if scope["method"] in _READS else SIGN_ON
        raise _Refusal(_kept(scope, headers, session, form, says, after))

    def _sending(
        self, send: Send, session: Session, cookies: Mapping[str, str]
    ) -> Callable[[Message], Any]:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self._secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                mark = "; Secure" if self._secure else ""
                if session.key and cookies.get(COOKIE) != session.key:
                    headers.append(
                        "Set-Cookie",
                        f"{COOKIE}={session.key}; Path=/; HttpOnly; SameSite=Strict{mark}",
                    )
                if session.language != _language(cookies):
                    headers.append(
                        "Set-Cookie",
                        f"{LANGUAGE}={session.language}; Path=/; HttpOnly; SameSite=Strict; "
                        f"Max-Age=31536000{mark}",
                    )
            await send(message)

        return sent


async def _fields(headers: Headers, receive: Receive) -> list[tuple[str, str]]:
    """The fields of the form that was sent; at most `BODY` bytes of it."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY:
        raise _Refusal(PlainTextResponse("this is too long\n", 413))
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if len(body) > BODY:
            raise _Refusal(PlainTextResponse("this is too long\n", 413))
        if not message.get("more_body"):
            break
    if body and kind != _FORM:
        raise _Refusal(PlainTextResponse("a form is wanted here\n", 415))
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict"
        )
    except ValueError:
        raise _Refusal(PlainTextResponse("this form cannot be read\n", 400)) from None


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        found: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: one.value for name, one in found.items()}


def _language(cookies: Mapping[str, str]) -> str:
    wanted = cookies.get(LANGUAGE, "")
    return wanted if wanted in LANGUAGES else FIRST


def _words(scope: Scope, session: Session) -> Callable[[str], str]:
    """The language of whoever is answered here."""
    found: Callable[[str], str] = scope["app"].state.words[session.language]
    return found


def wants_json(headers: Headers) -> bool:
    """Was this asked by our script, which wants data and no page?"""
    return headers.get("accept", "").startswith("application/json")


def _said(
    headers: Headers, says: str, status: int, extra: Mapping[str, str] | None = None
) -> Response:
    if wants_json(headers):
        told = {"status": "refused", "tone": "bad", "says": says}
        return JSONResponse(told, status, dict(extra or {}))
    return PlainTextResponse(f"{says}\n", status, dict(extra or {}))


def _kept(
    scope: Scope, headers: Headers, session: Session, form: Mapping[str, str], says: str, after: str
) -> Response:
    """Keep what was filled in and lead to the page where it goes on."""
    said = _words(scope, session)(says)
    if wants_json(headers) or headers.get("x-fragment") == "1":
        status = 403 if says == LOST else 401
        told = {"status": "lost", "tone": "wait", "says": said, "goto": after}
        return JSONResponse(told, status)
    if form:
        kept = {k: v for k, v in form.items() if k != "csrf" and not k.startswith("pin")}
        session.keep(scope["path"], kept)
    if says:
        session.say(said, "wait")
    return RedirectResponse(after, 303)
