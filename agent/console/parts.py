"""The parts of the gate in the guard's words, and what of them is in trouble.

Rules kept here:
- the header's word is of the worst part: the gate works only while every part does;
- readers are told by the lane where nobody's card is read now;
- a part that has not told anything yet is in no trouble;
- the guard is told what it means for him; why it is so is one press away.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from agent.console.link import Picture
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.core.ids import ReaderId

TONES = {"ok": "good", "degraded": "wait", "down": "bad"}
_NAMES = {
    "ledger": N_("ledger"),
    "relays": N_("relays"),
    "uplink": N_("line to the centre"),
    "clock": N_("clock"),
    "disk": N_("disk"),
    "gpio": N_("relays and inputs"),
    "printer": N_("printer"),
    "intercom": N_("intercom"),
}
N_("reader %(name)s")
N_("display %(name)s")
_NAMED = ("reader", "display")
STATES: Mapping[str, str] = {
    "good": N_("gate works"),
    "wait": N_("gate impaired"),
    "bad": N_("gate does not work fully"),
}
"""The header's words while the gate answers."""
_CONDITIONS = {"degraded": N_("impaired"), "down": N_("does not work")}
_HALTS = frozenset({"ledger", "disk", "gpio"})
_ESSENTIAL = _HALTS | {"reader"}
_CALL = N_("tell whoever looks after the gate")
_MEANS: Mapping[str, str] = {
    "ledger": N_("Nobody is let in by card or by order until it can be written again."),
    "disk": N_("There is no room left: tell whoever looks after the gate, now."),
    "gpio": N_("Arms may not move, and what they do may not be seen."),
    "uplink": N_("The gate goes on; what happens is sent later."),
    "clock": N_("Dates are not judged by it: look at the cards yourself."),
    "reader": N_("No card is read here."),
}
"""What it means for the guard. Why it is so stands on the page of the gate's health."""


class Header(NamedTuple):
    """What the top of every page tells. ``tone`` is one of `STATES`, ``trusted`` the clock.

    ``left`` is how many events wait for the centre (None: no centre), ``sent`` whether they leave;
    ``known`` changes whenever another part is in trouble.
    """

    tone: str
    trusted: bool
    left: int | None
    sent: bool
    known: str


def header(picture: Picture) -> Header:
    """What is known now."""
    found = troubles(picture.parts)
    parts = {str(part.get("part")): part for part in picture.parts}
    uplink = parts.get("uplink", {})
    backlog = (uplink.get("counters") or {}).get("backlog")
    return Header(
        "bad" if any(map(_grave, found)) else "wait" if found else "good",
        parts.get("clock", {}).get("condition", "ok") == "ok",
        int(backlog) if backlog is not None else None,
        uplink.get("condition") == "ok",
        ";".join(f"{part['part']}={part['condition']}" for part in found),
    )


def troubles(parts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The parts that are down or impaired."""
    return [part for part in parts if part.get("condition") in _CONDITIONS]


def name(words: Words, part: str) -> str:
    """What a part is called."""
    what, _, which = part.partition(" ")
    if which and what in _NAMED:
        return words.filled(f"{what} %(name)s", {"name": which})
    return words(_NAMES.get(part, part))


def todo(words: Words, site: Site, picture: Picture) -> list[dict[str, Any]]:
    """The items of the list of what is to be done, as `agent.console.todo` makes them.

    ``what`` is ``halt`` for what stops the whole gate, ``broken`` for what is down at a lane, else
    ``impaired``.
    """
    readers: dict[str, list[Mapping[str, Any]]] = {}
    items: list[dict[str, Any]] = []
    for part in troubles(picture.parts):
        kind, _, which = str(part["part"]).partition(" ")
        if kind == "reader":
            readers.setdefault(_place(site, which), []).append(part)
        else:
            items.append(_item(words, str(part["part"]), name(words, str(part["part"])), part))
    for place, found in readers.items():
        items.append(_of_readers(words, place, found))
    return items


def _of_readers(words: Words, place: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All readers of one place that are in trouble, in one item; the worst of them counts."""
    worst = next((part for part in found if _grave(part)), found[0])
    names = ", ".join(str(part["part"]).partition(" ")[2] for part in found)
    title = " ".join(each for each in (place, words(N_("reader"))) if each)
    item = _item(words, f"reader-{place}", title, worst)
    return item | {"text": " · ".join((names, item["text"]))}


def _item(words: Words, key: str, title: str, part: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(part["part"]).partition(" ")[0]
    condition, grave = str(part["condition"]), _grave(part)
    means = _MEANS.get(kind, _CALL) if grave or kind not in _ESSENTIAL else _CALL
    return {
        "what": "halt" if grave and kind in _HALTS else "broken" if grave else "impaired",
        "key": f"part-{key}",
        "title": title,
        "text": " · ".join((words(_CONDITIONS[condition]), words(means))),
        "href": "/health",
        "tone": "bad" if grave else "wait",
        "left_s": None,
        "since_us": 0,
        "see": "",
        "comes": None,
    }


def _place(site: Site, reader: str) -> str:
    """The name of the lane or desk at which a reader is."""
    plan = site.plan.readers.get(ReaderId(reader))
    if plan is None:
        return ""
    return site.lane(plan.lane) if plan.lane is not None else site.place(str(plan.desk or ""))


def _grave(part: Mapping[str, Any]) -> bool:
    """Does the gate itself not do its work for this?"""
    kind = str(part["part"]).partition(" ")[0]
    return part["condition"] == "down" and kind in _ESSENTIAL
