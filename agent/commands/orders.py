"""From a command to the order that it is: of an arm, of the whole gate, or of the books.

Rules kept here:
- to put down what has an id already changes it; without an id it is new;
- the centre's times have a zone, those of an order are local: they name the same moment;
- what the command gives as its reason is the reason of the order.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from agent.contract.args import Args
from agent.core.commands import ORIGIN, Command, Name
from agent.core.ids import OrderId
from agent.core.orders import Order
from agent.lookup import NAMED

AT_THE_GATE = frozenset(
    {
        Name.OPEN,
        Name.CLOSE,
        Name.STOP,
        Name.HOLD_OPEN,
        Name.RELEASE_HOLD,
        Name.LOCKDOWN,
        Name.LIFT_LOCKDOWN,
        Name.FAULT_CLEAR,
        Name.AMNESTY,
    }
)
"""Commands whose name is the kind of their order, and whose arguments are its arguments."""

PUTS: Mapping[str, tuple[str, str, str]] = {
    Name.APPOINTMENT_PUT: ("appointment", "appointment.make", "appointment.change"),
    Name.NOTICE_PUT: ("notice", "notice.post", "notice.change"),
    Name.RELEASE_SLIP_PUT: ("slip", "slip.receive", "slip.change"),
    Name.BAN_PUT: ("ban", "ban.set", "ban.change"),
}
"""The field with the id, the kind of order without it, and the kind with it."""

ACTS: Mapping[str, str] = {
    Name.APPOINTMENT_CANCEL: "appointment.cancel",
    Name.NOTICE_END: "notice.end",
    Name.BAN_LIFT: "ban.lift",
    Name.HELP_ANNOUNCE: "help.ask",
    Name.PRIORITY_ANNOUNCE: "priority.announce",
}
CARDS: Mapping[str, str] = {Name.CARD_BLOCK: "card.block", Name.CARD_UNBLOCK: "card.unblock"}
_TIMES = ("from", "until")

Conceal = Callable[[Mapping[str, object]], dict[str, object]]
"""Covers identity numbers that somebody wrote into a text; raises Fault."""


def order_of(command: Command, args: Args, offset: timedelta, conceal: Conceal) -> Order:
    """The order of every command but those of cards; raises Fault.

    ``offset`` is that of the gate's local time from UTC now: by it the books turn a local time into
    a moment again, also one beyond the end of summer time.
    """
    given = args.model_dump(by_alias=True, exclude_none=True)
    for name in _TIMES:
        if name in given:
            given[name] = _local(given[name], timezone(offset))
    name = Name(command.name)
    if name in AT_THE_GATE:
        return _made(command, name.value, conceal, given)
    if name in PUTS:
        field, new, known = PUTS[name]
        return _made(command, known if field in given else new, conceal, form=given)
    return _made(command, ACTS[name], conceal, form=given)


def card_order(
    command: Command, label: str, credential: str, *, stock: bool, conceal: Conceal
) -> Order:
    """The order about the card with this label; ``credential`` (empty: none) is how to find it."""
    form: dict[str, object] = {"label": label, **({"stock": True} if stock else {})}
    order = _made(command, CARDS[command.name], conceal, form=form)
    # Not through `conceal`: a long number of a card may look like that of a person.
    found = {f"{NAMED}label": credential} if credential else {}
    return replace(order, args={**order.args, **found})


def _local(text: str, zone: timezone) -> str:
    """A time as forms have it."""
    return datetime.fromisoformat(text).astimezone(zone).replace(tzinfo=None).isoformat()


def _made(
    command: Command,
    kind: str,
    conceal: Conceal,
    args: Mapping[str, object] | None = None,
    form: Mapping[str, object] | None = None,
) -> Order:
    reason = {"reason": command.reason} if command.reason else {}
    said = conceal({**(args or {}), **reason})
    return Order(
        OrderId(command.cmd_id),
        command.origin_actor,
        ORIGIN,
        kind,
        {name: str(value) for name, value in said.items()},
        conceal({**form, **reason}) if form is not None else {},
        client=command.client,
        command=command.name,
        digest=command.digest,
        deadline_ns=command.deadline_ns,
    )
