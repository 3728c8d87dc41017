"""Answers to orders: how one is kept, and how it is given again.

Rules kept here:
- an order is known by its key: that of a client of the centre carries the client's name;
- the same key with another digest is another command, and is refused.
"""

import json
from dataclasses import replace

from agent.core.commands import REJECTED
from agent.core.effects import AnswerOrder
from agent.core.events import Event, OrderReceived
from agent.core.orders import Order
from agent.ports import KeptResult

_ANOTHER = "this id was used for another command already: mint a new one for each command"


def kept_of(answer: AnswerOrder, event: Event | None = None) -> KeptResult:
    """The answer as it is kept; ``event`` is what it answers."""
    result = json.dumps(answer.result, ensure_ascii=False) if answer.result else ""
    key, digest = str(answer.order), ""
    if isinstance(event, OrderReceived):
        key, digest = event.order.key, event.order.digest
    return KeptResult(key, answer.status, answer.code, answer.detail, result, digest)


def again(kept: KeptResult, order: Order) -> KeptResult:
    """What is answered to an order that was answered before."""
    if not order.client:
        return kept
    if kept.digest != order.digest:
        return KeptResult(order.key, REJECTED, 409, _ANOTHER)
    return replace(kept, duplicate=True)
