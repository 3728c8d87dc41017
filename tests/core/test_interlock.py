"""What protects, case by case; tests/drivers/test_panel_machine.py goes through all the others."""

from dataclasses import replace

import pytest

from agent.core.arm_guard import RELEASED_NS, TESTED_NS
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.interlock import Act, Interlock
from agent.core.plan import ArmKind, ArmPlan, Blocked, Button, Drive, Relay, SensorTest

LANE, OTHER = LaneId("in"), LaneId("out")
OPEN, CLOSE, STOP, HOLD = (OutputId(name) for name in ("open", "close", "stop", "hold"))
LOOP, BEAM, UP, DOWN, BELL, FIRE = (
    InputId(name) for name in ("loop", "beam", "up", "down", "bell", "fire")
)
B_OPEN, B_CLOSE, B_STOP = (InputId(name) for name in ("b-open", "b-close", "b-stop"))
TRAVEL = 5_000_000_000
BUTTONS = {Button.OPEN: B_OPEN, Button.CLOSE: B_CLOSE, Button.STOP: B_STOP}

PULSED = ArmPlan(
    open=Relay(OPEN, Drive.PULSE, 300),
    close=Relay(CLOSE, Drive.PULSE, 300),
    stop=Relay(STOP, Drive.PULSE, 300),
    loop=LOOP,
    safety=(LOOP, BEAM),
    opened=UP,
    closed=DOWN,
    buttons=BUTTONS,
    when_blocked=Blocked.DEAD_MAN,
    travel_ns=TRAVEL,
)
HELD = ArmPlan(
    open=Relay(HOLD, Drive.MAINTAINED),
    safety=(LOOP,),
    buttons=BUTTONS,
    when_blocked=Blocked.DEAD_MAN,
    travel_ns=TRAVEL,
)
BARE = ArmPlan(open=Relay(OPEN, Drive.PULSE, 300), travel_ns=TRAVEL)
BOTH_HELD = replace(
    PULSED, open=Relay(OPEN, Drive.MAINTAINED), close=Relay(CLOSE, Drive.MAINTAINED), stop=None
)
NO_STOP = replace(PULSED, stop=None)
DOOR = replace(BARE, kind=ArmKind.DOOR, closed=DOWN)

LIFT = (Act(CLOSE, False), Act(STOP, False), Act(OPEN, True, 300, "raised"))
REOPEN = (*LIFT[:2], Act(OPEN, True, 300, "reopened"))
FIRED = (*LIFT[:2], Act(OPEN, True, 300, "fire"))
STOPPED = (Act(CLOSE, False), Act(OPEN, False), Act(STOP, True, 300, "stopped"))


class Rig:
    """An interlock with levels and relays, which carries out what it orders."""

    def __init__(self, *arms: ArmPlan, fire: InputId | None = None) -> None:
        lanes = dict(zip((LANE, OTHER), arms, strict=False))
        self.lock = Interlock(lanes, fire)
        names = (LOOP, BEAM, UP, DOWN, B_OPEN, B_CLOSE, B_STOP, FIRE)
        self.levels: dict[InputId, bool | None] = dict.fromkeys(names, False)
        self.now = 1_000_000_000
        self.on: set[OutputId] = set()

    def done(self, acts: tuple[Act, ...]) -> tuple[Act, ...]:
        for act in acts:
            self.turn(act.output, act.on)
        return acts

    def turn(self, output: OutputId, on: bool) -> None:
        (self.on.add if on else self.on.discard)(output)
        self.lock.turned(output, on, self.now)

    def start(self, **levels: bool | None) -> tuple[Act, ...]:
        self.levels |= {InputId(name): level for name, level in levels.items()}
        held = dict.fromkeys(self.on, True)
        return self.done(self.lock.started(self.levels, held, self.now))

    def edge(self, name: InputId, level: bool | None, after: int = 1) -> tuple[Act, ...]:
        self.now += after
        self.levels[name] = level
        return self.done(self.lock.edge(name, self.levels, self.now))

    def refuse(self, output: OutputId, on: bool = True) -> str | None:
        return self.lock.refuse(output, on, self.levels, self.now)

    def press(self) -> tuple[Act, ...]:
        """The close button, after it was surely let go."""
        self.edge(B_CLOSE, False)
        return self.edge(B_CLOSE, True, RELEASED_NS)


