"""A decision, and its words: why a card was denied, and what the guard has to do first.

Rule kept here: each word stands in events for ever; what it means is said in `agent.core.access`.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model import Card


class Reason(StrEnum):
    """Why a card was denied."""

    FORGED = "pass_forged"
    KEY_UNKNOWN = "pass_key_unknown"
    KEY_REVOKED = "pass_revoked"
    ELSEWHERE = "pass_elsewhere"
    UNKNOWN_CREDENTIAL = "unknown_credential"
    AMBIGUOUS = "ambiguous"
    CARD_LOST = "card_lost"
    CARD_BLOCKED = "card_blocked"
    CARD_RETIRED = "card_retired"
    CARD_NOT_ISSUED = "card_not_issued"
    TEST_CARD = "test_card"
    PROOF_FAILED = "proof_failed"
    PROOF_REQUIRED = "proof_required"
    BANNED = "banned"
    LANE_NOT_ALLOWED = "lane_not_allowed"
    DIRECTION_NOT_ALLOWED = "direction_not_allowed"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    OUTSIDE_HOURS = "outside_hours"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_UNKNOWN = "appointment_unknown"
    USED = "pass_used"
    PASSBACK = "passback"
    ARM_FAULTED = "arm_faulted"
    ZONE_FULL = "zone_full"
    ONCOMING = "oncoming"
    TOO_LATE = "too_late"
    LEDGER_UNWRITABLE = "ledger_unwritable"


class Duty(StrEnum):
    """What the guard has to do before the card may pass."""

    LOCKDOWN_RELEASE = "lockdown_release"
    INSPECTION_DUE = "inspection_due"
    RELEASE_SLIP_DUE = "release_slip_due"
    DEPOSIT_DUE = "deposit_due"
    CLOCK_UNKNOWN = "clock_unknown"
    BEARER_CHECK = "bearer_check"


BAN = "ban"
"""The mark of a card that passes although there is a ban."""


class Passback(StrEnum):
    """What anti-passback says of a card that is held to a reader."""

    NONE = "none"
    MARKED = "marked"
    REFUSED = "refused"


class Ban(StrEnum):
    """What the bans say of a card, its plate and its holder.

    A resident is not kept from his home by a line in a list, and nobody is kept in: both are
    marked.
    """

    NONE = "none"
    MARKED = "marked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Granted:
    """The card may pass. ``marks`` name what could not be judged, or is odd but no reason.

    They are ``clock_unknown``, ``passback`` for a second entry without an exit, and ``ban``.
    """

    card: Card
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """The card may not pass; ``card`` is None when none, or no single one, is known."""

    reason: Reason
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Referred:
    """The arm waits for the guard."""

    duty: Duty
    card: Card


Decision = Granted | Denied | Referred
