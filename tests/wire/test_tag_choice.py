"""Which tag is the tap."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.tag_choice import KEPT, LEFT_NS, MARGIN_DB, EpcFilter, TagChoice
from drivers.wire.uhf import Tag

MS = 1_000_000
S = 1_000 * MS
WINDOW, QUIET = 300 * MS, 10 * S
A, B, C = "E2000001", "E2000002", "30000003"


class Lane:
    """A choice with a clock of its own: `see`, `wait`, and the taps with their times in ms."""

    def __init__(self, window_ns: int = WINDOW, quiet_ns: int = QUIET, **more: object) -> None:
        self.choice = TagChoice(window_ns, quiet_ns, **more)  # type: ignore[arg-type]
        self.now_ns = 1_000 * S
        self.began_ns = self.now_ns
        self.taps: list[tuple[int, str]] = []

    def see(self, epc: str, dbm: int | None = -60) -> None:
        self.choice.see(Tag(epc, 1, dbm), self.now_ns)
        self._take()

    def wait(self, ms: float) -> None:
        ends = self.now_ns + int(ms * MS)
        while (due := self.choice.due_ns) is not None and due <= ends:
            self.now_ns = max(self.now_ns, due)
            self._take()
        self.now_ns = ends

    def stand(self, ms: int, *tags: tuple[str, int | None], step: int = 50) -> None:
        """These tags are in the field for so long."""
        for _ in range(0, ms, step):
            for epc, dbm in tags:
                self.see(epc, dbm)
            self.wait(step)

    def _take(self) -> None:
        while (epc := self.choice.take(self.now_ns)) is not None:
            self.taps.append(((self.now_ns - self.began_ns) // MS, epc))

    @property
    def tapped(self) -> list[str]:
        return [epc for _, epc in self.taps]


def test_a_car_that_stands_there_is_one_tap() -> None:
    lane = Lane()
    lane.stand(60_000, (A, -60))
    assert lane.taps == [(300, A)]
    lane.wait(QUIET / MS)
    lane.see(A)
    lane.wait(300)
    assert lane.tapped == [A, A]


def test_a_tag_must_be_unseen_for_the_whole_quiet_time() -> None:
    lane = Lane()
    lane.stand(1_000, (A, -60))
    for _ in range(5):
        lane.wait(QUIET / MS - 100)
        lane.see(A)
    lane.wait(1_000)
    assert lane.tapped == [A]


def test_the_strongest_of_two_wins_whoever_was_seen_first() -> None:
    lane = Lane()
    lane.see(B, -70)
    lane.see(A, -75)
    lane.wait(100)
    lane.see(A, -58)
    lane.see(B, -60)
    lane.wait(500)
    assert lane.tapped == [A]


def test_equally_strong_the_first_one_wins() -> None:
    lane = Lane()
    lane.see(B, -60)
    lane.see(A, -60)
    lane.wait(500)
    assert lane.tapped == [B]


def test_the_car_behind_waits_until_the_first_one_has_left() -> None:
    lane = Lane()
    lane.stand(20_000, (A, -50), (B, -60))
    assert lane.tapped == [A]
    lane.stand(LEFT_NS // MS + 1_000, (B, -60))
    assert lane.tapped == [A, B]
    assert lane.taps[1][0] >= 20_000 + LEFT_NS // MS - 50


def test_the_car_behind_that_comes_nearer_is_the_next_one() -> None:
    lane = Lane()
    lane.stand(1_000, (A, -50), (B, -60))
    lane.stand(1_000, (A, -60), (B, -60 + MARGIN_DB - 1))
    assert lane.tapped == [A]
    lane.stand(1_000, (A, -60), (B, -60 + MARGIN_DB))
    assert lane.tapped == [A, B]


def test_a_tag_that_was_left_near_by_does_not_close_the_lane() -> None:
    lane = Lane()
    lane.stand(5_000, (A, -75))
    lane.stand(1_000, (A, -75), (B, -60))
    lane.stand(1_000, (A, -75), (C, -60))
    assert lane.tapped == [A, B]
    lane.stand(3_000, (A, -75), (C, -60))
    assert lane.tapped == [A, B, C]


def test_without_a_strength_every_new_tag_is_a_tap() -> None:
    lane = Lane()
    lane.stand(5_000, (A, None), (B, None))
    assert lane.taps == [(0, A), (0, B)]


def test_no_window_is_a_tap_at_once() -> None:
    lane = Lane(window_ns=0)
    lane.see(A)
    assert lane.taps == [(0, A)]


def test_weak_and_foreign_tags_do_not_exist() -> None:
    lane = Lane(wanted=EpcFilter("E2"), least_dbm=-65)
    lane.stand(1_000, (A, -66), (C, -40), (B, None))
    assert lane.taps == []
    assert lane.choice.due_ns is None
    assert lane.choice.filtered == 60
    lane.stand(1_000, (A, -65))
    assert lane.tapped == [A]


@pytest.mark.parametrize(
    ("value", "mask", "epc", "wanted"),
    [
        ("", "", A, True),
        ("E2", "", A, True),
        ("E3", "", A, False),
        ("E2000001FF", "", A, False),
        ("E2FF0001", "FF00FFFF", A, True),
        ("E2FF0002", "FF00FFFF", A, False),
        ("E2FF0001FF", "FF00FFFF00", A, False),
        ("F", "C", A, True),
        ("0", "C", A, False),
    ],
)
def test_the_filter(value: str, mask: str, epc: str, wanted: bool) -> None:
    assert EpcFilter(value, mask).wants(epc) is wanted


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="as long as"):
        EpcFilter("E2", "F")


def test_the_memory_is_bounded() -> None:
    lane = Lane()
    for number in range(3 * KEPT):
        lane.choice.see(Tag(f"{number:08X}", 1, -60), lane.now_ns)
        lane.choice.see(Tag(f"{number:09X}", 1, None), lane.now_ns)
    assert len(lane.choice._best) <= KEPT
    assert len(lane.choice._tapped) <= KEPT
    assert len(lane.choice._ready) <= KEPT
    lane.wait(1_000)
    assert len(lane.choice._tapped) <= KEPT


SIGHT = st.tuples(
    st.sampled_from([A, B, C]),
    st.one_of(st.none(), st.integers(-90, -30)),
    st.integers(0, 4_000),
)


@given(st.lists(SIGHT, max_size=60), st.integers(0, 1_000), st.integers(0, 5_000))
def test_what_holds_whatever_is_seen(
    sights: list[tuple[str, int | None, int]], window: int, quiet: int
) -> None:
    lane = Lane(window * MS, quiet * MS, wanted=EpcFilter("E2"), least_dbm=-80)
    seen: dict[str, list[int]] = {A: [], B: []}
    for epc, dbm, wait in sights:
        if epc in seen and dbm is not None and dbm >= -80:
            seen[epc].append((lane.now_ns - lane.began_ns) // MS)
        lane.see(epc, dbm)
        lane.wait(wait)
    lane.wait(2_000)
    for epc, times in seen.items():
        taps = [at for at, tapped in lane.taps if tapped == epc]
        assert all(any(at - window <= time <= at for time in times) for at in taps)
        for first, second in pairwise(taps):
            between = [first, *(time for time in times if first <= time <= second), second]
            gaps = [b - a for a, b in pairwise(between)]
            assert max(gaps) >= min(quiet, second - first)
    if any(seen.values()):
        assert lane.taps
