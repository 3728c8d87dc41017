"""Interlock and panel under arbitrary edges, orders, tests, crashes and time, judged from outside.

The judge knows the wiring, the beliefs that were told, and what the pins did; it keeps books of its
own and shares no code with the interlock.
"""

from collections.abc import Mapping

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.core.events import InputChanged, Protected, SensorsTested
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import ArmPlan, Blocked, Button, Drive, Relay, SensorTest
from agent.errors import DeviceError
from drivers.lines import InputSpec, OutputSpec
from tests.rigs.bench_panel import MS, BenchPanel, Change

TRAVEL_MS, QUIET_MS, PULSE_MS, LONGEST_MS = 2_000, 50, 300, 600
FIRE = InputId("gate.fire")
PAIRED, PAIR_PIN = InputId("pulsed.loop"), 27
TRAVEL_NS = TRAVEL_MS * MS


def relay(lane: str, role: str, drive: Drive = Drive.PULSE) -> Relay:
    return Relay(OutputId(f"{lane}.{role}"), drive, PULSE_MS)


def named(lane: str, role: str) -> InputId:
    return InputId(f"{lane}.{role}")


def buttons(lane: str, *roles: Button) -> Mapping[Button, InputId]:
    return {role: named(lane, f"button-{role}") for role in (Button.CLOSE, Button.STOP, *roles)}


ARMS = {
    LaneId("pulsed"): ArmPlan(
        relay("pulsed", "open"),
        relay("pulsed", "close"),
        relay("pulsed", "stop"),
        safety=(named("pulsed", "loop"), named("pulsed", "beam")),
        opened=named("pulsed", "opened"),
        closed=named("pulsed", "closed"),
        buttons=buttons("pulsed", Button.OPEN),
        when_blocked=Blocked.DEAD_MAN,
        travel_ns=TRAVEL_NS,
    ),
    LaneId("held"): ArmPlan(
        relay("held", "open", Drive.MAINTAINED),
        safety=(named("held", "loop"),),
        closed=named("held", "closed"),
        buttons=buttons("held"),
        when_blocked=Blocked.DEAD_MAN,
        travel_ns=TRAVEL_NS,
    ),
    LaneId("both"): ArmPlan(
        relay("both", "open", Drive.MAINTAINED),
        relay("both", "close", Drive.MAINTAINED),
        safety=(named("both", "loop"),),
        buttons=buttons("both"),
        when_blocked=Blocked.DEAD_MAN,
        travel_ns=TRAVEL_NS,
    ),
    LaneId("tested"): ArmPlan(
        relay("tested", "open"),
        relay("tested", "close"),
        safety=(named("tested", "beam"),),
        opened=named("tested", "opened"),
        closed=named("tested", "closed"),
        tests={named("tested", "beam"): SensorTest(OutputId("tested.test"), 100)},
        travel_ns=TRAVEL_NS,
    ),
}
RELAYS = {
    one.output: (lane, one)
    for lane, arm in ARMS.items()
    for one in (arm.open, arm.close, arm.stop)
    if one is not None
}
INPUTS = sorted(
    {FIRE}
    | {name for arm in ARMS.values() for name in (*arm.safety, *arm.buttons.values())}
    | {name for arm in ARMS.values() for name in (arm.opened, arm.closed) if name is not None}
)
OUTPUTS = (*RELAYS, OutputId("tested.test"))


def output_spec(output: OutputId, pin: int) -> OutputSpec:
    found = RELAYS.get(output)
    held = found is not None and found[1].drive is Drive.MAINTAINED
    if held and output.endswith(".open"):
        return OutputSpec(output, pin, on_exit="keep")
    return OutputSpec(output, pin, max_on_ms=TRAVEL_MS + 1_000 if held else LONGEST_MS)


OUTPUT_SPECS = [output_spec(output, pin) for pin, output in enumerate(OUTPUTS)]
INPUT_SPECS = [
    InputSpec(
        name,
        len(OUTPUTS) + pin,
        debounce_ms=0 if "closed" in name else QUIET_MS,
        pair_pin=PAIR_PIN if name == PAIRED else None,
    )
    for pin, name in enumerate(INPUTS)
]
LIMITS_NS = {spec.output: spec.max_on_ms * MS for spec in OUTPUT_SPECS if spec.max_on_ms}


def lowers(change: Change) -> bool:
    """Whether this change lets an arm down."""
    found = RELAYS.get(change.output)
    if found is None:
        return False
    if change.output.endswith(".close"):
        return change.on
    is_open, held = change.output.endswith(".open"), found[1].drive is Drive.MAINTAINED
    return is_open and held and not change.on


