"""What was filled into a form, as the daemon wants it; and as the form shows it again.

Rules kept here:
- a field has one name everywhere: in the page, in the order's form and in a fault about it
  (``deposits.0.kind`` is the kind in the first line of the deposits);
- an empty field is not sent, an empty line is none; nothing is guessed and nothing is corrected;
- money is typed as people write it (``100``, ``100.50``, ``1,000``) and sent in minor units; what
  is no money is sent as it was typed, so that the daemon says so beside the field.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.console.answers import Answer
from agent.console.words import Words

LINES = 50
_MONEY = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,3}))?")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，：－", "0123456789.,:-")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form shows: what was typed, else what is suggested; and the fault beside its field.

    ``prefix`` keeps the ids apart where a page has several forms with the same field. ``order`` is
    the order's id that a form had which was kept over a sign-on: it stays one order.
    """

    words: Words
    typed: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    suggested: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    order: str = ""

    @property
    def fault(self) -> str:
        """What is said at the top besides: the fault beside a field, which may be out of sight."""
        answer = self.answer
        return answer.says(self.words) if answer and not answer.done and answer.field else ""

    def value(self, name: str, default: str = "") -> str:
        """What stands in a field. In a form that was typed nothing is suggested any more."""
        if self.typed:
            return str(self.typed.get(name, ""))
        return self.suggested.get(name) or default

    def error(self, name: str) -> str:
        """What is wrong with a field; empty when nothing is known to be."""
        answer = self.answer
        if answer is None or answer.done or answer.field != name:
            return ""
        return answer.says(self.words)

    def lines(self, table: str, least: int = 1) -> int:
        """How many lines of a table there are to show."""
        numbers = [n for name in self.typed if (n := _number(name, table)) is not None]
        return max(least, 1 + max(numbers, default=-1))


def kept(method: str, typed: Mapping[str, str]) -> str:
    """The id of the order that a form was to be which waited for a sign-on; else empty."""
    return str(typed.get("order_id", "")) if method == "GET" else ""


def closed(typed: Mapping[str, str], table: str) -> dict[str, str]:
    """The same with the lines of a table numbered as they are sent: gaps and empty lines are gone.

    So a fault about line 1 stands beside the line that was sent as number 1.
    """
    others = {name: text for name, text in typed.items() if _number(name, table) is None}
    names = {name.split(".")[2] for name in typed if _number(name, table) is not None}
    kept = lines(typed, table, sorted(names))
    return others | {
        f"{table}.{n}.{name}": text for n, line in enumerate(kept) for name, text in line.items()
    }


def plain(text: str) -> str:
    """One line without blanks around it; digits of full width become ordinary ones."""
    return " ".join(text.split())


def number(text: str) -> str:
    """A number as it was typed, with ordinary digits: an input method may give others."""
    return plain(text).translate(_FULL_WIDTH)


def texts(form: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The fields of these names that are filled in."""
    found = ((name, plain(str(form.get(name) or ""))) for name in names)
    return {name: text for name, text in found if text}


def flags(form: Mapping[str, Any], names: Iterable[str]) -> dict[str, bool]:
    """The boxes of these names that are ticked."""
    return {name: True for name in names if form.get(name)}


def lines(form: Mapping[str, Any], table: str, names: Iterable[str]) -> list[dict[str, str]]:
    """The lines of a table in the order of their numbers; gaps are closed, empty lines left out."""
    wanted = tuple(names)
    numbers = sorted({n for name in form if (n := _number(name, table)) is not None})
    found = (
        {name: plain(str(form.get(f"{table}.{n}.{name}") or "")) for name in wanted}
        for n in numbers[:LINES]
    )
    return [{k: v for k, v in line.items() if v} for line in found if any(line.values())]


def minor(text: str, digits: int) -> str:
    """``100.50`` in the minor units of a currency with ``digits`` decimals: ``10050``.

    What cannot be read as money comes back as it is.
    """
    typed = number(text).lstrip("¥￥$€£ ")
    found = _MONEY.fullmatch(typed)
    if found is None or len(found[2] or "") > digits:
        return plain(text)
    whole = found[1].replace(",", "")
    return str(int(whole) * 10**digits + int((found[2] or "").ljust(digits, "0") or 0))


def major(amount: int, digits: int) -> str:
    """Minor units as they are typed: 10050 is ``100.50``, 10000 is ``100``."""
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}d}" if part else str(whole)


def _number(name: str, table: str) -> int | None:
    parts = name.split(".")
    if len(parts) != 3 or parts[0] != table or not parts[1].isascii() or not parts[1].isdecimal():
        return None
    return int(parts[1]) if len(parts[1]) < 4 else None
