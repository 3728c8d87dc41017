"""What the events of a lane say: cards, passages, the arm, alarms.

Rule kept here: one class for each form of ``data``; the table of types is `agent.contract.events`.
"""

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.common import Carded, Committed, Ordered
from agent.contract.shapes import Shape
from agent.core.access import BAN, Reason
from agent.core.grants import Outcome, Unseen

_Zones = TypedDict(
    "_Zones",
    {
        "from": NotRequired[Annotated[str, Shape("the zone that was left", "outside")]],
        "to": NotRequired[Annotated[str, Shape("the zone that was entered", "inside")]],
    },
)


class _FromTo(_Zones):
    direction: NotRequired[f.Way]


class CardPresented(Carded):
    """A card at a desk."""

    reader: f.Reader
    desk: f.Desk
    card: NotRequired[f.Label]
    kind: NotRequired[f.CardKind]
    proof: NotRequired[f.Proof]
    reason: NotRequired[
        Annotated[
            str,
            Shape(
                "why it may be a copy, so that nobody signs on with it",
                words=(Reason.PROOF_FAILED, Reason.PROOF_REQUIRED),
            ),
        ]
    ]
    note: NotRequired[f.Note]


class _AtLane(Carded):
    lane: f.Lane
    direction: NotRequired[f.Way]
    card: NotRequired[f.Label]
    kind: NotRequired[f.CardKind]


class _Tapped(_AtLane):
    reader: f.Reader
    proof: NotRequired[f.Proof]
    visit: NotRequired[f.Visit]
    note: NotRequired[f.Note]


class AccessGranted(_AtLane, _Zones):
    """A passage begins; its end has the same ``passage``. With ``order`` a guard let it through.

    With ``untilus`` it was a QR pass, which is used up for the way from ``from`` to ``to``.
    """

    passage: f.Passage
    reader: NotRequired[f.Reader]
    proof: NotRequired[f.Proof]
    visit: NotRequired[f.Visit]
    note: NotRequired[f.Note]
    marks: NotRequired[
        list[
            Annotated[
                str,
                Shape(
                    "what could not be judged, or is odd but no reason to deny",
                    words=("clock_unknown", "passback", BAN),
                ),
            ]
        ]
    ]
    order: NotRequired[Annotated[str, Shape("the act of the guard", "bearer.confirm")]]
    origin: NotRequired[f.Origin]
    untilus: NotRequired[f.UntilUs]
    appointment: NotRequired[f.Appointment]


class AccessDenied(_Tapped):
    """A card may not pass."""

    reason: f.Reason
    appointment: NotRequired[f.Appointment]


class AccessReferred(_Tapped):
    """A card waits for the guard."""

    duty: f.Duty
    appointment: NotRequired[f.Appointment]


class PassageEnded(_FromTo):
    """What became of a grant, or of a vehicle without one."""

    lane: f.Lane
    passage: f.Passage
    outcome: Annotated[str, Shape("what became of it", words=tuple(Outcome))]
    vehicles: Annotated[int, Shape("how many were seen to go through", 1, low=0)]
    card: NotRequired[f.Label]
    kind: NotRequired[f.CardKind]
    openings: NotRequired[Annotated[int, Shape("how often the door was opened", 1)]]
    movedms: NotRequired[Annotated[int, Shape("arm moved, ms since the grant", 310)]]
    openedms: NotRequired[Annotated[int, Shape("arm up, ms since the grant", 1480)]]
    takenms: NotRequired[Annotated[int, Shape("vehicle there, ms since the grant", 3120)]]
    clearedms: NotRequired[Annotated[int, Shape("vehicle gone, ms since the grant", 6540)]]
    heldopen: NotRequired[Annotated[bool, Shape("the lane was held open meanwhile", True)]]
    unseen: NotRequired[
        list[Annotated[str, Shape("what no sensor could tell", words=tuple(Unseen))]]
    ]
    behind: NotRequired[f.Passage]
    gapms: NotRequired[Annotated[int, Shape("loop clear before it, ms", 900)]]


