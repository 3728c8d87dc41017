"""The arguments of a command, held against their model.

Rules kept here:
- what does not fit is refused with the field and with what may stand there; what stood there is not
  said again, since it may name somebody.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from agent.contract.args import ARGS, Args
from agent.core.commands import Command
from agent.core.form import Fault

_SAYS: Mapping[str, str] = {
    "extra_forbidden": "there is no such field",
    "missing": "this is needed",
}
_OURS = "Value error, "
_FIELD = 100


def taken(command: Command) -> Args:
    """The arguments as their model has them; raises Fault (422)."""
    try:
        return ARGS[command.name].model_validate(dict(command.args))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(map(str, wrong["loc"]))[:_FIELD]
    says = _SAYS.get(wrong["type"]) or wrong["msg"].removeprefix(_OURS)
    raise Fault("%(why)s", field=field, why=says)
