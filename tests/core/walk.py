"""A passage that is walked sensor by sensor, by words such as ``in1 up L+ L- down``.

``docs/passages.md`` says what the words mean; every word takes a second. `Walk.claimed` tells the
entries in the same short form as the tables there.
"""

import re
from dataclasses import replace

from agent.core import passages
from agent.core.draft import Draft
from agent.core.effects import StartTimer, StopTimer
from agent.core.entries import Entry, EntryType
from agent.core.facts import Facts, OpenPassage
from agent.core.grants import Grant
from agent.core.ids import InputId, PassageId
from agent.core.model import Direction
from agent.core.passages import Passages
from agent.core.plan import ArmKind, ArmPlan, LanePlan
from tests.core.builders import LANE, OPEN, SECOND, WEDNESDAY, gate_plan, moment

INPUTS = {letter: InputId(f"{LANE}.{letter}") for letter in "ALXBD"}
LEVELS = {"+": True, "-": False, "?": None}
_GRANT = re.compile(r"(in|out)(\d+)(?:\*(\d+))?")

NONE = ArmPlan(OPEN)
WIRINGS = {
    "No loop": NONE,
    "Beam only": replace(NONE, safety=(INPUTS["B"],)),
    "Loop": replace(NONE, loop=INPUTS["L"]),
    "Loop and exit": replace(NONE, loop=INPUTS["L"], exit=INPUTS["X"]),
    "Approach and loop": replace(NONE, approach=INPUTS["A"], loop=INPUTS["L"]),
    "Approach, loop and exit": replace(
        NONE, approach=INPUTS["A"], loop=INPUTS["L"], exit=INPUTS["X"]
    ),
    "Door": replace(NONE, kind=ArmKind.DOOR, closed=INPUTS["D"]),
}
TWO_WAY = "Two-way lane"


def lane_of(wiring: str) -> LanePlan:
    """A lane with this wiring, in unless it is the one of two directions."""
    both = wiring == TWO_WAY
    arm = WIRINGS["Approach, loop and exit" if both else wiring]
    return LanePlan(LANE, Direction.BOTH if both else Direction.IN, arm, 15 * SECOND)


class Walk:
    """One lane's passages, with a clock, a timer, and all entries that were written."""

    def __init__(self, plan: LanePlan) -> None:
        self.plan = plan
        self.state = Passages()
        self.levels: dict[InputId, bool | None] = dict.fromkeys(INPUTS.values(), False)
        self.levels[INPUTS["D"]] = True
        self.up: bool | None = False
        self.timer = False
        self.seconds = 0.0
        self.entries: list[Entry] = []

    def draft(self) -> Draft:
        self.seconds += 1
        facts = Facts("s1", len(self.entries) + 1, WEDNESDAY)
        return Draft(gate_plan(), facts, moment(self.seconds))

    def walk(self, words: str) -> "Walk":
        for word in words.split():
            self.step(word)
        return self

    def step(self, word: str) -> None:
        """Do one word, twice: a step is pure. Timers and entries are kept as the loop would."""
        out = self.draft()
        state, levels, up, timer = self.state, dict(self.levels), self.up, self.timer
        after = self._after(word, out)
        self.state, self.levels, self.up, self.timer = state, levels, up, timer
        self.seconds -= 1
        again = self.draft()
        self.state = self._after(word, again)
        assert (self.state, again.entries, again.effects) == (after, out.entries, out.effects)
        for effect in out.effects:
            assert isinstance(effect, (StartTimer, StopTimer))
            assert effect.key == f"wait:{LANE}"
            self.timer = isinstance(effect, StartTimer)
        self.entries += out.entries

    def _after(self, word: str, out: Draft) -> Passages:
        plan, state = self.plan, self.state
        if found := _GRANT.fullmatch(word):
            way, number, count = found.groups()
            passage, card = PassageId(f"{way}{number}"), f"card {number}"
            cause, counted = f"cause {number}", int(count or 1)
            grant = Grant(passage, card, cause, "vehicle", Direction(way), counted)
            return passages.granted(plan, state, grant, self.levels, out)
        if word[1] in LEVELS:
            before = dict(self.levels)
            self.levels[INPUTS[word[0]]] = LEVELS[word[1]]
            return passages.sensed(plan, state, before, self.levels, self.up, out)
        return self._without_sensors(word, out)

    def _without_sensors(self, word: str, out: Draft) -> Passages:
        plan, state = self.plan, self.state
        match word:
            case "lost":
                self.up = None
            case "up" | "down":
                self.up = word == "up"
                for what in ("opening", "opened") if self.up else ("closing", "closed"):
                    state = passages.arm_moved(state, what, out)
            case "time" if self.timer:
                self.timer = False
                state = passages.wait_over(plan, state, out)
            case "close":
                state = passages.withdrawn(plan, state, out)
            case "hold" | "free":
                state = passages.noted_held_open(state, word == "hold")
            case "restart":
                for grant in state.grants:
                    left = OpenPassage(grant.passage, LANE, 1, grant.card)
                    passages.interrupted(left, "start", out)
                state = Passages()
        return state

    @property
    def ended(self) -> list[Entry]:
        """The ends of passages: all that was written down but alarms."""
        return [entry for entry in self.entries if entry.type is not EntryType.ALARM_RAISED]

    @property
    def claimed(self) -> str:
        """What was written down, and at last which grants go on."""
        told = [told_of(entry) for entry in self.ended]
        if self.state.grants:
            told.append("open " + " ".join(grant.passage for grant in self.state.grants))
        return "; ".join(told)


def told_of(entry: Entry) -> str:
    """``in1 passed 1 <behind (unseen)``; a passage that was not granted is a ``-``."""
    assert entry.type is EntryType.PASSAGE_ENDED
    data = entry.data
    named = "card" in data
    words = [str(data["passage"]) if named else "-", str(data["outcome"]), str(data["vehicles"])]
    if not named and data.get("direction") == "out":
        words.append("out")
    if data.get("heldopen"):
        words.append("held")
    if "behind" in data:
        words.append(f"<{data['behind']}")
    unseen = data.get("unseen", [])
    assert isinstance(unseen, list)
    if unseen:
        words.append(f"({' '.join(unseen)})")
    return " ".join(words)
