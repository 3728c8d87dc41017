"""A test of sensors by itself: each has its own time, and all of them share the stages."""

from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import SensorTest
from drivers.sensor_test import Stage, Trial

MS = 1_000_000
FAST, SLOW = InputId("fast"), InputId("slow")
ONE, OTHER = OutputId("one"), OutputId("other")
START = 5_000 * MS


def trial(fast: OutputId = ONE, slow: OutputId = OTHER) -> Trial:
    return Trial(LaneId("in"), {FAST: SensorTest(fast, 50), SLOW: SensorTest(slow, 200)}, START)


def saw(test: Trial, name: InputId, active: bool | None, at_ms: int) -> None:
    test.saw(name, active, START + at_ms * MS)
    test.look(START + at_ms * MS)


def now(test: Trial) -> tuple[Stage, bool, tuple[InputId, ...]]:
    return test.stage, test.clear, test.failed


def test_each_output_is_on_for_as_long_as_its_slowest_sensor_may_take() -> None:
    assert trial().outputs == {ONE: 50, OTHER: 200}
    assert trial(slow=ONE).outputs == {ONE: 200}


def test_all_have_answered_and_are_clear_again() -> None:
    test = trial()
    assert test.due_ns == START + 200 * MS
    saw(test, FAST, True, 10)
    assert now(test)[0] is Stage.ANSWER
    saw(test, SLOW, None, 20)  # its contacts are on their way
    assert now(test)[0] is Stage.ANSWER
    saw(test, SLOW, True, 21)
    assert now(test) == (Stage.CLEAR, False, ())
    assert test.due_ns == START + 221 * MS
    saw(test, SLOW, False, 30)
    assert now(test)[0] is Stage.CLEAR
    saw(test, FAST, False, 40)
    assert now(test) == (Stage.OVER, True, ())


def test_a_sensor_that_answers_after_its_own_time_has_failed() -> None:
    test = trial()
    saw(test, FAST, True, 51)
    saw(test, SLOW, True, 60)
    assert now(test)[0] is Stage.ANSWER
    test.look(START + 200 * MS)
    assert now(test) == (Stage.CLEAR, False, (FAST,))


def test_what_is_not_clear_again_in_time_is_not_clear() -> None:
    test = trial()
    saw(test, FAST, True, 10)
    saw(test, SLOW, True, 20)
    saw(test, SLOW, False, 30)
    test.look(START + 219 * MS)
    assert now(test)[0] is Stage.CLEAR
    test.look(START + 220 * MS)
    assert now(test) == (Stage.OVER, False, ())
