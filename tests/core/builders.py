"""Small gates for the tests of the core: plans, cards, moments."""

from dataclasses import replace
from datetime import datetime

from agent.core.access import Question
from agent.core.ids import AgentId, DeskId, EstateId, InputId, LaneId, OutputId, ReaderId
from agent.core.model import Card, CardKind, CardStatus, ClockQuality, Credential, Direction, Moment
from agent.core.plan import ArmPlan, Drive, GatePlan, LanePlan, ReaderPlan, Relay

SECOND = 1_000_000_000
WEDNESDAY = datetime.fromisoformat("2026-03-04T12:00")
WALL_US = 1_772_625_600_000_000
LANE = LaneId("in-1")
READER = ReaderId("near")
OTHER_READER = ReaderId("far")
DESK_READER = ReaderId("booth")
LOOP, BEAM = InputId("loop"), InputId("beam")
OPENED, CLOSED = InputId("opened"), InputId("closed")

OPEN = Relay(OutputId("open"), Drive.PULSE, 500)
CLOSE = Relay(OutputId("close"), Drive.PULSE, 500)
STOP = Relay(OutputId("stop"), Drive.PULSE, 300)
HELD = Relay(OutputId("open"), Drive.MAINTAINED)

FULL = ArmPlan(OPEN, CLOSE, STOP, LOOP, (LOOP, BEAM), OPENED, CLOSED)
"""Everything wired: three pulse relays, a loop that is a safety input too, a beam, two switches."""
MAINTAINED = replace(FULL, open=HELD, close=None, stop=None)
SELF_CLOSING = replace(FULL, close=None)
NO_LOOP = replace(FULL, loop=None, safety=(BEAM,))
BARE = ArmPlan(OPEN, CLOSE)


def moment(seconds: float, quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    """``seconds`` after noon of `WEDNESDAY`."""
    return Moment(WALL_US + int(seconds * 1e6), int((1000 + seconds) * SECOND), quality)


def lane_plan(arm: ArmPlan = FULL, direction: Direction = Direction.IN) -> LanePlan:
    """A lane whose grants wait 15 s."""
    return LanePlan(LANE, direction, arm, 15 * SECOND)


def gate_plan(arm: ArmPlan = FULL, direction: Direction = Direction.IN) -> GatePlan:
    """One lane with a reader on each side, and a reader on the desk."""
    readers = (
        ReaderPlan(READER, lane=LANE),
        ReaderPlan(OTHER_READER, lane=LANE, side=Direction.OUT),
        ReaderPlan(DESK_READER, desk=DeskId("desk-1")),
    )
    return GatePlan(
        EstateId("estate"),
        AgentId("north"),
        {LANE: lane_plan(arm, direction)},
        {reader.reader: reader for reader in readers},
    )


def credential(label: str) -> Credential:
    """A number that is as good as the label."""
    return Credential("uid", label.encode().hex().upper())


def a_card(
    label: str = "A", status: CardStatus = CardStatus.ACTIVE, kind: CardKind = CardKind.RESIDENT
) -> Card:
    """A card that may pass anywhere at any time, if its status allows."""
    return Card(credential(label), label, kind, status, holder="王小明", unit="3-1-502")


def a_question(*cards: Card) -> Question:
    """At noon of a Wednesday at the entry lane, with a trusted clock."""
    kinds = frozenset({CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE})
    return Question(cards, LANE, Direction.IN, WEDNESDAY, True, frozenset(), kinds)