class PassageNoted(Committed):
    """Who drove and who came along, added to a passage."""

    of: Annotated[int, Shape("sequence number of the passage's event", 1042, low=1)]
    driver: NotRequired[f.Name]
    origin: f.Origin
    desk: NotRequired[f.Desk]


class ArmOrdered(Ordered, Committed):
    """An order for an arm; with ``refused`` nothing moved."""

    lane: f.Lane
    order: f.Order
    reason: f.Why
    refused: NotRequired[
        Annotated[str, Shape("why nothing was done", "fire, the arm stays up until it is reset")]
    ]
    passage: NotRequired[f.Passage]
    count: NotRequired[Annotated[int, Shape("so many vehicles on this one grant", 3)]]
    announced: NotRequired[f.Announced]
    until: NotRequired[Annotated[str, Shape("held until, local time", "2026-03-04T18:00")]]
    untilus: NotRequired[f.UntilUs]
    holder: NotRequired[f.Name]


class ArmCleared(Ordered, Committed):
    """A fault was cleared."""

    lane: f.Lane
    order: f.Order
    reason: f.Why
    fault: Annotated[str, Shape("the fault that was cleared", "not down within 8 s")]
    holder: NotRequired[f.Name]


class ArmOpened(TypedDict):
    """The switch says up."""

    lane: f.Lane


class ArmClosed(TypedDict):
    """The switch says down."""

    lane: f.Lane
    after: NotRequired[list[f.Passage]]


class ArmProtected(TypedDict):
    """The interlock acted."""

    output: f.Output
    what: Annotated[
        str,
        Shape("what it did", words=("raised", "fire", "stopped", "reopened", "dead_man")),
    ]
    because: Annotated[
        str | None, Shape("the input that it acted on; null for an order", "in-1-beam")
    ]


class ArmFaulted(TypedDict):
    """The arm failed."""

    lane: f.Lane
    fault: Annotated[str, Shape("what failed", words=("opening", "closing", "switches", "stop"))]
    detail: f.Detail


class ArmForced(TypedDict):
    """The arm was moved by something else."""

    lane: f.Lane
    direction: Annotated[str, Shape("which way the arm went", words=("up", "down"), closed=True)]


class ArmReleased(TypedDict):
    """A hold is over."""

    lane: f.Lane
    why: Annotated[str, Shape("what ended it", "hold_over")]


class Alarm(TypedDict):
    """An alarm: ``held_open`` (in steps), ``unanswered`` (a call), ``fire_input`` (of the gate).

    ``duress``: whoever shows ``card`` (left out where it is unknown) at ``reader`` is forced to,
    and has typed the code that says so. It is silent at the gate, and nothing ends it.

    ``forced`` and ``tailgating`` stand until a guard has seen them; then the end names him, and
    has what every order has.
    """

    alarm: Annotated[
        str,
        Shape(
            "what is wrong",
            words=("held_open", "fire_input", "unanswered", "forced", "tailgating", "duress"),
        ),
    ]
    step: Annotated[
        str, Shape("the step that was reached", words=("pre_alarm", "alarm", "escalated"))
    ]
    level: Annotated[int, Shape("the number of the step, from 1", 1, low=1)]
    lane: NotRequired[f.Lane]
    openms: NotRequired[Annotated[int, Shape("so long it stands open, ms", 60_000)]]
    input: NotRequired[f.Input]
    detail: NotRequired[f.Detail]
    call: NotRequired[f.Call]
    reader: NotRequired[f.Reader]
    card: NotRequired[f.Label]
    origin: NotRequired[f.Origin]
    desk: NotRequired[f.Desk]
    unsigned: NotRequired[f.Unsigned]


class OutputFaulted(TypedDict):
    """A relay failed."""

    output: f.Output
    detail: f.Detail


class DutyDismissed(Ordered):
    """A duty came to nothing."""

    lane: f.Lane
    duty: f.Duty
    card: f.Label
    reason: f.Why
