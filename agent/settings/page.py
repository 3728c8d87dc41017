"""The file as faults see it: its lines, what is covered on them, and what is wrong with it.

Rules kept here:
- one fault for one place and path;
- scalars under keys that hold secrets are never shown, nor is what looks like a secret.
"""

import re

from agent.settings.faults import SHOWN_WIDTH, Fault, columns, nearest, printable
from agent.settings.tree import Node, Span, Trouble

_HIDDEN_WORDS = r"pas+w|pas+phr|pwd|secret|token|psk|card_reference_key|identity_key|private"
_HIDDEN_KEYS = ("password", "card_reference_key", "identity_key")
_HIDDEN = re.compile(f"(?i){_HIDDEN_WORDS}")
_SECRET_LINE = re.compile(rf"(?i)((?:(?:{_HIDDEN_WORDS})[\w-]*|\bkey)[\"']?\s*:\s*)(?!\{{)(\S.*)")
_SECRET_VALUE = re.compile(r"://[^/\s]*@|PRIVATE KEY|\n")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COVER = "***"


class Page:
    """Collects what is wrong with one file."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.meant: set[str] = set()
        """Paths of keys that are there, but misspelt or not readable."""
        self.sound: int | None = None
        """The line (from 0) from which on faults are not worth telling; None: there is none."""
        self._troubles: dict[tuple[int, int, str], Trouble] = {}
        self._covered: dict[int, list[tuple[int, int]]] = {}

    def blame(self, trouble: Trouble) -> None:
        """Note a fault; the first one at a place and path is told."""
        if self.sound is not None and trouble.span.line >= self.sound:
            return
        key = (trouble.span.line, trouble.span.column, trouble.path)
        self._troubles.setdefault(key, trouble)

    def blame_all(self, problem: str, allowed: str) -> None:
        """Note a fault of the file as a whole."""
        self.blame(Trouble(Span(0, 0, 0, 1), problem, allowed))

    def placed(self, trouble: Trouble) -> Fault | None:
        """The fault that this would be, without noting it; None beyond what can be believed."""
        if self.sound is not None and trouble.span.line >= self.sound:
            return None
        return self._fault(trouble)

    def faults(self) -> list[Fault]:
        """All that was noted, in the order of the file."""
        ordered = sorted(self._troubles.items(), key=lambda item: item[0])
        return [self._fault(trouble) for _, trouble in ordered]

    def cover(self, node: Node, *, secret: bool = False) -> None:
        """Cover every secret below this node, as far as the tree goes."""
        todo = [(node, secret, "")]
        seen: set[tuple[int, bool]] = set()
        while todo:
            at, hidden, key = todo.pop()
            if (id(at), hidden) in seen:
                continue
            seen.add((id(at), hidden))
            if isinstance(at.value, dict):
                todo += [(child, hidden or _hides(name), name) for name, child in at.items()]
            elif isinstance(at.value, list):
                todo += [(child, hidden, key) for child in at.value]
            elif _SECRET_VALUE.search(at.text) or (hidden and not _is_place(key, at.text)):
                self._cover(at.span)

    def _cover(self, span: Span) -> None:
        for line in range(span.line, min(span.end_line + 1, len(self.lines))):
            start = span.column if line == span.line else 0
            end = span.end_column if line == span.end_line else len(self.lines[line])
            if start < end:
                self._covered.setdefault(line, []).append((start, end))

    def _shown(self, line: int, end: int | None = None) -> str:
        """The line up to column ``end`` as it may be shown."""
        text, shown, at = self.lines[line][:end], "", 0
        for start, stop in sorted(self._covered.get(line, ())):
            if at <= start < len(text):
                shown, at = shown + text[at:start] + _COVER, stop
        shown += text[at:]
        return printable(_SECRET_LINE.sub(lambda m: m[1] + _COVER, shown))

    def _fault(self, trouble: Trouble) -> Fault:
        span = trouble.span
        line = min(span.line, len(self.lines) - 1)
        content = self.lines[line]
        column = min(span.column, len(content))
        end = min(span.end_column, len(content)) if span.end_line == line else len(content)
        end = max(column, len(content[:end].rstrip()))
        before, through = self._shown(line, column), self._shown(line, end)
        text = through[len(before) :] if through.startswith(before) else _COVER
        cut = max(0, len(before) - SHOWN_WIDTH // 2)
        whole = self._shown(line)[cut : cut + SHOWN_WIDTH]
        return Fault(
            self.file,
            line + 1,
            column + 1,
            printable(trouble.path),
            text[:SHOWN_WIDTH],
            printable(trouble.problem),
            trouble.allowed,
            printable(trouble.suggestion),
            whole,
            columns(before[cut:]),
            max(1, columns(text[: max(1, SHOWN_WIDTH - len(before[cut:]))])),
        )


def _hides(key: str) -> bool:
    """Whether what stands under this key is a secret, be the key misspelt."""
    return key == "key" or _HIDDEN.search(key) is not None or nearest(key, _HIDDEN_KEYS) != ""


def _is_place(key: str, text: str) -> bool:
    """Whether this tells where a secret lies rather than being one."""
    if key == "credential":
        return _NAME.fullmatch(text) is not None
    return key.endswith("file") and "/" in text
