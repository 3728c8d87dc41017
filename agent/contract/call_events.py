"""What the events of the intercom say.

Rules kept here:
- one class for each form of ``data``; the table of types is `agent.contract.events`;
- no number is in any of them.
"""

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.common import Committed
from agent.contract.shapes import Shape
from agent.core.call_state import Origin as _Origin
from agent.core.call_state import Outcome as _Outcome
from agent.core.calls import AGREED as _AGREED
from agent.core.calls import DECLINED as _DECLINED
from agent.core.events import Why as _Why
from agent.core.plan_calls import Party as _Party

_Called = Annotated[str, Shape("who is called", words=tuple(_Party))]
_By = Annotated[str, Shape("who answered; `booth` is the guard", words=tuple(_Party))]
_Answer = Annotated[str, Shape("what was answered", words=(_AGREED, _DECLINED), closed=True)]


class _OfCall(TypedDict):
    call: f.Call
    lane: NotRequired[f.Lane]


class _OfEntry(_OfCall):
    entry: NotRequired[Annotated[str, Shape("the line of the directory", "d-17")]]
    position: NotRequired[Annotated[int, Shape("which number of that line, from 1", 1, low=1)]]


class CallBegan(_OfCall, Committed):
    """A call begins."""

    origin: Annotated[str, Shape("who began it", words=tuple(_Origin))]
    waiting: NotRequired[Annotated[bool, Shape("true: another call is on, it waits", True)]]
    quiet: NotRequired[Annotated[int, Shape("so many units are not called at this hour", 1, low=1)]]
    recorded: NotRequired[Annotated[bool, Shape("true: what is said is recorded", True)]]
    despite: NotRequired[Annotated[bool, Shape("true: called in quiet hours all the same", True)]]
    reason: NotRequired[f.Why]
    desk: NotRequired[f.Desk]
    unsigned: NotRequired[f.Unsigned]
    unit: NotRequired[f.Unit]


class CallRang(_OfEntry, Committed):
    """It rings."""

    party: _Called
    host: NotRequired[f.Name]
    unit: NotRequired[f.Unit]


class CallMissed(_OfEntry):
    """Not answered there; the next one is called."""

    party: _Called
    why: Annotated[str, Shape("why; `time`: it rang long enough", words=("time", *_Why))]
    rangms: f.Millis


class CallAnswered(_OfEntry):
    """Somebody talks to the visitor."""

    by: _By
    waitms: f.Millis


class CallDecided(_OfCall):
    """Agreed or declined."""

    answer: _Answer
    by: Annotated[str, Shape("how it is known", words=("key", "guard"))]
    opened: Annotated[bool, Shape("the lane is opened for it", True)]
    refused: NotRequired[Annotated[str, Shape("why the lane is not opened", "the arm is faulted")]]


class CallMiskeyed(_OfCall):
    """A key that means nothing; which one is not told."""

    party: _Called
    wrong: Annotated[int, Shape("so many in this call", 1, low=1)]


class CallEnded(_OfCall):
    """A call is over."""

    outcome: Annotated[str, Shape("how it ended", words=tuple(_Outcome))]
    opened: Annotated[bool, Shape("the lane was opened in this call", True)]
    tookms: NotRequired[f.Millis]
    talkms: NotRequired[f.Millis]
    answer: NotRequired[_Answer]
    wrong: NotRequired[Annotated[int, Shape("so many keys meant nothing", 1, low=1)]]


class CallRefused(TypedDict):
    """Turned away."""

    count: Annotated[int, Shape("so many since the last such event", 1, low=1)]


class IntercomLost(TypedDict):
    """No calls for now."""

    detail: f.Detail
