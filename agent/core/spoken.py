"""What a lane's loudspeaker says, and when.

Rules kept here:
- a sentence is for everybody who stands there: no name, no unit, no plate, no card number, and no
  reason that shames (a ban, a card reported lost): for these it is the guard who speaks;
- a sentence of its own where whoever hears it can do something; else the common one;
- what is said follows what was written down, or what the lane looks like: nothing is promised.
"""

from collections.abc import Mapping
from typing import NamedTuple

from agent.core.decision import Duty, Reason
from agent.core.entries import Entry, EntryType
from agent.core.ids import LaneId
from agent.core.view import LaneView


class Sentence(NamedTuple):
    """What is to be recorded, in both languages."""

    zh: str
    en: str


FIRE, LOCKDOWN, OPEN_TOO_LONG = "fire", "lockdown", "open_too_long"
DENIED, REFERRED = "denied", "referred"

SENTENCES: Mapping[str, Sentence] = {
    "granted_in": Sentence("您好，欢迎，请慢行。", "Welcome. Please go slowly."),
    "granted_out": Sentence("再见，请慢行。", "Goodbye. Please go slowly."),
    DENIED: Sentence(
        "抱歉，此卡不能放行，请与门卫联系。",
        "I am sorry, the gate does not open with this card. Please speak to the guard.",
    ),
    "denied_unknown": Sentence(
        "抱歉，系统里没有这张卡，请与门卫联系。",
        "I am sorry, the gate does not know this card. Please speak to the guard.",
    ),
    "denied_expired": Sentence(
        "抱歉，此卡已过期，请到门卫处办理。",
        "I am sorry, this card has expired. Please speak to the guard.",
    ),
    "denied_now": Sentence(
        "抱歉，此卡现在不能使用，请与门卫联系。",
        "I am sorry, this card is not good at this time. Please speak to the guard.",
    ),
    "denied_here": Sentence(
        "抱歉，此卡不能在这里使用，请走其他通道，或与门卫联系。",
        "I am sorry, this card is not good here. Please take another lane, or speak to the guard.",
    ),
    "denied_full": Sentence(
        "抱歉，车位已满，请稍候。", "I am sorry, there is no free bay just now. Please wait."
    ),
    "denied_wait": Sentence(
        "对面有来车，请稍候再刷卡。",
        "Somebody comes the other way. Please wait, and show your card again.",
    ),
    "denied_again": Sentence("请再刷一次卡。", "Please show your card once more."),
    REFERRED: Sentence(
        "请稍候，门卫马上为您服务。", "One moment please, the guard is coming to help you."
    ),
    "referred_deposit": Sentence(
        "请把卡交给门卫，并领回您的押金。",
        "Please hand your card to the guard, and take your deposit back.",
    ),
    "referred_inspection": Sentence(
        "请停车，请配合门卫检查，谢谢。",
        "Please stop and let the guard look into the back. Thank you.",
    ),
    "referred_slip": Sentence(
        "请向门卫出示货物放行条。", "Please show the guard the release slip for the goods."
    ),
    "referred_bearer": Sentence(
        "请向门卫出示您的证件，谢谢。", "Please show the guard your photo or document. Thank you."
    ),
    "referred_lockdown": Sentence(
        "抱歉，现在暂时不能离开，门卫会为您联系。",
        "I am sorry, nobody may leave just now. The guard asks for you.",
    ),
    OPEN_TOO_LONG: Sentence("请勿停留，请尽快通过。", "Please do not stop here. Please move on."),
    LOCKDOWN: Sentence(
        "请注意，出口暂时关闭，请听从门卫指引。",
        "Attention please: the exit is closed for now. Please follow the guard's directions.",
    ),
    FIRE: Sentence(
        "火警，请保持镇静，为消防车让出通道。",
        "Fire alarm. Please stay calm, and keep the way clear for the fire engines.",
    ),
}
"""Every moment, which is the name of its recording too, and the sentence to record."""

_CLASSES: Mapping[str, str] = {
    Reason.UNKNOWN_CREDENTIAL: "denied_unknown",
    Reason.EXPIRED: "denied_expired",
    Reason.NOT_YET_VALID: "denied_now",
    Reason.OUTSIDE_HOURS: "denied_now",
    Reason.LANE_NOT_ALLOWED: "denied_here",
    Reason.DIRECTION_NOT_ALLOWED: "denied_here",
    Reason.ZONE_FULL: "denied_full",
    Reason.ONCOMING: "denied_wait",
    Reason.TOO_LATE: "denied_again",
    Duty.DEPOSIT_DUE: "referred_deposit",
    Duty.INSPECTION_DUE: "referred_inspection",
    Duty.RELEASE_SLIP_DUE: "referred_slip",
    Duty.BEARER_CHECK: "referred_bearer",
    Duty.LOCKDOWN_RELEASE: "referred_lockdown",
}
URGENT = frozenset({FIRE})
"""What does not wait until another sentence is over."""


def candidates(moment: str) -> tuple[str, ...]:
    """The recordings of a moment, the best first: a common one stands in for one of a reason."""
    common, _, of_reason = moment.partition("_")
    return (moment, common) if of_reason and common in {DENIED, REFERRED} else (moment,)


def of_entry(entry: Entry) -> tuple[LaneId, str] | None:
    """At which lane what is said for this entry; None where nothing is."""
    kind, _, at = entry.subject.partition("/")
    if kind != "lane":
        return None
    match entry.type:
        case EntryType.ACCESS_GRANTED:
            way = "out" if entry.data.get("direction") == "out" else "in"
            return LaneId(at), f"granted_{way}"
        case EntryType.ACCESS_DENIED:
            return LaneId(at), _CLASSES.get(str(entry.data.get("reason")), DENIED)
        case EntryType.ACCESS_REFERRED:
            return LaneId(at), _CLASSES.get(str(entry.data.get("duty")), REFERRED)
    return None


def of_view(before: LaneView | None, after: LaneView) -> str:
    """What is said because the lane looks like that now; empty for nothing.

    ``before`` is None at the start: what is in force is said then.
    """
    now = _state(after)
    if before is not None and now == _state(before):
        return ""
    return now.partition(" ")[0]


def _state(view: LaneView) -> str:
    if view.emergency == "fire":
        return FIRE
    if view.mode == "lockdown":
        return LOCKDOWN
    if view.position == "open" and view.alarm != "none":
        # Each step of the ladder is said.
        return f"{OPEN_TOO_LONG} {view.alarm}"
    return ""
