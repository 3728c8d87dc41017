"""What every command of the centre takes in ``args``: one model for each name.

Rules kept here:
- what has no place here is refused, and the field is named: no half of a wish is done;
- no field takes an identity number, a telephone number, a PIN or a key: these never go over MQTT;
- a time is RFC 3339 with its zone; only the rows of a roster have local times of the gate;
- why something is asked for stands in ``reason`` of the command itself.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.contract.given import (
    ONE_LINE,
    WORD,
    Company,
    Department,
    From,
    Id,
    Label,
    Lane,
    Number,
    Person,
    Plate,
    Unit,
    Until,
    Zone,
)
from agent.contract.shapes import Shape
from agent.core import announced, appointments, help_requests, notices, slips
from agent.core.arm_orders import CONVOY
from agent.core.booking import LINE
from agent.core.commands import Name
from agent.core.form import SIZE

ROWS = 1_000
"""The most rows of a roster in one chunk; 64 KiB of a body hold fewer."""
_COLUMNS = 13
Generation = Annotated[int, Shape("what `roster.begin` answered", 7, low=1)]


class Args(BaseModel):
    """Arguments of a command."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# Arms and the whole gate


class Open(Args):
    """Open a lane: a passage begins as after a tap."""

    lane: Lane
    direction: (
        Annotated[str, Shape("which way, at a two-way lane; `in` if left out", words=("in", "out"))]
        | None
    ) = None
    for_: Annotated[
        Person | None, Field(alias="for", description="who is let out in a lockdown")
    ] = None


class Close(Args):
    """Close a lane: the arm goes down as soon as nothing is under it."""

    lane: Lane


class Stop(Args):
    """Stop the arm of a lane where it is, at once."""

    lane: Lane


class HoldOpen(Args):
    """Raise the arm of a lane and keep it up."""

    lane: Lane
    until: Until = None


class ReleaseHold(Args):
    """End the holding of a lane."""

    lane: Lane


class Lockdown(Args):
    """Entry only, until it is lifted."""


class LiftLockdown(Args):
    """End the lockdown."""


class FaultClear(Args):
    """Put a faulted arm back to work, after somebody has looked at it."""

    lane: Lane


class Amnesty(Args):
    """Forget where cards were seen last: all, those in a zone, or one."""

    zone: Zone | None = None
    card: Label | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.zone is not None and self.card is not None:
            raise ValueError("an amnesty is for a zone or for a card, not for both")
        return self


# The roster

_Cell = Annotated[str, Field(max_length=160)]


class RosterBegin(Args):
    """Begin a new roster; one that was being sent is dropped, the one in force stays."""


class RosterChunk(Args):
    """Rows of the new roster, in the order of all rows."""

    generation: Generation
    first: Annotated[int, Shape("how many rows were sent before these", 0, low=0)]
    rows: Annotated[
        list[Annotated[list[_Cell], Field(min_length=_COLUMNS, max_length=_COLUMNS)]],
        Field(
            min_length=1,
            max_length=ROWS,
            description=(
                "cards, each as thirteen texts: credential, label, kind, status, holder, unit, "
                "department, plate, valid_from, valid_until, windows, lanes, direction"
            ),
            examples=[
                [
                    [
                        "em4100:0100CDA4EC",
                        "R-1201",
                        "resident",
                        "active",
                        "王小明",
                        "3-1201",
                        "",
                        "",
                        "",
                        "2027-12-31T23:59",
                        "",
                        "",
                        "both",
                    ]
                ]
            ],
        ),
    ]


class RosterCommit(Args):
    """Let the new roster rule from here on, if it is what was meant."""

    generation: Generation
    count: Annotated[int, Shape("the number of its rows", 200_000, low=0)]
    digest: Annotated[
        str, Shape("SHA-256 over its rows, hexadecimal", "5e" * 32, pattern=r"^[0-9a-f]{64}$")
    ]
    allow_empty: Annotated[bool, Shape("true: a roster without cards is meant", False)] = False


class RosterDigest(Args):
    """Tell number and digest of the roster in force."""


