"""One lane as its card on the Gate page shows it.

Rules kept here:
- position, mode and alarm are words, a shape and a colour together; what is not proved is said;
- the last decision stays on the card while it matters: until the next one, or for `SHOWN_S`;
- at most one act is the big button: what has to be done next at this lane, and where.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from agent.console import phrases
from agent.console.words import N_, Words
from agent.core import motion
from agent.core.plan import LanePlan

SHOWN_S = 180.0

POSITIONS: Mapping[str, str] = {
    "open": N_("OPEN"),
    "closed": N_("CLOSED"),
    "opening": N_("OPENING"),
    "closing": N_("CLOSING"),
    "stopped": N_("STOPPED"),
    "unknown": N_("NOT KNOWN"),
}
_MODES: Mapping[str, str] = {
    "held_open": N_("held open"),
    "stopped": N_("stopped by hand"),
    "faulted": N_("fault"),
    "fire": N_("fire: stays up"),
    "lockdown": N_("lockdown"),
}
_LOOPS: Mapping[str, str] = {
    "occupied": N_("car on the loop"),
    "clear": N_("loop free"),
    "unknown": N_("loop not known"),
}
_ALARMS: Mapping[str, str] = {
    "pre_alarm": N_("open for long"),
    "alarm": N_("open too long"),
    "escalated": N_("open too long, help was called"),
}


@dataclass(frozen=True, slots=True)
class Next:
    """The one next act: a link (``href``), an order of the lane (``kind``) or a dialog."""

    label: str
    key: str = ""
    href: str = ""
    kind: str = ""
    dialog: str = ""


@dataclass(frozen=True, slots=True)
class LaneCard:
    """What is shown; texts are in the guard's language. ``tone``: good, bad, wait or calm."""

    lane: str
    name: str
    way: str
    position: str
    word: str
    proof: str
    tone: str
    marks: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()
    tap: Mapping[str, Any] | None = None
    next: Next | None = None
    duty: str = ""
    since_us: int = 0
    card: str = ""
    backs: tuple[str, ...] = ()
    can: frozenset[str] = field(default_factory=frozenset)


def lane_card(
    words: Words,
    plan: LanePlan,
    name: str,
    view: Mapping[str, Any] | None,
    tap: Mapping[str, Any] | None,
    duty: Mapping[str, Any] | None,
    backs: tuple[str, ...] = (),
) -> LaneCard:
    """Put together what is known of one lane. ``view`` is None when nothing is known.

    ``backs`` is what has to be given back to who waits there.
    """
    known: Mapping[str, Any] = view or {"position": "unknown", "mode": "", "proof": "none"}
    position = str(known["position"])
    shown = _tap(words, tap)
    due = str(duty["kind"]) if duty is not None else ""
    return LaneCard(
        str(plan.lane),
        name,
        plan.direction.value,
        position,
        words(POSITIONS.get(position, position)),
        words(N_("by the time it takes, no switch")) if known.get("proof") == "assumed" else "",
        _tone(known, due),
        tuple(_marks(words, known)),
        tuple(str(each) for each in known.get("faults", ())),
        shown,
        _next(words, plan, known, duty, shown),
        due,
        int(duty["since_us"]) if duty is not None else 0,
        str(duty.get("card") or "") if duty is not None else "",
        backs,
        _can(plan, known),
    )


def _tone(view: Mapping[str, Any], due: str) -> str:
    if view["mode"] in {"faulted", "fire"} or view.get("alarm", "none") not in {
        "none",
        "pre_alarm",
    }:
        return "bad"
    if due or view["mode"] in {"stopped", "lockdown"} or view["position"] == "unknown":
        return "wait"
    return "good" if view["position"] in {"open", "opening"} else "calm"


