"""The Gate page: what is at the lanes now, what is to be done, what is held for whom.

Rules kept here:
- lanes are shown from the live picture; nobody's name is shown while nobody is signed on;
- what of the gate does not work stands in the list of what is to be done, signed on or not;
- everything that changes is one fragment (``/gate/now``), asked for again when the feed says so;
- the acts of a lane are orders; which of them need a name is the daemon's to say.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.console import calls, desk, parts
from agent.console.lanes import lane_card, told
from agent.console.site import Site
from agent.console.todo import item, merged
from agent.console.words import N_, Words
from agent.core import call_orders
from agent.core.fields import FIELDS
from agent.core.plan_calls import CallsPlan
from agent.errors import StoreError

TAPS = 8
KINDS = frozenset({
    "open", "priority", "close", "stop", "hold_open", "release_hold", "fault.clear",
    "lockdown", "lift_lockdown", "fire_reset", "fire", "duty.dismiss", "alarm.see",
    "bearer.confirm", "bearer.refuse",
    "call.ring", "call.answer", "call.decide", "call.end",
})  # fmt: skip
"""What may be ordered here."""
_ARGS = ("lane", "reason", "for", "until", "count", "direction", "announced")
_FORMS = {**FIELDS, **call_orders.FIELDS}
_NOT_HERE = N_("This cannot be ordered here.")


def gate(request: Request) -> Response:
    """``/``."""
    return desk.render(request, "gate.html", **_now(request))


def now(request: Request) -> Response:
    """``/gate/now``: what changes on the page, as its sections."""
    return desk.render(request, "_gate_now.html", **_now(request))


def act(request: Request) -> Response:
    """``/gate/act``: one order. A script gets the answer as data, a page is led back."""
    if request.method == "GET":
        return RedirectResponse("/", 303)
    sent = desk.form(request)
    # A form may hold several buttons with a kind: the one that was pressed comes last.
    kind = sent.get("kind", "")
    if kind not in KINDS:
        return desk.see(request, "/", desk.words(request)(_NOT_HERE), "bad")
    args = {name: sent[name] for name in _ARGS if sent.get(name)}
    form = {name: sent[name] for name in _FORMS.get(kind, ()) if sent.get(name)}
    answer = desk.act(request, kind, form, args)
    if desk.json_wanted(request):
        return desk.told(request, answer)
    return desk.see(request, "/", answer.says(desk.words(request)), answer.tone)


def _now(request: Request) -> Mapping[str, Any]:
    site, words, picture = desk.site(request), desk.words(request), desk.picture(request)
    taps: list[dict[str, Any]] = []
    last: dict[str, dict[str, Any]] = {}
    duties: dict[str, dict[str, Any]] = {}
    backs: dict[str, tuple[str, ...]] = {}
    shown: dict[str, Any] = {"todo": [], "counts": None, "taps": [], "notices": [], "unread": ""}
    shown["calls"], shown["rings"] = [], rings(site.plan.calls, ())
    shown["todo"] = merged(parts.todo(words, site, picture), [])
    try:
        guard = desk.guard(request)
        if site.plan.calls is not None:
            with desk.reading(request) as reading:
                rows = desk.glance(request).look(reading, site).calls
            named = guard is not None
            shown["calls"] = [calls.shown(row, words, site, named=named) for row in rows]
            shown["rings"] = rings(site.plan.calls, rows)
        if guard is not None:
            with desk.reading(request) as reading:
                seen = desk.glance(request).look(reading, site)
            taps = seen.taps
            for duty in seen.duties:
                duties.setdefault(str(duty["lane"]), duty)
            backs = {
                lane: _backs(seen.held, words, site, duty)
                for lane, duty in duties.items()
                if duty["kind"] == "deposit_due"
            }
            shown["todo"] = merged(shown["todo"], [item(words, site, each) for each in seen.todo])
            shown["counts"] = seen.counts
            here = {"all", "booth", guard.role}
            texts = [each["text"] for each in seen.notices if each["audience"] in here]
            # What the gate itself posts is a sentence of ours, in the reader's language.
            shown["notices"] = list(dict.fromkeys(map(words, texts)))
    except StoreError as fault:
        shown["unread"] = str(fault)
    for tap in taps:
        last.setdefault(str(tap["data"].get("lane", "")), tap)
    shown["taps"] = [told(words, tap) for tap in taps[:TAPS]]
    shown["lanes"] = [
        lane_card(
            words,
            plan,
            site.lane(lane),
            picture.lanes.get(lane),
            last.get(lane),
            duties.get(lane),
            backs.get(lane, ()),
        )
        for lane, plan in site.plan.lanes.items()
    ]
    return shown


def rings(plan: CallsPlan | None, on: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The lanes for which the screen can ring as the visitor's button does: no call is on there."""
    there = () if plan is None else plan.lanes
    return frozenset(map(str, there)) - {str(row["lane"]) for row in on}


def _backs(
    held: Iterable[Mapping[str, Any]], words: Words, site: Site, duty: Mapping[str, Any]
) -> tuple[str, ...]:
    """What is given back to whoever waits there, as it lies in the drawer: the pocket first."""
    books = site.plan.books
    found = []
    for row in held:
        if row["visit"] != duty["visit"]:
            continue
        if row["amount"]:
            found.append(words.money(int(row["amount"]), str(row["currency"]), books.digits))
            continue
        kind = books.kinds.get(str(row["kind"]))
        name = str(row["kind"]) if kind is None else kind.zh if words.language == "zh" else kind.en
        what = str(row["personal"].get("description") or name)
        pocket = words(N_("pocket %(pocket)s")) % {"pocket": row["pocket"]}
        found.append(f"{pocket} · {what}" if row["pocket"] else what)
    return tuple(sorted(found))


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/", gate),
        Route("/gate/now", now),
        Route("/gate/act", act, methods=["GET", "POST"]),
    ]
