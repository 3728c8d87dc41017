"""What the events of visits say: who came and went, passes, deposits, goods, inspections.

Rule kept here: one class for each form of ``data``; the table of types is `agent.contract.events`.
"""

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.common import Committed, Held, Ordered, Visiting
from agent.contract.shapes import Shape

_Purpose = Annotated[str, Shape("what for; may be empty", "repair of the lift")]
_Place = Annotated[str, Shape("where to, if it is no unit; may be empty", "pool house")]
_Bay = Annotated[str, Shape("the bay that was given; empty for none", "P1")]
_End = Annotated[
    str,
    Shape("how it ended", words=("returned", "forfeited", "refund_due", "transferred")),
]
_Outcome = Annotated[
    str,
    Shape(
        "how the visit ended",
        words=("left", "card_lost", "without_tap", "elsewhere", "mistake", "no_entry"),
    ),
]
_Number = Annotated[str, Shape("the number that is printed on the slip", "2026-0117")]
_Kept = Annotated[list[f.Deposit], Shape("deposits that stay held", [])]
_Duties = Annotated[list[f.Lane], Shape("lanes at which the guard's duty ended with it", [])]


class VisitOpened(Ordered, Visiting):
    """A visit begins."""

    visit: f.Visit
    agent: Annotated[str, Shape("the gate that owns the visit", "north")]
    kind: f.VisitKind
    card: f.NoLabel
    passkind: f.NoCardKind
    zone: Annotated[str, Shape("where he was let in to; empty if no lane was opened", "inside")]
    untilus: f.UntilUs
    vehicle: f.Flag
    truck: f.Flag
    goods: f.Flag
    bearer: f.Flag
    bay: _Bay
    appointment: Annotated[str, Shape("the appointment that it uses; empty for none", "")]
    purpose: _Purpose
    destination: _Place
    answer: Annotated[
        str,
        Shape(
            "who has said that he may come",
            words=("host_agreed", "expected", "office_agreed", "not_needed"),
        ),
    ]
    call: NotRequired[f.Call]
    ban: NotRequired[f.Ban]
    despite: NotRequired[Annotated[str, Shape("why the ban does not count", "another person")]]
    reason: NotRequired[Annotated[str, Shape("why no card, or nothing for it, was taken", "guest")]]


class VisitChanged(Ordered, Visiting):
    """What is new of a visit; fields that are absent are as before."""

    visit: f.Visit
    card: f.NoLabel
    fields: list[Annotated[str, Shape("a personal field that is new", "plate")]]
    purpose: NotRequired[_Purpose]
    destination: NotRequired[_Place]
    bay: NotRequired[_Bay]
    untilus: NotRequired[f.UntilUs]
    overdue: NotRequired[f.Flag]
    vehicle: NotRequired[f.Flag]
    truck: NotRequired[f.Flag]
    goods: NotRequired[f.Flag]
    bearer: NotRequired[f.Flag]


class VisitOverdue(TypedDict):
    """The time that was agreed is over."""

    visit: f.Visit
    card: f.NoLabel
    kind: f.VisitKind
    untilus: f.UntilUs


class VisitOverridden(Ordered, Visiting):
    """Let out although something is still open; the visit stays open."""

    visit: f.NoVisit
    card: f.NoLabel
    lane: f.Lane
    duty: f.NoDuty
    held: _Kept
    reason: f.Why


class VisitEnded(Ordered, Visiting):
    """A visit is over."""

    visit: f.Visit
    card: f.NoLabel
    kind: f.VisitKind
    outcome: _Outcome
    cardback: Annotated[bool, Shape("the card is back", True)]
    kept: _Kept
    duties: _Duties
    reason: NotRequired[f.Why]
    lane: NotRequired[f.Lane]
    appointment: NotRequired[
        Annotated[str, Shape("the appointment that is open again", "north-0f6e2a4c5b1d-1040-1")]
    ]


class VisitDeclined(Ordered, Visiting):
    """Somebody was not let in."""

    kind: f.VisitKind
    reason: f.Why
    asked: Annotated[
        str,
        Shape("who was asked", words=("host_declined", "nobody", "no_answer", "office_declined")),
    ]
    call: NotRequired[f.Call]


class PassIssued(Ordered):
    """A card was given out."""

    card: f.Label
    kind: f.CardKind
    visit: f.Visit


class PassReturned(Ordered):
    """A card is back."""

    card: f.Label
    visit: f.Visit


class PassLost(Ordered):
    """A card is lost."""

    card: f.Label
    visit: f.NoVisit
    reason: f.Why


