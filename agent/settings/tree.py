"""What a file of settings says, as nodes that know where they stand.

Rules kept here:
- a tree is plain data: no library's classes, so that rules can be written and tested on it;
- lines and columns count from 0 here, and from 1 in what people see.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the file; lines and columns count from 0, ends are exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class Node:
    """A value and where it stands. ``keys`` tells where the keys of a mapping stand."""

    span: Span
    value: "Scalar | dict[str, Node] | list[Node]"
    text: str = ""
    keys: dict[str, Span] = field(default_factory=dict)
    size: int = 1

    def items(self) -> "Iterator[tuple[str, Node]]":
        """The entries of a mapping; nothing for anything else."""
        return iter(self.value.items() if isinstance(self.value, dict) else ())

    def get(self, *path: str) -> "Node | None":
        """Follow keys of mappings; None where there is no such way."""
        node = self
        for key in path:
            if not isinstance(node.value, dict) or key not in node.value:
                return None
            node = node.value[key]
        return node

    def each(self) -> "list[Node]":
        """The items of a list; the node itself if it is none."""
        return self.value if isinstance(self.value, list) else [self]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that YAML itself, or our bounds, forbid."""

    span: Span
    problem: str
    allowed: str = ""
    suggestion: str = ""
    path: str = ""
