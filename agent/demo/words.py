"""An entry of the journal in a few words, for a line of the screen."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from agent.core.access import Duty, Reason, words
from agent.core.entries import MEANINGS, EntryType, StoredEntry

GOOD, BAD, DUTY, PLAIN, ODD = "green", "red", "yellow", "", "magenta"

_SHORT: Mapping[str, str] = {
    Reason.UNKNOWN_CREDENTIAL: "card is not known",
    Reason.FORGED: "pass has a wrong sign",
    Reason.KEY_UNKNOWN: "pass of an unknown key",
    Reason.KEY_REVOKED: "pass of a revoked key",
    Reason.ELSEWHERE: "pass for another gate",
    Reason.USED: "pass was used already",
    Reason.APPOINTMENT_CANCELLED: "appointment cancelled",
    Reason.APPOINTMENT_UNKNOWN: "appointment not known",
    Reason.CARD_BLOCKED: "card is blocked",
    Reason.CARD_LOST: "card is reported lost",
    Reason.EXPIRED: "card has expired",
    Reason.NOT_YET_VALID: "card is not valid yet",
    Reason.CARD_NOT_ISSUED: "card lies in stock",
    Reason.CARD_RETIRED: "card is out of use",
    Reason.TEST_CARD: "test card moves nothing",
    Reason.PROOF_FAILED: "card may be a copy",
    Reason.PROOF_REQUIRED: "card proved nothing",
    Reason.LANE_NOT_ALLOWED: "card not for this lane",
    Reason.DIRECTION_NOT_ALLOWED: "card not this way",
    Reason.OUTSIDE_HOURS: "card not at this hour",
    Reason.PASSBACK: "card has not come back",
    Reason.ARM_FAULTED: "arm is faulted",
    Reason.ZONE_FULL: "all bays are taken",
    Reason.ONCOMING: "lane serves other way",
}
_OUTCOMES = {
    "passed": ("drove through", GOOD),
    "no_entry": ("nobody came", DUTY),
    "interrupted": ("interrupted by a crash", ODD),
    "unobserved": ("nobody could see", DUTY),
    "tailgated": ("followed without a card", BAD),
    "reversed": ("turned round", DUTY),
    "forced": ("forced its way", BAD),
}
_ALARMS = {
    "pre_alarm": ("! open too long", DUTY),
    "alarm": ("! open too long: alarm", BAD),
    "escalated": ("! open too long: call", BAD),
}
_OTHERS = {
    "duress": "! forced to open: a silent alarm",
    "fire_input": "! fire contact unknown",
    "unanswered": "! nobody answers the call",
    "forced": "! alarm: moved by force",
    "tailgating": "! alarm: two on one card",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the screen; ``style`` is a colour of rich, empty for the plain one.

    ``whole`` is a sentence for where there is more room; ``tap`` marks the answer to a card.
    """

    sequence: int
    time: str
    lane: str
    card: str
    words: str
    style: str
    whole: str = ""
    tap: bool = False


def tell(entry: StoredEntry, zone: tzinfo) -> Told:
    """The entry, at the gate's local time."""
    data = json.loads(entry.data)
    local = datetime.fromtimestamp(entry.time_us / 1e6, zone)
    saying = _SAYINGS.get(EntryType(entry.type), _otherwise)
    said, style = saying(data, entry)
    access = entry.type.startswith("gate.access.")
    about, _, name = entry.subject.partition("/")
    lane = str(data.get("lane", "")) or (about if about in _BOOKS else name)
    card = str(data.get("card", "")) or ("?" if access else "")
    return Told(
        entry.sequence,
        local.strftime("%H:%M:%S"),
        lane,
        card,
        said,
        style,
        _whole(data, said),
        tap=access,
    )


def _whole(data: Mapping[str, Any], said: str) -> str:
    if data.get("reason") in _REASONS:
        return words(Reason(data["reason"]))
    if "duty" in data:
        return words(Duty(data["duty"]))
    return said


