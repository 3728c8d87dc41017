"""Entries of the journal: the one table of types, and the form in which a step hands them over.

Rules kept here:
- the type is ``gate.{noun}.{what happened}.v1``; an entry becomes exactly one event on ``evt``;
- what names a person stands in ``personal``, never in ``data``; the store decides by the setting
  ``uplink.personal`` what of it may be seen in the bytes that are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from agent.core.model import Moment


class EntryType(StrEnum):
    """Every type of entry. `MEANINGS` says in a sentence what each one tells."""

    AGENT_STARTED = "gate.agent.started.v1"
    AGENT_STOPPED = "gate.agent.stopped.v1"
    ACCESS_GRANTED = "gate.access.granted.v1"
    ACCESS_DENIED = "gate.access.denied.v1"
    ACCESS_REFERRED = "gate.access.referred.v1"
    CARD_PRESENTED = "gate.card.presented.v1"
    PASSAGE_ENDED = "gate.passage.ended.v1"
    ARM_ORDERED = "gate.arm.ordered.v1"
    ARM_OPENED = "gate.arm.opened.v1"
    ARM_CLOSED = "gate.arm.closed.v1"
    ARM_PROTECTED = "gate.arm.protected.v1"
    ARM_FAULTED = "gate.arm.faulted.v1"
    ARM_CLEARED = "gate.arm.cleared.v1"
    ARM_FORCED = "gate.arm.forced.v1"
    ARM_RELEASED = "gate.arm.released.v1"
    ALARM_RAISED = "gate.alarm.raised.v1"
    ALARM_ENDED = "gate.alarm.ended.v1"
    INPUT_FAULTED = "gate.input.faulted.v1"
    INPUT_RECOVERED = "gate.input.recovered.v1"
    EMERGENCY_RAISED = "gate.emergency.raised.v1"
    EMERGENCY_LIFTED = "gate.emergency.lifted.v1"
    PRESENCE_FORGIVEN = "gate.presence.forgiven.v1"
    ZONE_COUNTED = "gate.zone.counted.v1"
    OUTPUT_FAULTED = "gate.output.faulted.v1"
    READER_LOST = "gate.reader.lost.v1"
    READER_FOUND = "gate.reader.found.v1"
    READER_TAMPERED = "gate.reader.tampered.v1"
    READER_RESTORED = "gate.reader.restored.v1"
    CLOCK_STEPPED = "gate.clock.stepped.v1"
    CLOCK_TRUSTED = "gate.clock.trusted.v1"
    CLOCK_DOUBTED = "gate.clock.doubted.v1"
    ROSTER_SWITCHED = "gate.roster.switched.v1"
    CARD_CHANGED = "gate.card.changed.v1"
    DISK_FILLED = "gate.disk.filled.v1"
    DISK_FREED = "gate.disk.freed.v1"
    VISIT_OPENED = "gate.visit.opened.v1"
    VISIT_CHANGED = "gate.visit.changed.v1"
    VISIT_OVERDUE = "gate.visit.overdue.v1"
    VISIT_OVERRIDDEN = "gate.visit.overridden.v1"
    VISIT_ENDED = "gate.visit.ended.v1"
    VISIT_DECLINED = "gate.visit.declined.v1"
    PASS_ISSUED = "gate.pass.issued.v1"
    PASS_RETURNED = "gate.pass.returned.v1"
    PASS_LOST = "gate.pass.lost.v1"
    PASS_FOUND = "gate.pass.found.v1"
    DEPOSIT_TAKEN = "gate.deposit.taken.v1"
    DEPOSIT_ENDED = "gate.deposit.ended.v1"
    DEPOSIT_MOVED = "gate.deposit.moved.v1"
    DEPOSIT_REVERSED = "gate.deposit.reversed.v1"
    BEARER_CONFIRMED = "gate.bearer.confirmed.v1"
    BEARER_REFUSED = "gate.bearer.refused.v1"
    DUTY_DISMISSED = "gate.duty.dismissed.v1"
    APPOINTMENT_MADE = "gate.appointment.made.v1"
    APPOINTMENT_MOVED = "gate.appointment.moved.v1"
    APPOINTMENT_CHANGED = "gate.appointment.changed.v1"
    APPOINTMENT_CANCELLED = "gate.appointment.cancelled.v1"
    BAN_SET = "gate.ban.set.v1"
    BAN_CHANGED = "gate.ban.changed.v1"
    BAN_LIFTED = "gate.ban.lifted.v1"
    NOTICE_POSTED = "gate.notice.posted.v1"
    NOTICE_CHANGED = "gate.notice.changed.v1"
    NOTICE_ENDED = "gate.notice.ended.v1"
    SLIP_RECEIVED = "gate.releaseslip.received.v1"
    SLIP_CHANGED = "gate.releaseslip.changed.v1"
    SLIP_USED = "gate.releaseslip.used.v1"
    SLIP_STOPPED = "gate.releaseslip.stopped.v1"
    SLIP_CANCELLED = "gate.releaseslip.cancelled.v1"
    INSPECTION_MADE = "gate.inspection.made.v1"
    HELP_REQUESTED = "gate.help.requested.v1"
    HELP_ANSWERED = "gate.help.answered.v1"
    HELP_ESCALATED = "gate.help.escalated.v1"
    HELP_CLOSED = "gate.help.closed.v1"
    PRIORITY_ANNOUNCED = "gate.priority.announced.v1"
    PRIORITY_ENDED = "gate.priority.ended.v1"
    ACT_SIGNED = "gate.act.signed.v1"
    SHIFT_BEGAN = "gate.shift.began.v1"
    SHIFT_ENDED = "gate.shift.ended.v1"
    SHIFT_HANDED = "gate.shift.handed.v1"
    SIGNON_FAILED = "gate.signon.failed.v1"
    DUTY_NOTED = "gate.duty.noted.v1"
    SUPERVISOR_CHECKED = "gate.supervisor.checked.v1"
    PASSAGE_NOTED = "gate.passage.noted.v1"
    CALL_NOTED = "gate.call.noted.v1"
    GUARD_ENROLLED = "gate.guard.enrolled.v1"
    GUARD_CHANGED = "gate.guard.changed.v1"
    GUARD_LEFT = "gate.guard.left.v1"
    DIRECTORY_CHANGED = "gate.directory.changed.v1"
    DEPOSITKIND_ENABLED = "gate.depositkind.enabled.v1"
    DEPOSITKIND_DISABLED = "gate.depositkind.disabled.v1"
    POWER_FAILED = "gate.power.failed.v1"
    POWER_RETURNED = "gate.power.returned.v1"
    AGENT_CHECKED = "gate.agent.checked.v1"
    PERSONAL_ERASED = "gate.personal.erased.v1"
    BOOKS_CARRIED = "gate.books.carried.v1"
    JOURNAL_CUT = "gate.journal.cut.v1"
    EVIDENCE_EXPORTED = "gate.evidence.exported.v1"
    COMMAND_ANSWERED = "gate.command.answered.v1"
    COMMAND_REFUSED = "gate.command.refused.v1"
    CALL_BEGAN = "gate.call.began.v1"
    CALL_RANG = "gate.call.rang.v1"
    CALL_MISSED = "gate.call.missed.v1"
    CALL_ANSWERED = "gate.call.answered.v1"
    CALL_DECIDED = "gate.call.decided.v1"
    CALL_MISKEYED = "gate.call.miskeyed.v1"
    CALL_ENDED = "gate.call.ended.v1"
    CALL_REFUSED = "gate.call.refused.v1"
    INTERCOM_LOST = "gate.intercom.lost.v1"
    INTERCOM_FOUND = "gate.intercom.found.v1"


MEANINGS: Mapping[EntryType, str] = {
    EntryType.AGENT_STARTED: "the agent started; no relay has moved",
    EntryType.AGENT_STOPPED: "the agent stopped in order",
    EntryType.ACCESS_GRANTED: "a card may pass; a passage begins",
    EntryType.ACCESS_DENIED: "a card may not pass, for one reason",
    EntryType.ACCESS_REFERRED: "the guard has a duty before this card may pass",
    EntryType.CARD_PRESENTED: "a card was held to a desk reader; nothing was decided",
    EntryType.PASSAGE_ENDED: "what became of a grant",
    EntryType.ARM_ORDERED: "somebody ordered the arm to move",
    EntryType.ARM_OPENED: "the switch says that the arm is up",
    EntryType.ARM_CLOSED: "the switch says that the arm is down",
    EntryType.ARM_PROTECTED: "the interlock acted to protect, before anything was written",
    EntryType.ARM_FAULTED: "the arm did not do what it was told; it waits for somebody to clear it",
    EntryType.ARM_CLEARED: "somebody cleared the arm's fault, with a reason",
    EntryType.ARM_FORCED: "the arm or door was moved by something that the gate did not order",
    EntryType.ARM_RELEASED: "the arm is no longer held open, though nobody released it",
    EntryType.ALARM_RAISED: "something at a lane needs the guard, in rising steps",
    EntryType.ALARM_ENDED: "what raised the alarm is over",
    EntryType.INPUT_FAULTED: "an input cannot be believed",
    EntryType.INPUT_RECOVERED: "an input can be believed again",
    EntryType.EMERGENCY_RAISED: "fire or lockdown began",
    EntryType.EMERGENCY_LIFTED: "fire or lockdown was lifted by a person",
    EntryType.PRESENCE_FORGIVEN: "presence was forgotten, so that nobody is denied for it",
    EntryType.ZONE_COUNTED: "somebody counted the vehicles of a zone and set the number",
    EntryType.OUTPUT_FAULTED: "a relay did not do what it was told",
    EntryType.READER_LOST: "a reader went away",
    EntryType.READER_FOUND: "a reader is there again",
    EntryType.READER_TAMPERED: "somebody opened a reader, or took it off its wall",
    EntryType.READER_RESTORED: "a reader says that it is closed again",
    EntryType.CLOCK_STEPPED: "the wall clock jumped",
    EntryType.CLOCK_TRUSTED: "the wall clock can be believed",
    EntryType.CLOCK_DOUBTED: "the wall clock can no longer be believed",
    EntryType.ROSTER_SWITCHED: "a new roster rules from here on",
    EntryType.CARD_CHANGED: "one card of the roster was changed",
    EntryType.DISK_FILLED: "the disk was full; the reserve was opened to write this",
    EntryType.DISK_FREED: "there is room on the disk again",
    EntryType.VISIT_OPENED: "a visitor was let in by the guard, with what was taken and issued",
    EntryType.VISIT_CHANGED: "something of a visit was corrected or added",
    EntryType.VISIT_OVERDUE: "a visitor is still here after the time agreed",
    EntryType.VISIT_OVERRIDDEN: "the guard let a visitor out although something is still open",
    EntryType.VISIT_ENDED: "a visit is over",
    EntryType.VISIT_DECLINED: "somebody was not let in, for a reason",
    EntryType.PASS_ISSUED: "a card of the desk was given to a visitor",
    EntryType.PASS_RETURNED: "a card of the desk is back in the drawer",
    EntryType.PASS_LOST: "a card of the desk is lost",
    EntryType.PASS_FOUND: "a lost card of the desk is back",
    EntryType.DEPOSIT_TAKEN: "a deposit was taken",
    EntryType.DEPOSIT_ENDED: "a deposit was returned, or ended otherwise",
    EntryType.DEPOSIT_MOVED: "a deposit lies in another pocket than was written",
    EntryType.DEPOSIT_REVERSED: "a deposit was written down by mistake",
    EntryType.BEARER_CONFIRMED: "the guard saw that the bearer is the card's holder",
    EntryType.BEARER_REFUSED: "the bearer is not the card's holder",
    EntryType.DUTY_DISMISSED: "a guard's duty at a lane ended without anybody passing",
    EntryType.APPOINTMENT_MADE: "a visitor is expected",
    EntryType.APPOINTMENT_MOVED: "a visitor is expected at another time",
    EntryType.APPOINTMENT_CHANGED: "an appointment reads as this from here on",
    EntryType.APPOINTMENT_CANCELLED: "a visitor is no longer expected",
    EntryType.BAN_SET: "somebody, a plate or a card is not to be let in",
    EntryType.BAN_CHANGED: "a ban reads as this from here on",
    EntryType.BAN_LIFTED: "a ban is over",
    EntryType.NOTICE_POSTED: "the office has something to say to the booth",
    EntryType.NOTICE_CHANGED: "a notice reads as this from here on",
    EntryType.NOTICE_ENDED: "a notice is over",
    EntryType.SLIP_RECEIVED: "goods may leave, as the slip lists them",
    EntryType.SLIP_CHANGED: "a slip lists this from here on",
    EntryType.SLIP_USED: "goods have left on a slip",
    EntryType.SLIP_STOPPED: "goods did not agree with their slip and were stopped",
    EntryType.SLIP_CANCELLED: "a slip no longer counts",
    EntryType.INSPECTION_MADE: "a truck's back was opened and looked at",
    EntryType.HELP_REQUESTED: "somebody asks for help",
    EntryType.HELP_ANSWERED: "a guard took care of a request for help",
    EntryType.HELP_ESCALATED: "a request for help was not answered in time",
    EntryType.HELP_CLOSED: "a request for help is over",
    EntryType.PRIORITY_ANNOUNCED: "an ambulance or the like is expected",
    EntryType.PRIORITY_ENDED: "an announced vehicle has come or comes no more",
    EntryType.ACT_SIGNED: (
        "somebody said afterwards why something was done while nobody was signed on"
    ),
    EntryType.SHIFT_BEGAN: "a guard signed on",
    EntryType.SHIFT_ENDED: "a guard signed off",
    EntryType.SHIFT_HANDED: "a shift was handed over, with what was counted and what the books say",
    EntryType.SIGNON_FAILED: "somebody could not sign on",
    EntryType.DUTY_NOTED: "a line of the duty log",
    EntryType.SUPERVISOR_CHECKED: "a supervisor looked in at the booth",
    EntryType.PASSAGE_NOTED: "driver and companions of a passage, added later",
    EntryType.CALL_NOTED: "the guard called somebody and was answered so",
    EntryType.GUARD_ENROLLED: "a guard may sign on",
    EntryType.GUARD_CHANGED: "a guard has another card, PIN or role",
    EntryType.GUARD_LEFT: "a guard may no longer sign on",
    EntryType.DIRECTORY_CHANGED: "a line of the directory was put or dropped",
    EntryType.DEPOSITKIND_ENABLED: (
        "the settings allow a deposit that the law refuses; somebody answers for it"
    ),
    EntryType.DEPOSITKIND_DISABLED: "the settings no longer allow that deposit",
    EntryType.POWER_FAILED: "the mains power is away",
    EntryType.POWER_RETURNED: "the mains power is back",
    EntryType.AGENT_CHECKED: "the agent looked at every reader, relay and input",
    EntryType.PERSONAL_ERASED: "personal fields were erased, as configured or asked for",
    EntryType.BOOKS_CARRIED: "a row of the books that outlives its entry, carried over a cut",
    EntryType.JOURNAL_CUT: "entries before a point were removed, with a signed end mark",
    EntryType.EVIDENCE_EXPORTED: "a sealed export of the journal was made",
    EntryType.COMMAND_ANSWERED: "a command of the centre was answered, and how",
    EntryType.COMMAND_REFUSED: "a client of the broker asked for what it may not have",
    EntryType.CALL_BEGAN: "somebody calls over the intercom, or waits for it",
    EntryType.CALL_RANG: "it rings at one of those whom a call goes to",
    EntryType.CALL_MISSED: "one of those whom a call goes to did not answer",
    EntryType.CALL_ANSWERED: "a call was answered",
    EntryType.CALL_DECIDED: "who was called agreed or declined, by key or as the guard noted it",
    EntryType.CALL_MISKEYED: "a key was pressed in a call that means nothing",
    EntryType.CALL_ENDED: "a call is over",
    EntryType.CALL_REFUSED: "callers whom nobody knows, or too many at once, were turned away",
    EntryType.INTERCOM_LOST: "the intercom cannot be used; the gate goes on",
    EntryType.INTERCOM_FOUND: "the intercom can be used",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a step makes it; the store adds sequence, stream, boot, times and hash.

    ``data`` holds JSON values only. ``personal`` maps fields (``credential``, ``holder``, ``unit``,
    ``plate``, ...; see `agent.core.personal`) to their plain values.
    """

    type: EntryType
    subject: str
    at: Moment
    data: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""
    cause: str = ""


class StoredEntry(NamedTuple):
    """One row of the journal, columns in the order of the table; what the envelope is made of.

    ``time_us`` is when it happened, ``recorded_us`` when it was written (both µs since 1970 UTC),
    ``uptime_ms`` the machine's uptime then, ``data`` the JSON bytes exactly as they are sent.
    """

    sequence: int
    stream: str
    boot: str
    uptime_ms: int
    time_us: int
    recorded_us: int
    quality: str
    type: str
    subject: str
    actor: str
    cause: str
    data: bytes
