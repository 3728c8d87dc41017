"""What is wrong with a settings file: one `Fault` for each thing, and how it is told.

Rules kept here:
- a fault points at a place in the file and says what is wrong, what is allowed, and, where there
  is a good guess, what was meant;
- what looks like a secret is covered before it is shown.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.errors import SettingsError

SHOWN_WIDTH = 110
"""How much of a line is shown, in characters."""

MISSING = "there is no such file"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    ``line`` and ``column`` count from 1, and are 0 when the file itself is the trouble. ``path`` is
    the way to the value (``lanes.in-1.arm.open.pin``), ``text`` the offending text, ``source`` the
    line as it may be shown, ``indent`` and ``width`` the place and length of the caret below it.
    ``warning``: the gate starts in spite of it, and a part of it does not work.
    """

    file: str
    line: int
    column: int
    path: str
    text: str
    problem: str
    allowed: str = ""
    suggestion: str = ""
    source: str = ""
    indent: int = 0
    width: int = 1
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = f"{place}: warning" if self.warning else place
        head = f"{head}: {self.path}: {self.problem}" if self.path else f"{head}: {self.problem}"
        rows = [head]
        if self.source:
            gutter = f"{self.line:>6} | "
            rows.append(gutter + self.source)
            rows.append(" " * (len(gutter) - 2) + "| " + " " * self.indent + "^" * self.width)
        if self.allowed:
            rows.append(f"       allowed: {self.allowed}")
        if self.suggestion:
            rows.append(f"       did you mean: {self.suggestion}")
        return "\n".join(rows)

    def as_json(self) -> dict[str, Any]:
        """The fault for machines."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "text": self.text,
            "problem": self.problem,
            "allowed": self.allowed,
            "suggestion": self.suggestion,
        }


class FaultySettingsError(SettingsError):
    """A settings file with faults, all of them; nothing of the file is used."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(tell(faults))

    def __reduce__(self) -> tuple[type["FaultySettingsError"], tuple[tuple[Fault, ...]]]:
        return (FaultySettingsError, (self.faults,))


class UnfitError(ValueError):
    """A value does not fit; raised by the checks of single values, turned into a `Fault`."""

    def __init__(self, problem: str, allowed: str = "", suggestion: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed
        self.suggestion = suggestion


def tell(faults: Sequence[Fault]) -> str:
    """All faults for a person, and how many they are."""
    return "\n\n".join([*(str(fault) for fault in faults), counted(faults)])


def counted(faults: Sequence[Fault]) -> str:
    """``no fault``, or how many there are; warnings only where there are some."""
    warnings = sum(fault.warning for fault in faults)
    whole = len(faults) - warnings
    told = f"{whole or 'no'} {'faults' if whole > 1 else 'fault'}"
    if warnings:
        told += f", {warnings} {'warnings' if warnings > 1 else 'warning'}"
    return told


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of ``words`` that was probably meant, or an empty string."""
    by_folded = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word[:64].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""


def listed(words: Iterable[str]) -> str:
    """``a, b or c``."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} or {last}" if most else last


def printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor or colour it."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "�" for c in text)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes; Chinese characters take two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    joined = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - joined
