"""What stands in an order's form, read field by field.

Rules kept here:
- a field is what it should be, or it is a `Fault` that names it; nothing is guessed;
- texts are trimmed; line ends and other control characters do not belong into one line;
- a fault is a sentence with its values apart, so that a screen can say it in another language.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

SIZE = 200
ROWS = 50


class Fault(Exception):  # noqa: N818 - it is an answer to somebody, not a broken program
    """Why an order is refused.

    ``says`` is a template (``%(name)s``) and ``values`` go into it; ``field`` is the field of the
    form that it is about, or empty; ``code`` is that of the answer (422, 404, 409, 403, 423).
    """

    def __init__(self, says: str, *, field: str = "", code: int = 422, **values: object) -> None:
        super().__init__(says % values if values else says)
        self.says = says
        self.field = field
        self.code = code
        self.values = values

    def result(self) -> Mapping[str, object]:
        """The form in which it travels in an answer."""
        return {"says": self.says, "with": self.values, "field": self.field}


class Form:
    """One object of a form; every method raises `Fault`. ``path`` names it in faults."""

    def __init__(self, fields: Mapping[str, object], path: str = "") -> None:
        self._fields = fields
        self._path = path

    def given(self, name: str) -> bool:
        """Is there anything in this field?"""
        return self._fields.get(name) not in (None, "", [], {})

    def text(self, name: str, limit: int = SIZE, *, needed: bool = False) -> str:
        """A line of text, trimmed; empty where nothing is given."""
        value = self._fields.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self._fault("this is not a text", name)
        line = " ".join(str(value).split())
        if not line.isprintable():
            raise self._fault("there are characters in it that cannot be printed", name)
        if len(line) > limit:
            raise self._fault("this is too long: %(limit)s characters at most", name, limit=limit)
        if needed and not line:
            raise self._fault("this is needed", name)
        return line

    def choice(self, name: str, allowed: Collection[str], default: str = "") -> str:
        """One of the allowed words; ``default`` for nothing."""
        word = self.text(name) or default
        if word not in allowed:
            known = ", ".join(sorted(allowed))
            raise self._fault("%(word)s is none of: %(known)s", name, word=word or "—", known=known)
        return word

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``; ``default`` None means that it is needed."""
        value = self._fields.get(name)
        if value is None or value == "":
            if default is None:
                raise self._fault("this is needed", name)
            return default
        text = str(value).strip()
        digits = text.removeprefix("-")
        if isinstance(value, bool | float) or not (digits.isascii() and digits.isdecimal()):
            raise self._fault("this is not a whole number", name)
        if len(digits) > 18 or not low <= int(text) <= high:
            raise self._fault("this must lie from %(low)s to %(high)s", name, low=low, high=high)
        return int(text)

    def flag(self, name: str) -> bool:
        """Yes or no; no where nothing is given."""
        value = self._fields.get(name)
        if value in (None, "", False, "false", "no", "0", 0):
            return False
        if value in (True, "true", "yes", "on", "1", 1):
            return True
        raise self._fault("this is neither yes nor no", name)

    def moment(self, name: str) -> datetime | None:
        """Local time of the gate, naive, to the minute; None where nothing is given."""
        text = self.text(name, 40)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self._fault("this is not a time such as 2026-11-22 07:30", name) from None
        if found.tzinfo is not None:
            raise self._fault("this must be local time, without a time zone", name)
        return found.replace(second=0, microsecond=0)

    def rows(self, name: str, limit: int = ROWS) -> "list[Form]":
        """A list of objects, each a form of its own."""
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._fault("this is not a list of lines", name)
        if len(value) > limit:
            raise self._fault("there are too many lines: %(limit)s at most", name, limit=limit)
        return [Form(each, f"{self._path}{name}.{n}.") for n, each in enumerate(value)]

    def texts(self, name: str, limit: int = ROWS) -> tuple[str, ...]:
        """A list of texts."""
        value = self._fields.get(name)
        if value is None or value == "":
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._fault("this is not a list of texts", name)
        if len(value) > limit:
            raise self._fault("there are too many lines: %(limit)s at most", name, limit=limit)
        return tuple(" ".join(each.split()) for each in value)

    def fault(self, says: str, name: str, code: int = 422, **values: object) -> Fault:
        """A fault about a field of this form, to be raised."""
        return Fault(says, field=self._path + name, code=code, **values)

    def _fault(self, says: str, name: str, **values: object) -> Fault:
        return Fault(says, field=self._path + name, **values)  # type: ignore[arg-type]  # mypy takes **values for every keyword
