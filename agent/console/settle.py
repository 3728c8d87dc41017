"""What became of an order whose answer did not come in time.

Rules kept here:
- only looked up, never sent again: an order that is done late may open an arm for nobody;
- the ledger is the truth: what is kept there was done or refused; what is not there once the daemon
  answers again, and `GRACE_S` have passed, was never done.
"""

import time

from starlette.requests import Request

from agent.console import answers, desk
from agent.console.answers import Answer
from agent.console.words import N_
from agent.errors import StoreError
from agent.store.queries.answers import answered

GRACE_S = 6.0
NEVER = N_("It was not done: the gate did not get it. Do it again if it is still wanted.")


def settled(request: Request, order_id: str) -> Answer:
    """The answer as far as it is known now; status ``unknown`` while nobody can know."""
    try:
        with desk.reading(request) as reading:
            kept = answered(reading, order_id)
    except StoreError:
        return Answer(order_id, "unknown", 0, answers.UNKNOWN)
    if kept is not None:
        return answers.of(order_id, kept)
    sent_s = desk.session(request).times.get(order_id)
    picture = desk.picture(request)
    after_s = 0.0 if sent_s is None else sent_s + GRACE_S
    if picture.fresh and picture.heard_s > after_s and time.monotonic() > after_s:
        return Answer(order_id, "rejected", 410, NEVER)
    return Answer(order_id, "unknown", 0, answers.UNKNOWN)
