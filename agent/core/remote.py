"""What the centre asks that is no act of the gate: it is answered outside, and noted here.

Rules kept here:
- nothing moves and nothing of the books changes: the answer stands in the form already;
- by this way it is in the journal with its actor, and its answer is kept like that of every order.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.draft import Draft

KINDS = frozenset(
    {
        "ping",
        "info",
        "config.get",
        "replay",
        "roster.begin",
        "roster.chunk",
        "roster.commit",
        "roster.digest",
    }
)
RESULT = "result"


def answered(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{result}``, a JSON object: what was found or done already."""
    del out
    result = ask.order.form.get(RESULT, {})
    if not isinstance(result, Mapping):
        raise ask.form.fault("this is not a JSON object", RESULT)
    return {str(key): value for key, value in result.items()}


BOOK = Book({kind: Act(answered) for kind in KINDS})
