"""The loop's hands: effects that move, show or call, on outputs, displays and the intercom.

Rules kept here:
- the outputs are told up to when the world was known when a step was made: what protected an arm
  after that comes first, and the step's own opening or closing is dropped;
- a device that fails comes back as an event; a test that cannot be made is one that failed.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping

from agent.core.effects import (
    Accept,
    Dial,
    Effect,
    HangUp,
    HoldFire,
    PulseRelay,
    ShowText,
    SwitchRelay,
    TestSensors,
)
from agent.core.events import OutputFaulted, SensorsTested
from agent.core.ids import LaneId, OutputId
from agent.core.model import Moment
from agent.core.plan import GatePlan
from agent.errors import DeviceError
from agent.inbox import Inbox
from agent.ports import Display, Intercom, Outputs

_log = logging.getLogger("gate.hands")


class Hands:
    """Moves what `effects` say. ``counters`` counts what failed."""

    def __init__(
        self,
        outputs: Outputs,
        inbox: Inbox,
        plan: GatePlan,
        counters: Counter[str],
        displays: Mapping[LaneId, Display],
        intercom: Intercom | None = None,
    ) -> None:
        self._outputs = outputs
        self._inbox = inbox
        self._plan = plan
        self._counters = counters
        self._displays = displays
        self._intercom = intercom
        self._known_ns = 0

    def knows(self, ns: int) -> None:
        """Everything that happened up to this monotonic time has been taken from the inbox."""
        self._known_ns = max(self._known_ns, ns)

    def do(self, effect: Effect, at: Moment) -> None:
        """Carry out one effect of an event at ``at``; what is not for hands does nothing."""
        outputs, known_ns = self._outputs, self._known_ns
        match effect:
            case PulseRelay(output, ms):
                self._drive(output, at, lambda: outputs.pulse(output, ms, known_ns))
            case SwitchRelay(output, on):
                self._drive(output, at, lambda: outputs.switch(output, on, known_ns))
            case TestSensors(lane):
                self._test(lane, at)
            case HoldFire(on):
                self._hold_fire(on)
            case ShowText(lane, text) if lane in self._displays:
                self._displays[lane].show(text)
            case Dial() | Accept() | HangUp() if self._intercom is not None:
                _call(self._intercom, effect)

    def _drive(self, output: OutputId, at: Moment, drive: Callable[[], None]) -> None:
        try:
            drive()
        except DeviceError as fault:
            self._counters["outputs_faulted"] += 1
            self._inbox.put(OutputFaulted(output, str(fault), at))

    def _hold_fire(self, on: bool) -> None:
        try:
            self._outputs.hold_fire(on)
        except DeviceError as fault:
            # The driver has told of the relay itself; that nothing closes is held all the same.
            self._counters["outputs_faulted"] += 1
            _log.error("fire: an arm that went down could not be raised: %s", fault)

    def _test(self, lane: LaneId, at: Moment) -> None:
        try:
            self._outputs.test(lane)
        except DeviceError:
            self._counters["tests_faulted"] += 1
            failed = tuple(self._plan.lanes[lane].arm.tests)
            self._inbox.put(SensorsTested(lane, failed, at))


def _call(intercom: Intercom, effect: Dial | Accept | HangUp) -> None:
    match effect:
        case Dial(line, number, lane):
            intercom.dial(line, number, lane)
        case Accept(line, lane):
            intercom.accept(line, lane)
        case HangUp(line):
            intercom.hang_up(line)
