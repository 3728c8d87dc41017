"""Which antenna a tag is at."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.tag_choice import KEPT, LEFT_NS, MARGIN_DB, TagChoice
from drivers.wire.tag_field import TagField
from drivers.wire.uhf import Tag

MS = 1_000_000
A, B = "E2000001", "E2000002"
WINDOW = 300 * MS


class Two:
    """Two antennas, and the taps of each."""

    def __init__(self, *numbers: int) -> None:
        self.choices = {number: TagChoice(WINDOW, 3_600_000 * MS) for number in numbers or (1, 2)}
        self.field = TagField(self.choices)
        self.now_ns = 10_000 * MS
        self.taps: list[tuple[int, str]] = []

    def see(self, epc: str, antenna: int, dbm: int | None = -60) -> int | None:
        return self.field.see(Tag(epc, antenna, dbm), self.now_ns)

    def wait(self, ms: int) -> None:
        self.now_ns += ms * MS
        for number, choice in self.choices.items():
            while (epc := choice.take(self.now_ns)) is not None:
                self.taps.append((number, epc))


def test_a_tag_that_both_antennas_see_is_at_the_one_that_sees_it_stronger() -> None:
    for first, second in ((1, 2), (2, 1)):
        two = Two()
        for _ in range(40):
            two.see(A, first, -60 if first == 1 else -50)
            two.wait(20)
            two.see(A, second, -60 if second == 1 else -50)
            two.wait(20)
        assert two.taps == [(2, A)]


def test_about_equal_the_first_antenna_keeps_it() -> None:
    two = Two()
    assert two.see(A, 1, -60) == 1
    assert two.see(A, 2, -60 + MARGIN_DB - 1) is None
    assert two.see(A, 1, -61) == 1
    assert two.see(A, 2, -61 + MARGIN_DB) == 2
    two.wait(1_000)
    assert two.taps == [(2, A)]


def test_a_tag_that_has_left_the_one_antenna_may_come_to_the_other() -> None:
    two = Two()
    two.see(A, 1, -40)
    two.wait(LEFT_NS // MS - 1)
    assert two.see(A, 2, -80) is None
    two.wait(1)
    assert two.see(A, 2, -80) == 2
    two.wait(1_000)
    assert two.taps == [(1, A), (2, A)]


def test_the_others_in_the_window_stay() -> None:
    two = Two()
    two.see(A, 1, -50)
    two.see(B, 1, -60)
    two.see(A, 2, -40)
    two.wait(1_000)
    assert two.taps == [(1, B), (2, A)]


def test_without_a_strength_the_first_antenna_keeps_it() -> None:
    two = Two()
    assert two.see(A, 1, None) == 1
    assert two.see(A, 2, None) is None
    assert two.see(A, 2, -30) is None


def test_antennas_without_a_place() -> None:
    assert Two().see(A, 3) is None
    assert Two(0).see(A, 3) == 0
    assert Two(0, 3).see(A, 3) == 3


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2 * KEPT), st.integers(0, 3), st.integers(-90, -30), st.integers(0, 900)
        ),
        max_size=200,
    )
)
def test_a_tag_is_at_one_antenna_at_a_time(sights: list[tuple[int, int, int, int]]) -> None:
    two = Two()
    for number, antenna, dbm, ms in sights:
        at = two.see(f"{number:04X}", antenna, dbm)
        assert at in (None, antenna)
        waiting = [epc for choice in two.choices.values() for epc in choice._best]
        assert len(waiting) == len(set(waiting))
        assert len(two.field._places) <= KEPT
        two.wait(ms)


def test_the_memory_is_bounded() -> None:
    two = Two()
    for number in range(2 * KEPT):
        two.see(f"{number:04X}", 1)
    assert len(two.field._places) == KEPT
