"""The gate as it was configured, in the core's own words. Built once by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from agent.core.ids import AgentId, DeskId, EstateId, InputId, LaneId, OutputId, ReaderId
from agent.core.model import CardKind, Direction, Matching


class Drive(StrEnum):
    """How an output works: a short pulse, or held for as long as the arm is to stay up."""

    PULSE = "pulse"
    MAINTAINED = "maintained"


@dataclass(frozen=True, slots=True)
class Relay:
    """One output of a lane. ``pulse_ms`` counts only for pulse drive."""

    output: OutputId
    drive: Drive
    pulse_ms: int = 500


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """The relays and inputs of one arm. What is None is not wired, and nothing is claimed of it."""

    open: Relay
    close: Relay | None = None
    stop: Relay | None = None
    loop: InputId | None = None
    safety: tuple[InputId, ...] = ()
    opened: InputId | None = None
    closed: InputId | None = None


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A passage with one arm. Times in nanoseconds of the monotonic clock.

    ``open_for_ns``: how long a grant waits for its vehicle before the arm goes down again; without
    a loop, how long the arm stays up.
    """

    lane: LaneId
    direction: Direction
    arm: ArmPlan
    open_for_ns: int


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """A reader at a lane (with the side it faces) or at a desk; exactly one of both is set."""

    reader: ReaderId
    lane: LaneId | None = None
    desk: DeskId | None = None
    side: Direction = Direction.IN
    matching: Matching = Matching.EXACT
    quiet_ns: int = 3_000_000_000


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Everything the core has to know of one gate.

    ``clock_pass``: the card kinds that pass, marked, while the clock cannot be trusted; all others
    are referred to the guard.
    """

    estate: EstateId
    agent: AgentId
    lanes: Mapping[LaneId, LanePlan]
    readers: Mapping[ReaderId, ReaderPlan]
    holidays: frozenset[date] = frozenset()
    clock_pass: frozenset[CardKind] = field(
        default_factory=lambda: frozenset({CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE})
    )

    @property
    def source(self) -> str:
        """The gate's name in events, as the envelope of the MQTT contract has it."""
        return f"/gate/v1/{self.estate}/{self.agent}"
