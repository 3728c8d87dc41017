"""What every page asks in passing: the language, the CSRF token, a card at the desk, an order."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console import desk
from agent.console.phrases import KINDS, reason
from agent.console.settle import settled
from agent.console.words import LANGUAGES, N_, Words
from agent.store.queries import table

_PRESENTED = "gate.card.presented.v1"
_LAST = 2**53
"""No journal gets that long; a longer number is nobody's."""


def language(request: Request) -> Response:
    """Show everything in another language from here on."""
    wanted = desk.form(request).get("language", "")
    if wanted in LANGUAGES:
        desk.session(request).language = wanted
    return desk.see(request, _ours(desk.form(request).get("next", "/")))


def csrf(request: Request) -> Response:
    """``{csrf, signed}``: for pages that outlived the console that made them."""
    held = desk.session(request)
    return JSONResponse({"csrf": held.csrf, "signed": held.guard is not None})


def order(request: Request) -> Response:
    """``/orders/{order_id}``: what became of an order that was not known in time."""
    return desk.told(request, settled(request, request.path_params["order_id"]))


def card(request: Request) -> Response:
    """``/desk/card/{sequence}``: the card that this entry tells of, with what is known of it.

    ``{sequence, card, credential, kind, known, says}``; ``card`` is its label, empty for a card
    that the roster does not have.
    """
    words = desk.words(request)
    sequence = int(request.path_params["sequence"])
    with desk.reading(request) as reading:
        entries = reading.entries([sequence] if sequence <= _LAST else [])
        rows = table.entries_told(reading, list(entries.values()))
    if not rows or rows[0]["type"] != _PRESENTED:
        return JSONResponse({"says": words(N_("No card was shown."))}, 404)
    data, personal = rows[0]["data"], rows[0]["personal"]
    label = str(data.get("card") or "")
    return JSONResponse({
        "sequence": sequence,
        "card": label,
        "credential": str(personal.get("credential") or ""),
        "kind": str(data.get("kind") or ""),
        "known": bool(label),
        "says": shown(words, data, str(personal.get("holder") or "")),
    })  # fmt: skip


def shown(words: Words, data: Mapping[str, Any], holder: str) -> str:
    """A card at the desk in a line: label, kind, holder, and why it may be a copy."""
    kind, doubt = str(data.get("kind") or ""), str(data.get("reason") or "")
    label = str(data.get("card") or "") or words(N_("this card is not known here"))
    parts = (label, words(KINDS.get(kind, kind)), holder, reason(words, doubt))
    return " · ".join(part for part in parts if part)


def _ours(path: str) -> str:
    """A path of this console, never another address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        Route("/language", language, methods=["POST"]),
        Route("/csrf", csrf),
        Route("/orders/{order_id}", order),
        Route("/desk/card/{sequence:int}", card),
    ]