def _marks(words: Words, view: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    if view["mode"] in _MODES:
        bad = "bad" if view["mode"] in {"faulted", "fire"} else "wait"
        found.append((words(_MODES[view["mode"]]), bad))
    if view.get("emergency") in {"fire", "lockdown"} and view["emergency"] != view["mode"]:
        found.append((words(_MODES[str(view["emergency"])]), "bad"))
    if view.get("alarm") in _ALARMS:
        found.append((words(_ALARMS[str(view["alarm"])]), "bad"))
    if view.get("approach") == "occupied":
        found.append((words(N_("somebody waits before the arm")), "wait"))
    if view.get("loop") in _LOOPS:
        tone = {"occupied": "wait", "unknown": "bad"}.get(str(view["loop"]), "calm")
        found.append((words(_LOOPS[str(view["loop"])]), tone))
    if view.get("waiting"):
        says = words.many(N_("%(n)s may pass"), N_("%(n)s may pass"), int(view["waiting"]))
        found.append((says % {"n": view["waiting"]}, "good"))
    return found


def _tap(words: Words, tap: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The last decision as it is shown; None when there is none or it is long past."""
    if tap is None:
        return None
    answer = phrases.verdict(str(tap["type"]))
    fresh = time.time() - int(tap["at_us"]) / 1e6 < SHOWN_S
    if not answer or not fresh:
        return None
    return told(words, tap)


def told(words: Words, tap: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tap in words: ``answer, word, tone, who, unit, plate, card, kind, why, phrase, at_us``."""
    data, personal = tap["data"], tap["personal"]
    answer = phrases.verdict(str(tap["type"]))
    names = {
        "granted": (words(N_("ADMITTED")), "good"),
        "denied": (words(N_("REFUSED")), "bad"),
        "referred": (words(N_("YOUR TURN")), "wait"),
    }
    word, tone = names.get(answer, (words(N_("at the desk")), "calm"))
    code = str(data.get("reason") or data.get("duty") or "")
    who = str(personal.get("holder") or personal.get("visitor") or "")
    marks = [words(phrases.MARKS.get(str(mark), str(mark))) for mark in data.get("marks", ())]
    outcome = str(tap.get("outcome", ""))
    return {
        "sequence": tap["sequence"],
        "answer": answer,
        "word": word,
        "tone": tone,
        "who": who,
        "unit": str(personal.get("unit") or personal.get("department") or ""),
        "plate": str(personal.get("plate") or ""),
        "card": str(data.get("card") or ""),
        "kind": words(phrases.KINDS.get(str(data.get("kind")), str(data.get("kind") or ""))),
        "why": phrases.reason(words, code) if code else "",
        "marks": marks,
        "phrase": phrases.phrase(words, answer, data, who) if answer else "",
        "at_us": int(tap["at_us"]),
        "lane": str(data.get("lane") or data.get("desk") or ""),
        "outcome": words(phrases.OUTCOMES.get(outcome, outcome)) if outcome else "",
    }


_WHERE: Mapping[str, tuple[str, str, str]] = {
    "deposit_due": ("/visitor-out", "F2", N_("Card back, deposit back, open")),
    "inspection_due": ("/goods", "F3", N_("Inspect the truck, then open")),
    "release_slip_due": ("/goods", "F3", N_("Check the release slip, then open")),
}


def _next(
    words: Words,
    plan: LanePlan,
    view: Mapping[str, Any],
    duty: Mapping[str, Any] | None,
    tap: Mapping[str, Any] | None,
) -> Next | None:
    """What the guard does next here; None: nothing."""
    found = None
    if view["mode"] == "fire":
        found = Next(words(N_("Reset the fire")), "F12", dialog="fire")
    elif view["mode"] == "faulted":
        found = Next(words(N_("Clear the fault")), dialog="clear-fault")
    elif duty is not None:
        found = _due(words, plan, str(duty["kind"]), str(duty.get("card") or ""))
    elif view["mode"] == "held_open":
        found = Next(words(N_("End holding open")), kind="release_hold")
    elif tap is not None and tap["answer"] == "denied" and plan.direction.value != "out":
        found = Next(words(N_("Register a visitor")), "F1", href=f"/visitor-in?lane={plan.lane}")
    return found


def _due(words: Words, plan: LanePlan, kind: str, card: str) -> Next:
    if kind in _WHERE:
        path, key, says = _WHERE[kind]
        query = urlencode({"lane": plan.lane, "card": card})
        return Next(words(says), key, href=f"{path}?{query}")
    if kind == "bearer_check":
        return Next(words(N_("Check the bearer, then open")), "F5", dialog="bearer")
    return Next(words(N_("Let out by name")), "F5", dialog="open-lane")


def _can(plan: LanePlan, view: Mapping[str, Any]) -> frozenset[str]:
    """The orders that this lane knows now."""
    arm, found = plan.arm, {"open", "priority"}
    if motion.can_lower(arm):
        found.add("close")
    if motion.can_stop(arm):
        found.add("stop")
    if motion.can_hold(arm):
        found.add("release_hold" if view["mode"] == "held_open" else "hold_open")
    return frozenset(found)
