"""Relays, inputs and the interlock together: what is done under the bank's one lock.

Rules kept here:
- what the interlock orders because of an edge is done at the edge itself, before anybody is told;
- a change is made only if the interlock neither refuses it nor has protected since it was decided;
- while a sensor is tested its edges are no obstacle, and nothing that it protects may close;
- nothing here waits, and nothing reads a clock: times are monotonic nanoseconds from outside.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from agent.core.events import InputChanged, OutputFaulted, Protected, SensorsTested
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.interlock import Act, Interlock
from agent.errors import DeviceError
from agent.ports import Clock
from drivers.lines import FAULTS, InputSpec, Line, Outbox, OutputSpec, Seen
from drivers.pins import PinFactory
from drivers.relay_board import RelayBoard
from drivers.sensor_test import Stage, Trial
from drivers.supervision import Supervised

MS = 1_000_000


class Panel:
    """All of it.

    ``seen`` is called by the pins at raw edges and is to call `edge` under the lock; ``due`` hears
    of every moment at which `work` has to be called.
    """

    def __init__(
        self,
        outputs: Sequence[OutputSpec],
        inputs: Sequence[InputSpec],
        interlock: Interlock,
        clock: Clock,
        outbox: Outbox,
        seen: Seen,
        due: Callable[[int], None],
    ) -> None:
        self._interlock = interlock
        self._clock = clock
        self._outbox = outbox
        self._due = due
        self.board = RelayBoard(outputs, outbox, clock, interlock.turned, due)
        self.lines: Mapping[InputId, Line] = {
            spec.input: Line(spec, seen, _belief(spec, interlock.at_once(spec.input)))
            for spec in inputs
        }
        self.levels: dict[InputId, bool | None] = dict.fromkeys(self.lines)
        self.counts = dict.fromkeys(("pulses", "refused", "overtaken", "protected", "tests"), 0)
        self._trials: dict[LaneId, Trial] = {}

    def start(self, factory: PinFactory, now_ns: int) -> list[str]:
        """Outputs first, then inputs, then what a fire that burns already orders."""
        problems = self.board.claim(factory, now_ns)
        if problems:
            return problems
        for name, line in self.lines.items():
            try:
                line.claim(factory)
                line.belief.begin(*line.raw(), now_ns)
            except FAULTS as error:
                problems.append(f"{name} (GPIO{line.spec.pin}): {error}")
            self._tell(line)
        if not problems:
            held = {name: relay.on for name, relay in self.board.relays.items()}
            self.carry_out(self._interlock.started(self.levels, held, now_ns), None, now_ns)
        return problems

    def change(
        self, output: OutputId, on: bool, ms: int | None, decided_ns: int | None, now_ns: int
    ) -> None:
        """Switch an output; raises DeviceError when it must not or cannot be."""
        relay = self.board.relays.get(output)
        if relay is None:
            raise DeviceError(f"{output}: no such output: see the settings")
        if decided_ns is not None and self._interlock.overtaken(output, on, decided_ns):
            self.counts["overtaken"] += 1
            return
        refusal = self._interlock.refuse(output, on, self.levels, now_ns)
        if refusal is not None:
            self.counts["refused"] += 1
            raise DeviceError(refusal)
        for act in self._interlock.before(output, on):
            self._act(act, now_ns)
        self.board.set(relay, on, ms, now_ns)

    def stop_arm(self, lane: LaneId, now_ns: int) -> list[str]:
        """The guard's stop; what went wrong, in words."""
        return self.carry_out(self._interlock.stop(lane, now_ns), None, now_ns)

    def reopen(self, lane: LaneId, now_ns: int) -> list[str]:
        """Lift an arm that goes down; what went wrong, in words."""
        return self.carry_out(self._interlock.reopen(lane, now_ns), None, now_ns)

    def hold_fire(self, on: bool, now_ns: int) -> list[str]:
        """Latch the fire, or reset it; what went wrong, in words."""
        return self.carry_out(self._interlock.hold_fire(on, self.levels, now_ns), None, now_ns)

    def raise_all(self, now_ns: int) -> list[str]:
        """Somebody calls fire: every arm goes up; what went wrong, in words."""
        return self.carry_out(self._interlock.raise_all(now_ns), None, now_ns)

    def test(self, lane: LaneId, now_ns: int) -> None:
        """Begin to test the sensors of a lane; nothing happens while they are being tested.

        Raises DeviceError when they cannot be tested now.
        """
        tests = self._interlock.tests(lane)
        missing = [name for name in tests if name not in self.lines]
        if missing or not tests:
            why = f"{missing[0]} is no input" if missing else "no sensor can be tested"
            raise DeviceError(f"lane {lane}: {why}: see the settings")
        if not self._interlock.testable(lane, now_ns):
            raise DeviceError(f"lane {lane}: its sensors are not tested while the arm goes down")
        if any(self.levels[name] is not False for name in tests):
            # Somebody stands there: that is told already, and nothing will close.
            if lane not in self._trials:
                self._outbox.put(SensorsTested(lane, (), self._clock.now()))
            return
        trial = self._trials[lane] = Trial(lane, tests, now_ns)
        self.levels.update(dict.fromkeys(tests))
        self.counts["tests"] += 1
        try:
            for output, ms in trial.outputs.items():
                self.change(output, True, ms, None, now_ns)
        except DeviceError:
            self._finish(trial, now_ns)
            raise
        self._due(trial.due_ns)

    def edge(self, line: Line, now_ns: int, first: bool | None, second: bool | None) -> None:
        """A raw edge at one of the contacts of a line."""
        trial = self._trial_of(line)
        if trial is not None:
            line.belief.overlook(first, second)
            trial.saw(line.spec.input, line.belief.raw, now_ns)
            self._go_on(trial, now_ns)
            return
        self._believe(line, line.belief.edge(now_ns, first=first, second=second), now_ns)
        due = line.belief.due_ns
        if due is not None:
            self._due(due)

    def work(self, now_ns: int) -> int | None:
        """Whatever is due by now; when the next thing is, None for nothing."""
        for relay in self.board.relays.values():
            if relay.until_ns is not None and now_ns >= relay.until_ns:
                output = relay.spec.output
                refusal = self._interlock.refuse(output, False, self.levels, now_ns)
                self.board.end(relay, refusal, now_ns)
        for trial in tuple(self._trials.values()):
            self._go_on(trial, now_ns)
        for line in self._settled(now_ns):
            self.look_at(line, now_ns)
        self.carry_out(self._interlock.time_over(self.levels, now_ns), None, now_ns)
        dues = [relay.until_ns for relay in self.board.relays.values()]
        dues += [line.belief.due_ns for line in self.lines.values()]
        dues += [trial.due_ns for trial in self._trials.values()]
        dues.append(self._interlock.due_ns())
        return min((due for due in dues if due is not None), default=None)

    def _settled(self, now_ns: int) -> list[Line]:
        """The inputs whose quiet is over, in the order in which it was over.

        Who comes late (a machine that stood still) must not see an arm at both of its ends.
        """
        dues = [(line.belief.due_ns, line) for line in self.lines.values()]
        over = [(due, line) for due, line in dues if due is not None and now_ns >= due]
        return [line for _, line in sorted(over, key=itemgetter(0))]

    def look_at(self, line: Line, now_ns: int) -> None:
        """Read an input: its quiet is over, or an edge may never have reached us."""
        if self._trial_of(line) is not None:
            return
        try:
            first, second = line.raw()
        except FAULTS as error:
            self._believe(line, line.belief.lose(f"it cannot be read: {error}"), now_ns)
        else:
            self._believe(line, line.belief.look(first, second, now_ns), now_ns)

    def carry_out(self, acts: Sequence[Act], because: InputId | None, now_ns: int) -> list[str]:
        """Do what protects, as much of it as can be done; what went wrong, in words."""
        problems = []
        for act in acts:
            try:
                self._act(act, now_ns)
            except DeviceError as error:
                problems.append(str(error))
                if act.output not in self.board.relays:
                    event = OutputFaulted(act.output, str(error), self._clock.now())
                    self._outbox.put(event)
                continue
            if act.what:
                self.counts["protected"] += 1
                told = Protected(act.what, act.output, because, self._clock.now())
                self._outbox.put(told)
        due = self._interlock.due_ns()
        if due is not None:
            self._due(due)
        return problems

    def _act(self, act: Act, now_ns: int) -> None:
        relay = self.board.relays.get(act.output)
        if relay is None:
            raise DeviceError(f"{act.output}: no such output, but the interlock needs it")
        if act.on or relay.on:
            self.board.set(relay, act.on, act.ms, now_ns)

    def _believe(self, line: Line, news: bool, now_ns: int) -> None:
        """Act on a belief that changed, then tell it."""
        if not news:
            return
        name, level = line.spec.input, line.belief.level
        if self.levels[name] is not level:
            self.levels[name] = level
            self.carry_out(self._interlock.edge(name, self.levels, now_ns), name, now_ns)
        self._tell(line)

    def _tell(self, line: Line) -> None:
        name, belief = line.spec.input, line.belief
        self.levels[name] = belief.level
        now = self._clock.now()
        self._outbox.put(InputChanged(name, belief.level, belief.edges, now, belief.fault))

    def _trial_of(self, line: Line) -> Trial | None:
        if not self._trials:
            return None
        trials = self._trials.values()
        return next((trial for trial in trials if line.spec.input in trial.inputs), None)

    def _go_on(self, trial: Trial, now_ns: int) -> None:
        stage = None
        while stage is not trial.stage:
            stage = trial.stage
            trial.look(now_ns)
            if stage is Stage.ANSWER and trial.stage is Stage.CLEAR:
                self.carry_out([Act(output, False) for output in trial.outputs], None, now_ns)
        if trial.stage is Stage.OVER:
            if trial.clear or trial.failed:
                self._interlock.tested(trial.lane, trial.failed, now_ns)
            self._finish(trial, now_ns)
            self._outbox.put(SensorsTested(trial.lane, trial.failed, self._clock.now()))
        else:
            self._due(trial.due_ns)

    def _finish(self, trial: Trial, now_ns: int) -> None:
        """Believe the sensors again, and whoever stands before one of them now."""
        del self._trials[trial.lane]
        for name in trial.inputs:
            line = self.lines[name]
            self.levels[name] = line.belief.level
            self._believe(line, line.belief.resume(now_ns), now_ns)
            due = line.belief.due_ns
            if due is not None:
                self._due(due)


def _belief(spec: InputSpec, at_once: bool | None) -> Supervised:
    return Supervised(
        spec.debounce_ms * MS,
        at_once=at_once,
        paired=spec.pair_pin is not None,
        longest_ns=None if spec.longest_ms is None else spec.longest_ms * MS,
    )
