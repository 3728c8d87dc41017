"""The sockets of the wall: small protocols between the loop and the world.

Drivers, the store and the uplink fit into these; the composition root (`agent.app`) is the only
place that knows which concrete thing is behind each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.core.effects import Change, Verdict
from agent.core.entries import Entry
from agent.core.events import Event, FrameFaulted
from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.ids import InputId, LaneId, LineId, OutputId, ZoneId
from agent.core.model import Card, Credential, Matching, Moment
from agent.core.needs import Need, Rows
from agent.core.view import LaneView


class Condition(StrEnum):
    """How a part of the gate is, in one word."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one part; ``detail`` is a sentence for an installer, never personal data."""

    part: str
    condition: Condition
    detail: str
    counters: Mapping[str, int] | None = None


Emit = Callable[[Event | FrameFaulted], None]
"""What a driver calls from its own thread; never blocks, never raises."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> Moment:
        """Wall time, monotonic time and the clock's quality, taken together."""


class CardReader(Protocol):
    """A reader with a thread of its own. Losing the device is not an error: it is an event."""

    def start(self, emit: Emit) -> None:
        """Begin to read. Returns at once, also when the device is absent."""

    def stop(self) -> None:
        """End the thread within two seconds; safe to call twice."""

    def show(self, verdict: Verdict) -> None:
        """Lamp and buzzer, where the reader has them; returns at once."""

    def health(self) -> Health:
        """How the reader is now; callable from any thread."""


class Display(Protocol):
    """A lane's line of text, with a thread of its own."""

    def start(self) -> None:
        """Begin. Returns at once, also when the device is absent."""

    def stop(self) -> None:
        """Empty the line and end the thread within three seconds; safe to call twice."""

    def show(self, text: str) -> None:
        """Put up a line; it stays until the next one. Returns at once."""

    def health(self) -> Health:
        """How the display is now; callable from any thread."""


class Voice(Protocol):
    """A lane's loudspeaker, with a thread of its own."""

    def start(self) -> None:
        """Begin. Returns at once, also when nothing can be played."""

    def stop(self) -> None:
        """Fall silent and end the thread within three seconds; safe to call twice."""

    def say(self, names: Sequence[str], *, urgent: bool = False) -> None:
        """Play the first of these recordings that there is; what waits is replaced.

        What is ``urgent`` cuts off what is played. Returns at once.
        """

    def health(self) -> Health:
        """How it went the last time; callable from any thread."""


class Printer(Protocol):
    """A receipt printer with a thread of its own."""

    def start(self) -> None:
        """Begin. Returns at once, also when the device is absent."""

    def stop(self) -> None:
        """End the thread within three seconds; safe to call twice."""

    def put(self, lines: Sequence[str]) -> int:
        """Print these lines when it can; gives how many receipts wait. Returns at once.

        Raises DeviceError when too many wait already.
        """

    def health(self) -> Health:
        """How the printer is now; callable from any thread."""


class Intercom(Protocol):
    """Telephones, through a thread of its own; what it does returns at once."""

    def start(self, emit: Emit) -> None:
        """Begin. Returns at once, also when nothing answers."""

    def stop(self) -> None:
        """Hang up and end the thread within three seconds; safe to call twice."""

    def dial(self, line: LineId, number: str, lane: LaneId | None = None) -> None:
        """Call a number; `events.LineTold` tells of the line, to its end in any case.

        The sound is that of ``lane``, where lanes have their own.
        """

    def accept(self, line: LineId, lane: LaneId | None = None) -> None:
        """Take a call that came in, likewise."""

    def hang_up(self, line: LineId) -> None:
        """End a line; nothing happens if it has ended."""

    def health(self) -> Health:
        """How the intercom is now; callable from any thread."""


class Outputs(Protocol):
    """All relays of the gate behind one lock."""

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        """Turn on for ``ms`` milliseconds; the driver's own timer turns it off.

        ``decided_ns``: monotonic time at which this was decided. When the arm was lifted or stopped
        to protect somebody after that, nothing happens: `events.Protected` tells what happened.
        Raises DeviceError when the interlock refuses or the pin cannot be driven.
        """

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        """Hold on or let go; ``decided_ns`` and DeviceError as with `pulse`."""

    def stop_arm(self, lane: LaneId) -> None:
        """The guard's stop, at once, from any thread; `events.Protected` follows if it acted.

        Raises DeviceError when a relay cannot be driven.
        """

    def reopen(self, lane: LaneId) -> None:
        """Lift an arm that goes down, at once, from any thread; else as `stop_arm`."""

    def hold_fire(self, on: bool) -> None:
        """The fire alarm is latched, so that nothing closes; or it was reset (moves nothing)."""

    def raise_all(self) -> None:
        """Somebody calls fire: every arm goes up at once, from any thread; else as `stop_arm`."""

    def test(self, lane: LaneId) -> None:
        """Begin to test the safety sensors of a lane; `events.SensorsTested` follows.

        Raises DeviceError when they cannot be tested now.
        """

    def levels(self) -> Mapping[OutputId, bool | None]:
        """What each relay does now, read back; None where that cannot be known."""

    def health(self) -> Health:
        """One line for all relays."""


class Inputs(Protocol):
    """All inputs of the gate: loops, switches, buttons."""

    def levels(self) -> Mapping[InputId, bool | None]:
        """Debounced level of every input; None where it is unknown."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the journal. ``sequence`` 0 means that nothing is written yet."""

    stream: str
    boot: str
    first: int
    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The answer to an order, kept 24 h so that a repeat gets it again and moves nothing."""

    order_id: str
    status: str
    code: int
    detail: str
    result: str = ""
    """A JSON object, or nothing."""
    digest: str = ""
    """Of the command that it answers, if the centre gave it."""
    duplicate: bool = False
    """It was answered before, and this is that answer again."""


class Journal(Protocol):
    """The writing side of the ledger, owned by the loop's thread."""

    def append(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult] = (),
        changes: Sequence[Change] = (),
    ) -> Head:
        """Commit all of it in one transaction; raises StoreError, then nothing was written."""

    def rows(self, needs: Sequence[Need]) -> Rows:
        """The rows of the books that were asked for."""

    def find_cards(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        """The cards of the ruling roster generation that match (none, one, or more)."""

    def open_passages(self) -> Sequence[OpenPassage]:
        """Grants without an end, oldest first."""

    def presence(self, card: str) -> Presence | None:
        """Where the card with this label was last seen to go."""

    def zone_counts(self) -> Mapping[ZoneId, int]:
        """The vehicles in every zone where any were counted; may be below 0."""

    def amnesties(self) -> Mapping[ZoneId, int]:
        """When whole zones were last forgiven, µs since 1970 UTC; 0 by a clock not trusted."""

    def modes(self) -> Sequence[Mode]:
        """What is in force until somebody lifts it, oldest first."""

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        """What was answered to this order within the last 24 h."""

    def head(self) -> Head:
        """The last committed entry."""

    def housekeeping(self, now: Moment) -> bool:
        """A little of what can wait: called when the loop is idle; takes some ms at most.

        True when there is more of it, so that it is called again soon.
        """


class Listener(Protocol):
    """Who wants to know what was committed and how the lanes look: uplink, live feed."""

    def committed(self, head: Head, first: int, entries: Sequence[Entry]) -> None:
        """``entries`` got the sequences from ``first`` on; the head may be further.

        Called in the loop's thread after the effects; returns at once.
        """

    def lanes(self, views: Sequence[LaneView]) -> None:
        """The lanes that look different now; called in the loop's thread; returns at once."""
