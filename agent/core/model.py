"""The nouns of the gate: moments, credentials, cards.

Rules kept here:
- wall time, monotonic time and the clock's quality travel together (`Moment`);
- a credential is written ``scheme:HEX`` as it was read, in the form that its reader is given;
- validity is local time of the gate, to the minute, both ends included.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.core.ids import LaneId

_CREDENTIAL = re.compile(r"([a-z][a-z0-9]{0,15}):([0-9A-F]{1,128})")


class ClockQuality(StrEnum):
    """How far the wall clock can be believed."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"

    @property
    def trusted(self) -> bool:
        """True when dates may be judged by this clock."""
        return self is ClockQuality.SYNCED or self is ClockQuality.HOLDOVER


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as one machine saw it.

    ``wall_us`` is microseconds since 1970-01-01 UTC, ``mono_ns`` nanoseconds of this boot's
    monotonic clock (CLOCK_BOOTTIME or CLOCK_MONOTONIC), which never steps.
    """

    wall_us: int
    mono_ns: int
    quality: ClockQuality


class Direction(StrEnum):
    """Which way a lane or a card may be used."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Matching(StrEnum):
    """How much of a credential a reader delivers, hence how it is looked up.

    ``low32`` and ``low24`` compare the low bits only, whatever the scheme: an EM4100 tag (40 bits)
    seen by a Wiegand 26 reader shows its low 24 bits. Truncated numbers collide; two matches are
    denied as ambiguous.
    """

    EXACT = "exact"
    LOW32 = "low32"
    LOW24 = "low24"


class CardKind(StrEnum):
    """What a card is for."""

    RESIDENT = "resident"
    STAFF = "staff"
    VEHICLE = "vehicle"
    VISITOR = "visitor"
    VISITOR_VEHICLE = "visitor_vehicle"
    CONTRACTOR = "contractor"
    GUARD = "guard"
    PATROL = "patrol"
    TEST = "test"


class CardStatus(StrEnum):
    """Where a card is in its life. Only an active card can be granted anything."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    STOCK = "stock"
    RETIRED = "retired"


class CardProof(StrEnum):
    """What a tap proved beyond a number, which anybody can copy.

    ``desfire`` and ``ntag424``: the card knows a key of the site. ``failed``: it claims to be such
    a card, and does not.
    """

    UID_ONLY = "uid_only"
    DESFIRE = "desfire"
    NTAG424 = "ntag424"
    FAILED = "failed"

    @property
    def proved(self) -> bool:
        """True when it was the card itself and no copy of its number."""
        return self is CardProof.DESFIRE or self is CardProof.NTAG424


@dataclass(frozen=True, slots=True)
class Credential:
    """A number that a reader reads, written ``scheme:HEX`` (``em4100:0100CDA4EC``)."""

    scheme: str
    hex: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.hex}"

    @classmethod
    def parse(cls, text: str) -> "Credential":
        """Read ``scheme:HEX``; raises ValueError that says what a credential looks like."""
        found = _CREDENTIAL.fullmatch(text)
        if found is None:
            message = (
                f"{text!r} is not a credential: write scheme:HEX, the scheme in lower case and the "
                "number in upper-case hexadecimal, like em4100:0100CDA4EC or uid:04A1B2C3"
            )
            raise ValueError(message)
        return cls(found[1], found[2])

    def low(self, bits: int) -> int:
        """The low ``bits`` bits of the number."""
        return int(self.hex, 16) & ((1 << bits) - 1)


@dataclass(frozen=True, slots=True)
class Card:
    """A card of the roster together with its holder, as the decision sees it.

    ``valid_from`` and ``valid_until`` are naive local times of the gate. ``windows`` is the text of
    `agent.core.windows` ("" means always). ``lanes`` empty means every lane.
    """

    credential: Credential
    label: str
    kind: CardKind
    status: CardStatus
    holder: str = ""
    unit: str = ""
    department: str = ""
    plate: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    windows: str = ""
    lanes: tuple[LaneId, ...] = ()
    direction: Direction = Direction.BOTH
