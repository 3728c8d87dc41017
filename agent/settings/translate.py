"""Pydantic's errors in the words of an installer, each at its place in the file.

Rules kept here:
- a missing key is told at the key of the mapping that lacks it;
- a key that is missing because it was misspelt is told once, as misspelt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.settings.faults import UnfitError, listed, nearest
from agent.settings.models import Settings
from agent.settings.page import Page
from agent.settings.readers import DRIVERS
from agent.settings.shapes import allowed_at, below, fields_of
from agent.settings.tree import Node, Span, Trouble
from agent.settings.values import kind_of

_DRIVER = 2
"""Where pydantic puts the driver's name: readers, the reader's id, the driver."""
_UNEXPECTED = "unexpected_keyword_argument"
_MAPPINGS = {"dataclass_type", "dict_type", "mapping_type", "model_attributes_type"}


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an error is: the mapping or list around it, the last step, the node if it is there."""

    parent: Node
    shape: Any
    span: Span
    path: str
    last: str
    node: Node | None


def translate(errors: Iterable[Mapping[str, Any]], root: Node, page: Page, *, whole: bool) -> None:
    """Note every error on the page; what is missing only if the file was read to its end."""
    missing = []
    for error in errors:
        spot = _locate(root, error["loc"])
        if error["type"] == "missing":
            missing.append(spot)
        elif error["type"] == _UNEXPECTED:
            _unexpected(spot, page)
        else:
            _unfit(error, spot, page)
    for spot in missing if whole else ():
        if spot.path not in page.meant:
            empty = spot.last in spot.parent.keys
            problem = f"{spot.last} has no value" if empty else f"{spot.last} is missing here"
            span = spot.parent.keys[spot.last] if empty else spot.span
            allowed = allowed_at(spot.shape, spot.last)
            page.blame(Trouble(span, problem, allowed, path=spot.path))


def _locate(root: Node, loc: tuple[int | str, ...]) -> _Spot:
    """Follow pydantic's way; a driver's name and the index of a lone item are no steps in ours."""
    steps = list(loc)
    if len(steps) > _DRIVER and steps[0] == "readers":
        del steps[_DRIVER]
    node, parent, shape = root, root, Settings
    span, last = Span(0, 0, 0, 1), ""
    path: list[str] = []
    outer: Any = Settings
    for step in steps:
        if step == "[key]":
            return _Spot(parent, outer, span, ".".join(path), last, None)
        if isinstance(step, int) and not isinstance(node.value, list):
            continue
        last, parent, outer = str(step), node, shape
        path.append(last)
        child = _child(node, step)
        if child is None:
            here = node.keys.get(last, span)
            return _Spot(node, shape, here, ".".join(path), last, None)
        shape = below(shape, last, child)
        span = node.keys.get(last, child.span)
        node = child
    return _Spot(parent, outer, span, ".".join(path), last, node)


def _child(node: Node, step: int | str) -> Node | None:
    if isinstance(node.value, list):
        return node.value[step] if isinstance(step, int) and step < len(node.value) else None
    return node.get(str(step))


def _unexpected(spot: _Spot, page: Page) -> None:
    known = fields_of(spot.shape)
    guess = nearest(spot.last, (name for name in known if name not in spot.parent.keys))
    if guess:
        page.meant.add(f"{spot.path.removesuffix(spot.last)}{guess}")
    page.blame(
        Trouble(spot.span, f"unknown key {spot.last[:40]!r}", listed(known), guess, spot.path)
    )


def _unfit(error: Mapping[str, Any], spot: _Spot, page: Page) -> None:
    node = spot.node
    span = node.span if node is not None else spot.span
    kind = str(error["type"])
    said = kind_of(node.value) if node is not None else "this"
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, UnfitError):
        trouble = Trouble(span, cause.problem, cause.allowed, cause.suggestion, spot.path)
    elif kind.startswith("union_tag"):
        _driver(spot, page)
        return
    elif kind in _MAPPINGS:
        known = fields_of(below(spot.shape, spot.last, None))
        guess = f"{{pin: {node.text}}}" if "pin" in known and node and _is_int(node) else ""
        allowed = f"a mapping with {listed(known)}" if known else "a mapping of key: value"
        trouble = Trouble(span, f"a mapping must stand here, not {said}", allowed, guess, spot.path)
    elif kind in ("tuple_type", "list_type"):
        guess = f"[{node.text}]" if node is not None and isinstance(node.value, str) else ""
        problem = f"a list must stand here, not {said}"
        trouble = Trouble(span, problem, "[one, another], or one a line after - ", guess, spot.path)
    else:
        trouble = Trouble(span, f"{said} does not fit here", path=spot.path)
    page.blame(trouble)


def _driver(spot: _Spot, page: Page) -> None:
    """The driver of a reader is missing or unknown."""
    drivers = tuple(DRIVERS.models)
    path = f"{spot.path}.driver"
    node = spot.node.get("driver") if spot.node is not None else None
    if node is None or spot.node is None:
        keys = spot.node.keys if spot.node is not None else {}
        near = next((key for key in keys if nearest(key, ["driver"])), "")
        span, problem = (keys[near], f"unknown key {near[:40]!r}") if near else (spot.span, "")
        problem = problem or "driver is missing here"
        page.blame(Trouble(span, problem, listed(drivers), "driver" if near else "", path))
        return
    problem = f"{kind_of(node.value)} is no driver" if not isinstance(node.value, str) else ""
    problem = problem or f"{node.text[:40]!r} is no driver"
    page.blame(Trouble(node.span, problem, listed(drivers), nearest(node.text, drivers), path))


def _is_int(node: Node) -> bool:
    return isinstance(node.value, int) and not isinstance(node.value, bool)