class _OneCard(Args):
    """A card by its label, or by its number."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["card"]}, {"required": ["credential"]}]}
    )

    card: Label | None = None
    credential: Number | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.card is None) == (self.credential is None):
            raise ValueError("name the card by its label (card) or its number (credential)")
        return self


class CardBlock(_OneCard):
    """Refuse a card from now on."""


class CardUnblock(_OneCard):
    """Let a blocked card be good again."""

    stock: Annotated[bool, Shape("true: a contractor's card goes back into the drawer", False)] = (
        False
    )


# The books


class AppointmentPut(Args):
    """Somebody is expected: a new appointment, or what is written of a known one from now on."""

    appointment: Id | None = None
    kind: Annotated[str, Shape("what for", words=appointments.KINDS)] = "company"
    visitor: Person | None = None
    company: Company | None = None
    host: Person | None = None
    unit: Unit | None = None
    department: Department | None = None
    plate: Plate | None = None
    purpose: Annotated[str, ONE_LINE, Shape("what for, in words", "interview")] | None = None
    from_: From = None
    until: Until = None


class AppointmentCancel(Args):
    """Somebody is no longer expected."""

    appointment: Id


class NoticePut(Args):
    """Say something to the booth: a new notice, or what a known one says from now on."""

    notice: Id | None = None
    text: Annotated[
        str, Field(min_length=1, max_length=LINE), Shape("what is said", "no water until five")
    ]
    audience: Annotated[str, Shape("who shall see it", words=notices.AUDIENCES)] = "all"
    from_: From = None
    until: Until = None


class NoticeEnd(Args):
    """A notice is over."""

    notice: Id


class Goods(Args):
    """One kind of goods on a release slip."""

    name: Annotated[
        str, Field(min_length=1, max_length=slips.NAME), Shape("what it is", "wardrobe")
    ]
    quantity: Annotated[int, Shape("how many", 1, low=1, high=slips.MOST)]


class ReleaseSlipPut(Args):
    """Goods may leave: a new slip, or what a known one lists from now on."""

    slip: Id | None = None
    number: Annotated[str, WORD, Shape("the number on the slip", "2026-0815")]
    unit: Annotated[str, Field(min_length=1, max_length=SIZE), Shape("whose goods", "3-1201")]
    signatory: Person | None = None
    owner: Person | None = None
    plate: Plate | None = None
    stamp: Annotated[bool, Shape("is the slip stamped?", True)] = False
    lines: Annotated[
        list[Goods],
        Field(min_length=1, max_length=slips.LINES, description="the goods"),
    ]
    until: Until = None


class BanPut(Args):
    """Somebody, a plate or a card is not to be let in: a new ban, or how a known one reads now."""

    ban: Id | None = None
    visitor: Person | None = None
    plate: Plate | None = None
    card: Label | None = None
    until: Until = None


class BanLift(Args):
    """A ban is over."""

    ban: Id


class HelpAnnounce(Args):
    """Somebody needs help, and the guard has to answer."""

    kind: Annotated[str, Shape("what for", words=help_requests.KINDS)]
    visitor: Person | None = None
    unit: Unit | None = None
    description: (
        Annotated[str, Field(max_length=LINE), Shape("what is known", "water from the ceiling")]
        | None
    ) = None


class PriorityAnnounce(Args):
    """An ambulance or the like is expected; nothing opens for it by itself."""

    kind: Annotated[str, Shape("what comes", words=announced.KINDS)]
    route: Annotated[
        str, Field(min_length=1, max_length=LINE), Shape("where it goes", "gate 2, then left")
    ]
    count: Annotated[int, Shape("how many vehicles", 1, low=1, high=CONVOY)] = 1
    unit: Unit | None = None
    from_: From = None
    until: Until = None


# The gate itself


class Replay(Args):
    """Send entries again, byte for byte, in chunks on the client's replay topic."""

    streamid: Annotated[
        str, Field(min_length=1), Shape("the stream, as `status` has it", "0f6e2a4c5b1d")
    ]
    from_: Annotated[
        int, Field(alias="from"), Shape("the first sequence number that is wanted", 1, low=1)
    ]
    to: Annotated[int, Shape("the last one; the head if left out", 500, low=1)] | None = None
    limit: Annotated[int, Shape("at most so many events", 500, low=1, high=500)] = 500
    types: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=256)]],
            Field(min_length=1, max_length=64, description="only events of these types"),
        ]
        | None
    ) = None


class Ping(Args):
    """Are you there, and what time is it?"""


class Info(Args):
    """Tell what this gate has, as the topic `info` does."""


class ConfigGet(Args):
    """Tell the settings of this gate, without its secrets."""


ARGS: Mapping[str, type[Args]] = {
    Name.OPEN: Open,
    Name.CLOSE: Close,
    Name.STOP: Stop,
    Name.HOLD_OPEN: HoldOpen,
    Name.RELEASE_HOLD: ReleaseHold,
    Name.LOCKDOWN: Lockdown,
    Name.LIFT_LOCKDOWN: LiftLockdown,
    Name.FAULT_CLEAR: FaultClear,
    Name.AMNESTY: Amnesty,
    Name.ROSTER_BEGIN: RosterBegin,
    Name.ROSTER_CHUNK: RosterChunk,
    Name.ROSTER_COMMIT: RosterCommit,
    Name.ROSTER_DIGEST: RosterDigest,
    Name.CARD_BLOCK: CardBlock,
    Name.CARD_UNBLOCK: CardUnblock,
    Name.APPOINTMENT_PUT: AppointmentPut,
    Name.APPOINTMENT_CANCEL: AppointmentCancel,
    Name.NOTICE_PUT: NoticePut,
    Name.NOTICE_END: NoticeEnd,
    Name.RELEASE_SLIP_PUT: ReleaseSlipPut,
    Name.BAN_PUT: BanPut,
    Name.BAN_LIFT: BanLift,
    Name.HELP_ANNOUNCE: HelpAnnounce,
    Name.PRIORITY_ANNOUNCE: PriorityAnnounce,
    Name.REPLAY: Replay,
    Name.PING: Ping,
    Name.INFO: Info,
    Name.CONFIG_GET: ConfigGet,
}
"""The model of the arguments, by the name of the command."""
