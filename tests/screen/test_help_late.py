"""E5 where nobody answers: the request is passed on, seen as late, and can still be answered."""

from collections.abc import Iterator

import pytest

from agent.console.words import load
from tests.rigs.screen import LEADER, ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import ZONE

PASSED_ON = "not answered in time: passed on to the shift leader"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenHouse]:
    """A house where help has to be answered as soon as can be set."""
    changes = {"visits": {"help_within": "30 s"}}
    with ScreenHouse(tmp_path_factory.mktemp("t"), each=1, changes=changes) as made:
        yield made.open()


def test_help_that_nobody_answers(look: Look, house: ScreenHouse) -> None:
    leader = look("zh", LEADER, "/help")
    after = house.head()
    leader.write("ask", {"kind": "illness", "unit": "6-402", "description": "老人摔倒"})
    which = str(house.data(house.wait_entry("gate.help.requested.v1", after=after))["help"])
    late = house.data(house.wait_entry("gate.help.escalated.v1", after=after, help=which))
    assert late["to"] == "shift_leader"
    for language in ("en", "zh"):
        later = look(language, LEADER)
        later.shows(f'#todo a[href*="help={which}"] .left.over')
        later.go("/help")
        later.sees(load(language, ZONE)(PASSED_ON))
    later.write("answer", {"note": "120 已到"}, {"help": which})
    answered = house.wait_entry("gate.help.answered.v1", after=after)
    assert house.data(answered)["late"] is True