class Judge(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = BenchPanel(ARMS, OUTPUT_SPECS, INPUT_SPECS, FIRE)
        self.on_since: dict[OutputId, int] = {}
        self.seen = self.heard = 0
        self.down_since: dict[LaneId, int] = {}
        self.pressed: dict[LaneId, tuple[int, frozenset[InputId]]] = {}
        self.released_ns: dict[LaneId, int] = {}
        self.protected_ns: dict[LaneId, int] = {}
        self.levels: dict[InputId, bool | None] = {}
        self.latched = False
        self.passed_ns = -(10**12)

    @initialize(down=st.booleans())
    def begin(self, down: bool) -> None:
        for arm in ARMS.values():
            if arm.closed is not None:
                self.rig.drive(arm.closed, down)
        self.rig.start()
        self.look()

    # What may happen

    @rule(output=st.sampled_from(sorted(RELAYS)), on=st.booleans(), ago_ms=st.integers(0, 4_000))
    def switch(self, output: OutputId, on: bool, ago_ms: int) -> None:
        self.order(output, on, None, self.rig.now_ns - ago_ms * MS)

    @rule(output=st.sampled_from(sorted(RELAYS)), ms=st.sampled_from((1, PULSE_MS, 60_000)))
    def pulse(self, output: OutputId, ms: int) -> None:
        self.order(output, True, ms, None)

    def order(self, output: OutputId, on: bool, ms: int | None, decided_ns: int | None) -> None:
        before = len(self.rig.changes)
        rig = self.rig
        try:
            rig.panel.change(output, on, ms, decided_ns, rig.now_ns)
        except DeviceError:
            rig.settle()
            assert len(rig.changes) == before, "what is refused moves nothing"
            return
        rig.settle()
        known_ns = rig.now_ns if decided_ns is None else decided_ns
        if known_ns < self.protected_ns.get(RELAYS[output][0], 0):
            moved = rig.changes[before:]
            assert not any(lowers(change) for change in moved), "decided too early"
        self.look()

    @rule(name=st.sampled_from(INPUTS), active=st.booleans())
    def edge(self, name: InputId, active: bool) -> None:
        before = len(self.rig.changes)
        shut = {
            arm.open.output
            for lane, arm in ARMS.items()
            if name in arm.safety and not self.goes_down(lane)
            if arm.closed is not None and self.levels.get(arm.closed) is True
            if arm.opened is None or self.levels.get(arm.opened) is not True
        }
        self.rig.drive(name, active)
        if name == PAIRED:
            self.rig.drive(name, active, pair=True)
        opened = {change.output for change in self.rig.changes[before:] if change.on}
        assert not opened & shut, "a gate that is closed is not opened by a safety input"
        self.look()

    @rule(active=st.booleans(), ms=st.sampled_from((10, 249, 250, 1_000)))
    def part_the_pair(self, active: bool, ms: int) -> None:
        """One contact alone changes: for long it is a cut wire."""
        self.rig.drive(PAIRED, active, pair=True)
        self.look()
        self.wait(ms)

    @rule(lane=st.sampled_from(sorted(ARMS)))
    def hold_button_over_what_is_blocked(self, lane: LaneId) -> None:
        """The way to dead-man is long for chance alone."""
        arm = ARMS[lane]
        if Button.CLOSE not in arm.buttons:
            return
        if arm.closed is not None:
            self.edge(arm.closed, False)
        self.edge(arm.buttons[Button.STOP], False)
        self.edge(arm.safety[0], True)
        self.edge(arm.buttons[Button.CLOSE], False)
        self.wait(300)
        self.edge(arm.buttons[Button.CLOSE], True)
        self.wait(QUIET_MS + 1)

    @rule(lane=st.sampled_from(sorted(ARMS)))
    def walk_in_while_the_button_is_held(self, lane: LaneId) -> None:
        self.hold_button_over_what_is_blocked(lane)
        for name in ARMS[lane].safety:
            self.edge(name, False)
            self.wait(QUIET_MS + 1)
            self.edge(name, True)

    @rule(lane=st.sampled_from(("held", "both", "pulsed")), ago_ms=st.integers(0, 200))
    def lift_it_while_a_close_is_on_its_way(self, lane: str, ago_ms: int) -> None:
        arm = ARMS[LaneId(lane)]
        self.edge(FIRE, False)
        self.edge(arm.buttons[Button.STOP], False)
        for name in arm.safety:
            self.edge(name, False)
        self.wait(QUIET_MS + 1)
        down = arm.open.output if arm.close is None else arm.close.output
        self.order(down, arm.close is not None, None, None)
        self.edge(arm.safety[0], True)
        self.edge(arm.safety[0], False)
        self.wait(QUIET_MS + 1)
        self.order(down, arm.close is not None, None, self.rig.now_ns - ago_ms * MS)

    @rule(lane=st.sampled_from(sorted(ARMS)))
    def stop(self, lane: LaneId) -> None:
        going = self.goes_down(lane)
        before = len(self.rig.changes)
        self.rig.panel.stop_arm(lane, self.rig.now_ns)
        self.rig.settle()
        arm = ARMS[lane]
        assert not self.latched or len(self.rig.changes) == before, "fire is above the guard's stop"
        if not self.latched:
            if arm.close is not None and (arm.stop is not None or going):
                assert not self.rig.on(arm.close.output)
            if arm.stop is not None:
                assert self.rig.on(arm.stop.output)
            elif going and arm.close is None:
                assert self.rig.on(arm.open.output), "what cannot be stopped is lifted"
        self.look()

    @rule(lane=st.sampled_from(sorted(ARMS)))
    def reopen(self, lane: LaneId) -> None:
        going, before = self.goes_down(lane), len(self.rig.changes)
        self.rig.panel.reopen(lane, self.rig.now_ns)
        self.rig.settle()
        if going:
            assert self.rig.on(ARMS[lane].open.output)
        else:
            # By itself it may go down unknown to the judge; otherwise nothing moves.
            told = self.rig.of(Protected)[-1:]
            assert len(self.rig.changes) == before or told[0].what == "reopened"
        self.look()

    @rule(on=st.booleans())
    def hold_fire(self, on: bool) -> None:
        self.rig.panel.hold_fire(on, self.rig.now_ns)
        self.rig.settle()
        self.latched = on or (self.latched and self.levels.get(FIRE) is True)
        self.look()

    @rule()
    def somebody_calls_fire(self) -> None:
        self.rig.panel.raise_all(self.rig.now_ns)
        self.rig.settle()
        self.latched = True
        self.look()

    @rule(sound=st.booleans(), clears=st.booleans())
    def test_sensors(self, sound: bool, clears: bool) -> None:
        rig, beam = self.rig, named("tested", "beam")
        try:
            rig.panel.test(LaneId("tested"), rig.now_ns)
        except DeviceError:
            assert self.goes_down(LaneId("tested")) or self.rig.panel.levels[beam] is not False
            return
        rig.settle()
        if rig.on(OutputId("tested.test")):
            if sound:
                rig.drive(beam, True)
                assert not rig.on(OutputId("tested.test")), "off as soon as it has answered"
            if sound and clears:
                rig.drive(beam, False)
        self.look()

    @rule(ms=st.sampled_from((1, 10, 49, 50, 51, 100, 250, 300, 600, 2_000, 2_001, 11_000)))
    def wait(self, ms: int) -> None:
        ends_ns = self.rig.now_ns + ms * MS
        while self.rig.now_ns < ends_ns:
            due = self.rig.panel.work(self.rig.now_ns)
            self.rig.settle()
            self.look()
            assert due is None or due > self.rig.now_ns, "the timer would spin"
            self.rig.now_ns = ends_ns if due is None else min(due, ends_ns)
        self.rig.panel.work(self.rig.now_ns)
        self.rig.settle()
        self.look()

    @rule()
    def crash(self) -> None:
        """The daemon is killed, and the next one starts."""
        kept = {name: self.rig.on(name) for name in OUTPUTS if name.endswith(".open")}
        self.rig.crash()
        factory, now_ns = self.rig.factory, self.rig.now_ns
        self.rig = BenchPanel(ARMS, OUTPUT_SPECS, INPUT_SPECS, FIRE, factory, now_ns)
        self.rig.start()
        self.seen = self.heard = 0
        self.pressed.clear()
        self.latched = self.levels.get(FIRE) is True
        self.protected_ns.clear()
        self.passed_ns = -(10**12)
        for arm in ARMS.values():
            assert not any(
                self.rig.on(one.output) for one in (arm.close, arm.stop) if one is not None
            )
            if arm.open.drive is Drive.MAINTAINED and not self.latched_now():
                assert self.rig.on(arm.open.output) is kept[arm.open.output], "kept as it was"
        self.down_since.clear()
        self.on_since.clear()
        self.look()

    def latched_now(self) -> bool:
        return any(
            isinstance(event, InputChanged) and event.input == FIRE and event.active
            for event in self.rig.events
        )

    # The judge's books

    def goes_down(self, lane: LaneId) -> bool:
        """By order, for certain: an order let it down, and nothing has ended that since."""
        since, closed = self.down_since.get(lane), ARMS[lane].closed
        if closed is not None and self.levels.get(closed) is True:
            return False
        return since is not None and self.rig.now_ns < since + TRAVEL_NS

    def look(self) -> None:
        """Go through what happened since the last look."""
        rig = self.rig
        news = rig.events[self.heard :]
        self.heard = len(rig.events)
        was_down = {lane for lane in ARMS if self.goes_down(lane)}
        for event in news:
            if isinstance(event, InputChanged):
                self.told(event, was_down)
            elif isinstance(event, Protected):
                lane = RELAYS[event.output][0]
                if event.what == "dead_man":
                    held_ns = event.at.mono_ns - self.released_ns.get(lane, 0)
                    assert held_ns >= 200 * MS, "a bounce is no press"
                else:
                    self.protected_ns[lane] = event.at.mono_ns
            elif isinstance(event, SensorsTested) and not event.failed:
                self.passed_ns = event.at.mono_ns
        for change in rig.changes[self.seen :]:
            self.judge(change)
        self.seen = len(rig.changes)

    def told(self, event: InputChanged, was_down: set[LaneId]) -> None:
        name, before = event.input, self.levels.get(event.input)
        self.levels[name] = event.active
        if name == FIRE and event.active:
            self.latched = True
            if before is not True:
                raised = [self.rig.on(arm.open.output) for arm in ARMS.values()]
                assert all(raised), "fire raises every arm at its edge"
        for lane, arm in ARMS.items():
            despite = self.pressed[lane][1] if lane in self.pressed else frozenset()
            alarm = event.active is not before and event.active is not False
            if alarm and name in arm.safety and name not in despite and lane in was_down:
                assert self.rig.on(arm.open.output), f"{name} lifts {lane}"
            if name == arm.closed and event.active:
                self.down_since.pop(lane, None)
            self.note_button(lane, arm, event)

    def note_button(self, lane: LaneId, arm: ArmPlan, event: InputChanged) -> None:
        """Who holds a button, since when, and against what."""
        if event.input == arm.buttons.get(Button.CLOSE):
            self.pressed.pop(lane, None)
            if event.active is False:
                self.released_ns[lane] = event.at.mono_ns
            elif event.active:
                bad = frozenset(name for name in arm.safety if self.levels.get(name) is not False)
                self.pressed[lane] = (event.at.mono_ns, bad)
        if event.input in arm.safety and event.active is False and lane in self.pressed:
            since, bad = self.pressed[lane]
            self.pressed[lane] = (since, bad - {event.input})

    def judge(self, change: Change) -> None:
        if change.on:
            self.on_since[change.output] = change.at_ns
        else:
            self.on_since.pop(change.output, None)
        found = RELAYS.get(change.output)
        if found is None:
            return
        lane, arm = found[0], ARMS[found[0]]
        if change.on:
            others = [one for one in (arm.open, arm.close, arm.stop) if one is not None]
            for other in others:
                stopping = change.output.endswith(".stop") or other.output.endswith(".stop")
                kept = other is arm.open or change.output == arm.open.output
                if other.output != change.output and not (
                    stopping and kept and arm.open.drive is Drive.MAINTAINED
                ):
                    assert other.output not in self.on_since, f"{change.output} and {other.output}"
        if lowers(change):
            self.judge_lowering(lane, arm, change)
            self.down_since[lane] = change.at_ns
        elif change.on:
            self.down_since.pop(lane, None)

    def judge_lowering(self, lane: LaneId, arm: ArmPlan, change: Change) -> None:
        assert not self.latched, "nothing closes in a fire"
        stop = arm.buttons.get(Button.STOP)
        assert stop is None or self.levels.get(stop) is not True, "nothing closes against the stop"
        bad = {name for name in arm.safety if self.levels.get(name) is not False}
        if bad:
            assert lane in self.pressed, f"{change} with {bad} and nobody at the button"
            at_ns, despite = self.pressed[lane]
            assert bad <= despite, f"{change}: {bad - despite} were clear at the press"
            assert change.at_ns - at_ns < TRAVEL_NS
            assert arm.when_blocked is Blocked.DEAD_MAN
        if arm.tests:
            assert change.at_ns - self.passed_ns <= 10_000 * MS, "its sensors were not tested"

    @invariant()
    def nothing_is_on_for_too_long(self) -> None:
        for output, since in self.on_since.items():
            limit = LIMITS_NS.get(output)
            assert limit is None or self.rig.now_ns - since <= limit, output

    @invariant()
    def a_held_button_ends_with_the_time_of_the_arm(self) -> None:
        for lane, (at_ns, _) in self.pressed.items():
            arm = ARMS[lane]
            over = self.rig.now_ns >= at_ns + TRAVEL_NS
            blocked = any(self.levels.get(name) is not False for name in arm.safety)
            if over and blocked and arm.close is not None:
                assert not self.rig.on(arm.close.output) or not self.goes_down(lane)


TestJudge = Judge.TestCase
TestJudge.settings = settings(stateful_step_count=200)
