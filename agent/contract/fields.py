"""Fields that many messages have: what each is called, what it holds, what it looks like.

Rules kept here:
- one name means one thing in every message;
- times of the wall clock end in ``us`` (µs since 1970-01-01 UTC), spans in ``ms``.
"""

from collections.abc import Mapping
from typing import Annotated

from agent.contract.shapes import Shape
from agent.core.access import Duty as _Duty
from agent.core.access import Reason as _Reason
from agent.core.commands import Name as _Name
from agent.core.model import CardKind as _CardKind
from agent.core.model import CardProof as _CardProof
from agent.core.model import CardStatus as _CardStatus
from agent.core.model import ClockQuality as _Quality
from agent.core.roles import Role as _Role

HASH = r"^[0-9a-f]{64}$"
_THING = r"^([a-z0-9-]+-[0-9a-f-]{1,36}-[0-9]+-[0-9]+)$"

# Identifiers

Lane = Annotated[str, Shape("a lane, as `info` has it", "in-1")]
Reader = Annotated[str, Shape("a reader, as `info` has it", "in-1-reader")]
Input = Annotated[str, Shape("an input, as `info` has it", "in-1.loop")]
Output = Annotated[str, Shape("a relay, as `info` has it", "in-1.open")]
Desk = Annotated[str, Shape("a desk of the booth", "desk-1")]
Zone = Annotated[str, Shape("a zone, as `info` has it", "inside")]
Label = Annotated[str, Shape("the label of a card, as it is printed on it", "V-017")]
NoLabel = Annotated[str, Shape("the label of a card; empty for none", "V-017")]
Guard = Annotated[str, Shape("a guard's id", "g-1001")]
Client = Annotated[str, Shape("a client, as its topic names it", "centre", pattern=r"^[a-z0-9-]+$")]


def _thing(what: str) -> Shape:
    said = f"{what}: gate, stream, sequence number and a number make it unlike any other"
    return Shape(said, "north-0f6e2a4c5b1d-1042-1")


Passage = Annotated[str, _thing("a passage")]
Visit = Annotated[str, _thing("a visit")]
NoVisit = Annotated[str, Shape("a visit; empty for none", "")]
Deposit = Annotated[str, _thing("a deposit")]
Appointment = Annotated[str, _thing("an appointment")]
Ban = Annotated[str, _thing("a ban")]
Notice = Annotated[str, _thing("a notice")]
Slip = Annotated[str, _thing("a release slip")]
Inspection = Annotated[str, _thing("an inspection")]
Help = Annotated[str, _thing("a request for help")]
Announced = Annotated[str, _thing("an announced passage")]
Shift = Annotated[str, _thing("a shift")]
Call = Annotated[str, _thing("a call")]

# Words

Way = Annotated[str, Shape("which way", words=("in", "out"), closed=True)]
CardKind = Annotated[str, Shape("what the card is for", "visitor", words=tuple(_CardKind))]
NoCardKind = Annotated[
    str, Shape("what the card is for; empty for none", "visitor", words=("", *_CardKind))
]
CardStatus = Annotated[str, Shape("where the card is in its life", words=tuple(_CardStatus))]
WasStatus = Annotated[
    str, Shape("what its status was; empty for a new card", "active", words=("", *_CardStatus))
]
Reason = Annotated[str, Shape("why the card was denied", words=tuple(_Reason))]
Proof = Annotated[
    str,
    Shape(
        "what the card proved: nothing beyond a number that can be copied, or that it knows a key "
        "of the site",
        words=tuple(_CardProof),
    ),
]
Duty = Annotated[str, Shape("what the guard has to do first", words=tuple(_Duty))]
NoDuty = Annotated[str, Shape("what the guard had to do first; empty for nothing", "deposit_due")]
Role = Annotated[str, Shape("what a guard signs on as", words=tuple(_Role))]
Quality = Annotated[
    str,
    Shape(
        "how far the wall clock could be believed; dates hold only if `synced` or `holdover`",
        words=tuple(_Quality),
        closed=True,
    ),
]
Command = Annotated[str, Shape("the command", words=tuple(_Name))]
Answered = Annotated[
    str,
    Shape("what came of it", words=("done", "failed", "rejected", "expired"), closed=True),
]
Code = Annotated[int, Shape("as in HTTP; 200 for what was done", 200, low=200, high=599)]
Origin = Annotated[
    str,
    Shape(
        "where the order came from; `pass`: a QR pass was shown",
        words=("console", "cli", "mqtt", "button", "intercom", "pass"),
    ),
]
Unsigned = Annotated[bool, Shape("true: nobody was signed on at that desk", True)]
Order = Annotated[str, Shape("what was ordered", "open")]
VisitKind = Annotated[
    str,
    Shape(
        "what somebody comes for",
        words=("company", "resident", "viewing", "contractor", "delivery", "vehicle"),
    ),
]
Currency = Annotated[str, Shape("ISO 4217; empty where it is no money", "CNY")]

# Numbers and times

Micros = Annotated[int, Shape("wall time, µs since 1970-01-01 UTC", 1_772_600_400_000_000)]
UntilUs = Annotated[
    int, Shape("until when, µs since 1970-01-01 UTC; 0 for no end", 1_772_643_600_000_000, low=0)
]
FromUs = Annotated[int, Shape("from when, µs since 1970-01-01 UTC", 1_772_600_400_000_000)]
Millis = Annotated[int, Shape("a span, ms", 4200)]
Count = Annotated[int, Shape("how many", 1, low=0)]
Flag = Annotated[int, Shape("1 for yes, 0 for no", 0, low=0, high=1)]
Minor = Annotated[int, Shape("money in minor units (fen, cents); 0 for what is no money", 10_000)]

# Texts

Why = Annotated[str, Shape("the reason that was given", "the barrier did not know the card")]
Note = Annotated[str, Shape("what else is known", "ATR 3B8F8001804F0CA0")]
Detail = Annotated[str, Shape("a sentence for an installer", "no answer from the port")]

# Personal fields, as far as `uplink.personal` lets them be seen

Credential = Annotated[
    str, Shape("the number of the card as it was read; only at `full`", "em4100:0100CDA4EC")
]
Cardref = Annotated[
    str,
    Shape(
        "stands for the card's number below `full`: the same for the same card",
        "k1-5f3a9c0e7b1d2468",
        pattern=r"^k1-[0-9a-f]{16}$",
    ),
]
Name = Annotated[
    str, Shape("a name: whole at `full`, surname and mask at `masked`, absent at `none`", "王**")
]
Unit = Annotated[str, Shape("the unit, absent at `none`", "3-1201")]
Department = Annotated[str, Shape("the department, absent at `none`", "Accounts")]
Plate = Annotated[str, Shape("the plate, absent at `none`", "京A12345")]
Company = Annotated[str, Shape("the company, absent at `none`", "Acme Couriers")]
Commitments = Annotated[
    Mapping[str, str],
    Shape(
        "for each personal field that the gate keeps, SHA-256 over salt, name and value: "
        "the gate can prove later what was written, nobody can guess it",
        {"holder": "6b1f1e0a5f0e4b1c9a7d3e2f4c5b6a798897a6b5c4d3e2f10f1e2d3c4b5a6978"},
    ),
]