class PassFound(Ordered):
    """A card is here again."""

    card: f.Label
    visit: f.NoVisit
    was: Annotated[str, Shape("what it was believed to be", words=("lost", "out"))]


class _Thing(TypedDict):
    deposit: f.Deposit
    visit: f.Visit
    card: f.NoLabel
    kind: Annotated[str, Shape("the kind of deposit, as the settings have it", "cash")]
    amount: f.Minor
    currency: f.Currency
    pocket: Annotated[str, Shape("the pocket it lies in; empty for money", "")]
    receipt: Annotated[int, Shape("the number of the receipt", 12, low=0)]


class DepositTaken(_Thing, Ordered, Committed):
    """A deposit was taken."""

    owner: NotRequired[f.Name]


class DepositEnded(_Thing, Ordered, Committed):
    """A deposit ended."""

    end: _End
    why: NotRequired[f.Why]
    receiptlost: NotRequired[Annotated[bool, Shape("the receipt was not there", True)]]
    to: NotRequired[Annotated[str, Shape("to whom it was transferred", "office")]]
    owner: NotRequired[f.Name]


class DepositReversed(_Thing, Ordered, Committed):
    """It was never taken."""

    why: f.Why
    owner: NotRequired[f.Name]


class DepositMoved(Ordered):
    """It lies in another pocket."""

    deposit: f.Deposit
    visit: f.Visit
    pocket: Annotated[str, Shape("the pocket it lies in", "4")]
    was: Annotated[str, Shape("the pocket that was written", "3")]
    reason: f.Why


class DepositKind(TypedDict):
    """A kind of deposit that the law refuses is taken from here on, or no longer."""

    kind: Annotated[str, Shape("the kind of deposit", "resident_id")]
    responsible: Annotated[str, Shape("who answers for it, as the settings say", "Property Ltd")]
    country: NotRequired[Annotated[str, Shape("ISO 3166-1 alpha-2", "CN")]]


class BearerConfirmed(Ordered, Held):
    """The bearer is the holder."""

    card: f.Label
    kind: f.CardKind
    lane: f.Lane
    visit: NotRequired[f.Visit]


class BearerRefused(Ordered, Committed):
    """The bearer is not the holder."""

    card: f.Label
    kind: f.CardKind
    reason: f.Why
    duties: _Duties
    holder: NotRequired[f.Name]


class _Goods(TypedDict):
    name: Annotated[str, Shape("what it is", "washing machine")]
    quantity: Annotated[int, Shape("how many", 1, low=1)]


class _Difference(TypedDict):
    what: Annotated[
        str,
        Shape("what does not agree", words=("quantity", "not_listed", "stamp", "signatory")),
    ]
    name: NotRequired[Annotated[str, Shape("of which goods; may be empty", "washing machine")]]
    listed: NotRequired[Annotated[int, Shape("so many on the slip", 1, low=0)]]
    counted: NotRequired[Annotated[int, Shape("so many at the gate", 2, low=0)]]


class _OnSlip(Ordered, Committed):
    slip: f.Slip
    number: _Number
    signatory: NotRequired[f.Name]
    unit: NotRequired[f.Unit]
    owner: NotRequired[f.Name]
    plate: NotRequired[f.Plate]


class SlipReceived(_OnSlip):
    """Goods may leave."""

    stamp: Annotated[bool, Shape("the slip is stamped", True)]
    lines: list[_Goods]
    untilus: f.UntilUs


class SlipUsed(_OnSlip):
    """Goods have left."""

    by: Annotated[str, Shape("how they left", words=("vehicle", "hand"))]
    lines: list[_Goods]
    card: NotRequired[f.Label]
    why: NotRequired[Annotated[str, Shape("why the signature was believed", "the office called")]]
    lane: NotRequired[f.Lane]
    duty: NotRequired[f.Duty]


class SlipStopped(_OnSlip):
    """Goods were stopped: they differ from the slip, or the guard says why."""

    by: NotRequired[Annotated[str, Shape("how they were to leave", words=("vehicle", "hand"))]]
    card: NotRequired[f.Label]
    differences: NotRequired[list[_Difference]]
    reason: NotRequired[f.Why]


class SlipCancelled(_OnSlip):
    """The slip counts no longer."""

    reason: f.Why


class InspectionMade(Ordered, Committed):
    """A truck was looked at."""

    inspection: f.Inspection
    lane: f.Lane
    opened: Annotated[bool, Shape("its back was opened", True)]
    result: Annotated[str, Shape("what came of it", words=("clear", "found"))]
    released: Annotated[bool, Shape("the arm opened for it", True)]
    card: NotRequired[f.Label]
    duty: NotRequired[f.Duty]
    plate: NotRequired[f.Plate]
