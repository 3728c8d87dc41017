"""Whether an arm is on its way down, as far as that can be known.

Rules kept here:
- an arm that was told to go down does so for as long as it takes at most, or until the lower switch
  is reached, or another relay tells it otherwise; told so while it is down, it does not, unless it
  leaves the switch. A lower switch that contradicts the upper one proves nothing;
- by itself it is believed to go down only while its lower switch says that it is not down: a gate
  that is closed is never opened by a safety input. So it is when the daemon starts and the arm is
  neither down nor held nor at its upper end, and when the arm leaves its upper end unasked.

Pure: times are nanoseconds of the monotonic clock and come from outside.
"""

from collections.abc import Mapping

from agent.core.ids import InputId, OutputId
from agent.core.plan import ArmKind, ArmPlan, Drive

Levels = Mapping[InputId, bool | None]


class Descent:
    """The way down of one arm."""

    def __init__(self, arm: ArmPlan) -> None:
        self._arm = arm
        self._until_ns: int | None = None
        self._ordered = False
        self._held = False
        self._up = False
        self._down = False

    def on_the_way(self, now_ns: int) -> bool:
        """Whether the arm may be going down."""
        if self._until_ns is None or now_ns >= self._until_ns:
            return False
        return self._up or not self._down

    def ordered(self, now_ns: int) -> bool:
        """Whether it does so because of us, and not by itself."""
        return self._ordered and self.on_the_way(now_ns)

    def lowers(self, output: OutputId, on: bool) -> bool:
        """Whether this change of an output lets the arm down."""
        arm = self._arm
        if arm.close is not None and output == arm.close.output:
            return on
        return output == arm.open.output and arm.open.drive is Drive.MAINTAINED and not on

    def started(self, levels: Levels, held: bool, now_ns: int) -> None:
        """The first look. ``held``: the open relay is on."""
        arm = self._arm
        self._held = held
        self._up = level_of(arm.opened, levels) is True
        self._down = level_of(arm.closed, levels) is True
        if arm.kind is ArmKind.DOOR or level_of(arm.closed, levels) is not False:
            return
        standing = held if arm.open.drive is Drive.MAINTAINED else self._up
        if not standing:
            self._begins(now_ns, ordered=False)

    def turned(self, output: OutputId, on: bool, now_ns: int) -> bool:
        """A relay of the arm was switched. True when that ends the way down."""
        if output == self._arm.open.output:
            self._held = on
        if self.lowers(output, on):
            self._begins(now_ns, ordered=True)
            return False
        if on:
            self._until_ns = None
        return on

    def lower(self, active: bool | None) -> None:
        """The lower switch says something else."""
        self._down = active is True
        if active:
            self._until_ns = None

    def upper(self, active: bool | None, levels: Levels, now_ns: int) -> None:
        """The upper switch says something else."""
        arm = self._arm
        left, self._up = self._up and active is False, active is True
        if active and not self._ordered:
            self._until_ns = None
        holds = arm.open.drive is Drive.MAINTAINED and self._held
        proved = level_of(arm.closed, levels) is False
        if left and proved and not holds and not self.on_the_way(now_ns):
            self._begins(now_ns, ordered=False)

    def _begins(self, now_ns: int, *, ordered: bool) -> None:
        self._until_ns = now_ns + self._arm.travel_ns
        self._ordered = ordered


def level_of(name: InputId | None, levels: Levels) -> bool | None:
    """The level of an input that may not be wired."""
    return None if name is None else levels.get(name)
