"""Why a card would pass or not, rule by rule; moves nothing and writes nothing."""

from collections.abc import Mapping
from dataclasses import replace

from agent.core import access
from agent.core.access import Decision, Denied, Granted, Question
from agent.core.model import CardKind, CardProof
from agent.core.plan import GatePlan


def explain(question: Question) -> Mapping[str, object]:
    """The decision and the steps that led to it, as plain values.

    ``{decision, reason|duty, says, card, kind, status, marks, steps: [{rule, asks, result}]}`` with
    result ``passed`` or ``decides``.
    """
    decision = access.decide(question)
    card = decision.card
    told: dict[str, object] = {"lane": question.lane, "direction": question.direction.value}
    told["local"] = question.local.isoformat(timespec="minutes")
    told["clock"] = "trusted" if question.clock_trusted else "not trusted"
    if question.prove or question.proof is not CardProof.UID_ONLY:
        told["proof"] = question.proof.value
    if card is not None:
        told |= {"card": card.label, "kind": card.kind.value, "status": card.status.value}
    return (
        told
        | _answer(decision)
        | {
            "steps": [
                {
                    "rule": rule.answer.value,
                    "asks": rule.asks,
                    "result": "decides" if spoke else "passed",
                }
                for rule, spoke in access.walk(question)
            ]
        }
    )


def supposing(plan: GatePlan, asked: Question, proof: object) -> Question:
    """The question if the card proved this much; None: as much as is asked of it.

    Raises ValueError for a word that is no `CardProof`.
    """
    if proof is None:
        return asked
    readers = [each for each in plan.readers.values() if each.lane == asked.lane]
    strict = any(each.needs_proof for each in readers)
    prove = frozenset(CardKind) if strict else plan.proved
    return replace(asked, proof=CardProof(str(proof)), prove=prove)


def _answer(decision: Decision) -> dict[str, object]:
    match decision:
        case Granted(marks=marks):
            return {"decision": "granted", "says": "this card may pass", "marks": list(marks)}
        case Denied(reason):
            return {
                "decision": "denied",
                "reason": reason.value,
                "says": access.words(reason),
            }
        case _:
            duty = decision.duty
            return {"decision": "referred", "duty": duty.value, "says": access.words(duty)}
