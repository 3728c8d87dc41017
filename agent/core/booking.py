"""How an act of the booth becomes an entry, and what many acts ask of their forms.

Rules kept here:
- an entry tells who did it, where from, and which order caused it;
- what names a person is a personal field; empty ones are left out;
- what is over is not done again: a row must be in one of the states that the act begins from.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from agent.core.ask import Ask
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.form import Fault, Form
from agent.core.needs import Need, Row
from agent.core.orders import Order

LINE = 250
"""Characters of a longer text; the journal clips what is beyond 256."""
AHEAD = timedelta(days=366)
"""Nothing is announced for later than this."""


def book(
    ask: Ask,
    out: Draft,
    kind: EntryType,
    subject: str,
    data: Mapping[str, object],
    personal: Mapping[str, str] | None = None,
) -> str:
    """Write an entry of this order; gives its id."""
    order = ask.order
    told = {**data, "origin": order.origin, **order.where}
    named = {name: value for name, value in (personal or {}).items() if value}
    return out.write(kind, subject, told, personal=named, actor=order.actor, cause=order.order_id)


def by(
    table: str, column: str, field: str = "", state: str = ""
) -> Callable[[Order], Sequence[Need]]:
    """The need for the rows of ``table`` whose ``column`` is what stands in ``field``."""
    return lambda order: (Need(table, column, value(order, field or column), state),)


def value(order: Order, field: str) -> str:
    """What stands in a field, as it is looked up; empty where it is no text."""
    given = order.form.get(field)
    return " ".join(given.split()) if isinstance(given, str) else ""


def part(ask: Ask, field: str) -> tuple[Form, tuple[str, ...]]:
    """An object inside the form, and the names of its fields; raises `Fault`."""
    given = ask.order.form.get(field)
    if given is None or given == "":
        given = {}
    if not isinstance(given, dict):
        raise ask.form.fault("this is not a list of values", field)
    return Form(given, f"{field}."), tuple(str(name) for name in given)


def personal(form: Form, *fields: str) -> dict[str, str]:
    """Fields that name a person, by their names."""
    return {name: form.text(name) for name in fields}


def found(ask: Ask, table: str, column: str, *states: str) -> Row:
    """The row that the form names in ``column``; raises `Fault` 404, or 409 in another state."""
    form = ask.form
    row = ask.row(table, column, form.text(column, needed=True))
    if row["state"] not in states:
        says = "it is %(state)s already: look at it again"
        raise form.fault(says, column, 409, state=row["state"])
    return row


def until_us(ask: Ask, field: str = "until") -> int:
    """When something ends, wall time in µs; 0 for no end. Raises `Fault` unless it lies ahead."""
    form = ask.form
    end = form.moment(field)
    if end is None:
        return 0
    if end <= ask.local:
        raise form.fault("this lies in the past", field)
    return ask.wall_us(end)


def span(ask: Ask, *, ends: bool) -> tuple[int, int]:
    """``from`` (now where nothing is given) and ``until``, wall time in µs.

    ``ends``: without ``until`` it ends with the day on which it begins; else 0 stands for no end.
    Raises `Fault` when it is over before it begins, or begins too far ahead.
    """
    form = ask.form
    begin = form.moment("from") or ask.local.replace(second=0, microsecond=0)
    if begin > ask.local + AHEAD:
        raise form.fault("this is more than a year ahead", "from")
    end = form.moment("until")
    if end is None and ends:
        # What begins in the last minute of a day ends with that minute.
        end = max(begin.replace(hour=23, minute=59), begin + timedelta(minutes=1))
    if end is None:
        return ask.wall_us(begin), 0
    if end <= begin:
        raise form.fault("the end must lie after the beginning", "until")
    if end <= ask.local:
        raise form.fault("this lies in the past", "until")
    return ask.wall_us(begin), ask.wall_us(end)


def reason(form: Form) -> str:
    """Why; raises `Fault` where nothing is given."""
    return form.text("reason", LINE, needed=True)


def one_of(form: Form, values: Mapping[str, str], says: str, first: str) -> None:
    """Raise a `Fault` beside the field ``first`` unless any of the fields is given."""
    if not any(values.values()):
        raise form.fault(says, first)


def conflict(says: str, field: str, **values: object) -> Fault:
    """A fault of state (409)."""
    return Fault(says, field=field, code=409, **values)
