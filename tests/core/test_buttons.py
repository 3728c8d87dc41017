"""Buttons: what is a press, what it orders, and what it never does."""

from dataclasses import replace

import pytest

from agent.core import buttons
from agent.core.effects import AnswerOrder
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.ids import InputId, LaneId
from agent.core.model import Direction
from agent.core.orders import Order
from agent.core.plan import Blocked, Button, LanePlan
from tests.core.builders import FULL, LANE, SECOND, moment
from tests.core.whole import OUT, RAMP, WholeGate, buttons_of, lamps, moves

NAME = InputId("in-1.button-open")
NOW = moment(7)


def plan(direction: Direction = Direction.BOTH, blocked: Blocked = Blocked.STAY_OPEN) -> LanePlan:
    arm = replace(FULL, buttons=buttons_of(LANE), when_blocked=blocked)
    return LanePlan(LANE, direction, arm, 15 * SECOND)


def press(
    button: Button,
    before: bool | None = False,
    after: bool | None = True,
    fault: str = "",
    at: LanePlan | None = None,
) -> Order | None:
    event = InputChanged(NAME, after, 1, NOW, fault)
    return buttons.pressed(at or plan(), button, before, event)


@pytest.mark.parametrize(
    ("button", "kind", "reason", "direction"),
    [
        (Button.OPEN, "open", "open button", None),
        (Button.EXIT, "open", "exit button", "out"),
        (Button.CLOSE, "close", "close button", None),
    ],
)
def test_a_press_is_an_order_of_nobody_known(
    button: Button, kind: str, reason: str, direction: str | None
) -> None:
    order = press(button)
    assert order is not None
    assert (order.kind, order.actor, order.origin) == (kind, NAME, "button")
    args = {"lane": LANE, "reason": reason}
    assert order.args == (args if direction is None else {**args, "direction": direction})


def test_two_presses_are_two_orders() -> None:
    one = buttons.pressed(plan(), Button.OPEN, False, InputChanged(NAME, True, 1, moment(1)))
    two = buttons.pressed(plan(), Button.OPEN, False, InputChanged(NAME, True, 3, moment(2)))
    assert one is not None
    assert two is not None
    assert one.order_id != two.order_id


@pytest.mark.parametrize("button", list(Button))
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, True),
        (True, True),
        (True, False),
        (False, False),
        (False, None),
        (True, None),
        (None, None),
        (None, False),
    ],
)
def test_only_from_released_to_pressed_is_a_press(
    button: Button, before: bool | None, after: bool | None
) -> None:
    assert press(button, before, after) is None


@pytest.mark.parametrize("button", list(Button))
def test_an_input_that_cannot_be_believed_presses_nothing(button: Button) -> None:
    assert press(button, fault="contacts contradict") is None


def test_stop_and_the_held_close_button_have_acted_already() -> None:
    assert press(Button.STOP) is None
    assert press(Button.CLOSE, at=plan(blocked=Blocked.DEAD_MAN)) is None
    assert buttons.held(plan(blocked=Blocked.DEAD_MAN))
    assert not buttons.held(plan())


@pytest.mark.parametrize(
    ("direction", "opens"),
    [(Direction.IN, False), (Direction.OUT, True), (Direction.BOTH, True)],
)
def test_an_exit_button_never_lets_in(direction: Direction, opens: bool) -> None:
    assert (press(Button.EXIT, at=plan(direction)) is not None) is opens


@pytest.mark.parametrize("button", list(Button))
@pytest.mark.parametrize("active", [True, False, None])
@pytest.mark.parametrize("fault", ["", "stuck"])
def test_only_a_press_of_the_open_button_lets_in(
    button: Button, active: bool | None, fault: str
) -> None:
    event = InputChanged(NAME, active, 1, NOW, fault)
    lets_in = button is Button.OPEN and active is True and not fault
    assert buttons.admits(button, event) is lets_in


def test_every_button_is_known_by_its_input() -> None:
    assert buttons.wired(plan()) == {
        name: buttons.Wired(LANE, role) for role, name in buttons_of(LANE).items()
    }


# In the gate


def pressed(gate: WholeGate, lane: LaneId, role: str) -> list[str]:
    """Press and release; the arms' relays that moved."""
    gate.act(f"{lane}.button-{role} on")
    found = moves(gate.steps[-1])
    gate.act(f"{lane}.button-{role} off")
    assert moves(gate.steps[-1]) == []
    return found


def test_the_buttons_of_a_gate_open_and_close() -> None:
    gate = WholeGate().begin()
    assert pressed(gate, LANE, "open") == ["open"]
    opened = gate.entries[-1]
    assert (opened.type, opened.actor) == (EntryType.ARM_ORDERED, "in-1.button-open")
    assert (opened.data["origin"], opened.data["reason"]) == ("button", "open button")
    assert gate.seen().waiting == 1
    gate.act("closed off")
    gate.act("opened on")
    assert pressed(gate, LANE, "close") == ["close"]
    assert gate.entries[-2].data["reason"] == "close button"
    assert pressed(gate, OUT, "exit") == ["out-1.open"]
    assert pressed(gate, RAMP, "exit") == ["ramp-1.open"]


def test_nobody_is_answered_and_no_answer_is_kept() -> None:
    gate = WholeGate().begin()
    pressed(gate, LANE, "open")
    assert pressed(gate, LANE, "close") == ["close"]
    gate.act("loop on")
    assert pressed(gate, LANE, "close") == []
    assert "refused" in gate.entries[-1].data
    _, effects = gate.since(0)
    assert not [effect for effect in effects if isinstance(effect, AnswerOrder)]


def test_what_is_pressed_at_the_start_opens_nothing_until_it_is_pressed_again() -> None:
    gate = WholeGate()
    gate.act("restart")
    for line in ("on", "lost", "on", "on", "off"):
        gate.act(f"in-1.button-open {line}")
        assert moves(gate.steps[-1]) == [], line
    gate.act("in-1.button-open on")
    assert moves(gate.steps[-1]) == ["open"]
    gate.act("restart")
    gate.act("in-1.button-open on")
    assert moves(gate.steps[-1]) == [], "nor after a restart with the finger on it"


def test_a_held_close_button_and_a_stop_button_order_nothing() -> None:
    gate = WholeGate().begin()
    before = gate.entries[:]
    assert pressed(gate, RAMP, "close") == []
    assert pressed(gate, RAMP, "stop") == []
    assert pressed(gate, LANE, "stop") == []
    assert pressed(gate, LANE, "exit") == [], "an exit button at a lane that leads in"
    assert gate.entries == before
    assert lamps(gate.steps[-1]) == []


@pytest.mark.parametrize(
    ("line", "admits"),
    [
        ("in-1.button-open", True),
        ("out-1.button-open", True),
        ("out-1.button-exit", False),
        ("in-1.button-close", False),
        ("in-1.button-stop", False),
        ("loop", False),
        ("gate.fire", False),
        ("gate.lockdown", False),
        ("nobody", False),
    ],
)
def test_inputs_that_may_let_somebody_in(line: str, admits: bool) -> None:
    gate = WholeGate().gate
    assert gate.admits(InputChanged(InputId(line), True, 1, NOW)) is admits
    assert gate.admits(InputChanged(InputId(line), False, 1, NOW)) is False