def falling(arm: ArmPlan, output: OutputId = CLOSE, on: bool = True) -> Rig:
    """A rig whose arm was just told to go down."""
    rig = Rig(arm)
    rig.start(up=True)
    rig.turn(output, on)
    rig.edge(UP, False)
    return rig


# Refusals


def test_closing_needs_every_safety_input_clear() -> None:
    rig = Rig(PULSED)
    assert rig.refuse(CLOSE) is None
    rig.levels[BEAM] = True
    assert rig.refuse(CLOSE) == "close: not closing, safety input beam is occupied"
    rig.levels |= {BEAM: False, LOOP: None}
    assert rig.refuse(CLOSE) == "close: not closing, safety input loop is unknown"
    del rig.levels[BEAM], rig.levels[LOOP]
    assert rig.refuse(CLOSE) == "close: not closing, safety input loop is unknown"


@pytest.mark.parametrize(
    ("output", "on"),
    [(OPEN, True), (OPEN, False), (CLOSE, False), (STOP, True), (OutputId("lamp"), True)],
)
def test_what_lowers_nothing_is_never_refused(output: OutputId, on: bool) -> None:
    rig = Rig(PULSED)
    rig.levels.clear()
    assert rig.refuse(output, on) is None


def test_letting_a_held_arm_go_is_closing() -> None:
    rig = Rig(HELD)
    assert rig.refuse(HOLD, False) is None
    rig.levels[LOOP] = True
    assert rig.refuse(HOLD, True) is None
    assert rig.refuse(HOLD, False) == "hold: not closing, safety input loop is occupied"


def test_nothing_closes_while_the_stop_button_is_pressed() -> None:
    rig = Rig(PULSED)
    rig.edge(B_STOP, True)
    assert rig.refuse(CLOSE) == "close: not closing, b-stop is pressed"
    assert rig.refuse(OPEN) is None
    rig.edge(B_STOP, False)
    assert rig.refuse(CLOSE) is None


def test_an_arm_with_tests_closes_only_after_a_test_that_was_passed_just_now() -> None:
    rig = Rig(replace(PULSED, tests={BEAM: SensorTest(OutputId("test"))}))
    assert rig.lock.tests(LANE) == {BEAM: SensorTest(OutputId("test"))}
    assert rig.lock.tests(OTHER) == {}
    assert "have not been tested just now" in str(rig.refuse(CLOSE))
    rig.lock.tested(LANE, (BEAM,), rig.now)
    assert rig.refuse(CLOSE) == "close: not closing, safety input beam did not answer its test"
    rig.lock.tested(LANE, (), rig.now)
    assert rig.refuse(CLOSE) is None
    rig.now += TESTED_NS
    assert rig.refuse(CLOSE) is None
    rig.now += 1
    assert "have not been tested just now" in str(rig.refuse(CLOSE))


def test_sensors_are_not_tested_while_an_arm_that_they_protect_was_told_down() -> None:
    tests = {BEAM: SensorTest(OutputId("test"))}
    rig = Rig(replace(PULSED, tests=tests), replace(HELD, safety=(BEAM,)))
    rig.start(down=False)  # by itself it may be on its way down
    assert rig.lock.testable(LANE, rig.now)
    rig.turn(HOLD, False)
    assert not rig.lock.testable(LANE, rig.now)
    rig.now += TRAVEL
    assert rig.lock.testable(LANE, rig.now)


# What excludes what


def test_the_other_relays_are_let_go_first() -> None:
    lock = Rig(PULSED).lock
    assert lock.before(OPEN, True) == (Act(CLOSE, False), Act(STOP, False))
    assert lock.before(CLOSE, True) == (Act(STOP, False), Act(OPEN, False))
    assert lock.before(STOP, True) == (Act(CLOSE, False), Act(OPEN, False))
    assert lock.before(OPEN, False) == ()
    assert Rig(BARE).lock.before(OPEN, True) == ()
    assert lock.before(OutputId("lamp"), True) == ()


