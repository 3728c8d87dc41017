"""``docs/visits.md`` names what there is, and nothing else."""

import re
from pathlib import Path

from agent.core import deposits, way_out
from agent.core.access import RULES, Duty
from agent.core.books import ACTS
from agent.core.visit_forms import KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "visits.md").read_text("utf-8")


def rows(heading: str) -> list[str]:
    """The first cells of the table below a heading."""
    part = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z_]+)` \|", part, re.MULTILINE)


def test_the_kinds_of_visits() -> None:
    assert rows("A visit") == list(KINDS)


def test_the_duties_in_their_order() -> None:
    order = [rule.answer.value for rule in RULES if isinstance(rule.answer, Duty)]
    told = rows("What a card at a lane is sent to the guard for")
    assert [name for name in order if name in told] == told
    assert {*order} - {*told} == {"lockdown_release", "clock_unknown"}


def test_the_outcomes_and_the_ends() -> None:
    assert rows("How a visit ends") == list(way_out.OUTCOMES)
    part = TEXT.split("## What becomes of a deposit\n")[1]
    ends = {"held", "reversed", *deposits.ENDS}
    assert ends == set(re.findall(r"`([a-z_]+)`", part))


def test_every_order_that_is_named_is_one() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z]+)`", TEXT)) - {"visits.longest"}
    named = {name for name in named if not name.endswith(".py")}
    assert named <= set(ACTS)
    assert named
