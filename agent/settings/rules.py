"""What the settings must keep across their mappings. Works on the tree, beside other faults.

Rules kept here:
- a rule looks only at values of the right kind; the wrong ones are told by the models;
- what the end of the file could still put right is not told when the file could not be read whole.
"""

import fnmatch
from collections.abc import Iterator

from agent.settings.faults import listed, nearest
from agent.settings.page import Page
from agent.settings.rules_books import check_books
from agent.settings.rules_forms import check_forms
from agent.settings.rules_intercom import check_intercom
from agent.settings.rules_lanes import check_lanes
from agent.settings.rules_osdp import check_osdp
from agent.settings.rules_passes import check_passes
from agent.settings.rules_readers import check_duress, check_ports
from agent.settings.rules_secure import check_proofs
from agent.settings.rules_sensors import check_sensors
from agent.settings.rules_uhf import check_uhf
from agent.settings.rules_uplink import check_secrets, check_uplink
from agent.settings.rules_wiegand import check_formats
from agent.settings.rules_wiring import check_gpio, check_outputs, check_pins
from agent.settings.rules_zones import check_zones
from agent.settings.tree import Node, Span, Trouble


def cross_check(root: Node, page: Page, *, whole: bool) -> None:
    """Note every break of a rule on the page."""
    check_pins(root, page)
    check_outputs(root, page, whole=whole)
    check_sensors(root, page)
    check_forms(root, page)
    check_ports(root, page)
    check_uhf(root, page)
    check_formats(root, page, whole=whole)
    _names_of_pcsc(root, page)
    _names_twice(root, page)
    _run_path(root, page)
    if whole:
        check_gpio(root, page)
        check_osdp(root, page)
        check_uplink(root, page)
        check_secrets(root, page)
        check_proofs(root, page)
        check_duress(root, page)
        check_books(root, page)
        check_intercom(root, page)
        _empty(root, page)
        _names(root, page)
        _sides(root, page)
        _lines(root, page)
        check_lanes(root, page)
        check_zones(root, page)
        check_passes(root, page)


def section(root: Node, name: str) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping at the top that are mappings themselves."""
    node = root.get(name)
    for key, child in node.items() if node is not None else ():
        if isinstance(child.value, dict):
            yield key, child


def _named(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Every name of a reader in a lane or desk, with the path of its owner and its place."""
    for kind in ("lanes", "desks"):
        for key, owner in section(root, kind):
            names = owner.get("readers")
            for number, name in enumerate(names.each() if names is not None else ()):
                if names is not name and isinstance(name.value, str | int):
                    yield f"{kind}.{key}", f"{kind}.{key}.readers.{number}", name


def _filled(node: Node | None) -> bool:
    return node is not None and isinstance(node.value, list) and node.value != []


def _empty(root: Node, page: Page) -> None:
    lanes = root.get("lanes")
    if lanes is not None and lanes.value == {}:
        page.blame(Trouble(lanes.span, "the gate has no lane", "at least one lane", path="lanes"))
    for kind, word in (("lanes", "lane"), ("desks", "desk")):
        for key, owner in section(root, kind):
            names = owner.get("readers")
            if names is not None and names.value == []:
                problem, allowed = f"the {word} {key} has no reader", "at least one key of readers:"
                page.blame(Trouble(names.span, problem, allowed, path=f"{kind}.{key}.readers"))


def _names_of_pcsc(root: Node, page: Page) -> None:
    """A PC/SC reader belongs to one reader of the file."""
    cards: list[tuple[str, str, int]] = []
    for key, reader in section(root, "readers"):
        driver = reader.get("driver")
        if driver is not None and driver.value == "pcsc":
            _card_reader(key, reader, cards, page)


def _card_reader(key: str, reader: Node, cards: list[tuple[str, str, int]], page: Page) -> None:
    name, path = reader.get("name"), f"readers.{key}.name"
    pattern, span = (name.text, name.span) if name is not None else ("*", reader.span)
    for other, where, line in cards:
        if fnmatch.fnmatchcase(pattern, other) or fnmatch.fnmatchcase(other, pattern):
            problem = f"{pattern[:60]} also means the reader of {where} in line {line}"
            page.blame(Trouble(span, problem, "names that differ", path=path))
            break
    cards.append((pattern, path, span.line + 1))