def test_stopping_never_lets_go_of_a_held_open_relay() -> None:
    held = replace(PULSED, open=Relay(OPEN, Drive.MAINTAINED))
    assert Rig(held).lock.before(STOP, True) == (Act(CLOSE, False),)
    assert Rig(held).lock.before(CLOSE, True) == (Act(STOP, False), Act(OPEN, False))
    assert Rig(held).lock.before(OPEN, True) == (Act(CLOSE, False), Act(STOP, False))


def test_what_is_believed_at_its_first_edge() -> None:
    rig = Rig(PULSED, replace(HELD, safety=(DOWN,)), fire=FIRE)
    at_once = rig.lock.at_once
    assert [at_once(name) for name in (LOOP, BEAM, B_STOP, FIRE)] == [True] * 4
    assert at_once(DOWN) is True  # a switch of one arm, a safety input of the other
    assert at_once(B_CLOSE) is False
    assert [at_once(name) for name in (UP, B_OPEN, BELL)] == [None] * 3


# Safety


@pytest.mark.parametrize("level", [True, None])
def test_safety_lifts_while_closing(level: bool | None) -> None:
    rig = falling(PULSED)
    assert rig.edge(LOOP, False) == ()
    assert rig.edge(BEAM, level) == LIFT
    assert rig.edge(LOOP, True) == ()  # once: it goes up now


def test_a_lift_that_was_not_carried_out_is_ordered_again() -> None:
    rig = falling(PULSED)
    rig.levels[BEAM] = True
    assert rig.lock.edge(BEAM, rig.levels, rig.now) == LIFT
    assert rig.edge(LOOP, True) == LIFT


def test_safety_does_nothing_while_the_arm_does_not_go_down() -> None:
    rig = Rig(PULSED)
    rig.start()
    assert rig.edge(LOOP, True, TRAVEL) == ()
    rig.edge(LOOP, False)
    rig.turn(CLOSE, True)
    assert rig.edge(LOOP, True, TRAVEL) == ()  # it is down by then
    assert rig.edge(BELL, True) == ()


@pytest.mark.parametrize("output", [OPEN, STOP])
def test_another_order_ends_the_closing(output: OutputId) -> None:
    rig = falling(PULSED)
    rig.turn(output, True)
    assert rig.edge(LOOP, True) == ()


def test_the_end_of_a_pulse_does_not_end_the_closing() -> None:
    rig = falling(PULSED)
    rig.turn(CLOSE, False)
    rig.turn(OutputId("lamp"), True)
    assert rig.edge(LOOP, True) == LIFT


def test_the_lower_switch_ends_the_closing() -> None:
    rig = falling(PULSED)
    assert rig.edge(DOWN, False) == ()
    assert rig.edge(DOWN, None) == ()
    assert rig.edge(DOWN, True) == ()
    assert rig.edge(LOOP, True) == ()


def test_a_gate_that_is_down_and_told_so_again_is_not_opened() -> None:
    rig = Rig(PULSED)
    rig.start(down=True)
    rig.turn(CLOSE, True)
    assert rig.edge(LOOP, True) == ()
    assert rig.lock.reopen(LANE, rig.now) == ()
    rig.edge(LOOP, False)
    assert rig.edge(DOWN, False) == ()  # it had begun to rise
    assert rig.edge(LOOP, True) == LIFT


def test_a_lower_switch_that_contradicts_the_upper_one_proves_nothing() -> None:
    rig = Rig(PULSED)
    rig.start(down=True, up=True)
    rig.turn(CLOSE, True)
    assert rig.edge(LOOP, True) == LIFT


def test_the_upper_switch_does_not_end_a_closing_that_was_ordered() -> None:
    rig = falling(PULSED)
    rig.edge(UP, True)  # a contact that bounces as it is left
    assert rig.edge(LOOP, True) == LIFT


def test_a_held_arm_is_held_again() -> None:
    rig = falling(HELD, HOLD, False)
    assert rig.edge(LOOP, True) == (Act(HOLD, True, None, "raised"),)


def test_a_shared_safety_input_lifts_every_arm_that_goes_down() -> None:
    rig = Rig(PULSED, HELD)
    rig.turn(CLOSE, True)
    rig.turn(HOLD, False)
    assert rig.edge(LOOP, True) == (*LIFT, Act(HOLD, True, None, "raised"))


# An arm that goes down by itself


def test_an_arm_that_falls_when_the_daemon_starts_is_lifted_by_the_first_edge() -> None:
    rig = Rig(PULSED)
    assert rig.start(up=False, down=False) == ()
    assert rig.edge(BEAM, True) == LIFT


