from dataclasses import replace

import pytest

from agent.core.access import RULES
from agent.core.explain import explain, supposing
from agent.core.model import CardKind, CardStatus
from tests.core.builders import a_card, a_question, gate_plan


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
    assert len(steps) == len(RULES)


def test_a_lost_card() -> None:
    told = explain(a_question(a_card(status=CardStatus.LOST)))
    assert (told["decision"], told["reason"]) == ("denied", "card_lost")
    steps = told["steps"]
    assert isinstance(steps, list)
    *before, last = [step["result"] for step in steps]
    assert (set(before), last) == ({"passed"}, "decides")
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


@pytest.mark.parametrize("strict", [False, True])
def test_a_card_is_taken_to_prove_what_is_asked_unless_it_is_said(strict: bool) -> None:
    plan = gate_plan()
    readers = {name: replace(each, needs_proof=strict) for name, each in plan.readers.items()}
    kinds = frozenset[CardKind]() if strict else frozenset({CardKind.RESIDENT})
    plan, asked = replace(plan, readers=readers, proved=kinds), a_question(a_card())
    assert explain(supposing(plan, asked, None))["decision"] == "granted"
    told = explain(supposing(plan, asked, "uid_only"))
    assert (told["reason"], told["proof"]) == ("proof_required", "uid_only")
    told = explain(supposing(plan, asked, "desfire"))
    assert (told["decision"], told["proof"]) == ("granted", "desfire")
    told = explain(supposing(gate_plan(), asked, "failed"))
    assert (told["reason"], told["proof"]) == ("proof_failed", "failed")
    with pytest.raises(ValueError, match="somehow"):
        supposing(plan, asked, "somehow")
