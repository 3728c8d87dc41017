"""The to-do list in words: what is due, for whom, how long, and the form that settles it."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from agent.console import phrases
from agent.console.pages.codes import CODES
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.core.alarms import SEEN

_TITLES: Mapping[str, str] = {
    "duty": N_("at the lane"),
    "help": N_("help"),
    "priority": N_("expected with priority"),
    "alarm": N_("alarm"),
    "overdue": N_("overdue"),
    "unsigned": N_("to be written up"),
    "deposit": N_("not fetched"),
    "notice": N_("notice has ended"),
}
HELP: Mapping[str, str] = {
    "illness": N_("illness"),
    "crime": N_("crime"),
    "fire": N_("fire"),
    "flood": N_("water"),
    "repair": N_("repair"),
    "complaint": N_("complaint"),
    "question": N_("question"),
    "ambulance": N_("ambulance"),
}
ALARMS: Mapping[str, str] = {
    "held_open": N_("open too long"),
    "forced": N_("moved by force"),
    "fire_input": N_("the fire contact cannot be read"),
    "tailgating": N_("two on one card"),
    "duress": N_("forced to open: silent alarm"),
    "unanswered": N_("call nobody answered"),
}
_ORDER = ("halt", "duty", "help", "priority", "broken", "alarm", "impaired")
"""The most urgent first; everything else comes behind, as the books have it."""
_PAGES: Mapping[str, tuple[str, str]] = {
    "help": ("/help", "help"),
    "priority": ("/help", "announced"),
    "overdue": ("/visitor-out", "visit"),
    "unsigned": ("/shift", "act"),
    "deposit": ("/deposits", "deposit"),
    "notice": ("/notices", "notice"),
}
_DUTIES: Mapping[str, str] = {
    "deposit_due": "/visitor-out",
    "inspection_due": "/goods",
    "release_slip_due": "/goods",
}


def merged(troubles: Iterable[dict[str, Any]], items: Iterable[dict[str, Any]]) -> list[Any]:
    """What of the gate does not work, among what is due; each in its own order."""
    rank = {what: place for place, what in enumerate(_ORDER)}
    return sorted((*troubles, *items), key=lambda each: rank.get(each["what"], len(rank)))


def item(words: Words, site: Site, found: Mapping[str, Any]) -> dict[str, Any]:
    """One item: ``what, title, text, href, tone, left_s, since_us, see, comes``.

    ``left_s`` is None where nothing runs out; ``see`` is the alarm that ends when a guard has seen
    it, empty for everything else; ``comes`` is what an announced passage is let through with.
    """
    what, row = str(found["what"]), found["row"]
    lane = site.lane(str(found["lane"])) if found["lane"] else ""
    left = int(found["left_us"]) / 1e6 if found["due_us"] else None
    return {
        "what": what,
        "key": f"{what}-{found['key']}",
        "title": " ".join(part for part in (lane, words(_TITLES.get(what, what))) if part),
        "text": _text(words, what, row),
        "href": _href(what, found),
        "tone": "bad"
        if what in {"alarm", "help"}
        else "wait"
        if what in {"duty", "priority"}
        else "calm",
        "left_s": left,
        "since_us": int(found["since_us"]),
        "see": str(found["key"]) if what == "alarm" and row["alarm"] in SEEN else "",
        "comes": {"announced": str(found["key"]), "count": row["count"]}
        if what == "priority"
        else None,
    }


def _text(words: Words, what: str, row: Mapping[str, Any]) -> str:
    personal, data = row["personal"], row["data"]
    who = str(personal.get("visitor") or personal.get("owner") or personal.get("holder") or "")
    unit = str(personal.get("unit") or "")
    card = str(row.get("card") or data.get("card") or "")
    match what:
        case "duty":
            parts = [card, who, phrases.reason(words, str(row["kind"]))]
        case "help":
            kind = str(row["kind"])
            parts = [words(HELP.get(kind, kind)), unit, who]
        case "priority":
            kind = str(row["kind"])
            many = f"× {row['count']}" if row["count"] > 1 else ""
            parts = [words(CODES.get(kind, kind)), many, unit, str(data.get("route") or "")]
        case "alarm":
            kind = str(row["alarm"])
            parts = [words(ALARMS.get(kind, kind)), str(data.get("detail") or "")]
        case "unsigned":
            kind, by = str(row["kind"]), "" if data.get("unsigned") is True else str(row["by"])
            parts = [words(CODES.get(kind, kind)), by or words(N_("no name yet"))]
        case "deposit":
            pocket = str(row.get("pocket") or "")
            parts = [words(N_("pocket %(pocket)s")) % {"pocket": pocket} if pocket else "", who]
        case "notice":
            parts = [str(data.get("text") or "")]
        case _:
            parts = [card, who, unit, str(personal.get("plate") or "")]
    return " · ".join(part for part in parts if part)


def _href(what: str, found: Mapping[str, Any]) -> str:
    if what == "duty":
        row = found["row"]
        path = _DUTIES.get(str(row["kind"]), "/")
        query = urlencode({"lane": found["lane"], "card": str(row.get("card") or "")})
        return f"{path}?{query}" if path != "/" else f"/#lane-{found['lane']}"
    if what == "alarm":
        return f"/#lane-{found['lane']}" if found["lane"] else "/health"
    path, name = _PAGES[what]
    return f"{path}?{urlencode({name: found['key']})}"
