"""Rules of the readers: who may share a serial line, and what must then be the same.

Rules kept here:
- a line belongs to one reader, display or printer, unless it is a bus: several readers of one
  driver in `BUSES`, told apart by one key of theirs;
- everything that belongs to the line itself (its speed) is the same in all of them; what is left
  out stands for its default;
- a code of duress needs a reader whose keys can be heard.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from agent.settings.page import Page
from agent.settings.readers import DRIVERS
from agent.settings.rules_wiring import serial_ports
from agent.settings.tree import Node, Trouble


@dataclass(frozen=True, slots=True)
class Bus:
    """Readers on one line: ``apart`` is what must differ, ``same`` what belongs to the line."""

    apart: str
    same: tuple[str, ...] = ("baud",)


BUSES: Mapping[str, Bus] = {
    "osdp": Bus("address", ("baud", "direction")),
    "uhf": Bus("antenna", ("baud", "protocol", "address", "power")),
}


_KEYS = frozenset({"osdp", "wiegand"})
_LINES = frozenset({"wiegand-uart-ascii10", "line", "qr-pass"})


def check_duress(root: Node, page: Page) -> None:
    """Somewhere the code can be typed."""
    readers = root.get("readers")
    if root.get("duress") is None or readers is None or not isinstance(readers.value, dict):
        return
    told = [reader for _, reader in readers.items()]
    heard = any(_text(it, "driver") in _KEYS or _text(it, "protocol") in _LINES for it in told)
    if not heard and "duress" not in page.meant:
        problem = "no reader here has keys that the gate hears: nobody could type the code"
        allowed = (
            "a reader of driver osdp or wiegand, or of driver serial with protocol "
            "wiegand-uart-ascii10 or line"
        )
        page.blame(Trouble(root.keys["duress"], problem, allowed, path="duress"))


def check_ports(root: Node, page: Page) -> None:
    """A serial port is used once, or by the readers of one bus."""
    ports: dict[str, list[tuple[str, Node]]] = {}
    for path, port in serial_ports(root):
        if isinstance(port.value, str):
            ports.setdefault(posixpath.normpath(port.value), []).append((path, port))
    for users in ports.values():
        for number, (path, port) in enumerate(users):
            if number:
                _second(root, page, users[:number], path, port)


def _second(root: Node, page: Page, earlier: list[tuple[str, Node]], path: str, port: Node) -> None:
    """One more user of a port that others have."""
    (where, first), line = earlier[0], earlier[0][1].span.line + 1
    reader, other = _reader(root, path), _reader(root, where)
    bus = _bus(reader)
    if reader is None or other is None or bus is None or _text(other, "driver") != bus[0]:
        problem = f"{str(port.value)[:60]} is used twice; the first is {where} in line {line}"
        page.blame(Trouble(port.span, problem, "each port once", path=path))
        return
    driver, rules = bus
    owner = path.rpartition(".")[0]
    for key in rules.same:
        one, told = _value(driver, reader, key), _value(driver, other, key)
        if one != told and f"{owner}.{key}" not in page.meant:
            node = reader.get(key)
            problem = (
                f"{key} is {one} here and {told} at {where.rpartition('.')[0]} (line "
                f"{first.span.line + 1}), on the same line {str(port.value)[:60]}"
            )
            at = node.span if node is not None else port.span
            page.blame(Trouble(at, problem, f"{key}: {told} for both", path=f"{owner}.{key}"))
    for place, _port in earlier:
        beside = _reader(root, place)
        mine = reader.get(rules.apart)
        theirs = beside.get(rules.apart) if beside is not None else None
        if mine is not None and theirs is not None and mine.value == theirs.value:
            problem = (
                f"{rules.apart} {mine.text[:20]} is used twice on this line; the first is "
                f"{place.rpartition('.')[0]} in line {theirs.span.line + 1}"
            )
            allowed = f"each {rules.apart} once on a line"
            page.blame(Trouble(mine.span, problem, allowed, path=f"{owner}.{rules.apart}"))
            break


def _reader(root: Node, path: str) -> Node | None:
    """The reader that a port belongs to; None for a display or the printer."""
    steps = path.split(".")
    return root.get(*steps[:2]) if steps[0] == "readers" else None


def _bus(reader: Node | None) -> tuple[str, Bus] | None:
    driver = _text(reader, "driver")
    return (driver, BUSES[driver]) if driver in BUSES else None


def _text(reader: Node | None, key: str) -> str:
    node = reader.get(key) if reader is not None else None
    return node.text if node is not None else ""


def _value(driver: str, reader: Node, key: str) -> object:
    """What a key of a reader says, or its default."""
    node = reader.get(key)
    if node is not None:
        return node.value
    model: Any = DRIVERS.models.get(driver)
    return {one.name: one.default for one in fields(model)}.get(key) if model is not None else None
