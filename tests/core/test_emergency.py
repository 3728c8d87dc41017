"""Fire and lockdown, as a machine of their own: what latches, what lifts, what is said."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import emergency
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder
from agent.core.emergency import Emergency
from agent.core.entries import Entry, EntryType
from agent.core.events import InputChanged, Protected
from agent.core.facts import Mode
from agent.core.ids import InputId, OrderId, OutputId
from agent.core.orders import Order
from agent.core.plan import EmergencyPlan, GatePlan
from agent.core.project import Drop, Put, project
from tests.core.builders import gate_plan, moment
from tests.core.drafts import a_draft, told

FIRE, BUTTON, OTHER = InputId("gate.fire"), InputId("gate.lockdown"), InputId("loop")
PLAN = replace(gate_plan(), emergency=EmergencyPlan(FIRE, BUTTON))
LEVELS = {"on": True, "off": False, "lost": None}
BLIND = "alarm.raised fire_input alarm 1 gate.fire"
SEES = "alarm.ended fire_input alarm 1 gate.fire"


def changed(name: InputId, level: bool | None, fault: str = "") -> InputChanged:
    return InputChanged(name, level, 1, moment(0), fault)


def an_order(kind: str, reason: str = "asked") -> Order:
    return Order(OrderId("o-1"), "Li", "console", kind, {"reason": reason})


class Played:
    """The two emergencies alone. ``modes`` is what the projection has made of their entries."""

    def __init__(self, plan: GatePlan = PLAN) -> None:
        self.plan = plan
        self.state = Emergency()
        self.modes: dict[str, Mode] = {}
        self.entries: list[Entry] = []

    def restart(self) -> list[str]:
        out = a_draft(plan=self.plan)
        self.state = emergency.restored(self.modes.values(), out)
        return told(out)

    def do(self, step: Callable[[Emergency, Draft], Emergency]) -> Draft:
        out = a_draft(plan=self.plan, sequence=len(self.entries) + 1)
        self.state = step(self.state, out)
        for entry in out.entries:
            self.entries.append(entry)
            for row in project(len(self.entries), entry.type, entry.data, entry.at.wall_us):
                if row.table != "modes":
                    continue
                if isinstance(row, Put):
                    self.modes[row.key] = Mode(row.key, int(row.values["since_us"]))
                elif isinstance(row, Drop):
                    del self.modes[row.key]
        return out

    def act(self, line: str) -> list[str]:
        """``fire on``, ``button lost``, ``order KIND``, ``protect WHAT``, ``restart``."""
        match line.split():
            case ["restart"]:
                return self.restart()
            case ["protect", what]:
                event = Protected(what, OutputId("open"), FIRE, moment(0))
                return told(self.do(lambda state, out: emergency.protected(state, event, out)))
            case ["order", kind, *reason]:
                order = an_order(kind, " ".join(reason) or "asked")
                return told(self.do(lambda s, out: emergency.ordered(self.plan, s, order, out)))
            case [name, level, *fault]:
                known = {"fire": FIRE, "button": BUTTON}.get(name, OTHER)
                news = changed(known, LEVELS[level], " ".join(fault))
                return told(
                    self.do(lambda s, out: emergency.input_changed(self.plan, s, news, out))
                )
        raise AssertionError(line)


def play(lines: str, played: Played | None = None) -> Played:
    """Each line: what happens, then after ``>`` all that comes of it."""
    played = played or Played()
    for number, line in enumerate(filter(None, map(str.strip, lines.splitlines())), 1):
        action, _, wanted = (part.strip() for part in line.partition(">"))
        assert "; ".join(played.act(action)) == wanted, f"line {number}: {line}"
    return played


STORIES = {
    "active when the agent starts, and still after each restart": """
        fire on      > emergency.raised fire gate.fire; hold fire on
        restart      > hold fire on
        fire on      >
        restart      > hold fire on
        fire on      >
        fire off     >
        order fire_reset > emergency.lifted fire; hold fire off; done 200
        restart      >
    """,
    "a contact that bounces": """
        fire off     >
        fire on      > emergency.raised fire gate.fire; hold fire on
        fire off     >
        fire on      >
        fire on      >
        fire off     >
    """,
    "a contact that goes on again after the reset": """
        fire on      > emergency.raised fire gate.fire; hold fire on
        fire off     >
        order fire_reset > emergency.lifted fire; hold fire off; done 200
        fire on      > emergency.raised fire gate.fire; hold fire on
    """,
    "a contact too short for a level": """
        fire off     >
        protect fire > emergency.raised fire gate.fire; hold fire on
        protect fire >
        fire off     >
        order fire_reset > emergency.lifted fire; hold fire off; done 200
    """,
    "what the interlock does otherwise is no fire": """
        protect raised   >
        protect stopped  >
        protect reopened >
        protect dead_man >
    """,
    "no reset while the contact is active, unknown, or has not told yet": """
        fire on      > emergency.raised fire gate.fire; hold fire on
        order fire_reset > rejected 423
        fire lost cut > alarm.raised fire_input alarm 1 gate.fire cut
        order fire_reset > rejected 423
        restart      > hold fire on
        order fire_reset > rejected 423
        fire off     >
        order fire_reset > emergency.lifted fire; hold fire off; done 200
    """,
    "a contact that cannot be read": """
        fire lost    > alarm.raised fire_input alarm 1 gate.fire the fire contact cannot be read
        fire lost    >
        fire lost cut >
        fire on      > alarm.ended fire_input alarm 1 gate.fire; emergency.raised fire gate.fire; \
