"""Cards: found, issued, replaced, blocked, lost and found; and the stock that lies at the desk.

Rules kept here:
- a card is shown with what may be done with it as it is now, and by whom;
- a new card's number comes from the desk's reader; it can be typed where there is none;
- a card that a visitor has is dealt with on the way out, where its deposits are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import told
from agent.console.pages.sent import Deed, Form, Shape, asked, may, take
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.core.model import CardKind, Direction
from agent.store.queries import counts, movements

STATUSES: Mapping[str, tuple[str, str, str]] = {
    "active": ("good", "✓", N_("good")),
    "blocked": ("bad", "✕", N_("blocked")),
    "lost": ("bad", "!", N_("lost")),
    "stock": ("calm", "▤", N_("stock of the desk")),
    "retired": ("calm", "–", N_("out of use")),
}
PASSES: Mapping[str, str] = {
    "in": N_("in the drawer"),
    "out": N_("with a visitor"),
    "lost": N_("lost"),
}
DIRECTIONS: Mapping[str, str] = {
    Direction.BOTH.value: N_("in and out"),
    Direction.IN.value: N_("in only"),
    Direction.OUT.value: N_("out only"),
}
_TURNS: Mapping[str, tuple[str, ...]] = {
    "active": ("block", "lost", "replace"),
    "blocked": ("unblock", "lost", "replace"),
    "lost": ("found", "replace"),
    "stock": ("block", "lost", "replace"),
}
"""What can be done with a card as it is."""
REASONS: Mapping[str, tuple[str, ...]] = {
    "block": (N_("holder moved out"), N_("misused"), N_("asked for by the office")),
    "unblock": (N_("settled"), N_("blocked by mistake")),
    "lost": (N_("holder reported it lost"), N_("stolen"), N_("not in the drawer")),
    "found": (N_("holder has it again"), N_("handed in"), N_("was in the drawer")),
    "replace": (N_("lost"), N_("does not read any more"), N_("worn out")),
}
KINDS = tuple(kind.value for kind in CardKind)
_FOUND = 50
_ISSUE = (
    "credential",
    "label",
    "kind",
    "holder",
    "unit",
    "department",
    "plate",
    "valid_from",
    "valid_until",
    "windows",
    "direction",
    "reason",
)


def _stock(form: Form) -> dict[str, object]:
    return {"stock": bool(form.get("stock"))}


def _issued(form: Form) -> dict[str, object]:
    lanes = [name.removeprefix("lane.") for name in form if name.startswith("lane.")]
    return {**_stock(form), **({"lanes": lanes} if lanes else {})}


def _card(answer: Answer) -> str:
    return f"/cards?card={quote(str(answer.result.get('card', '')), safe='')}"


def _turn(kind: str, says: str, shape: Shape | None = None) -> Deed:
    return Deed(kind, says, ("reason",), row=("label",), shape=shape, back=_card)


DEEDS: Mapping[str, Deed] = {
    "issue": Deed("card.issue", N_("The card is issued."), _ISSUE, shape=_issued, back=_card),
    "replace": Deed(
        "card.replace",
        N_("The card is replaced; the old one is refused."),
        ("credential", "new_label", "reason"),
        row=("label",),
        back=_card,
    ),
    "block": _turn("card.block", N_("The card is blocked: it is refused from now on.")),
    "unblock": _turn("card.unblock", N_("The card is good again."), _stock),
    "lost": _turn("card.lost", N_("The card is reported lost: it is refused from now on.")),
    "found": _turn("card.found", N_("The card is back and good again."), _stock),
}


def cards(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words, site = desk.words(request), desk.site(request)
    text = asked(request).get("q", "") or request.query_params.get("card", "")
    label = request.query_params.get("card", "") or sent.values.get("label", "")
    with desk.reading(request) as reading:
        card = movements.card(reading, label) if label and sent.do != "issue" else None
        found = movements.cards(reading, text, _FOUND + 1) if text and card is None else []
        if card is None and len(found) == 1:
            card, found = found[0], []
        stock = counts.stock(reading)
    return desk.render(
        request,
        "cards.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        asked=text,
        card=_shown(card, words, site) if card else None,
        turns=_turns(request, card),
        visit=_visit(card, stock),
        found=[_shown(row, words, site) for row in found[:_FOUND]],
        more=len(found) > _FOUND,
        stock=_summed(stock, words),
        away=[_away(row, words) for row in stock if row["state"] != "in"],
        may_issue=may(request, "card.issue"),
        kinds=[(kind, words(told.CARD_KINDS[kind])) for kind in KINDS],
        reasons={turn: [words(text) for text in texts] for turn, texts in REASONS.items()},
        directions=told.options(DIRECTIONS, words),
        lanes=[(lane, site.lane(lane)) for lane in site.plan.lanes],
    )


def _turns(request: Request, card: Mapping[str, Any] | None) -> list[str]:
    if card is None:
        return []
    return [turn for turn in _TURNS.get(card["status"], ()) if may(request, f"card.{turn}")]


def _visit(card: Mapping[str, Any] | None, stock: Sequence[Mapping[str, Any]]) -> str:
    """The visit that has this card of the stock, if one has it."""
    out = {row["card"]: str(row["visit"]) for row in stock if row["state"] == "out"}
    return out.get(card["label"], "") if card else ""


def _shown(row: Mapping[str, Any], words: Words, site: Site) -> dict[str, Any]:
    tone, sign, said = STATUSES.get(row["status"], ("wait", "?", row["status"]))
    lanes = [site.lane(lane) for lane in row["lanes"].split(" ") if lane]
    return {
        "label": row["label"],
        "credential": row["credential"],
        "kind": words(told.CARD_KINDS.get(row["kind"], row["kind"])),
        "status": row["status"],
        "tone": tone,
        "sign": sign,
        "said": words(said),
        "holder": row["holder"],
        "place": " · ".join(text for text in (row["unit"], row["department"]) if text),
        "plate": row["plate"],
        "from": row["valid_from"].replace("T", " "),
        "until": row["valid_until"].replace("T", " "),
        "windows": row["windows"],
        "lanes": ", ".join(lanes),
        "direction": words(DIRECTIONS.get(row["direction"], row["direction"])),
        "where": row["where"],
        "contractor": row["kind"] == CardKind.CONTRACTOR.value,
    }


def _summed(stock: Sequence[Mapping[str, Any]], words: Words) -> list[dict[str, Any]]:
    """How many cards of each kind lie in the drawer, are out, and are lost."""
    many = Counter((row["kind"], row["state"]) for row in stock)
    return [
        {
            "kind": words(told.CARD_KINDS.get(kind, kind)),
            "total": sum(many[kind, state] for state in PASSES),
            **{state: many[kind, state] for state in PASSES},
        }
        for kind in dict.fromkeys(row["kind"] for row in stock)
    ]


def _away(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    state = words(PASSES.get(row["state"], row["state"]))
    return {"card": row["card"], "state": state, "visit": row["visit"]}


def routes() -> list[Route]:
    """The routes of this page."""
    return [Route("/cards", cards, methods=["GET", "POST"])]
