"""What is to be done, in the imperative. Effects run after the commit, once each at most."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.ids import LaneId, LineId, OrderId, OutputId, ReaderId
from agent.core.model import Card


class Verdict(StrEnum):
    """What a reader's lamp and buzzer can tell the person in front of it."""

    GRANTED = "granted"
    DENIED = "denied"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class PulseRelay:
    """Close a relay's contact for ``ms`` milliseconds; the driver itself ends it."""

    output: OutputId
    ms: int


@dataclass(frozen=True, slots=True)
class SwitchRelay:
    """Hold a relay on, or let it go."""

    output: OutputId
    on: bool


@dataclass(frozen=True, slots=True)
class ShowVerdict:
    """Tell the person at the reader."""

    reader: ReaderId
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Fire ``key`` at monotonic time ``at_ns``; a timer with the same key is replaced."""

    key: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Forget a timer; nothing happens if there is none."""

    key: str


@dataclass(frozen=True, slots=True)
class TestSensors:
    """Test the safety sensors of a lane that can be tested; `events.SensorsTested` follows."""

    lane: LaneId


@dataclass(frozen=True, slots=True)
class HoldFire:
    """Tell the interlock that the fire alarm is latched (nothing closes), or that it was reset.

    It moves nothing: the fire input itself has raised the arms at its edge.
    """

    on: bool


@dataclass(frozen=True, slots=True)
class CheckParts:
    """Look at every part of the gate; `events.PartsChecked` follows. ``cause`` is why (an id)."""

    cause: str


@dataclass(frozen=True, slots=True)
class ShowText:
    """Put a line of text on the lane's display; it stays until the next one."""

    lane: LaneId
    text: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Call ``number`` on a new line; `events.LineTold` tells of it, to its end in any case.

    ``lane`` is where the caller stands, None where at none.
    """

    line: LineId
    number: str = field(repr=False)
    lane: LaneId | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Take the call of somebody who calls us; ``lane`` is where he is heard."""

    line: LineId
    lane: LaneId | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a line; nothing happens if it has ended."""

    line: LineId


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """The result of an order. ``status``: done, failed, rejected or expired; ``code`` as HTTP.

    ``detail`` is a sentence; ``result`` is a JSON object for whoever asked.
    """

    order: OrderId
    status: str
    code: int
    detail: str
    result: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PutCard:
    """Insert or replace one card of the ruling roster, in the transaction of the entries."""

    card: Card


@dataclass(frozen=True, slots=True)
class PutRow:
    """Insert or replace a row of a reference table (``guards``, ``directory``), likewise."""

    table: str
    key: str
    values: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class DropRow:
    """Delete a row of a reference table, likewise; nothing happens if there is none."""

    table: str
    key: str


Change = PutCard | PutRow | DropRow
"""What is written with the entries instead of after them."""

Effect = (
    PulseRelay
    | SwitchRelay
    | ShowVerdict
    | StartTimer
    | StopTimer
    | TestSensors
    | HoldFire
    | CheckParts
    | ShowText
    | Dial
    | Accept
    | HangUp
    | AnswerOrder
    | Change
)
