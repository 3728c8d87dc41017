"""The models seen as a shape: which keys may stand where. Used beside pydantic.

Rules kept here:
- a known key without a value counts as left out (``calendar:`` with all its lines commented);
- keys at the top that begin with ``x-`` are the installer's own (for anchors) and are skipped.
"""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from agent.settings.faults import listed
from agent.settings.mixes import ByDriver
from agent.settings.models import Settings
from agent.settings.strict import written
from agent.settings.tree import Node
from agent.settings.values import Check, OneOf

OWN = "x-"


def fields_of(shape: Any) -> dict[str, Any]:
    """The keys of a model with the shapes of their values; empty for anything else."""
    if not dataclasses.is_dataclass(shape):
        return {}
    return {written(field.name): field.type for field in dataclasses.fields(shape)}


def below(shape: Any, key: str, node: Node | None) -> Any:
    """The shape of what stands under ``key``, given the value that stands there."""
    shape = _resolve(shape, None)
    if get_origin(shape) is Mapping:
        found = get_args(shape)[1]
    elif get_origin(shape) is tuple:
        found = get_args(shape)[0]
    else:
        found = fields_of(shape).get(key)
    return _resolve(found, node)


def allowed_at(shape: Any, key: str) -> str:
    """What may stand under ``key``, in words, for a key that is missing."""
    found = fields_of(shape).get(key)
    for mark in getattr(found, "__metadata__", ()):
        if isinstance(mark, OneOf):
            return listed(mark.words)
        if isinstance(mark, Check):
            return mark.says
    known = fields_of(_resolve(found, None))
    return f"a mapping with {listed(known)}" if known else ""


def _resolve(shape: Any, node: Node | None) -> Any:
    """Take off annotations and options until a model, a container or a plain type is left."""
    if hasattr(shape, "__metadata__"):
        for mark in shape.__metadata__:
            if isinstance(mark, ByDriver):
                driver = node.get("driver") if node is not None else None
                return mark.models.get(driver.text) if driver is not None else None
        return _resolve(shape.__origin__, node)
    if get_origin(shape) in (Union, types.UnionType):
        rest = [part for part in get_args(shape) if part is not type(None)]
        return _resolve(rest[0], node)
    if get_origin(shape) is tuple and node is not None and isinstance(node.value, dict):
        return _resolve(get_args(shape)[0], node)  # a list written as its single item
    return shape


def plain(node: Node, shape: Any = Settings) -> Any:
    """The node's value without the places, as pydantic takes it."""
    if isinstance(node.value, dict):
        known = fields_of(shape)
        return {
            key: plain(child, below(shape, key, child))
            for key, child in node.value.items()
            if not (key in known and child.value is None)
            and not (shape is Settings and key.startswith(OWN))
        }
    if isinstance(node.value, list):
        return [plain(child, below(shape, "", child)) for child in node.value]
    return node.value
