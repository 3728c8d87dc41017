"""Sensors and grants in any order: what no sequence of them may ever lead to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.grants import GRANTS
from agent.core.plan import ArmKind, LanePlan
from tests.core.walk import TWO_WAY, WIRINGS, Walk, lane_of

WORDS = (
    *("A+", "A-", "A?", "L+", "L-", "L?", "X+", "X-", "X?", "D+", "D-", "D?"),
    *("L+", "L-", "L+", "L-", "X+", "X-", "A+", "A-", "D+", "D-"),
    *("up", "down", "time", "close", "hold", "free", "grant", "grant", "renew", "convoy"),
)


def seen_of(words: list[str], letter: str) -> tuple[int, int]:
    """How often this sensor was seen to be taken, and to become clear."""
    level, rises, falls = (letter == "D", 0, 0)
    known: bool | None = bool(level)
    for word in words:
        if word[0] == letter and len(word) == 2:
            now = {"+": True, "-": False, "?": None}[word[1]]
            rises += known is False and now is True
            falls += known is True and now is False
            known = now
    return rises, falls


class Chance(Walk):
    """A walk by words of chance: ``grant``, ``convoy`` and ``renew`` find their own numbers."""

    def __init__(self, plan: LanePlan) -> None:
        super().__init__(plan)
        self.given: list[str] = []
        self.done: list[str] = []

    def chance(self, word: str, way: str) -> None:
        if word in {"grant", "convoy"}:
            self.given.append(f"{way}{len(self.given)}")
            word = self.given[-1] + ("*3" if word == "convoy" else "")
        elif word == "renew":
            waiting = [grant.passage for grant in self.state.grants]
            word = waiting[-1] if waiting else "time"
        self.step(word)
        self.done.append(word)
        state = self.state
        assert self.timer or state.used or not state.grants, "who waits, waits for something"
        assert not (state.idle and (state.grants or state.taken))
        assert state.waiting <= GRANTS
        assert len(state.between) <= 8
        assert len(state.over) <= 64


@settings(max_examples=settings().max_examples * 5)
@given(
    wiring=st.sampled_from([*WIRINGS, TWO_WAY]),
    words=st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["in", "out"])), max_size=60),
)
def test_whatever_the_sensors_say(wiring: str, words: list[tuple[str, str]]) -> None:
    walk = Chance(lane_of(wiring))
    for word, way in words:
        walk.chance(word, way)
    walk.walk("L? D? close")
    ended = [str(entry.data["passage"]) for entry in walk.ended]
    assert len(set(ended)) == len(ended), "a passage ends once"
    assert set(walk.given) <= set(ended), "every grant ends"
    assert walk.state.idle
    for entry in walk.ended:
        outcome = entry.data["outcome"]
        assert ("card" in entry.data) is (entry.data["passage"] in walk.given)
        assert ("behind" in entry.data) is (outcome == "tailgated")
        assert "card" not in entry.data or outcome not in {"tailgated", "forced"}
        assert entry.data.get("behind", "in0") in {*walk.given, "in0"}
    nothing_more_than_seen(walk)


def nothing_more_than_seen(walk: Chance) -> None:
    """What is claimed needs the sensor that proves it, as often as it is claimed."""
    arm = walk.plan.arm
    counted = sum(int(str(entry.data["vehicles"])) for entry in walk.ended)
    outcomes = {str(entry.data["outcome"]) for entry in walk.ended}
    assert counted <= (seen_of(walk.done, "L")[1] if arm.loop else 0), "no loop saw it"
    if arm.exit is not None:
        behind = seen_of(walk.done, "X")[0] + (seen_of(walk.done, "A")[0] if arm.approach else 0)
        assert counted <= behind, "no loop behind the arm saw it"
    else:
        assert "forced" not in outcomes
    if arm.kind is ArmKind.DOOR:
        openings = sum(int(str(entry.data.get("openings", 0))) for entry in walk.ended)
        assert openings <= seen_of(walk.done, "D")[0]
        assert outcomes <= {"passed", "no_entry", "unobserved"}
    elif arm.loop is None:
        assert outcomes <= {"unobserved"}
    elif "L+" not in walk.done:
        assert outcomes <= {"no_entry", "unobserved"}
