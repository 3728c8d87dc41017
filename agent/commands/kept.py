"""From what was done to what is answered and kept, and the way into the journal.

Rules kept here:
- what was refused tells the field of the command that it is about, and no value of it;
- what is done outside the loop is noted by an order that moves nothing (`agent.core.remote`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from agent.core.commands import DONE, ORIGIN, REJECTED, Command, Name, Reply
from agent.core.form import Fault
from agent.core.ids import OrderId
from agent.core.orders import Order
from agent.ports import KeptResult

_CALLED: Mapping[str, str] = {"label": "args.card", "reason": "reason"}
"""Fields of forms that a command calls otherwise."""
_TOLD = ("next", "firstseq", "streamid")
"""Values of a fault that are for a program to go on with."""


def noting(command: Command, said: Reply) -> Order:
    """The order that writes down what a command came to; moves nothing."""
    form: dict[str, object] = {"result": dict(said.result)}
    if said.status != DONE:
        values = {name: each for name, each in said.result.items() if name != "field"}
        # With values beside it the detail is a template (`agent.core.form.Fault`).
        detail = said.detail.replace("%", "%%") if values else said.detail
        form |= {"code": said.code, "detail": detail, "with": values}
        form["field"] = said.result.get("field", "")
    return Order(
        OrderId(command.cmd_id),
        command.origin_actor,
        ORIGIN,
        Name(command.name).value,
        {"reason": command.reason} if command.reason else {},
        form,
        client=command.client,
        command=command.name,
        digest=command.digest,
    )


def noting_fault(command: Command, fault: Fault) -> Order:
    """The same for what was refused."""
    order = noting(command, Reply(DONE))
    told = {"code": fault.code, "detail": fault.says, "field": fault.field, "with": fault.values}
    return replace(order, form=told)


def reply_of(kept: KeptResult) -> Reply:
    """What is answered, from what was kept."""
    result = json.loads(kept.result) if kept.result else {}
    if kept.status == REJECTED:
        result = _about(str(result.get("field", "")), result.get("with") or {})
    return Reply(kept.status, kept.code, result, kept.detail, kept.duplicate)


def refused(fault: Fault) -> Reply:
    """The answer to what cannot be done as it stands."""
    return Reply(REJECTED, fault.code, _about(fault.field, fault.values), str(fault))


def _about(field: str, values: Mapping[str, object]) -> dict[str, object]:
    about: dict[str, object] = {name: values[name] for name in _TOLD if name in values}
    if field:
        ours = field.startswith("args.")
        about["field"] = field if ours else _CALLED.get(field, f"args.{field}")
    return about
