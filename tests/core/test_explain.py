from dataclasses import replace

from agent.core.explain import explain
from agent.core.model import CardKind, CardStatus
from tests.core.builders import a_card, a_question


def test_a_card_that_may_pass() -> None:
    told = dict(explain(a_question(a_card())))
    steps = told.pop("steps")
    assert told == {
        "lane": "in-1",
        "direction": "in",
        "local": "2026-03-04T12:00",
        "clock": "trusted",
        "card": "A",
        "kind": "resident",
        "status": "active",
        "decision": "granted",
        "says": "this card may pass",
        "marks": [],
    }
    assert isinstance(steps, list)
    assert {step["result"] for step in steps} == {"passed"}
    assert len(steps) == 23


def test_a_lost_card() -> None:
    told = explain(a_question(a_card(status=CardStatus.LOST)))
    assert (told["decision"], told["reason"]) == ("denied", "card_lost")
    steps = told["steps"]
    assert isinstance(steps, list)
    assert [step["result"] for step in steps] == ["passed", "passed", "passed", "decides"]
    assert steps[-1]["rule"] == "card_lost"


def test_nobody_knows_the_card() -> None:
    told = explain(a_question())
    assert told["says"] == "this card is not known here"
    assert "card" not in told


def test_a_duty() -> None:
    asked = replace(a_question(a_card(kind=CardKind.VISITOR)), clock_trusted=False)
    told = explain(asked)
    assert (told["decision"], told["duty"]) == ("referred", "clock_unknown")
    assert told["clock"] == "not trusted"
