from hypothesis import given
from hypothesis import strategies as st

from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.core.quiet import Quiet
from tests.core.builders import SECOND

QUIET_NS = 3 * SECOND
CARD, OTHER = Credential("uid", "01"), Credential("uid", "02")


def quiet() -> Quiet:
    return Quiet(ReaderId("near"), QUIET_NS)


def test_a_held_card_is_one_tap() -> None:
    memory = quiet()
    taps = [memory.admits(CARD, tenth * SECOND // 10) for tenth in range(6000)]
    assert taps == [True] + [False] * 5999


def test_a_card_that_was_away_for_the_quiet_time_is_a_new_tap() -> None:
    memory = quiet()
    assert memory.admits(CARD, 0)
    assert not memory.admits(CARD, QUIET_NS - 1)
    assert memory.admits(CARD, 2 * QUIET_NS - 1)


def test_another_card_and_another_reader_are_other_taps() -> None:
    near, far = quiet(), Quiet(ReaderId("far"), QUIET_NS)
    assert near.admits(CARD, 0)
    assert near.admits(OTHER, 1)
    assert not near.admits(CARD, 2)
    assert far.admits(CARD, 3)


def test_without_a_quiet_time_every_sighting_is_a_tap() -> None:
    memory = Quiet(ReaderId("near"), 0)
    assert [memory.admits(CARD, 5), memory.admits(CARD, 5)] == [True, True]


def test_the_oldest_sighting_is_forgotten_first() -> None:
    memory = quiet()
    cards = [Credential("w26", f"{number:06X}") for number in range(65)]
    assert all(memory.admits(card, 0) for card in cards)
    assert not memory.admits(cards[1], 1)
    assert memory.admits(cards[0], 1)
    assert len(memory._seen) == 64


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, QUIET_NS)), max_size=300))
def test_agrees_with_a_plain_memory_and_stays_bounded(sightings: list[tuple[int, int]]) -> None:
    memory, now = quiet(), 0
    order: list[int] = []
    seen: dict[int, int] = {}
    for number, later in sightings:
        now += later
        new = number not in order[-64:] or now - seen[number] >= QUIET_NS
        assert memory.admits(Credential("w26", f"{number:06X}"), now) is new
        order = [other for other in order if other != number] + [number]
        seen[number] = now
        assert len(memory._seen) <= 64


def test_a_card_that_is_forgotten_is_new_at_once() -> None:
    quiet = Quiet(ReaderId("near"), QUIET_NS)
    assert quiet.admits(CARD, 0)
    quiet.forget(CARD)
    quiet.forget(OTHER)
    assert quiet.admits(CARD, 1)
    assert not quiet.admits(CARD, 2)
