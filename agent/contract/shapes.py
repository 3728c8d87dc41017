"""Shapes: what is known of a value beyond its type, said beside the type that the code uses.

Rules kept here:
- a value is described once, where its type is named; the documents are made from that;
- words of ours may become more inside a major: they are published as known words (``x-words``),
  never as the only ones, unless the set is part of how the protocol works (``closed``);
- nothing of a library is needed to name a type: the daemon imports none for it.

JSON Schema, draft 2020-12; only words that mean the same in draft 7 are used, which is what
AsyncAPI 3.0 builds on.
"""

from dataclasses import dataclass
from typing import Any

WORDS = "x-words"
"""The known words of a text to which others may be added."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Stands in ``Annotated[type, Shape(...)]``; pydantic finds its way from here.

    ``says`` is the sentence of the documents, ``example`` a value as it comes, ``words`` the texts
    that it may be (all there will be inside a major, if ``closed``), ``pattern`` a regular
    expression for the whole text, ``low`` and ``high`` the bounds of a number, both included.
    """

    says: str
    example: object = None
    words: tuple[str, ...] = ()
    closed: bool = False
    pattern: str = ""
    low: int | None = None
    high: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """How a value is judged (pydantic asks this)."""
        core: dict[str, Any] = handler(source)
        if self.words:
            return {"type": "literal", "expected": list(map(str, self.words))}
        more = {"pattern": self.pattern or None, "ge": self.low, "le": self.high}
        return core | {name: value for name, value in more.items() if value is not None}

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """How it is published (pydantic asks this)."""
        told: dict[str, Any] = handler(core)
        if self.words:
            words = list(map(str, self.words))
            told = {"type": "string", "enum" if self.closed else WORDS: words}
        told = {**told, "description": self.says}
        example = str(self.words[0]) if self.example is None and self.words else self.example
        return told if example is None else {**told, "examples": [example]}
