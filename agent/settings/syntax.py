"""Faults of YAML itself, in the words of an installer.

Rules kept here:
- the parser's message is looked up by what it says; what is not known is told as it is;
- a tab in the indentation is told for every line that has one, because it is never alone.
"""

import re
from collections.abc import Iterator

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from agent.settings.tree import Span, Trouble

_SENTENCES = {
    "mapping values are not allowed": (
        "a colon cannot stand here",
        "one key: value in a line, at its neighbours' indentation; text with a colon in quotes",
    ),
    "flow sequence: expected": ("the list is not closed", "a , or ] here"),
    "flow mapping: expected": ("the mapping is not closed", "a , or } here"),
    "quoted scalar: found unexpected end": (
        "a quote is opened here and not closed",
        "the same quote at the end",
    ),
    "quoted scalar: found unknown escape": (
        "no such escape exists in double quotes",
        "single quotes, in which a backslash is a backslash",
    ),
    "block collection: expected|block mapping: expected": (
        "the indentation does not fit, or a list and a mapping are mixed",
        "keys of one mapping (or items of one list) at the same indentation",
    ),
    "cannot start any token": (
        "a value cannot begin with this character",
        "text with @ ` % or similar in front in quotes",
    ),
    "could not find expected ':'": ("a colon is missing after this key", "key: value"),
}


def syntax_troubles(error: YAMLError, text: str) -> Iterator[Trouble]:
    """The places of a text that is not YAML, from the parser's one error."""
    lines = text.split("\n")
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        yield Trouble(Span(0, 0, 0, 1), "this is not YAML")
        return
    line, column = error.problem_mark.line, error.problem_mark.column
    if line < len(lines) and "\t" in _lead(lines[line]):
        for number, content in enumerate(lines):
            lead = _lead(content)
            if "\t" in lead and (content.strip() or number == line):
                span = Span(number, lead.index("\t"), number, len(lead))
                yield Trouble(span, "a tab stands in the indentation", "spaces only")
        return
    problem, allowed = _SENTENCES.get(_sentence(error), ("", ""))
    if not problem:
        problem = f"this is not YAML: {error.problem or 'it cannot be read'}"
    if "a quote" in problem and error.context_mark is not None:
        line, column = error.context_mark.line, error.context_mark.column
    elif error.context_mark is not None and error.context_mark.line != line:
        problem += f" (it began in line {error.context_mark.line + 1})"
    last = min(line, len(lines) - 1)
    column = column if last == line else len(lines[last])
    yield Trouble(Span(last, column, last, column + 1), problem, allowed)


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _sentence(error: MarkedYAMLError) -> str:
    said = f"{error.context or ''}: {error.problem or ''}"
    return next((key for key in _SENTENCES if re.search(key, said)), "")


def sound_until(error: YAMLError) -> int:
    """The line (from 0) in which the fault may have begun; what stands above it is read well."""
    marks = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
    return min((mark.line for mark in marks if mark is not None), default=0)
