"""One test of the safety sensors of a lane: does each of them still see what it has to see?

Rules kept here:
- the test output makes a sound sensor report an obstacle; one that does not in time has failed;
- then the output goes off, and a sensor that does not get clear again in time has somebody before
  it: that is no failure, but no passed test either;
- pure: levels and times (monotonic ns) come from outside.
"""

from collections.abc import Mapping
from enum import Enum

from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import SensorTest


class Stage(Enum):
    """Where a test is: the output is on, the output is off, all is known."""

    ANSWER = "answer"
    CLEAR = "clear"
    OVER = "over"


class Trial:
    """The sensors in ``tests`` are being tested, all at once.

    Call `look` at ``due_ns``, and after every `saw`.
    """

    def __init__(self, lane: LaneId, tests: Mapping[InputId, SensorTest], now_ns: int) -> None:
        self.lane = lane
        self.stage = Stage.ANSWER
        self.failed: tuple[InputId, ...] = ()
        self._tests = tests
        self._limits = {name: now_ns + test.within_ms * 1_000_000 for name, test in tests.items()}
        self._active: dict[InputId, bool | None] = dict.fromkeys(tests, False)
        self._answered: set[InputId] = set()

    @property
    def inputs(self) -> frozenset[InputId]:
        """The sensors that are tested."""
        return frozenset(self._tests)

    @property
    def outputs(self) -> Mapping[OutputId, int]:
        """What tests them, and for how long at most (ms)."""
        longest: dict[OutputId, int] = {}
        for test in self._tests.values():
            longest[test.output] = max(test.within_ms, longest.get(test.output, 0))
        return longest

    @property
    def clear(self) -> bool:
        """Nothing stands before any of them, as far as they tell."""
        return all(active is False for active in self._active.values())

    @property
    def due_ns(self) -> int:
        """When the stage ends at the latest."""
        return max(self._limits.values())

    def saw(self, name: InputId, active: bool | None, now_ns: int) -> None:
        """What a sensor says now; None when its contacts contradict each other."""
        self._active[name] = active
        if self.stage is Stage.ANSWER and active and now_ns <= self._limits[name]:
            self._answered.add(name)

    def look(self, now_ns: int) -> None:
        """Go on to the next stage when this one is done, or its time is over."""
        over = now_ns >= self.due_ns
        if self.stage is Stage.ANSWER and (over or self._answered == self.inputs):
            self.failed = tuple(name for name in self._tests if name not in self._answered)
            self.stage = Stage.CLEAR
            for name, test in self._tests.items():
                self._limits[name] = now_ns + test.within_ms * 1_000_000
        elif self.stage is Stage.CLEAR and (over or self.clear):
            self.stage = Stage.OVER