def _denied(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    reason = str(data["reason"])
    return f"✗ {_SHORT.get(reason, reason.replace('_', ' '))}", BAD


def _ended(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    said, style = _OUTCOMES[data["outcome"]]
    return f"→ {said}", style


def _ordered(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    if "refused" in data:
        return f"{data['order']} refused", BAD
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"{data['order']} by hand{reason}", DUTY


def _protected(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    return f"! {data['what']} for {data['because']}", ODD


def _emergency(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    return ("! fire: the arms go up" if data["emergency"] == "fire" else "! entry only"), BAD


def _alarm(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    other = _OTHERS.get(data["alarm"])
    return _ALARMS[data["step"]] if other is None else (other, BAD)


def _switched(data: Mapping[str, Any], _entry: StoredEntry) -> tuple[str, str]:
    return f"{data['count']} cards rule from now on", PLAIN


def _otherwise(_data: Mapping[str, Any], entry: StoredEntry) -> tuple[str, str]:
    return MEANINGS[EntryType(entry.type)], PLAIN


_BOOKS = frozenset(
    {
        "visit",
        "deposit",
        "slip",
        "help",
        "notice",
        "shift",
        "guard",
        "appointment",
        "ban",
        "card",
        "directory",
        "announced",
        "priority",
    }
)
"""Nouns of the booth: their long identifiers tell nothing in a narrow column."""

Saying = Callable[[Mapping[str, Any], StoredEntry], tuple[str, str]]
_REASONS = frozenset(Reason)
_SAYINGS: Mapping[EntryType, Saying] = {
    EntryType.ACCESS_GRANTED: lambda _d, _e: ("✓ may pass", GOOD),
    EntryType.ACCESS_DENIED: _denied,
    EntryType.ACCESS_REFERRED: lambda _d, _e: ("… the guard decides", DUTY),
    EntryType.PASSAGE_ENDED: _ended,
    EntryType.ARM_ORDERED: _ordered,
    EntryType.ARM_OPENED: lambda _d, _e: ("▲ arm is up", PLAIN),
    EntryType.ARM_CLOSED: lambda _d, _e: ("▬ arm is down", PLAIN),
    EntryType.ARM_PROTECTED: _protected,
    EntryType.ARM_FAULTED: lambda data, _e: (f"✗ arm fault: {data['fault']}", BAD),
    EntryType.ARM_CLEARED: lambda _d, _e: ("fault cleared", DUTY),
    EntryType.ARM_FORCED: lambda data, _e: (f"! arm forced {data['direction']}", BAD),
    EntryType.ARM_RELEASED: lambda _d, _e: ("no longer held open", PLAIN),
    EntryType.ALARM_RAISED: _alarm,
    EntryType.ALARM_ENDED: lambda _d, _e: ("alarm is over", PLAIN),
    EntryType.EMERGENCY_RAISED: _emergency,
    EntryType.EMERGENCY_LIFTED: lambda data, _e: (f"{data['emergency']} lifted", DUTY),
    EntryType.READER_LOST: lambda _d, _e: ("reader went away", BAD),
    EntryType.READER_FOUND: lambda _d, _e: ("reader is there", PLAIN),
    EntryType.READER_TAMPERED: lambda _d, _e: ("reader was opened", BAD),
    EntryType.READER_RESTORED: lambda _d, _e: ("reader is closed again", PLAIN),
    EntryType.AGENT_STARTED: lambda _d, _e: ("started; nothing moved", ODD),
    EntryType.AGENT_STOPPED: lambda _d, _e: ("stopped in order", ODD),
    EntryType.ROSTER_SWITCHED: _switched,
    EntryType.CARD_PRESENTED: lambda _d, _e: ("at the desk", PLAIN),
    EntryType.VISIT_OPENED: lambda data, _e: (f"visit: {data['kind']}", DUTY),
    EntryType.VISIT_ENDED: lambda data, _e: (f"visit over: {data['outcome']}", PLAIN),
    EntryType.VISIT_OVERDUE: lambda _d, _e: ("visitor is overdue", DUTY),
    EntryType.PASS_ISSUED: lambda _d, _e: ("card given out", PLAIN),
    EntryType.PASS_RETURNED: lambda _d, _e: ("card is back", PLAIN),
    EntryType.DEPOSIT_TAKEN: lambda data, _e: (f"deposit: {data['kind']}", DUTY),
    EntryType.DEPOSIT_ENDED: lambda data, _e: (f"deposit {data['end']}", PLAIN),
    EntryType.SHIFT_BEGAN: lambda data, _e: (f"{data['guard']} signed on", GOOD),
    EntryType.SHIFT_ENDED: lambda data, _e: (f"{data['guard']} signed off", PLAIN),
    EntryType.HELP_REQUESTED: lambda data, _e: (f"! help: {data['kind']}", BAD),
}
