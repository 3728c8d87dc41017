"""What an act of the books finds in an order, and what it is told when something is missing."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ask import Act, Ask
from agent.core.facts import Facts
from agent.core.form import Fault
from agent.core.ids import LaneId, OrderId
from agent.core.needs import Need, merged
from agent.core.orders import Order
from tests.core.builders import WEDNESDAY, a_card, gate_plan, moment

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times of the gate are naive


def an_ask(form: dict[str, object], facts: Facts | None = None) -> Ask:
    order = Order(OrderId("o-1"), "g-1", "console", "visit.open", form=form)
    return Ask(gate_plan(), order, facts or Facts("s1", 1, WEDNESDAY), moment(0))


def test_a_row_by_its_key() -> None:
    rows = {"visits": ({"visit": "v1", "card": "V-1"}, {"visit": "v2", "card": "V-2"})}
    ask = an_ask({}, Facts("s1", 1, WEDNESDAY, rows=rows))
    assert ask.row("visits", "visit", "v2")["card"] == "V-2"
    assert ask.rows("deposits") == ()
    with pytest.raises(Fault) as found:
        ask.row("visits", "visit", "v3")
    assert (str(found.value), found.value.code, found.value.field) == (
        "there is no v3 in the books",
        404,
        "visit",
    )
    with pytest.raises(Fault, match="no such visit here"):
        ask.row("visits", "visit", "", "no such visit here")


def test_a_card_by_its_label() -> None:
    facts = Facts("s1", 1, WEDNESDAY, (a_card("A"), a_card("B")))
    assert an_ask({"card": "B"}, facts).card().label == "B"
    assert an_ask({"new": "A"}, facts).card("new").label == "A"
    with pytest.raises(Fault, match="there is no card C in the roster") as found:
        an_ask({"card": "C"}, facts).card()
    assert found.value.code == 404
    with pytest.raises(Fault, match="this is needed"):
        an_ask({}, facts).card()


def test_a_lane_by_its_name() -> None:
    name = next(iter(gate_plan().lanes))
    assert an_ask({"lane": name}).lane().lane == LaneId(name)
    with pytest.raises(Fault, match=f"no lane moon here; the lanes are {name}"):
        an_ask({"lane": "moon"}).lane()


def test_who_asks_and_when() -> None:
    ask = an_ask({})
    assert (ask.actor, ask.now_us, ask.local) == ("g-1", moment(0).wall_us, WEDNESDAY)
    assert ask.books.currency == "CNY"


@given(st.integers(0, 10_000_000))
def test_local_times_are_as_far_apart_as_wall_times(seconds: int) -> None:
    ask = an_ask({})
    later = WEDNESDAY + timedelta(seconds=seconds)
    assert ask.wall_us(later) - ask.wall_us(WEDNESDAY) == seconds * 1_000_000
    assert ask.wall_us(WEDNESDAY) == moment(0).wall_us


def test_needs_of_one_name_are_joined() -> None:
    one, two = {"card": "A"}, {"card": "B"}
    found = merged(
        [
            (Need("visits", "card", "A"), (one,)),
            (Need("visits", "state", "open"), (one, two)),
            (Need("visits", "visit", "x", name="other"), (two,)),
        ]
    )
    assert found == {"visits": (one, two), "other": (two,)}


def test_an_act_needs_nothing_unless_it_says_so() -> None:
    act = Act(lambda _ask, _out: {})
    assert act.needs(Order(OrderId("o"), "", "", "x")) == ()
