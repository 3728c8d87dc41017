"""Guards: who may sign on; a lost card, a forgotten PIN, another role, somebody new, who leaves.

Rules kept here:
- a PIN is typed twice, sent once, and shown nowhere; only its hash is kept, by the daemon;
- every change says why, and stands in the journal with who made it;
- only those are offered whom one's own role stands above.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import told
from agent.console.pages.sent import Deed, Form, may, take
from agent.console.pages.sign_on import ROLES
from agent.console.words import N_, Words
from agent.core.roles import RANK, Role
from agent.store.queries import shifts


def _pin(form: Form) -> dict[str, object]:
    return {"pin": form.get("pin", "")}


def _twice(form: Form) -> tuple[str, str] | None:
    """Was the PIN typed the same way twice?"""
    if form.get("pin", "") == form.get("pin_again", ""):
        return None
    return N_("these two PINs are not the same"), "pin_again"


def _card(form: Form) -> dict[str, object]:
    return {"card": form.get("card", "").strip()}


DEEDS: Mapping[str, Deed] = {
    "enrol": Deed(
        "guard.enrol",
        N_("The guard may sign on now."),
        ("name", "card", "role"),
        shape=_pin,
        check=_twice,
    ),
    "card": Deed(
        "guard.card",
        N_("The guard has another card now."),
        ("reason",),
        row=("guard",),
        shape=_card,
    ),
    "pin": Deed(
        "guard.pin",
        N_("The guard has another PIN now."),
        ("reason",),
        row=("guard",),
        shape=_pin,
        check=_twice,
    ),
    "leave": Deed(
        "guard.leave", N_("The guard may no longer sign on."), ("reason",), row=("guard",)
    ),
}


def guards(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words, who = desk.words(request), desk.guard(request)
    below = RANK[Role(who.role)] if who is not None and who.role in set(Role) else frozenset()
    with desk.reading(request) as reading:
        rows = shifts.guards(reading)
    return desk.render(
        request,
        "guards.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        rows=[_shown(row, words, below) for row in rows if row["state"] == "active"],
        left=[_shown(row, words, below) for row in rows if row["state"] != "active"],
        may_enrol=may(request, "guard.enrol"),
        roles=told.options({role: ROLES[role] for role in sorted(below)}, words),
    )


def _shown(row: Mapping[str, Any], words: Words, below: frozenset[Role]) -> dict[str, Any]:
    return {
        "guard": row["guard"],
        "name": row["name"],
        "card": row["card"],
        "role": words(ROLES.get(row["role"], row["role"])),
        "mine": row["role"] in below,
    }


def routes() -> list[Route]:
    """The routes of this page."""
    return [Route("/guards", guards, methods=["GET", "POST"])]