@pytest.mark.parametrize(
    "levels", [{"down": True}, {"down": None}, {"up": True}], ids=["down", "unknown", "up"]
)
def test_an_arm_that_may_be_closed_is_not_opened_after_a_start(levels: dict[str, bool]) -> None:
    rig = Rig(PULSED)
    rig.start(**levels)
    assert rig.edge(BEAM, True) == ()


def test_without_a_lower_switch_nothing_is_lifted_after_a_start() -> None:
    rig = Rig(replace(PULSED, closed=None))
    rig.start()
    assert rig.edge(BEAM, True) == ()


def test_a_door_never_falls() -> None:
    rig = Rig(replace(DOOR, safety=(BEAM,)))
    rig.start(down=False)
    assert rig.edge(BEAM, True) == ()


@pytest.mark.parametrize("held", [True, False])
def test_a_held_arm_falls_when_its_relay_is_off(held: bool) -> None:
    rig = Rig(replace(HELD, opened=UP, closed=DOWN))
    rig.on = {HOLD} if held else set()
    rig.start(up=True, down=False)
    expected = () if held else (Act(HOLD, True, None, "raised"),)
    assert rig.edge(LOOP, True) == expected


def test_an_arm_that_leaves_its_upper_end_by_itself_is_lifted() -> None:
    rig = Rig(PULSED)
    rig.start(up=True)
    assert rig.edge(BEAM, True, TRAVEL) == ()
    rig.edge(BEAM, False)
    rig.edge(UP, False)
    assert rig.edge(BEAM, True) == LIFT


@pytest.mark.parametrize("down", [True, None])
def test_but_not_where_it_may_be_down(down: bool | None) -> None:
    rig = Rig(PULSED)
    rig.start(up=True, down=down)
    rig.edge(UP, False)
    assert rig.edge(BEAM, True) == ()


def test_an_upper_switch_that_bounces_is_no_way_down() -> None:
    rig = Rig(PULSED)
    rig.start(up=True)
    rig.edge(UP, False)
    rig.edge(UP, True)
    assert rig.edge(BEAM, True) == ()
    rig.edge(BEAM, False)
    rig.edge(UP, None)
    rig.edge(UP, False)  # from unknown: it was not seen to leave
    assert rig.edge(BEAM, True) == ()


def test_a_held_arm_does_not_leave_its_upper_end() -> None:
    rig = Rig(replace(HELD, opened=UP, closed=DOWN))
    rig.on = {HOLD}
    rig.start(up=True)
    rig.edge(UP, False)
    assert rig.edge(LOOP, True) == ()


# The guard's stop and orders to open


def test_the_stop_button_stops_at_its_edge() -> None:
    rig = falling(PULSED)
    assert rig.edge(B_STOP, True) == STOPPED
    assert rig.edge(BEAM, True) == ()  # it stands
    assert rig.edge(B_STOP, False) == ()


def test_a_stop_button_that_cannot_be_read_stops_what_goes_down() -> None:
    rig = falling(PULSED)
    assert rig.edge(B_STOP, None) == STOPPED
    assert rig.edge(B_STOP, False) == ()
    assert rig.edge(B_STOP, None) == ()


def test_the_stop_by_order() -> None:
    rig = falling(PULSED)
    assert rig.done(rig.lock.stop(LANE, rig.now)) == STOPPED
    assert rig.lock.stop(OTHER, rig.now) == ()


def test_an_arm_that_nothing_can_stop_is_lifted() -> None:
    rig = falling(HELD, HOLD, False)
    assert rig.done(rig.lock.stop(LANE, rig.now)) == (Act(HOLD, True, None, "reopened"),)
    assert rig.lock.stop(LANE, rig.now) == ()


def test_letting_go_of_a_close_relay_stops_and_safety_still_lifts() -> None:
    rig = falling(BOTH_HELD)
    assert rig.done(rig.lock.stop(LANE, rig.now)) == (Act(CLOSE, False, None, "stopped"),)
    assert rig.edge(LOOP, True) == (Act(CLOSE, False), Act(OPEN, True, None, "raised"))


