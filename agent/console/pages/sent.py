"""What was sent to a page that holds several forms: the order that comes of it, and what is shown.

Rules kept here:
- a form says which deed it is (``do``); the fields of one deed are never shown in another's form;
- a deed that is done leads to a page that is read (303), so that going back or loading again sends
  nothing; one that is refused is shown again with all that was typed and the fault beside its
  field;
- what somebody looks for is kept in the session and not in the address: it may name people;
- a form that was kept because nobody was signed on is shown with the order's id that it had, so
  that it is one order, whichever way it comes in the end.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import filled
from agent.console.security import SIGN_ON
from agent.core.roles import MAY

FIND = "find"
_OURS = frozenset({"csrf", "order_id", "do"})

Form = Mapping[str, str]
Shape = Callable[[Form], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Deed:
    """An order that a form of the page gives.

    ``fields`` are what the guard fills in, ``row`` the fields that name what it is about; ``says``
    (a msgid) is told when it is done, on the page ``back`` (empty: this one). ``shape`` gives what
    of the order's form is not plain text; ``check`` gives a fault (a msgid and its field) of what
    the daemon never sees, or None.
    """

    kind: str
    says: str
    fields: tuple[str, ...] = ()
    row: tuple[str, ...] = ()
    shape: Shape | None = None
    back: Callable[[Answer], str] | None = None
    check: Callable[[Form], tuple[str, str] | None] | None = None

    def wanted(self, form: Form) -> dict[str, object]:
        """The order's form."""
        plain = filled.texts(form, (*self.row, *self.fields))
        return {**plain, **(self.shape(form) if self.shape else {})}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form as it is shown. ``order`` is the id of the order that it will be."""

    do: str
    order: str
    sent: bool = False
    values: Form = field(default_factory=dict)
    says: str = ""
    field: str = ""

    def value(self, name: str, default: str = "") -> str:
        """What stands in a field."""
        return self.values.get(name, default)

    def error(self, name: str) -> str:
        """What is wrong with a field."""
        return self.says if name == self.field else ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with this request: nothing, a refused form, or one that waited for a sign-on."""

    request: Request
    do: str = ""
    values: Form = field(default_factory=dict)
    deed: Deed | None = None
    answer: Answer | None = None

    @property
    def status(self) -> int:
        """The status of the page that shows this."""
        if self.answer is None:
            return 200
        return 202 if self.answer.unknown else 422

    @property
    def told(self) -> Answer | None:
        """What the page says at its top: whatever does not stand beside a field that is seen.

        A form that is about something which is gone is not there any more; its fault is.
        """
        answer = self.answer
        if answer is None or self._seen:
            return None
        return replace(answer, result={**answer.result, "field": ""})

    @property
    def _seen(self) -> bool:
        """Is it about a field that was filled in?"""
        field, deed = self.answer.field if self.answer else "", self.deed
        if deed is None or not field or field in deed.row:
            return False
        return field in self.values or field in deed.fields

    def sheet(self, do: str, first: Form | None = None, **row: str) -> Sheet:
        """The form of this deed (about this row): as it was sent, or with its first values."""
        mine = do == self.do and all(self.values.get(key) == text for key, text in row.items())
        if not mine:
            return Sheet(do, desk.mint(), values=first or {})
        answer, words = self.answer, desk.words(self.request)
        if answer is None:
            return Sheet(do, self.values.get("order_id", ""), sent=True, values=self.values)
        return Sheet(
            do,
            desk.order_id(self.request),
            sent=True,
            values=self.values,
            says=answer.says(words) if self._seen else "",
            field=answer.field,
        )


def take(request: Request, deeds: Mapping[str, Deed]) -> tuple[Sent, Response | None]:
    """Do what the form wants; the answer is another page where it was done, else it is shown."""
    form = desk.form(request)
    do = form.get("do", "")
    if do == FIND and request.method == "POST":
        return Sent(request), _found(request, form)
    deed = deeds.get(do)
    if deed is None:
        return Sent(request), None
    if request.method != "POST":
        return Sent(request, do, form, deed), None
    answer = _given(request, deed, form)
    if answer.code == 401:
        return Sent(request), _later(request, form)
    if not answer.done:
        return Sent(request, do, form, deed, answer), None
    leads = deed.back(answer) if deed.back else _here(request)
    return Sent(request), desk.see(request, leads, desk.words(request)(deed.says))


def _given(request: Request, deed: Deed, form: Form) -> Answer:
    wrong = deed.check(form) if deed.check else None
    if wrong is None:
        return desk.act(request, deed.kind, deed.wanted(form))
    result = {"says": wrong[0], "with": {}, "field": wrong[1]}
    return Answer("", "rejected", 422, wrong[0], result)


def _here(request: Request) -> str:
    """This page, with what was looked for on it."""
    key = request.query_params.get(FIND, "")
    return f"{request.url.path}?{FIND}={quote(key, safe='')}" if key else request.url.path


def asked(request: Request, page: str = "") -> Form:
    """What is looked for on this page: nothing, or what its form said. ``page``: its path."""
    query = request.query_params
    key = query.get(FIND, "")
    if not key:
        return {"q": filled.plain(query["q"])} if query.get("q") else {}
    return desk.session(request).drafts.get(_kept_at(page or request.url.path, key), {})


def _found(request: Request, form: Form) -> Response:
    """Keep what is looked for, and lead to the page that shows what is found."""
    key = secrets.token_hex(6)
    texts = {name: filled.plain(text) for name, text in form.items() if name not in _OURS}
    desk.session(request).keep(_kept_at(request.url.path, key), texts)
    return desk.see(request, f"{request.url.path}?{FIND}={key}")


def _kept_at(path: str, key: str) -> str:
    return f"{path}?{key}"


def version(rows: Iterable[Mapping[str, Any]], key: str) -> str:
    """Changes when one of these rows comes, goes, gets another state, or is put down anew."""
    names = (key, "state", "sequence", "from_us", "until_us")
    told = "\n".join(" ".join(str(row.get(name)) for name in names) for row in rows)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def may(request: Request, kind: str) -> bool:
    """May the guard give orders of this kind? The daemon decides; this is for the picture."""
    who = desk.guard(request)
    return who is not None and who.role in MAY.get(kind, frozenset())


def _later(request: Request, form: Form) -> Response:
    """Nobody is signed on any more: keep the form and lead to the sign-on, and back."""
    path = request.url.path
    keep = {
        name: text for name, text in form.items() if name != "csrf" and not name.startswith("pin")
    }
    desk.session(request).keep(path, keep)
    says = desk.words(request)(SIGN_ON)
    return desk.see(request, f"/sign-on?next={quote(path, safe='')}", says, "wait")
