"""The calls of the intercom in words: who rings, who is called, how long, and what can be done.

Rules kept here:
- while nobody is signed on it is told that somebody calls, and not whom;
- what can be done with a call depends on how far it came, as the gate itself has it.
"""

import time
from collections.abc import Mapping
from typing import Any

from agent.console.site import Site
from agent.console.words import N_, Words

PARTIES: Mapping[str, str] = {
    "booth": N_("booth"),
    "unit": N_("resident"),
    "control": N_("control room"),
    "department": N_("department"),
    "emergency": N_("emergency number"),
    "other": N_("other"),
}
STAGES: Mapping[str, tuple[str, str, str]] = {
    "waiting": ("wait", "…", N_("waits: another call is on")),
    "ringing": ("wait", "☎", N_("rings")),
    "answered": ("good", "✓", N_("talks")),
}
OVER = ("", "–", N_("is over"))
ORIGINS: Mapping[str, str] = {
    "button": N_("visitor at the button"),
    "screen": N_("visitor at the lane"),
    "guard": N_("called by the guard"),
    "incoming": N_("the control room calls"),
}
ANSWERS: Mapping[str, str] = {"agreed": N_("agreed"), "declined": N_("declined")}


def shown(row: Mapping[str, Any], words: Words, site: Site, *, named: bool) -> dict[str, Any]:
    """One call; ``named``: somebody is signed on who may see whom it goes to."""
    stage, origin = str(row["stage"]), str(row["origin"])
    over = row["state"] == "ended"
    tone, sign, said = OVER if over else STAGES.get(stage, ("wait", "☎", stage))
    since_us = int(row["answered_us"] if stage == "answered" else row["began_us"])
    party, answer = str(row["party"]), str(row["answer"])
    whom = [words(PARTIES.get(party, party))]
    if named:
        whom += [str(row["whose"] or row["personal"].get("unit", "")), str(row["who"])]
    return {
        "call": row["call"],
        "lane": site.lane(str(row["lane"])) if row["lane"] else "",
        "origin": words(ORIGINS.get(origin, origin)),
        "tone": "bad" if row["alarm"] else tone,
        "sign": sign,
        "said": words(said),
        "alarm": bool(row["alarm"]),
        "whom": " ".join(text for text in whom if text),
        "since_us": since_us,
        "span_s": max(0.0, time.time() - since_us / 1e6),
        "answer": words(ANSWERS.get(answer, answer)),
        "opened": bool(row["opened"]),
        "recorded": site.plan.calls is not None and site.plan.calls.recorded,
        "can": frozenset() if over else _can(row),
    }


def _can(row: Mapping[str, Any]) -> frozenset[str]:
    """What can be done with it: answer, open, note that they agree, decline, end."""
    stage, mine = row["stage"], row["origin"] == "guard"
    found = {"end"}
    if stage == "ringing" and not mine:
        found.add("answer")
    if stage == "answered" and not row["lane"] and not row["answer"]:
        found.add("agree")
    if stage == "answered" or not mine:
        found.add("decline")
        if row["lane"] and not row["opened"]:
            found.add("open")
    return frozenset(found)
