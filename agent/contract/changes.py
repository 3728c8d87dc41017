"""What changed between two sets of schemas that is not an addition: what a major may not do.

Rules kept here:
- what the gate says may become more and narrower: fields are added, none goes, none that was there
  always becomes doubtful, no value becomes possible that was not (words of `x-words` may be added);
- what the gate is told may become more and wider: fields are added that nobody has to give, none
  goes, none that was taken is refused;
- a word that is not known here makes a change that is refused: better asked twice.

Everything is pure: schemas in, sentences out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.contract.shapes import WORDS

Schema = Mapping[str, Any]

_ASKED = ("cmd", "ack")
_TOLD = frozenset({"$schema", "title", "description", "examples", "default", "$defs"})
_NARROWER = ("minimum", "minLength", "minItems", "exclusiveMinimum", "minProperties")
_WIDER = ("maximum", "maxLength", "maxItems", "exclusiveMaximum", "maxProperties")
_JUDGED = frozenset(
    {"$ref", "$id", "type", "properties", "required", "additionalProperties", "items", "enum"}
    | {"anyOf", "oneOf", WORDS, "const", "pattern", "format"}
    | {*_NARROWER, *_WIDER}
)


def asked(name: str) -> bool:
    """Is this something that the gate is told, and may refuse? ``name`` is as in `changes`."""
    return name.partition("/")[0] in _ASKED


def changes(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Every change from ``old`` to ``new`` that is not an addition, one sentence each.

    Both map names to schemas: ``status``, ``evt/{type}``, ``cmd/{name}`` and so on.
    """
    said = []
    for name, was in old.items():
        if name not in new:
            said.append(f"{name}: it is gone")
            continue
        judge = _Judge(was.get("$defs", {}), new[name].get("$defs", {}), up=not asked(name))
        said += [f"{name}{place}: {what}" for place, what in judge.compare(was, new[name], "")]
    return said


class _Judge:
    """Compares two schemas; ``up``: the gate says it."""

    def __init__(self, old_defs: Schema, new_defs: Schema, *, up: bool) -> None:
        self._old_defs = old_defs
        self._new_defs = new_defs
        self._up = up

    def compare(self, old: Schema, new: Schema, place: str) -> Iterator[tuple[str, str]]:
        old, new = _resolved(old, self._old_defs), _resolved(new, self._new_defs)
        if old.get("$id") != new.get("$id"):
            yield place, "it has another $id"
        for word in sorted((old.keys() | new.keys()) - _TOLD - _JUDGED):
            if old.get(word) != new.get(word):
                yield place, f"{word!r} changed, and what that means is not known here"
        yield from self._alternatives(old, new, place)
        yield from self._values(old, new, place)
        yield from self._fields(old, new, place)
        for word in ("items", "additionalProperties"):
            yield from self._below(word, old, new, place)

    # --- what a value may be ----------------------------------------------------------------------

    def _alternatives(self, old: Schema, new: Schema, place: str) -> Iterator[tuple[str, str]]:
        """Each alternative that is needed has to have one that it still fits."""
        if "oneOf" in old or "oneOf" in new:
            if old.get("oneOf") != new.get("oneOf"):
                yield place, "'oneOf' changed"
            return
        if "anyOf" not in old and "anyOf" not in new:
            return
        before = list(old.get("anyOf", [_alone(old)]))
        after = list(new.get("anyOf", [_alone(new)]))
        needed = after if self._up else before
        for each in needed:
            pairs = (
                [(other, each) for other in before]
                if self._up
                else [(each, other) for other in after]
            )
            if not any(not list(self.compare(*pair, place)) for pair in pairs):
                kind = _kind(_resolved(each, self._new_defs if self._up else self._old_defs))
                more = "it can be" if self._up else "it can no longer be"
                yield place, f"{more} {kind}"

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[tuple[str, str]]:
        if "anyOf" in old or "anyOf" in new:
            return
        if old.get("type") != new.get("type") and not self._fits(old, new):
            yield place, f"it was {_kind(old)} and is {_kind(new)}"
        before, after = _words(old), _words(new)
        if before != after:
            yield from self._words(before, after, place)
        if gone := [word for word in old.get(WORDS, ()) if word not in new.get(WORDS, ())]:
            yield place, f"{', '.join(map(repr, gone))} is said no more"
        for word in ("pattern", "format"):
            if old.get(word) != new.get(word) and not self._looser(word, old, new):
                yield place, f"{word!r} is another"
        for word in (*_NARROWER, *_WIDER):
            if not self._bound(word, old.get(word), new.get(word)):
                yield place, f"{word!r} was {old.get(word)} and is {new.get(word)}"

    def _fits(self, old: Schema, new: Schema) -> bool:
        """A whole number is a number; what has no type may be anything."""
        inner, outer = (new, old) if self._up else (old, new)
        if "type" not in outer:
            return True
        return (inner.get("type"), outer["type"]) == ("integer", "number")

    def _words(
        self, before: frozenset[str] | None, after: frozenset[str] | None, place: str
    ) -> Iterator[tuple[str, str]]:
        inner, outer = (after, before) if self._up else (before, after)
        if outer is None:
            return
        if inner is None:
            yield place, "it may be any word" if self._up else "only certain words are taken"
        elif beyond := sorted(inner - outer):
            more = "may be said, and was not allowed for" if self._up else "is no longer taken"
            yield place, f"{', '.join(beyond)} {more}"

    def _looser(self, word: str, old: Schema, new: Schema) -> bool:
        """What is said may get a form that it had not; what is asked may lose one."""
        return word not in (old if self._up else new)

    def _bound(self, word: str, old: int | None, new: int | None) -> bool:
        inner, outer = (new, old) if self._up else (old, new)
        if outer is None or inner == outer:
            return True
        if inner is None:
            return False
        return inner >= outer if word in _NARROWER else inner <= outer

    # --- fields -----------------------------------------------------------------------------------

    def _fields(self, old: Schema, new: Schema, place: str) -> Iterator[tuple[str, str]]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            here = f"{place}.{name}"
            if name not in after:
                yield here, "it is gone"
                continue
            if self._up and name in was - needed:
                yield here, "it was always there, and may be absent"
            if not self._up and name in needed - was:
                yield here, "it may not be left out any more"
            yield from self.compare(before[name], after[name], here)
        if not self._up:
            for name in sorted(needed - before.keys()):
                yield f"{place}.{name}", "it is new, and has to be given"

    def _below(self, word: str, old: Schema, new: Schema, place: str) -> Iterator[tuple[str, str]]:
        before, after = old.get(word, True), new.get(word, True)
        here = f"{place}[]" if word == "items" else f"{place}.*"
        if before == after:
            return
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.compare(before, after, here)
        elif (before if self._up else after) is not True:
            yield here, "what may stand there is another"


def _resolved(schema: Schema, defs: Schema) -> Schema:
    ref = schema.get("$ref")
    if ref is None:
        return schema
    found: Schema = defs[str(ref).rpartition("/")[2]]
    return _resolved(found, defs)


def _alone(schema: Schema) -> Schema:
    return {word: value for word, value in schema.items() if word != "$id"}


def _words(schema: Schema) -> frozenset[str] | None:
    """The only words that it may be; None where it may be any."""
    found = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return None if found is None else frozenset(map(str, found))


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "anything"))
