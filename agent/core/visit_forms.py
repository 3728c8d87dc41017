"""The form of a visit: who comes, to whom, until when; what each kind of visit has to tell.

Rules kept here:
- every kind says what it cannot do without; whoever is to be called was called before;
- a visit ends: after the longest time of the settings at most, a contractor's after some days;
- a bay is given to one visit at a time;
- who is banned is let in only by a guard who says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.core import banned, booking, plates
from agent.core.ask import Ask
from agent.core.calls import AGREED
from agent.core.form import Fault, Form
from agent.core.needs import Need, Row
from agent.core.orders import Order
from agent.core.plan_books import DAY_US, HOUR_US

COMPANY, RESIDENT, VIEWING = "company", "resident", "viewing"
CONTRACTOR, DELIVERY, VEHICLE = "contractor", "delivery", "vehicle"
KINDS = (COMPANY, RESIDENT, VIEWING, CONTRACTOR, DELIVERY, VEHICLE)

PERSONAL = (
    "visitor",
    "company",
    "host",
    "unit",
    "department",
    "plate",
    "phone",
    "idmask",
    "idhash",
    "companions",
)
"""The fields that name somebody; they stand beside the journal, never in it."""

ANSWERS = ("host_agreed", "expected", "office_agreed", "not_needed")
"""Who has said that the visitor may come."""
_CALLED = frozenset({COMPANY, RESIDENT})
_MOST_HOURS = 24 * 31
_US = timedelta(microseconds=1)

NEEDED: Mapping[str, Sequence[tuple[tuple[str, ...], str]]] = {
    COMPANY: (
        (("visitor",), "say who comes"),
        (("host", "department"), "say to whom: the host or the department"),
    ),
    RESIDENT: (
        (("visitor",), "say who comes"),
        (("unit",), "say to which unit"),
    ),
    VIEWING: ((("visitor",), "say who comes"),),
    CONTRACTOR: (
        (("visitor",), "say who comes"),
        (("company",), "say for which company"),
        (("unit", "department", "host", "destination"), "say where the work is"),
    ),
    DELIVERY: (
        (("visitor", "company"), "say who delivers: the driver or the company"),
        (("unit", "destination", "host"), "say to which unit"),
    ),
    VEHICLE: (
        (("plate",), "say which plate"),
        (("destination", "unit", "host", "department"), "say where it goes"),
    ),
}
"""Of each group one field at least has to be filled; the fault stands beside its first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as its form tells it. ``until_us`` is wall time in µs since 1970 UTC."""

    kind: str
    personal: Mapping[str, str]
    data: Mapping[str, str | int]
    until_us: int

    @property
    def plate(self) -> str:
        """The plate, as it is compared; empty for somebody on foot."""
        return self.personal["plate"]


def read(ask: Ask) -> Visit:
    """Read and check the whole form of somebody who comes; raises `Fault`."""
    form = ask.form
    kind = form.choice("kind", KINDS)
    personal = _personal(form)
    given = {**personal, "destination": form.text("destination")}
    complete(form, kind, given)
    truck = form.flag("truck")
    if truck and not personal["plate"]:
        raise form.fault("a truck has a plate: write it down", "plate")
    until = until_us(ask, kind)
    data: dict[str, str | int] = {
        "vehicle": int(bool(personal["plate"])),
        "truck": int(truck),
        "goods": int(form.flag("goods")),
        "bearer": int(form.flag("bearer")),
        "bay": bay(ask, form.text("bay", 40)),
        "appointment": _appointment(ask),
        "purpose": form.text("purpose"),
        "destination": given["destination"],
        "answer": _answer(form, kind, agreed=called(ask) == AGREED),
    }
    data |= _despite(ask, personal) | by_call(ask)
    return Visit(kind, personal, data, until)


def complete(form: Form, kind: str, given: Mapping[str, str]) -> None:
    """Raise a `Fault` unless everything is there that this kind of visit cannot do without."""
    for fields, says in NEEDED[kind]:
        booking.one_of(form, {name: given[name] for name in fields}, says, fields[0])


def changed(ask: Ask, row: Row) -> tuple[dict[str, str], list[str]]:
    """The personal fields of a visit as they are from now on, and which of them are new."""
    form, before = ask.form, row["personal"]
    after = _personal(form)
    for name in PERSONAL:
        if name not in ask.order.form:
            after[name] = before.get(name, "")
    return after, [name for name in PERSONAL if after[name] != before.get(name, "")]


def until_us(ask: Ask, kind: str, begun_us: int | None = None) -> int:
    """When the visit has to be over, from ``until`` or ``hours``; raises `Fault`.

    ``begun_us``: it is longer since then already, and a contractor's days are counted from there.
    """
    form, books = ask.form, ask.books
    contractor = kind == CONTRACTOR
    longest = books.contractor_days * DAY_US if contractor else books.longest_visit_us
    end, hours = form.moment("until"), form.whole("hours", 0, _MOST_HOURS, 0)
    span = hours * HOUR_US or min(longest, books.longest_visit_us)
    if end is not None:
        span = (end - ask.local) // _US
    if span <= 0:
        raise form.fault("this lies in the past", "until")
    if contractor and begun_us is not None:
        longest -= ask.now_us - begun_us
    if span > longest and contractor:
        says = "a temporary card is for %(days)s days at most: make a long-term card for more"
        raise form.fault(says, "until", days=books.contractor_days)
    if span > longest:
        says = "a visit lasts %(hours)s hours at most"
        raise form.fault(says, "until", hours=longest // HOUR_US)
    return ask.now_us + span


def bay(ask: Ask, wanted: str, own: str = "") -> str:
    """The bay that is given; ``own`` is the visit that may have it already. Raises `Fault`."""
    if not wanted:
        return ""
    if ask.books.bays and wanted not in ask.books.bays:
        says = "there is no bay %(bay)s; the bays are %(bays)s"
        raise ask.form.fault(says, "bay", bay=wanted, bays=", ".join(ask.books.bays))
    if any(row["visit"] != own for row in ask.rows("bays")):
        raise booking.conflict("bay %(bay)s is given to somebody else", "bay", bay=wanted)
    return wanted


def bay_needs(order: Order) -> tuple[Need, ...]:
    """What has to be looked up for a bay."""
    wanted = booking.value(order, "bay")
    return (Need("visits", "bay", wanted, "open", "bays"),) if wanted else ()


def open_needs(order: Order) -> tuple[Need, ...]:
    """What has to be looked up for the form of somebody who comes."""
    appointment = booking.value(order, "appointment")
    needs = (banned.OPEN, *bay_needs(order))
    if appointment:
        needs = (*needs, Need("appointments", "appointment", appointment))
    return (*needs, *call_needs(order))


def call_needs(order: Order) -> tuple[Need, ...]:
    """What has to be looked up for the call in which the visitor was asked about."""
    call = booking.value(order, "call")
    return (Need("calls", "call", call),) if call else ()


def by_call(ask: Ask) -> dict[str, str | int]:
    """The call in which somebody was asked about the visitor; raises `Fault` for one unknown."""
    call = _call(ask)
    return {"call": str(ask.row("calls", "call", call)["call"])} if call else {}


def called(ask: Ask) -> str:
    """What was answered in that call; empty where nobody was called."""
    call = _call(ask)
    return str(ask.row("calls", "call", call)["answer"]) if call else ""


def _call(ask: Ask) -> str:
    return ask.form.text("call", 64)


def _personal(form: Form) -> dict[str, str]:
    personal = booking.personal(form, *PERSONAL)
    personal["plate"] = plates.clean(personal["plate"])
    return personal


def _answer(form: Form, kind: str, *, agreed: bool) -> str:
    """Who has agreed; who comes to a company or a resident comes when the host knows.

    ``agreed``: the host has said so over the intercom.
    """
    usual = "expected" if form.given("appointment") else ""
    usual = "host_agreed" if agreed else usual
    if kind not in _CALLED:
        return form.choice("answer", ANSWERS, usual or "not_needed")
    answer = form.choice("answer", ANSWERS, usual) if form.given("answer") else usual
    if answer in {"", "not_needed"}:
        raise form.fault("call the host first, and say what was answered", "answer")
    return answer


def _appointment(ask: Ask) -> str:
    form = ask.form
    if not form.given("appointment"):
        return ""
    return str(booking.found(ask, "appointments", "appointment", "open")["appointment"])


def _despite(ask: Ask, personal: Mapping[str, str]) -> dict[str, str | int]:
    """Why somebody is let in although there is a ban; raises `Fault` where nobody says why."""
    form = ask.form
    names = " / ".join((personal["visitor"], personal["companions"]))
    cards, signs = (form.text("card", 64),), (personal["plate"],)
    ban = banned.meant(ask.rows("bans"), ask.at, cards=cards, signs=signs, names=names)
    if ban is None:
        return {}
    why = form.text("despite", booking.LINE)
    if not why:
        says = "there is a ban: decline politely, or say why it does not count"
        raise Fault(says, field="visitor", code=403)
    return {"ban": ban["ban"], "despite": why}
