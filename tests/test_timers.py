from hypothesis import given
from hypothesis import strategies as st

from agent.timers import Timers


def test_a_timer_is_due_once_at_its_time() -> None:
    timers = Timers()
    assert timers.next_ns() is None
    timers.start("a", 10)
    assert timers.next_ns() == 10
    assert timers.due(9) is None
    assert timers.due(10) == "a"
    assert timers.due(10) is None
    assert timers.next_ns() is None


def test_setting_it_again_replaces_it() -> None:
    timers = Timers()
    timers.start("a", 10)
    timers.start("a", 30)
    timers.start("a", 20)
    assert timers.next_ns() == 20
    assert timers.due(19) is None
    assert timers.due(40) == "a"
    assert timers.due(40) is None


def test_a_stopped_timer_is_never_due() -> None:
    timers = Timers()
    timers.stop("a")
    timers.start("a", 10)
    timers.start("b", 20)
    timers.stop("a")
    assert timers.next_ns() == 20
    assert timers.due(15) is None
    assert timers.due(20) == "b"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["start", "stop", "time"]), st.sampled_from("abc"), st.integers(0, 20)
    ),
    max_size=60,
)


@given(ACTS)
def test_agrees_with_a_plain_table(acts: list[tuple[str, str, int]]) -> None:
    timers, table, now = Timers(), dict[str, int](), 0
    for act, key, number in acts:
        if act == "start":
            timers.start(key, now + number)
            table[key] = now + number
        elif act == "stop":
            timers.stop(key)
            table.pop(key, None)
        else:
            now += number
            due = []
            while (fired := timers.due(now)) is not None:
                due.append((table.pop(fired), fired))
            assert due == sorted(due)
            assert all(at <= now for at, _ in due)
            assert all(at > now for at in table.values())
        assert timers.next_ns() == min(table.values(), default=None)
