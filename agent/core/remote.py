"""What the centre asks that is no act of the gate: it is answered outside, and noted here.

Rules kept here:
- nothing moves and nothing of the books changes: the answer stands in the form already;
- by this way it is in the journal with its actor, and its answer is kept like that of every order.
"""

from collections.abc import Mapping

from agent.core.ask import Act, Ask, Book
from agent.core.commands import Name
from agent.core.draft import Draft
from agent.core.form import Fault

KINDS = frozenset(
    {
        Name.PING,
        Name.INFO,
        Name.CONFIG_GET,
        Name.REPLAY,
        Name.ROSTER_BEGIN,
        Name.ROSTER_CHUNK,
        Name.ROSTER_COMMIT,
        Name.ROSTER_DIGEST,
    }
)
RESULT = "result"


def answered(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{result}``, a JSON object: what was found or done already.

    With ``{code, detail, field?, with?}``: why it was not done (`agent.core.form.Fault`).
    """
    del out
    form = ask.order.form
    code, values = form.get("code"), form.get("with")
    if isinstance(code, int):
        given = values if isinstance(values, Mapping) else {}
        says, field = str(form.get("detail", "")), str(form.get("field", ""))
        raise Fault(says, field=field, code=code, **given)
    result = ask.order.form.get(RESULT, {})
    if not isinstance(result, Mapping):
        raise ask.form.fault("this is not a JSON object", RESULT)
    return {str(key): value for key, value in result.items()}


BOOK = Book({kind.value: Act(answered) for kind in KINDS})
