"""A whole gate for the tests of the core: three lanes with buttons, lamps and lines, and a journal.

A lane in with pulse relays, a lane out, and a lane of both ways that closes by a held button; a
fire contact, a lockdown button, and a zone inside with two bays. What the loop would look up comes
from a journal in memory, so that a restart finds what the run before has left.
"""

from dataclasses import replace

from agent.core.effects import Effect, HoldFire, PulseRelay, ShowText, SwitchRelay
from agent.core.entries import Entry
from agent.core.events import CardRead, Event, Started
from agent.core.facts import Facts
from agent.core.gate_state import Step
from agent.core.ids import InputId, LaneId, OutputId, ReaderId
from agent.core.model import Direction
from agent.core.plan import (
    INSIDE,
    ArmPlan,
    Blocked,
    Button,
    Drive,
    EmergencyPlan,
    GatePlan,
    LanePlan,
    ReaderPlan,
    Relay,
    SignalPlan,
    ZonePlan,
)
from agent.core.view import LaneView
from tests.core.builders import FULL, LANE, SECOND, a_card, gate_plan
from tests.core.play import Play
from tests.rigs.memory_journal import MemoryJournal

OUT, RAMP = LaneId("out-1"), LaneId("ramp-1")
OUT_READER = ReaderId("out")
FIRE, LOCKDOWN = InputId("gate.fire"), InputId("gate.lockdown")
ROLES = (Button.OPEN, Button.CLOSE, Button.STOP, Button.EXIT)


def arm_of(lane: LaneId) -> ArmPlan:
    """Pulse relays, a loop, two switches, every button; its ids begin with the lane's name."""
    return ArmPlan(
        Relay(OutputId(f"{lane}.open"), Drive.PULSE, 500),
        Relay(OutputId(f"{lane}.close"), Drive.PULSE, 500),
        Relay(OutputId(f"{lane}.stop"), Drive.PULSE, 300),
        InputId(f"{lane}.loop"),
        (InputId(f"{lane}.loop"),),
        InputId(f"{lane}.opened"),
        InputId(f"{lane}.closed"),
        buttons=buttons_of(lane),
    )


def buttons_of(lane: LaneId) -> dict[Button, InputId]:
    return {role: InputId(f"{lane}.button-{role}") for role in ROLES}


def signals_of(lane: LaneId) -> SignalPlan:
    return SignalPlan(OutputId(f"{lane}.red"), OutputId(f"{lane}.green"), text=True)


def whole() -> GatePlan:
    """The gate of this file."""
    first = gate_plan()
    arm = replace(FULL, buttons=buttons_of(LANE))
    lanes = (
        LanePlan(LANE, Direction.IN, arm, 15 * SECOND, signals=signals_of(LANE)),
        LanePlan(OUT, Direction.OUT, arm_of(OUT), 15 * SECOND, signals=signals_of(OUT)),
        LanePlan(
            RAMP,
            Direction.BOTH,
            replace(arm_of(RAMP), when_blocked=Blocked.DEAD_MAN),
            15 * SECOND,
        ),
    )
    return replace(
        first,
        lanes={lane.lane: lane for lane in lanes},
        readers={**first.readers, OUT_READER: ReaderPlan(OUT_READER, lane=OUT)},
        zones={INSIDE: ZonePlan(INSIDE, bays=2)},
        emergency=EmergencyPlan(FIRE, LOCKDOWN),
    )


class WholeGate(Play):
    """The gate of `whole`, played like any other; facts come from its journal."""

    def __init__(self, plan: GatePlan | None = None) -> None:
        super().__init__(plan or whole(), [a_card("A"), a_card("B")])
        self.journal = MemoryJournal(list(self.cards.values()))

    def facts(self, event: Event) -> Facts:
        found = replace(super().facts(event), counts=self.journal.zone_counts())
        if isinstance(event, Started):
            left, modes = self.journal.open_passages(), self.journal.modes()
            found = replace(found, open_passages=tuple(left), modes=tuple(modes))
        return found

    def do(self, event: Event) -> Step:
        step = super().do(event)
        self.journal.append(step.entries, self.now)
        return step

    def begin(self) -> "WholeGate":
        """Started, every input clear and released, every arm down."""
        self.do(Started(self.now))
        self.levels()
        return self

    def levels(self) -> None:
        """Every input tells that it is clear, every closed switch that its arm is down."""
        for plan in self.plan.lanes.values():
            arm = plan.arm
            for name in (arm.loop, *arm.safety[1:], arm.opened, *arm.buttons.values()):
                self.act(f"{name} off")
            self.act(f"{arm.closed} on")
        self.act(f"{FIRE} off")
        self.act(f"{LOCKDOWN} off")

    def card(self, label: str, reader: ReaderId) -> Step:
        return self.do(CardRead(reader, self.cards[label].credential, self.now))

    def seen(self, lane: LaneId = LANE) -> LaneView:
        """The lane as the step left it for others to see."""
        return self.state.views[lane]

    def since(self, steps: int) -> tuple[list[Entry], list[Effect]]:
        """What came of the steps since."""
        entries = [entry for step in self.steps[steps:] for entry in step.entries]
        return entries, [effect for step in self.steps[steps:] for effect in step.effects]


def moves(step: Step) -> list[str]:
    """Relays of arms that the step drives."""
    lamps = (".red", ".green")
    return [
        str(effect.output)
        for effect in step.effects
        if isinstance(effect, PulseRelay | SwitchRelay) and not effect.output.endswith(lamps)
    ]


def lamps(step: Step) -> list[str]:
    """Lamps and lines, in order: ``in-1.green off``, ``in-1: 请刷卡``."""
    found = []
    for effect in step.effects:
        if isinstance(effect, SwitchRelay) and effect.output.endswith((".red", ".green")):
            found.append(f"{effect.output} {'on' if effect.on else 'off'}")
        elif isinstance(effect, ShowText):
            found.append(f"{effect.lane}: {effect.text}")
    return found


def held(step: Step) -> list[bool]:
    """What the interlock is told of the fire."""
    return [effect.on for effect in step.effects if isinstance(effect, HoldFire)]
