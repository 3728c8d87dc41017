"""What the events of the booth say: appointments, bans, notices, help, shifts, guards, the log.

Rule kept here: one class for each form of ``data``; the table of types is `agent.contract.events`.
"""

from collections.abc import Mapping
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.common import Committed, Ordered, Visiting
from agent.contract.shapes import Shape
from agent.core.announced import KINDS as _PRIORITIES
from agent.core.directory import KINDS as _DIRECTORY
from agent.core.dutylog import ANSWERS as _ANSWERS
from agent.core.help_requests import KINDS as _HELP
from agent.core.notices import AUDIENCES as _AUDIENCES

_Ender = Annotated[str, Shape("what ended it", words=("guard", "time", "centre"))]
_HelpKind = Annotated[str, Shape("what for", words=_HELP)]
_Numbers = Annotated[
    Mapping[str, int],
    Shape("`cash.{currency}` in minor units, `documents`, `cards`", {"cash.CNY": 20_000}),
]
_HandedTo = TypedDict(
    "_HandedTo",
    {
        "from": f.Guard,
        "to": Annotated[str, Shape("who takes over; empty for nobody", "g-1002")],
    },
)
_Signed = TypedDict(
    "_Signed",
    {
        "from": Annotated[str, Shape("how it was signed", words=("card", "pin"))],
        "to": NotRequired[Annotated[str, Shape("how it was signed", words=("card", "pin"))]],
    },
)


class AppointmentMade(Ordered, Visiting):
    """Somebody is expected."""

    appointment: f.Appointment
    kind: f.VisitKind
    fromus: f.FromUs
    untilus: f.UntilUs
    purpose: Annotated[str, Shape("what for; may be empty", "tea")]


class AppointmentMoved(Ordered):
    """Expected at another time."""

    appointment: f.Appointment
    fromus: f.FromUs
    untilus: f.UntilUs


class AppointmentCancelled(Ordered):
    """Expected no longer."""

    appointment: f.Appointment
    reason: f.Why


class BanSet(Ordered, Committed):
    """Not to be let in."""

    ban: f.Ban
    reason: f.Why
    untilus: f.UntilUs
    card: NotRequired[f.Label]
    visitor: NotRequired[f.Name]
    plate: NotRequired[f.Plate]


class BanLifted(Ordered):
    """A ban is over."""

    ban: f.Ban
    reason: f.Why


class NoticePosted(Ordered, Committed):
    """Something is to be told; what names people stays inside the gate."""

    notice: f.Notice
    audience: Annotated[str, Shape("to whom", words=_AUDIENCES)]
    text: Annotated[str, Shape("what", "the lift of house 3 is out of order")]
    fromus: f.FromUs
    untilus: f.UntilUs


class NoticeEnded(TypedDict):
    """A notice is over; without ``origin`` its time was."""

    notice: f.Notice
    by: _Ender
    origin: NotRequired[f.Origin]
    desk: NotRequired[f.Desk]


class HelpRequested(Ordered, Committed):
    """Somebody asks for help."""

    help: f.Help
    kind: _HelpKind
    dueus: Annotated[
        int, Shape("to be answered until, µs since 1970-01-01 UTC", 1_772_600_700_000_000)
    ]
    withinms: Annotated[int, Shape("so long it may wait, ms", 300_000)]
    uptimems: Annotated[int, Shape("the machine's uptime when it was asked, ms", 86_400_000)]
    visitor: NotRequired[f.Name]
    unit: NotRequired[f.Unit]


class HelpNoted(Ordered, Committed):
    """Help was given, or the request is over."""

    help: f.Help
    kind: _HelpKind
    late: Annotated[bool, Shape("it was escalated before", False)]


class HelpEscalated(TypedDict):
    """Nobody answered in time."""

    help: f.Help
    kind: _HelpKind
    to: Annotated[str, Shape("who is told now", words=("shift_leader",))]


class PriorityAnnounced(Ordered, Committed):
    """An ambulance or the like is expected; it opens nothing."""

    announced: f.Announced
    kind: Annotated[str, Shape("what comes", words=_PRIORITIES)]
    count: Annotated[int, Shape("so many vehicles", 1, low=1)]
    route: Annotated[str, Shape("its way", "main road, then left to house 3")]
    fromus: f.FromUs
    untilus: f.UntilUs
    unit: NotRequired[f.Unit]


