"""What the loop's hands tell the outputs, and what of the outputs comes back."""

from collections import Counter
from typing import Any

from agent.core import effects
from agent.core.effects import AnswerOrder, HoldFire, PulseRelay, SwitchRelay
from agent.core.events import OutputFaulted, SensorsTested
from agent.core.ids import AgentId, EstateId, InputId, LaneId, OrderId, OutputId
from agent.core.model import ClockQuality, Direction, Moment
from agent.core.plan import ArmPlan, Drive, GatePlan, LanePlan, Relay, SensorTest
from agent.errors import DeviceError
from agent.hands import Hands
from agent.inbox import Inbox
from tests.rigs.one_thread import Trace, TracedOutputs

LANE, BEAM = LaneId("in"), InputId("beam")
OPEN = OutputId("open")
AT = Moment(0, 5, ClockQuality.SYNCED)
ARM = ArmPlan(Relay(OPEN, Drive.PULSE), tests={BEAM: SensorTest(OutputId("probe"))})
PLAN = GatePlan(
    EstateId("e"), AgentId("g"), {LANE: LanePlan(LANE, Direction.IN, ARM, 1_000_000_000)}, {}
)


class Timed(TracedOutputs):
    """Outputs that say up to when the world was known; nothing goes down while it burns."""

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        super().pulse(output, ms)
        self.trace.append(f"known {decided_ns}")

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        super().switch(output, on)
        self.trace.append(f"known {decided_ns}")

    def hold_fire(self, on: bool) -> None:
        super().hold_fire(on)
        if "fire" in self.stuck:
            raise DeviceError("open: cannot be turned on")


def made() -> tuple[Hands, Trace, Timed, Inbox, Counter[str]]:
    trace: Trace = []
    outputs, inbox = Timed(trace), Inbox({})
    counters: Counter[str] = Counter()
    return Hands(outputs, inbox, PLAN, counters, {}), trace, outputs, inbox, counters


def left(inbox: Inbox) -> list[Any]:
    return [inbox.take(0) for _ in range(inbox.waiting())]


def test_a_movement_says_what_was_known_when_it_was_decided() -> None:
    hands, trace, _, inbox, _ = made()
    hands.knows(100)
    hands.do(PulseRelay(OPEN, 500), AT)
    hands.knows(70)  # an event of earlier that was told late
    hands.do(SwitchRelay(OPEN, True), AT)
    hands.knows(130)
    hands.do(SwitchRelay(OPEN, False), AT)
    assert trace == [
        *("pulse open 500", "known 100"),
        *("hold open", "known 100"),
        *("release open", "known 130"),
    ]
    assert left(inbox) == []


def test_a_relay_that_fails_comes_back_as_an_event() -> None:
    hands, _, outputs, inbox, counters = made()
    outputs.stuck.add(OPEN)
    hands.do(PulseRelay(OPEN, 500), AT)
    (fault,) = left(inbox)
    assert isinstance(fault, OutputFaulted)
    assert (fault.output, fault.at) == (OPEN, AT)
    assert counters["outputs_faulted"] == 1


def test_a_test_that_cannot_be_made_has_failed() -> None:
    hands, trace, outputs, inbox, counters = made()
    hands.do(effects.TestSensors(LANE), AT)
    assert (trace, left(inbox)) == (["test in"], [])
    outputs.stuck.add(LANE)
    hands.do(effects.TestSensors(LANE), AT)
    assert left(inbox) == [SensorsTested(LANE, (BEAM,), AT)]
    assert counters["tests_faulted"] == 1


def test_fire_is_held_and_reset() -> None:
    hands, trace, outputs, inbox, counters = made()
    hands.do(HoldFire(True), AT)
    outputs.stuck.add("fire")
    hands.do(HoldFire(False), AT)
    assert trace == ["fire held", "fire reset"]
    assert left(inbox) == []
    assert counters["outputs_faulted"] == 1


def test_what_moves_nothing_is_not_for_hands() -> None:
    hands, trace, _, inbox, _ = made()
    hands.do(AnswerOrder(OrderId("o"), "done", 200, ""), AT)
    assert (trace, left(inbox)) == ([], [])