def _names_twice(root: Node, page: Page) -> None:
    """A reader stands at one lane or one desk."""
    first: dict[str, tuple[str, Span]] = {}
    for owner, path, name in _named(root):
        where, span = first.setdefault(name.text, (owner, name.span))
        if span != name.span or where != owner:
            problem = f"the reader {name.text[:40]} is at {where} already, line {span.line + 1}"
            page.blame(Trouble(name.span, problem, "one lane or one desk", path=path))


def _names(root: Node, page: Page) -> None:
    """Readers that are named exist, and those that exist are named."""
    readers = root.get("readers")
    if readers is None or not isinstance(readers.value, dict):
        return
    used: set[str] = set()
    for _owner, path, name in _named(root):
        used.add(name.text)
        if name.text not in readers.value:
            guess = nearest(name.text, readers.value)
            used.add(guess)
            known = listed(readers.value) or "a key of readers:"
            problem = f"there is no reader {name.text[:40]!r} under readers:"
            page.blame(Trouble(name.span, problem, known, guess, path))
    owners = [owner for kind in ("lanes", "desks") for _key, owner in section(root, kind)]
    if any(path.endswith(".readers") or path in ("lanes", "desks") for path in page.meant) or any(
        not _filled(owner.get("readers")) for owner in owners
    ):
        return
    for key in readers.value:
        if key not in used and next(section(root, "lanes"), None) is not None:
            problem = f"the reader {key[:40]} is at no lane and no desk"
            allowed = "its name under readers: of one lane or one desk"
            page.blame(Trouble(readers.keys[key], problem, allowed, path=f"readers.{key}"))


def _sides(root: Node, page: Page) -> None:
    """A reader of a two-way lane says which side it faces; elsewhere the lane tells."""
    readers = root.get("readers")
    for owner, _path, name in _named(root):
        reader = readers.get(name.text) if readers is not None else None
        if reader is None or readers is None or not isinstance(reader.value, dict):
            continue
        side = reader.get("side")
        path = f"readers.{name.text}.side"
        told = root.get(*owner.split("."), "direction")
        direction = told.value if told is not None else None
        if owner.startswith("desks."):
            if side is not None:
                problem = "a reader at a desk faces no side"
                page.blame(Trouble(side.span, problem, "no side: here", path=path))
        elif direction == "both" and side is None and path not in page.meant:
            problem = f"side is missing here: {owner} is a two-way lane"
            page.blame(Trouble(readers.keys[name.text], problem, "in or out", path=path))
        elif side is not None and (direction, side.value) in (("in", "out"), ("out", "in")):
            problem = f"{owner} is used one way only: {direction}"
            page.blame(Trouble(side.span, problem, f"{direction}, or no side:", path=path))


def _lines(root: Node, page: Page) -> None:
    """Only the protocols of lines can be told what a line looks like."""
    for key, reader in section(root, "readers"):
        protocol = reader.get("protocol")
        if protocol is None or not isinstance(protocol.value, str):
            continue
        if protocol.value in ("line", "qr-pass"):
            continue
        for name in ("pattern", "scheme", "encoding"):
            if name in reader.keys and not nearest(protocol.value, ["line", "qr-pass"]):
                problem, path = f"{name} belongs to the protocol line only", f"readers.{key}.{name}"
                page.blame(Trouble(reader.keys[name], problem, f"no {name}: here", path=path))


def _run_path(root: Node, page: Page) -> None:
    node = root.get("paths", "run")
    if node is not None and isinstance(node.value, str) and len(node.value.encode()) > _RUN_MAX:
        allowed = f"at most {_RUN_MAX} bytes, because a socket lies below it"
        page.blame(Trouble(node.span, "this path is too long", allowed, path="paths.run"))


_RUN_MAX = 80