def test_an_order_to_open_lifts_only_what_goes_down() -> None:
    rig = falling(PULSED)
    assert rig.done(rig.lock.reopen(LANE, rig.now)) == REOPEN
    assert rig.lock.reopen(LANE, rig.now) == ()
    assert rig.lock.reopen(OTHER, rig.now) == ()


def test_so_does_the_open_button() -> None:
    rig = falling(PULSED)
    assert rig.edge(B_OPEN, None) == ()
    assert rig.edge(B_OPEN, True) == REOPEN
    assert rig.edge(B_OPEN, False) == ()
    assert rig.edge(B_OPEN, True) == ()


def test_what_was_decided_before_the_arm_was_protected_is_not_done() -> None:
    rig = falling(PULSED)
    before = rig.now
    assert not rig.lock.overtaken(CLOSE, True, before)
    rig.edge(BEAM, True)
    assert rig.lock.overtaken(CLOSE, True, before)
    assert not rig.lock.overtaken(CLOSE, True, rig.now)
    assert not rig.lock.overtaken(CLOSE, False, before)
    assert not rig.lock.overtaken(OPEN, True, before)  # lifting is no reason not to open
    assert not rig.lock.overtaken(OutputId("lamp"), True, before)
    rig.now += 1
    rig.done(rig.lock.stop(LANE, rig.now))
    assert rig.lock.overtaken(OPEN, True, before)
    assert not rig.lock.overtaken(OPEN, False, before)
    assert not rig.lock.overtaken(OPEN, True, rig.now)


# Fire


def test_fire_raises_every_arm_and_keeps_it_up() -> None:
    rig = Rig(PULSED, HELD, fire=FIRE)
    rig.start()
    assert rig.edge(FIRE, True) == (*FIRED, Act(HOLD, True, None, "fire"))
    assert rig.refuse(CLOSE) == "close: not closing, fire alarm"
    assert rig.refuse(HOLD, False) == "hold: not closing, fire alarm"
    assert rig.edge(FIRE, False) == ()
    assert rig.refuse(CLOSE) is not None  # latched
    assert rig.lock.stop(LANE, rig.now) == ()
    assert rig.edge(B_STOP, True) == ()
    rig.edge(B_STOP, False)
    assert rig.edge(UP, True) == ()
    assert rig.edge(UP, False) == FIRED
    assert rig.edge(DOWN, None) == ()
    assert rig.edge(DOWN, True) == FIRED
    assert rig.lock.hold_fire(False, rig.levels, rig.now) == ()
    assert rig.refuse(CLOSE) is None


def test_a_fire_that_somebody_calls_is_like_its_input() -> None:
    rig = Rig(PULSED, HELD)
    rig.start()
    assert rig.lock.raise_all(rig.now) == (*FIRED, Act(HOLD, True, None, "fire"))
    assert rig.refuse(CLOSE) == "close: not closing, fire alarm"
    assert rig.lock.stop(LANE, rig.now) == ()
    assert rig.lock.hold_fire(False, rig.levels, rig.now) == ()
    assert rig.refuse(CLOSE) is None


def test_a_fire_that_burns_when_the_daemon_starts_raises_too() -> None:
    rig = Rig(PULSED, fire=FIRE)
    assert rig.start(fire=True) == FIRED


def test_an_unknown_fire_input_moves_nothing() -> None:
    rig = Rig(PULSED, fire=FIRE)
    assert rig.start(fire=None) == ()
    assert rig.edge(FIRE, None) == ()
    assert rig.refuse(CLOSE) is None


def test_a_reset_does_nothing_while_it_burns() -> None:
    rig = Rig(PULSED, fire=FIRE)
    rig.edge(FIRE, True)
    rig.lock.hold_fire(False, rig.levels, rig.now)
    rig.edge(FIRE, False)
    assert rig.refuse(CLOSE) is not None


def test_a_fire_of_an_earlier_run_lifts_what_goes_down_and_moves_nothing_else() -> None:
    rig = falling(PULSED)
    assert rig.done(rig.lock.hold_fire(True, rig.levels, rig.now)) == FIRED
    assert rig.lock.hold_fire(True, rig.levels, rig.now) == ()
    assert rig.edge(BEAM, True) == ()


