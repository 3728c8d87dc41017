"""What the guard sees and says at a tap: the reason in plain words, and a courteous sentence.

Rules kept here:
- one sentence for each moment, polite and short; a name is used only where one is known;
- what was not decided is not claimed; a code without words is shown as it is.
"""

from collections.abc import Mapping
from typing import Any

from agent.console.words import N_, Words

GRANTED, DENIED, REFERRED = "granted", "denied", "referred"

REASONS: Mapping[str, str] = {
    "unknown_credential": N_("this card is not known here"),
    "pass_forged": N_("the signature of this pass is wrong"),
    "pass_key_unknown": N_("this pass is signed with a key that is not known"),
    "pass_revoked": N_("this pass is signed with a key that was revoked"),
    "pass_elsewhere": N_("this pass is for another gate"),
    "pass_used": N_("this pass was used already"),
    "appointment_cancelled": N_("the appointment was cancelled"),
    "appointment_unknown": N_("the appointment is not known here"),
    "ambiguous": N_("this number fits more than one card"),
    "card_lost": N_("this card was reported lost"),
    "card_blocked": N_("this card is blocked"),
    "card_retired": N_("this card was taken out of use"),
    "card_not_issued": N_("this card lies in stock, nobody has it"),
    "test_card": N_("this is a test card"),
    "proof_failed": N_("did not prove itself: perhaps a copy"),
    "proof_required": N_("only its number was read, it has to prove itself"),
    "lane_not_allowed": N_("not good for this lane"),
    "direction_not_allowed": N_("not good in this direction"),
    "not_yet_valid": N_("not valid yet"),
    "expired": N_("this card has expired"),
    "outside_hours": N_("not good at this hour"),
    "passback": N_("went this way already and did not come back"),
    "arm_faulted": N_("the arm does not open: it is faulted"),
    "zone_full": N_("all bays are taken"),
    "oncoming": N_("somebody comes the other way"),
    "too_late": N_("the gate was held up, show the card again"),
    "ledger_unwritable": N_("the gate cannot write its ledger"),
    "banned": N_("may not come in: there is a ban"),
    "lockdown_release": N_("lockdown: only security releases, by name"),
    "clock_unknown": N_("the clock is not known: check the dates yourself"),
    "deposit_due": N_("give the deposit back first"),
    "inspection_due": N_("inspect the truck first"),
    "release_slip_due": N_("goods: the release slip first"),
    "bearer_check": N_("is the bearer the holder? look at photo or document"),
}
"""Reasons of a denial and duties of the guard, by their codes."""

MARKS: Mapping[str, str] = {
    "clock_unknown": N_("dates not checked: the clock is not known"),
    "passback": N_("second entry without an exit"),
    "ban": N_("there is a ban: look"),
}

KINDS: Mapping[str, str] = {
    "resident": N_("resident"),
    "staff": N_("staff"),
    "vehicle": N_("vehicle"),
    "visitor": N_("visitor"),
    "visitor_vehicle": N_("visitor's vehicle"),
    "contractor": N_("contractor"),
    "guard": N_("guard"),
    "patrol": N_("patrol"),
    "test": N_("test card"),
}

OUTCOMES: Mapping[str, str] = {
    "passed": N_("passed"),
    "no_entry": N_("did not pass"),
    "tailgated": N_("two on one card"),
    "reversed": N_("turned round"),
    "forced": N_("forced"),
    "held_open": N_("held open"),
    "interrupted": N_("program stopped in between"),
    "unobserved": N_("not seen by a sensor"),
}

_IN: Mapping[str, tuple[str, str]] = {
    "resident": (N_("Welcome home, %(name)s."), N_("Welcome home.")),
    "staff": (N_("Good day, %(name)s, have a good shift."), N_("Good day.")),
    "vehicle": (N_("Welcome back, %(name)s. Please drive slowly."), N_("Welcome back.")),
}
_OUT: Mapping[str, tuple[str, str]] = {
    "resident": (N_("Goodbye, %(name)s, take care."), N_("Goodbye, take care.")),
    "staff": (N_("Thank you, %(name)s, see you tomorrow."), N_("Thank you, goodbye.")),
    "vehicle": (N_("Goodbye, %(name)s, drive safely."), N_("Goodbye, drive safely.")),
}
_OTHERS = {
    "in": (N_("Welcome, %(name)s."), N_("Welcome.")),
    "out": (N_("Thank you for your visit, %(name)s."), N_("Thank you for your visit.")),
}
_DUTIES: Mapping[str, str] = {
    "deposit_due": N_("Please hand me the card. Here is your deposit."),
    "inspection_due": N_("May I please look into the back? Thank you for your patience."),
    "release_slip_due": N_("May I please see the release slip for the goods?"),
    "bearer_check": N_("May I please see your photo or document?"),
    "lockdown_release": N_("I am sorry, nobody may leave just now. I ask security for you."),
    "clock_unknown": N_("One moment please, I check your card."),
}
_SORRY: Mapping[str, str] = {
    "unknown_credential": N_("I am sorry, the gate does not know this card. Whom do you visit?"),
    "expired": N_("I am sorry, this card has expired. May I help you at the desk?"),
    "outside_hours": N_("I am sorry, this card is not good at this hour. May I call somebody?"),
    "card_lost": N_("I am sorry, this card was reported lost. May I have it, please?"),
    "card_blocked": N_("I am sorry, this card is blocked. The office can help."),
    "proof_failed": N_("I am sorry, the gate could not check this card. May I see it, please?"),
    "proof_required": N_("I am sorry, the gate could not check this card. May I see it, please?"),
    "pass_used": N_("I am sorry, this pass was used already. Whom do you visit?"),
    "appointment_cancelled": N_("I am sorry, this appointment was cancelled. May I call somebody?"),
    "arm_faulted": N_("I am sorry, the arm does not open just now. Please wait, I see to it."),
    "zone_full": N_("I am sorry, there is no free bay just now. Please wait a moment."),
    "oncoming": N_("One moment please, somebody comes the other way."),
    "too_late": N_("Please hold the card to the reader once more."),
}
_ELSE = N_("I am sorry, the gate does not open with this card. May I help you?")


def verdict(kind: str) -> str:
    """Of a type of entry: granted, denied, referred, or empty for none of them."""
    parts = kind.split(".")
    return parts[2] if len(parts) == 4 and parts[1] == "access" else ""


def reason(words: Words, code: str) -> str:
    """A reason or duty in words."""
    return words(REASONS.get(code, code))


def phrase(words: Words, answer: str, data: Mapping[str, Any], name: str) -> str:
    """The courteous sentence for this tap; ``name`` may be empty."""
    if answer == REFERRED:
        return words(_DUTIES.get(str(data.get("duty")), _DUTIES["clock_unknown"]))
    if answer == DENIED:
        return words(_SORRY.get(str(data.get("reason")), _ELSE))
    way = "out" if data.get("direction") == "out" else "in"
    known = _IN if way == "in" else _OUT
    named, plain = known.get(str(data.get("kind")), _OTHERS[way])
    return words(named) % {"name": name} if name else words(plain)
