"""The table of events: of each type what its ``data`` holds and what it is about.

Rules kept here:
- every type of `agent.core.entries` stands here, once;
- ``about`` are the words with which ``subject`` may begin (``lane/in-1``); "" stands for none.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.contract import booth_events as booth
from agent.contract import call_events as calls
from agent.contract import gate_events as gate
from agent.contract import lane_events as lane
from agent.contract import visit_events as visit
from agent.core.entries import MEANINGS, EntryType

SCHEMA = "urn:gate:schema:"
"""What ``dataschema`` begins with; the type follows."""

_EXAMPLES: Mapping[str, str] = {
    "lane": "lane/in-1",
    "reader": "reader/in-1-reader",
    "input": "input/in-1.loop",
    "output": "output/siren",
    "desk": "desk/desk-1",
    "card": "card/V-017",
    "zone": "zone/inside",
    "guard": "guard/g-1001",
    "client": "client/centre",
    "depositkind": "depositkind/resident_id",
    "directory": "directory/d-12",
    "entry": "entry/1042",
    "act": "act/1042",
}
_THING = "north-0f6e2a4c5b1d-1042-1"
_WHOLE = frozenset(
    {
        "agent",
        "call",
        "clock",
        "disk",
        "duty",
        "gate",
        "intercom",
        "journal",
        "mains",
        "roster",
        "visits",
    }
)


class Event(NamedTuple):
    """One type of events: the model of its ``data``, and what its subject begins with."""

    data: Any
    about: tuple[str, ...]


def _of(data: Any, *about: str) -> Event:
    return Event(data, about)


E = EntryType
EVENTS: Mapping[EntryType, Event] = {
    E.AGENT_STARTED: _of(gate.AgentStarted, "agent"),
    E.AGENT_STOPPED: _of(gate.AgentStopped, "agent"),
    E.AGENT_CHECKED: _of(gate.AgentChecked, "agent"),
    E.ACCESS_GRANTED: _of(lane.AccessGranted, "lane"),
    E.ACCESS_DENIED: _of(lane.AccessDenied, "lane"),
    E.ACCESS_REFERRED: _of(lane.AccessReferred, "lane"),
    E.CARD_PRESENTED: _of(lane.CardPresented, "desk"),
    E.PASSAGE_ENDED: _of(lane.PassageEnded, "lane"),
    E.PASSAGE_NOTED: _of(lane.PassageNoted, "entry"),
    E.ARM_ORDERED: _of(lane.ArmOrdered, "lane"),
    E.ARM_OPENED: _of(lane.ArmOpened, "lane"),
    E.ARM_CLOSED: _of(lane.ArmClosed, "lane"),
    E.ARM_PROTECTED: _of(lane.ArmProtected, "lane", "output"),
    E.ARM_FAULTED: _of(lane.ArmFaulted, "lane"),
    E.ARM_CLEARED: _of(lane.ArmCleared, "lane"),
    E.ARM_FORCED: _of(lane.ArmForced, "lane"),
    E.ARM_RELEASED: _of(lane.ArmReleased, "lane"),
    E.ALARM_RAISED: _of(lane.Alarm, "lane", "gate", "intercom"),
    E.ALARM_ENDED: _of(lane.Alarm, "lane", "gate", "intercom"),
    E.OUTPUT_FAULTED: _of(lane.OutputFaulted, "lane", "output"),
    E.DUTY_DISMISSED: _of(lane.DutyDismissed, "lane"),
    E.INPUT_FAULTED: _of(gate.InputFaulted, "input"),
    E.INPUT_RECOVERED: _of(gate.OneInput, "input"),
    E.EMERGENCY_RAISED: _of(gate.Emergency, "gate"),
    E.EMERGENCY_LIFTED: _of(gate.Emergency, "gate"),
    E.PRESENCE_FORGIVEN: _of(gate.PresenceForgiven, "zone", "zones", "card"),
    E.ZONE_COUNTED: _of(gate.ZoneCounted, "zone"),
    E.READER_LOST: _of(gate.ReaderSeen, "reader"),
    E.READER_FOUND: _of(gate.ReaderSeen, "reader"),
    E.READER_TAMPERED: _of(gate.ReaderSeen, "reader"),
    E.READER_RESTORED: _of(gate.ReaderSeen, "reader"),
    E.CLOCK_STEPPED: _of(gate.ClockStepped, "clock"),
    E.CLOCK_TRUSTED: _of(gate.ClockJudged, "clock"),
    E.CLOCK_DOUBTED: _of(gate.ClockJudged, "clock"),
    E.ROSTER_SWITCHED: _of(gate.RosterSwitched, "roster"),
    E.CARD_CHANGED: _of(gate.CardChanged, "card"),
    E.DISK_FILLED: _of(gate.Nothing, "disk"),
    E.DISK_FREED: _of(gate.Nothing, "disk"),
    E.POWER_FAILED: _of(gate.OneInput, "mains"),
    E.POWER_RETURNED: _of(gate.OneInput, "mains"),
    E.PERSONAL_ERASED: _of(gate.PersonalErased, "journal"),
    E.BOOKS_CARRIED: _of(gate.BooksCarried, "*"),
    E.JOURNAL_CUT: _of(gate.JournalCut, "journal"),
    E.EVIDENCE_EXPORTED: _of(gate.EvidenceExported, "journal"),
    E.COMMAND_ANSWERED: _of(gate.CommandAnswered, "client"),
    E.COMMAND_REFUSED: _of(gate.CommandRefused, "client"),
    E.VISIT_OPENED: _of(visit.VisitOpened, "visit"),
    E.VISIT_CHANGED: _of(visit.VisitChanged, "visit"),
    E.VISIT_OVERDUE: _of(visit.VisitOverdue, "visit"),
    E.VISIT_OVERRIDDEN: _of(visit.VisitOverridden, "visit", "card"),
    E.VISIT_ENDED: _of(visit.VisitEnded, "visit"),
    E.VISIT_DECLINED: _of(visit.VisitDeclined, "visits"),
    E.PASS_ISSUED: _of(visit.PassIssued, "card"),
    E.PASS_RETURNED: _of(visit.PassReturned, "card"),
    E.PASS_LOST: _of(visit.PassLost, "card"),
    E.PASS_FOUND: _of(visit.PassFound, "card"),
    E.DEPOSIT_TAKEN: _of(visit.DepositTaken, "deposit"),
    E.DEPOSIT_ENDED: _of(visit.DepositEnded, "deposit"),
    E.DEPOSIT_MOVED: _of(visit.DepositMoved, "deposit"),
    E.DEPOSIT_REVERSED: _of(visit.DepositReversed, "deposit"),
    E.DEPOSITKIND_ENABLED: _of(visit.DepositKind, "depositkind"),
    E.DEPOSITKIND_DISABLED: _of(visit.DepositKind, "depositkind"),
    E.BEARER_CONFIRMED: _of(visit.BearerConfirmed, "card"),
    E.BEARER_REFUSED: _of(visit.BearerRefused, "card"),
    E.SLIP_RECEIVED: _of(visit.SlipReceived, "slip"),
    E.SLIP_CHANGED: _of(visit.SlipReceived, "slip"),
    E.SLIP_USED: _of(visit.SlipUsed, "slip"),
    E.SLIP_STOPPED: _of(visit.SlipStopped, "slip"),
    E.SLIP_CANCELLED: _of(visit.SlipCancelled, "slip"),
    E.INSPECTION_MADE: _of(visit.InspectionMade, "lane"),
    E.APPOINTMENT_MADE: _of(booth.AppointmentMade, "appointment"),
    E.APPOINTMENT_MOVED: _of(booth.AppointmentMoved, "appointment"),
    E.APPOINTMENT_CHANGED: _of(booth.AppointmentMade, "appointment"),
    E.APPOINTMENT_CANCELLED: _of(booth.AppointmentCancelled, "appointment"),
    E.BAN_SET: _of(booth.BanSet, "ban"),
    E.BAN_CHANGED: _of(booth.BanSet, "ban"),
    E.BAN_LIFTED: _of(booth.BanLifted, "ban"),
    E.NOTICE_POSTED: _of(booth.NoticePosted, "notice"),
    E.NOTICE_CHANGED: _of(booth.NoticePosted, "notice"),
    E.NOTICE_ENDED: _of(booth.NoticeEnded, "notice"),
    E.HELP_REQUESTED: _of(booth.HelpRequested, "help"),
    E.HELP_ANSWERED: _of(booth.HelpNoted, "help"),
    E.HELP_ESCALATED: _of(booth.HelpEscalated, "help"),
    E.HELP_CLOSED: _of(booth.HelpNoted, "help"),
    E.PRIORITY_ANNOUNCED: _of(booth.PriorityAnnounced, "priority"),
    E.PRIORITY_ENDED: _of(booth.PriorityEnded, "priority"),
    E.ACT_SIGNED: _of(booth.ActSigned, "act"),
    E.SHIFT_BEGAN: _of(booth.ShiftBegan, "shift"),
    E.SHIFT_ENDED: _of(booth.ShiftEnded, "shift"),
    E.SHIFT_HANDED: _of(booth.ShiftHanded, "shift"),
    E.SIGNON_FAILED: _of(booth.SignonFailed, "guard", "desk"),
    E.DUTY_NOTED: _of(booth.DutyNoted, "duty"),
    E.SUPERVISOR_CHECKED: _of(booth.SupervisorChecked, "card"),
    E.CALL_NOTED: _of(booth.CallNoted, "call"),
    E.CALL_BEGAN: _of(calls.CallBegan, "lane", "intercom"),
    E.CALL_RANG: _of(calls.CallRang, "lane", "intercom"),
    E.CALL_MISSED: _of(calls.CallMissed, "lane", "intercom"),
    E.CALL_ANSWERED: _of(calls.CallAnswered, "lane", "intercom"),
    E.CALL_DECIDED: _of(calls.CallDecided, "lane", "intercom"),
    E.CALL_MISKEYED: _of(calls.CallMiskeyed, "lane", "intercom"),
    E.CALL_ENDED: _of(calls.CallEnded, "lane", "intercom"),
    E.CALL_REFUSED: _of(calls.CallRefused, "intercom"),
    E.INTERCOM_LOST: _of(calls.IntercomLost, "intercom"),
    E.INTERCOM_FOUND: _of(gate.Nothing, "intercom"),
    E.GUARD_ENROLLED: _of(booth.GuardEnrolled, "guard"),
    E.GUARD_CHANGED: _of(booth.GuardChanged, "guard"),
    E.GUARD_LEFT: _of(booth.GuardLeft, "guard"),
    E.DIRECTORY_CHANGED: _of(booth.DirectoryChanged, "directory"),
}


def subject(kind: EntryType) -> str:
    """A subject as an event of this type has it."""
    first = EVENTS[kind].about[0]
    if first == "*":
        return f"deposits/{_THING}"
    if first in _WHOLE:
        return first
    return _EXAMPLES.get(first, f"{first}/{_THING}")


def meaning(kind: EntryType) -> str:
    """What it tells, as a sentence."""
    told = MEANINGS[kind]
    return f"{told[0].upper()}{told[1:]}."