def test_in_a_fire_a_safety_input_lifts_what_falls() -> None:
    rig = Rig(PULSED)
    rig.lock.hold_fire(True, rig.levels, rig.now)
    rig.start(up=False)
    assert rig.edge(B_OPEN, True) == ()
    assert rig.edge(BEAM, True) == LIFT


def test_a_strike_stays_released_until_the_fire_is_reset() -> None:
    rig = Rig(DOOR, fire=FIRE)
    rig.start(down=True)
    released = Act(OPEN, True, 300, "fire")
    assert rig.edge(FIRE, True) == (released,)
    for _ in range(3):
        due = rig.lock.due_ns()
        assert due == rig.now + 300 * 1_000_000
        rig.now = due - 1
        assert rig.lock.time_over(rig.levels, rig.now) == ()
        rig.now = due
        again = rig.lock.time_over(rig.levels, rig.now)
        assert rig.done(again) == (Act(OPEN, True, 300),), "it was told already"
    rig.now += 100 * 1_000_000
    rig.turn(OPEN, False)
    assert rig.lock.due_ns() == rig.now, "a pulse that ended sooner is renewed at once"
    rig.done(rig.lock.time_over(rig.levels, rig.now))
    assert rig.edge(DOWN, False) == ()
    assert rig.edge(DOWN, True) == (released,)
    rig.lock.hold_fire(False, rig.levels, rig.now)
    assert rig.lock.due_ns() is not None, "it burns still"
    rig.edge(FIRE, False)
    assert rig.lock.due_ns() is not None, "latched"
    rig.lock.hold_fire(False, rig.levels, rig.now)
    assert rig.lock.due_ns() is None
    assert rig.lock.time_over(rig.levels, rig.now + 10**9) == ()


def test_a_fire_of_an_earlier_run_releases_no_strike_by_itself() -> None:
    rig = Rig(DOOR)
    rig.start(down=True)
    assert rig.lock.hold_fire(True, rig.levels, rig.now) == ()
    assert rig.lock.due_ns() is None
    rig.turn(OPEN, True)
    rig.turn(OPEN, False)
    assert rig.lock.due_ns() is None


def test_only_a_strike_with_a_pulse_is_renewed() -> None:
    held = replace(DOOR, open=Relay(OPEN, Drive.MAINTAINED))
    for arm in (BARE, held):
        rig = Rig(arm, fire=FIRE)
        rig.edge(FIRE, True)
        assert rig.lock.due_ns() is None


# Dead-man


def blocked(arm: ArmPlan) -> Rig:
    """A rig whose loop is occupied: what closes is the guard's held button."""
    rig = Rig(arm)
    rig.start(loop=True)
    return rig


def test_the_held_button_closes_against_what_was_not_clear() -> None:
    rig = blocked(PULSED)
    closing = (Act(STOP, False), Act(OPEN, False), Act(CLOSE, True, 300, "dead_man"))
    assert rig.press() == closing
    assert rig.lock.due_ns() == rig.now + TRAVEL
    assert rig.edge(B_CLOSE, True) == ()
    assert rig.edge(LOOP, None) == ()
    assert rig.edge(B_CLOSE, False) == STOPPED
    assert rig.lock.due_ns() is None


def test_what_was_clear_at_the_press_protects() -> None:
    rig = blocked(PULSED)
    rig.press()
    assert rig.edge(BEAM, True) == LIFT
    assert rig.lock.due_ns() is None
    assert rig.edge(B_CLOSE, False) == ()  # the lift has ended it: nothing is stopped


def test_what_clears_while_the_button_is_held_protects_again() -> None:
    rig = blocked(PULSED)
    rig.press()
    assert rig.edge(LOOP, False) == ()
    assert rig.edge(LOOP, True) == LIFT


def test_a_button_that_cannot_be_read_is_let_go() -> None:
    rig = blocked(PULSED)
    rig.press()
    assert rig.edge(B_CLOSE, None) == STOPPED


@pytest.mark.parametrize(
    "start",
    [{"b-stop": True}, {"b-stop": None}, {"loop": False}, {"loop": True, "down": True}],
    ids=["stop pressed", "stop unknown", "nothing blocked", "down already"],
)
def test_a_press_that_closes_nothing(start: dict[str, bool | None]) -> None:
    rig = Rig(PULSED)
    rig.start(**{"loop": True, **start})
    assert rig.press() == ()