class PriorityEnded(TypedDict):
    """It came, or comes no more; without ``origin`` its time was over."""

    announced: f.Announced
    by: _Ender
    origin: NotRequired[f.Origin]
    desk: NotRequired[f.Desk]


class ActSigned(Ordered):
    """Somebody answers for what was done by nobody."""

    act: Annotated[str, Shape("sequence number of the event, as text", "1042")]
    of: Annotated[str, Shape("what was done", words=("stop", "fire", "priority"))]
    reason: f.Why
    lane: NotRequired[f.Lane]


class ShiftBegan(Ordered):
    """A guard is on."""

    shift: f.Shift
    guard: f.Guard
    at: f.Desk
    role: f.Role
    withoutcard: NotRequired[Annotated[bool, Shape("without his card", True)]]
    again: NotRequired[Annotated[bool, Shape("he was on already, at the same desk", True)]]


class ShiftEnded(Ordered):
    """A guard is off."""

    shift: f.Shift
    guard: f.Guard
    at: f.Desk
    why: Annotated[str, Shape("why", words=("signed_off", "elsewhere", "role", "left"))]
    handed: Annotated[bool, Shape("the shift was handed over", True)]


class _Counted(TypedDict):
    what: Annotated[str, Shape("what", "cash.CNY")]
    counted: Annotated[int, Shape("as it was counted", 20_000)]
    booked: Annotated[int, Shape("as the books say", 25_000)]


class ShiftHanded(_HandedTo, Ordered, Committed):
    """What was handed over."""

    shift: f.Shift
    signed: _Signed
    counted: _Numbers
    booked: _Numbers
    differences: list[_Counted]
    open: Annotated[
        Mapping[str, int], Shape("so many are still open, of each kind", {"visits": 3, "help": 0})
    ]


class SignonFailed(TypedDict):
    """Somebody could not sign on."""

    desk: f.Desk
    tries: Annotated[int, Shape("so often in a row", 2, low=0)]
    guard: NotRequired[f.Guard]


class DutyNoted(Ordered, Committed):
    """A line of the log; its text stays inside the gate."""


class SupervisorChecked(Ordered, Committed):
    """A supervisor looked in."""

    card: f.Label
    kind: f.CardKind
    holder: NotRequired[f.Name]


class CallNoted(Ordered, Committed):
    """Somebody was called."""

    answer: Annotated[str, Shape("what came of it", words=_ANSWERS)]
    host: NotRequired[f.Name]
    unit: NotRequired[f.Unit]
    department: NotRequired[f.Department]


class GuardEnrolled(Ordered, Committed):
    """A guard may sign on."""

    guard: f.Guard
    role: f.Role
    card: f.NoLabel
    holder: NotRequired[f.Name]


class GuardChanged(Ordered):
    """A guard has another card, PIN or role, or leads for a shift."""

    guard: f.Guard
    change: Annotated[str, Shape("what", words=("card", "pin", "role", "leads"))]
    reason: Annotated[str, Shape("the reason that was given; may be empty", "lost")]
    card: NotRequired[f.NoLabel]
    role: NotRequired[f.Role]
    was: NotRequired[Annotated[str, Shape("card or role before", "G-1")]]
    shift: NotRequired[f.Shift]


class GuardLeft(Ordered):
    """A guard may sign on no longer."""

    guard: f.Guard
    reason: Annotated[str, Shape("the reason that was given; may be empty", "moved away")]


class DirectoryChanged(Ordered, Committed):
    """A line of the directory."""

    entry: Annotated[str, Shape("which line", "d-12")]
    kind: Annotated[str, Shape("whose", words=_DIRECTORY)]
    change: Annotated[str, Shape("what", words=("put", "drop"))]
    signs: NotRequired[Annotated[bool, Shape("may sign release slips", False)]]
    holder: NotRequired[f.Name]
    unit: NotRequired[f.Unit]
    department: NotRequired[f.Department]
