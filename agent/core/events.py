"""What happened, in the past tense: everything that may reach the loop's inbox.

Drivers make these and put them into the inbox; their work is over then.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.ids import InputId, LaneId, LineId, OutputId, ReaderId
from agent.core.model import CardProof, Credential, Moment
from agent.core.orders import Order
from agent.core.qr_pass import ShownPass


@dataclass(frozen=True, slots=True)
class CardRead:
    """A whole, checked frame came from a reader; ``note`` is what else is known (the ATR).

    ``proof``: most readers know no more than a number. ``shown`` is the QR pass, if it was one.
    """

    reader: ReaderId
    credential: Credential
    at: Moment
    note: str = ""
    proof: CardProof = CardProof.UID_ONLY
    shown: ShownPass | None = None


@dataclass(frozen=True, slots=True)
class KeysTyped:
    """Keys of a reader's keypad were pressed (``0`` to ``9``, ``*``, ``#``), shown in no text."""

    reader: ReaderId
    keys: str = field(repr=False)
    at: Moment


@dataclass(frozen=True, slots=True)
class InputChanged:
    """A debounced input. ``active`` is None when the input cannot be read (unknown).

    ``fault`` says why an input that cannot be believed is unknown (a cut wire, contradicting
    contacts, chatter, a failed test); empty otherwise.
    ``edges`` counts all raw edges since the start, so that a bounce or a short drop between two
    looks is not lost: inputs travel as level and count in one slot each.
    """

    input: InputId
    active: bool | None
    edges: int
    at: Moment
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PartsChecked:
    """Every part was looked at: name, condition (``ok``, ``degraded``, ``down``), detail."""

    parts: tuple[tuple[str, str, str], ...]
    cause: str
    at: Moment


@dataclass(frozen=True, slots=True)
class SensorsTested:
    """The safety sensors of a lane were tested; ``failed`` names those that did not answer."""

    lane: LaneId
    failed: tuple[InputId, ...]
    at: Moment


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that a step has asked for. ``key`` as in `effects.StartTimer`."""

    key: str
    at: Moment


@dataclass(frozen=True, slots=True)
class OrderReceived:
    """Somebody wants something done."""

    order: Order
    at: Moment


@dataclass(frozen=True, slots=True)
class ReaderLost:
    """A reader went away or stopped making sense; ``detail`` says what was seen."""

    reader: ReaderId
    detail: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ReaderFound:
    """A reader is there (again)."""

    reader: ReaderId
    detail: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ReaderTampered:
    """A reader's tamper contact: ``open`` when its case is open or it was taken off its wall."""

    reader: ReaderId
    open: bool
    at: Moment


@dataclass(frozen=True, slots=True)
class FrameFaulted:
    """A reader sent bytes that are not a frame: counted in health, never an entry each."""

    reader: ReaderId
    reason: str
    raw: bytes
    at: Moment


@dataclass(frozen=True, slots=True)
class OutputFaulted:
    """A relay could not be driven, or its driver cut it off; ``detail`` says which and why."""

    output: OutputId
    detail: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The wall clock jumped against the monotonic one by ``delta_us``; ``at`` is after the jump."""

    delta_us: int
    at: Moment


@dataclass(frozen=True, slots=True)
class ClockJudged:
    """The clock became trusted, or stopped being so."""

    trusted: bool
    at: Moment


@dataclass(frozen=True, slots=True)
class Protected:
    """The interlock has acted at the edge, before this event was written; the entry follows.

    ``what``: ``raised`` (a safety input while the arm went down), ``fire`` (the fire input),
    ``stopped`` (the guard's stop) or ``reopened`` (an open order while the arm went down).
    ``because`` is the input, or None for an order.
    """

    what: str
    output: OutputId
    because: InputId | OutputId | None
    at: Moment


@dataclass(frozen=True, slots=True)
class Started:
    """The daemon begins. First event of every run."""

    at: Moment


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Somebody at the broker asked for what he may not have; ``count`` of them since the last."""

    client: str
    command: str
    code: int
    detail: str
    count: int
    at: Moment


class Turn(StrEnum):
    """What the intercom tells of a line."""

    CALLED = "called"
    RANG = "rang"
    ANSWERED = "answered"
    KEY = "key"
    ENDED = "ended"


class Why(StrEnum):
    """Why a line ended: somebody hung up, is busy, refused, cannot be reached, or fell silent.

    ``lost``: the intercom itself is away.
    """

    HUNG_UP = "hung_up"
    BUSY = "busy"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class LineTold:
    """The intercom tells of a line: of one that was dialled, or of somebody who calls us.

    ``key`` is the key that was pressed (``0`` to ``9``, ``*``, ``#``, ``A`` to ``D``), ``peer`` the
    address of who calls us, ``why`` the reason of an end. Neither key nor peer shows in texts.
    """

    line: LineId
    turn: Turn
    at: Moment
    key: str = field(default="", repr=False)
    peer: str = field(default="", repr=False)
    why: Why = Why.HUNG_UP


@dataclass(frozen=True, slots=True)
class IntercomLost:
    """The intercom cannot be spoken to; its lines were told as ended before."""

    detail: str
    at: Moment


@dataclass(frozen=True, slots=True)
class IntercomFound:
    """The intercom is there (again), with no line on."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Stopping:
    """The daemon ends in order. Last event of a run that was not cut off."""

    reason: str
    at: Moment


Event = (
    CardRead
    | KeysTyped
    | InputChanged
    | TimerFired
    | OrderReceived
    | ReaderLost
    | ReaderFound
    | ReaderTampered
    | OutputFaulted
    | SensorsTested
    | PartsChecked
    | ClockStepped
    | ClockJudged
    | Protected
    | CommandRefused
    | LineTold
    | IntercomLost
    | IntercomFound
    | Started
    | Stopping
)