def test_only_where_it_is_configured() -> None:
    assert blocked(replace(PULSED, when_blocked=Blocked.STAY_OPEN)).press() == ()
    assert blocked(replace(NO_STOP, close=None)).press() == ()  # nothing can close it


def test_a_failed_test_leaves_the_held_button() -> None:
    rig = Rig(replace(PULSED, tests={BEAM: SensorTest(OutputId("test"))}))
    rig.start()
    assert rig.press() == ()
    rig.lock.tested(LANE, (BEAM,), rig.now)
    assert rig.press()[-1] == Act(CLOSE, True, 300, "dead_man")


def test_a_bounce_or_a_button_held_since_the_start_is_no_press() -> None:
    rig = blocked(PULSED)
    assert rig.edge(B_CLOSE, True) == ()  # never seen to be let go
    rig.edge(B_CLOSE, False)
    assert rig.edge(B_CLOSE, True, RELEASED_NS - 1) == ()
    rig.edge(B_CLOSE, None)
    assert rig.edge(B_CLOSE, True, RELEASED_NS) == ()
    assert rig.press() != ()


def test_the_first_press_after_a_start_counts() -> None:
    rig = blocked(PULSED)
    assert rig.edge(B_CLOSE, True, RELEASED_NS) != ()


def test_fire_ends_the_held_button() -> None:
    rig = Rig(PULSED, fire=FIRE)
    rig.start(loop=True)
    rig.press()
    assert rig.edge(FIRE, True) == FIRED
    assert rig.edge(B_CLOSE, False) == ()
    assert rig.press() == ()


def test_the_stop_button_ends_it_too() -> None:
    rig = blocked(PULSED)
    rig.press()
    assert rig.edge(B_STOP, True) == STOPPED
    assert rig.edge(B_CLOSE, False) == ()


def test_the_lower_switch_ends_it_and_the_close_relay_with_it() -> None:
    rig = blocked(PULSED)
    rig.press()
    assert rig.edge(DOWN, True) == (Act(CLOSE, False),)
    assert rig.edge(B_CLOSE, False) == ()


def test_letting_go_without_a_stop_relay() -> None:
    rig = blocked(BOTH_HELD)
    assert rig.press() == (Act(OPEN, False), Act(CLOSE, True, None, "dead_man"))
    assert rig.edge(B_CLOSE, False) == (Act(CLOSE, False, None, "stopped"),)
    rig = blocked(NO_STOP)
    rig.press()
    assert rig.edge(B_CLOSE, False) == (Act(CLOSE, False), Act(OPEN, True, 300, "reopened"))
    rig = blocked(HELD)
    assert rig.press() == (Act(HOLD, False, None, "dead_man"),)
    assert rig.edge(B_CLOSE, False) == (Act(HOLD, True, None, "reopened"),)


def test_a_held_arm_at_its_lower_end_has_no_relay_to_let_go() -> None:
    rig = blocked(replace(HELD, closed=DOWN))
    rig.press()
    assert rig.edge(DOWN, True) == ()
    assert rig.edge(B_CLOSE, False) == ()


def test_the_held_button_has_no_more_time_than_the_arm() -> None:
    rig = blocked(PULSED)
    rig.press()
    rig.now += TRAVEL - 1
    assert rig.lock.time_over(rig.levels, rig.now) == ()
    rig.now += 1
    assert rig.done(rig.lock.time_over(rig.levels, rig.now)) == STOPPED
    assert rig.lock.time_over(rig.levels, rig.now) == ()


@pytest.mark.parametrize(
    ("arm", "down", "acts"),
    [
        (BOTH_HELD, None, (Act(CLOSE, False, None, "stopped"),)),
        (NO_STOP, False, (Act(CLOSE, False), Act(OPEN, True, 300, "reopened"))),
        (NO_STOP, None, ()),
        (HELD, False, ()),  # no switch: it is taken to be down
    ],
)
def test_after_that_time_only_an_arm_that_is_not_down_is_opened(
    arm: ArmPlan, down: bool | None, acts: tuple[Act, ...]
) -> None:
    rig = blocked(arm)
    rig.press()
    rig.levels[DOWN] = down
    rig.now += TRAVEL
    assert rig.done(rig.lock.time_over(rig.levels, rig.now)) == acts