hold fire on
        fire lost cut > alarm.raised fire_input alarm 1 gate.fire cut
        fire off     > alarm.ended fire_input alarm 1 gate.fire
    """,
    "what is stuck on burns": """
        fire on      > emergency.raised fire gate.fire; hold fire on
        fire on stuck >
        order fire_reset > rejected 423
    """,
    "a mushroom button that stays in": """
        button on    > emergency.raised lockdown gate.lockdown
        button on    >
        order lift_lockdown > rejected 423
        restart      >
        button on    >
        button off   >
        order lift_lockdown > emergency.lifted lockdown; done 200
        button on    > emergency.raised lockdown gate.lockdown
    """,
    "a button that is stuck or lost does not bar the lift for ever": """
        button on    > emergency.raised lockdown gate.lockdown
        button on stuck >
        order lift_lockdown > emergency.lifted lockdown; done 200
        button on stuck >
        button lost  >
        button off   >
        button on    > emergency.raised lockdown gate.lockdown
        button lost  >
        order lift_lockdown > emergency.lifted lockdown; done 200
    """,
    "a lockdown by order": """
        order lockdown > emergency.raised lockdown; done 200
        order lockdown > done 200
        button on    >
        button off   >
        restart      >
        order lift_lockdown > emergency.lifted lockdown; done 200
        order lift_lockdown > done 200
    """,
    "what is not in force is lifted without a word": """
        order lift_lockdown > done 200
        order fire_reset > done 200
    """,
    "fire and lockdown do not know each other": """
        order lockdown > emergency.raised lockdown; done 200
        fire on      > emergency.raised fire gate.fire; hold fire on
        restart      > hold fire on
        fire off     >
        order lift_lockdown > emergency.lifted lockdown; done 200
        order lockdown > emergency.raised lockdown; done 200
        order fire_reset > emergency.lifted fire; hold fire off; done 200
        restart      >
        order lift_lockdown > emergency.lifted lockdown; done 200
    """,
    "a fire that is called": """
        order fire   > emergency.raised fire; hold fire on; done 200
        order fire   > emergency.raised fire; hold fire on; done 200
        order fire_reset > rejected 423
        fire off     >
        order fire_reset > emergency.lifted fire; hold fire off; done 200
        protect fire > emergency.raised fire gate.fire; hold fire on
        order fire   > emergency.raised fire; hold fire on; done 200
    """,
    "other inputs": """
        loop on      >
        loop lost cut >
    """,
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_stories(story: str) -> None:
    play(story)


def test_fire_goes_before_lockdown() -> None:
    assert emergency.name(Emergency()) == "none"
    assert emergency.name(Emergency(lockdown=True)) == "lockdown"
    assert emergency.name(Emergency(fire=True)) == "fire"
    assert emergency.name(Emergency(fire=True, lockdown=True)) == "fire"


@pytest.mark.parametrize("kind", [kind for kind in emergency.KINDS if kind != "fire"])
@pytest.mark.parametrize("args", [{}, {"reason": ""}, {"reason": " "}])
def test_an_order_needs_a_reason(kind: str, args: dict[str, str]) -> None:
    state, out = Emergency(fire=True, fire_input=False, lockdown=True), a_draft()
    order = Order(OrderId("o-1"), "Li", "console", kind, args)
    assert emergency.ordered(PLAN, state, order, out) is state
    assert told(out) == ["rejected 422"]


@pytest.mark.parametrize("wired", [True, False])
def test_a_contact_that_was_taken_out_of_the_settings_bars_no_reset(*, wired: bool) -> None:
    plan = PLAN if wired else replace(PLAN, emergency=EmergencyPlan())
    played = Played(plan)
    played.modes["fire"] = Mode("fire", 0)
    assert played.restart() == ["hold fire on"]
    wanted = ["emergency.lifted fire", "hold fire off", "done 200"]
    assert played.act("order fire_reset") == (["rejected 423"] if wired else wanted)


def test_other_modes_are_no_emergency() -> None:
    assert emergency.restored([Mode("hold:in-1", 0)], a_draft()) == Emergency()


def test_who_and_why_stand_in_the_entry() -> None:
    played = play("order lockdown > emergency.raised lockdown; done 200")
    (entry,) = played.entries
    assert (entry.actor, entry.cause, entry.subject) == ("Li", "o-1", "gate")
    assert entry.data == {"emergency": "lockdown", "origin": "console", "reason": "asked"}


def test_a_fire_is_called_without_a_word_and_without_a_name() -> None:
    order = Order(OrderId("o-1"), "unsigned", "console", "fire", desk="booth", unsigned=True)
    out = a_draft()
    assert emergency.ordered(PLAN, Emergency(), order, out).fire
    (entry,) = out.entries
    said = {"emergency": "fire", "origin": "console", "reason": "", "desk": "booth"}
    assert entry.data == said | {"unsigned": True}


def test_the_end_of_the_alarm_names_its_beginning() -> None:
    played = play(f"fire lost cut > {BLIND} cut\nfire off > {SEES}")
    assert [entry.cause for entry in played.entries] == [
        "",
        "/gate/v1/estate/north/s1/00000000000000000001",
    ]


def test_what_the_interlock_names_is_who_raised_it() -> None:
    event, out = Protected("fire", OutputId("out-1.open"), None, moment(0)), a_draft()
    emergency.protected(Emergency(), event, out)
    assert told(out) == ["emergency.raised fire out-1.open", "hold fire on"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["fire on", "order fire_reset"], "active: clear it at the fire panel"),
        (["fire on", "fire lost", "order fire_reset"], "unknown: look at its wiring"),
        (["button on", "order lift_lockdown"], "button is still pressed: release it"),
        (["order lift_lockdown"], "no lockdown is in force: nothing to do"),
        (["order fire_reset"], "no fire is latched: nothing to do"),
    ],
)
def test_an_answer_says_what_to_do(lines: Sequence[str], words: str) -> None:
    played = Played()
    for line in lines[:-1]:
        played.act(line)
    order = an_order(lines[-1].split()[1])
    out = played.do(lambda state, out: emergency.ordered(PLAN, state, order, out))
    (answer,) = out.effects
    assert isinstance(answer, AnswerOrder)
    assert words in answer.detail


DOINGS = st.sampled_from(
    [
        *(f"{name} {level}" for name in ("fire", "button", "loop") for level in LEVELS),
        *(f"order {kind}" for kind in emergency.KINDS),
        *(f"{name} {level} broken" for name in ("fire", "button") for level in ("on", "lost")),
        "protect fire",
        "protect raised",
        "restart",
    ]
)


@given(st.lists(DOINGS, max_size=40))
def test_whatever_comes(doings: list[str]) -> None:
    played, held, blind, quiet = Played(), False, False, False
    for line in doings:
        before = played.state
        count = len(played.entries)
        came = played.act(line)
        after = played.state
        assert {name for name in ("fire", "lockdown") if getattr(after, name)} == set(played.modes)
        if "hold fire on" in came or "hold fire off" in came:
            held = "hold fire on" in came
        assert held is after.fire, "the interlock knows what is latched, from every start on"
        written = played.entries[count:]
        if line == "restart":
            blind, quiet = False, False
            assert not written
            assert (after.fire, after.lockdown) == (before.fire, before.lockdown)
            continue
        if line.startswith("fire "):
            quiet = line == "fire off"
            blind = line.startswith("fire lost")
        assert bool(after.unread) is blind
        if before.fire and not after.fire:
            assert (line, quiet) == ("order fire_reset", True)
        if before.lockdown and not after.lockdown:
            assert line == "order lift_lockdown"
        if not before.fire and after.fire:
            assert line.startswith(("fire on", "protect fire", "order fire"))
        if line == "order fire":
            assert came == ["emergency.raised fire", "hold fire on", "done 200"]
            continue
        if line.startswith("order"):
            assert len(came) == (1 + (before != after) + (before.fire != after.fire))
        assert len([one for one in written if one.type is EntryType.EMERGENCY_RAISED]) == (
            (not before.fire and after.fire) + (not before.lockdown and after.lockdown)
        )
