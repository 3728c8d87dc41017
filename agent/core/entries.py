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
    CLOCK_STEPPED = "gate.clock.stepped.v1"
    CLOCK_TRUSTED = "gate.clock.trusted.v1"
    CLOCK_DOUBTED = "gate.clock.doubted.v1"
    ROSTER_SWITCHED = "gate.roster.switched.v1"
    CARD_CHANGED = "gate.card.changed.v1"
    DISK_FILLED = "gate.disk.filled.v1"
    DISK_FREED = "gate.disk.freed.v1"


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
    EntryType.CLOCK_STEPPED: "the wall clock jumped",
    EntryType.CLOCK_TRUSTED: "the wall clock can be believed",
    EntryType.CLOCK_DOUBTED: "the wall clock can no longer be believed",
    EntryType.ROSTER_SWITCHED: "a new roster rules from here on",
    EntryType.CARD_CHANGED: "one card of the roster was changed",
    EntryType.DISK_FILLED: "the disk was full; the reserve was opened to write this",
    EntryType.DISK_FREED: "there is room on the disk again",
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
