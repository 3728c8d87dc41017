"""From a model to its JSON Schema, as it is published.

Rules kept here:
- what the gate says stays open: fields and words may be added, so nothing forbids them;
- what the gate is told is closed where the gate refuses it: unknown arguments, unknown words;
- the same model gives the same text for ever: required fields first, each group in the order in
  which the code names them, no titles made of names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from agent.contract.events import SCHEMA
from agent.contract.shapes import WORDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FIRST = ("$schema", "$id", "title", "description", "type", "$ref", "required", "properties")

Schema = dict[str, Any]


def schema(model: Any, name: str, says: str, *, asked: bool = False) -> Schema:
    """The schema of a message or a part of it. ``asked``: the gate is told it, and may refuse it.

    ``name`` becomes its ``$id`` (``urn:gate:schema:{name}``), ``says`` its description.
    """
    told = _published(TypeAdapter(model).json_schema(), asked)
    told |= {"$schema": DIALECT, "$id": SCHEMA + name, "title": name, "description": says}
    return _ordered(told)


def _published(found: object, asked: bool) -> Any:
    if isinstance(found, list):
        return [_published(each, asked) for each in found]
    if not isinstance(found, Mapping):
        return found
    told: Schema = {}
    for name, value in found.items():
        if name in {"properties", "$defs"}:
            told[name] = {field: _published(each, asked) for field, each in value.items()}
        elif name == WORDS and asked:
            told["enum"] = value
        elif name not in {"title", "default"} or (name == "default" and value is not None):
            told[name] = _published(value, asked) if name not in {"examples", "default"} else value
    return _ordered(told)


def _ordered(told: Schema) -> Schema:
    if "properties" in told:
        required: Iterable[str] = told.get("required", ())
        fields = told["properties"]
        names = [*(name for name in fields if name in required)]
        names += [name for name in fields if name not in required]
        told["properties"] = {name: fields[name] for name in names}
        if required:
            told["required"] = [name for name in names if name in required]
    later = sorted(name for name in told if name not in _FIRST)
    return {name: told[name] for name in (*_FIRST, *later) if name in told}
