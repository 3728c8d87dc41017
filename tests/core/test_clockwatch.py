import pytest

from agent.core.clockwatch import STEP_US, ClockWatch
from agent.core.events import ClockJudged, ClockStepped
from agent.core.model import ClockQuality, Moment

FIRST = Moment(1_000_000_000, 5_000_000_000, ClockQuality.SYNCED)


def later(mono_ns: int, drift_us: int, quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    return Moment(FIRST.wall_us + mono_ns // 1000 + drift_us, FIRST.mono_ns + mono_ns, quality)


@pytest.mark.parametrize("drift_us", [0, STEP_US, -STEP_US])
def test_drift_is_no_step(drift_us: int) -> None:
    assert ClockWatch(FIRST).look(later(60_000_000_000, drift_us)) == ()


@pytest.mark.parametrize("drift_us", [STEP_US + 1, -STEP_US - 1, 1_700_000_000_000_000])
def test_a_jump_is_told_once(drift_us: int) -> None:
    watch = ClockWatch(FIRST)
    jumped = later(1_000_000_000, drift_us)
    assert watch.look(jumped) == (ClockStepped(drift_us, jumped),)
    assert watch.look(later(2_000_000_000, drift_us)) == ()


def test_trust_comes_and_goes() -> None:
    watch = ClockWatch(FIRST)
    holdover = later(1, 0, ClockQuality.HOLDOVER)
    estimated = later(2, 0, ClockQuality.ESTIMATED)
    unknown = later(3, 0, ClockQuality.UNKNOWN)
    synced = later(4, 0)
    assert [watch.look(at) for at in (holdover, estimated, unknown, synced)] == [
        (),
        (ClockJudged(False, estimated),),
        (),
        (ClockJudged(True, synced),),
    ]


def test_a_jump_into_trust_is_both() -> None:
    watch = ClockWatch(later(0, 0, ClockQuality.UNKNOWN))
    jumped = later(1_000_000_000, 10 * STEP_US)
    assert watch.look(jumped) == (
        ClockStepped(10 * STEP_US, jumped),
        ClockJudged(True, jumped),
    )
