"""A scenario: what happens at a gate, and the whole trace that has to come of it.

The file is YAML:

    title: a car that backs out
    gate: pulse                     # tests/scenarios/gates/pulse.yaml
    change: {lanes.in-1.open_for: 1 s}
    travel: 200 ms                  # how long the simulated arm takes
    cards: {V-1: vehicle}
    steps:
      - tap: V-1
      - until: {arm: up}
    relays: {in-1: [+open, -open, +close, -close], in-1 lamps: [...]}
    entries: [agent.started, access.granted card=V-1 …]
    views: {in-1: closed by switch …}
    gate after: {in-1: {hits: 0, passed: 0}}

What a step can be stands in `tests.rigs.playing`. Traces are compared whole: relay edges in their
order for the arm, the lamps, the horn and the sensor tests of each lane; every entry with its data,
where times are only named and passages are numbered; and the lanes as they look at the end.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from agent.core.entries import StoredEntry
from drivers.sim.board import Record
from drivers.sim.spec import Wire

FILES = Path(__file__).parents[1] / "scenarios" / "lanes"
GATES = Path(__file__).parents[1] / "scenarios" / "gates"
GROUPS = {"red": "lamps", "green": "lamps", "horn": "horn", "test": "tests"}
UNTOLD = {"cardref", "commitments", "credential", "holder", "unit", "plate", "detail"}
PASSING = ("roster.", "card.changed", "clock.", "reader.")
"""Entries that tell of the machine and not of the gate."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What came of it. Every part is a list of short lines."""

    relays: Mapping[str, Sequence[str]]
    entries: Sequence[str]
    views: Mapping[str, str]
    after: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file, read."""

    name: str
    title: str
    page: Mapping[str, Any]
    travel: timedelta
    cards: Mapping[str, str]
    steps: Sequence[Mapping[str, Any]]
    wanted: Trace
    known: Mapping[str, str] = field(default_factory=dict)


def read(file: Path) -> Scenario:
    """Read a scenario; KeyError and ValueError when it is not one."""
    raw: dict[str, Any] = YAML(typ="safe").load(file)
    return Scenario(
        file.stem,
        raw["title"],
        page_of(raw["gate"], raw.get("change") or {}),
        span(raw.get("travel", "150 ms")),
        raw.get("cards") or {},
        raw["steps"],
        Trace(
            {name: list(edges) for name, edges in (raw.get("relays") or {}).items()},
            list(raw.get("entries") or ()),
            raw.get("views") or {},
            raw.get("after") or {},
        ),
    )


def page_of(gate: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a gate, with what is changed by dotted paths."""
    page: dict[str, Any] = YAML(typ="safe").load(GATES / f"{gate}.yaml")
    for path, value in changes.items():
        change(page, path, value)
    return page


def change(page: dict[str, Any], path: str, value: object) -> None:
    """Set what a dotted path names; None takes it away."""
    *parents, last = path.split(".")
    for name in parents:
        page = page.setdefault(name, {})
    if value is None:
        page.pop(last, None)
    else:
        page[last] = value


def span(text: str) -> timedelta:
    """``200 ms`` or ``2 s``."""
    number, unit = text.split()
    return timedelta(**{{"ms": "milliseconds", "s": "seconds"}[unit]: float(number)})


def relay_edges(
    records: Iterable[Record], outputs: Mapping[str, Mapping[str, Wire]]
) -> dict[str, list[str]]:
    """What every group of outputs did: ``+open`` on, ``-open`` off. Quiet groups are left out."""
    wires = {
        wire.pin: (lane, role, wire)
        for lane, roles in outputs.items()
        for role, wire in roles.items()
    }
    on: dict[int, bool] = {}
    found: dict[str, list[str]] = {}
    for one in records:
        if one.pin not in wires:
            continue
        lane, role, wire = wires[one.pin]
        now = one.function == "output" and one.level == wire.level(True)
        if on.get(one.pin, False) is now:
            continue
        on[one.pin] = now
        group = GROUPS.get(role.partition("-")[0])
        name = lane if group is None else f"{lane} {group}"
        found.setdefault(name, []).append(f"{'+' if now else '-'}{role}")
    return found


def told(entries: Iterable[StoredEntry], data_of: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every entry as a line: its type, and its data in the order of the keys."""
    passages: dict[str, str] = {}
    lines = []
    for entry, data in zip(entries, data_of, strict=True):
        kind = entry.type.removeprefix("gate.").removesuffix(".v1")
        if kind.startswith(PASSING):
            continue
        if isinstance(name := data.get("passage"), str):
            passages.setdefault(name, f"p{len(passages) + 1}")
        words = [_word(key, data[key], passages) for key in sorted(data) if key not in UNTOLD]
        lines.append(" ".join((kind, *words)))
    return lines


def _word(key: str, value: object, passages: Mapping[str, str]) -> str:
    if key == "until" or (key.endswith(("ms", "us")) and isinstance(value, int)):
        return key
    if isinstance(value, list):
        return f"{key}={','.join(passages.get(str(one), str(one)) for one in value)}"
    if isinstance(value, bool):
        return f"{key}={'yes' if value else 'no'}"
    text = passages.get(str(value), str(value))
    return f"{key}={re.sub(r'[ ]+', '_', text)}"


def seen(view: Mapping[str, Any]) -> str:
    """A lane as it looks, in a line; what is as it should be is left out."""
    words = [f"{view['position']} ({view.get('proof', 'none')})", view["mode"]]
    usual = {"loop": "clear", "approach": "clear", "exit": "clear", "waiting": 0, "alarm": "none"}
    usual |= {"emergency": "none"}
    words += [f"{name} {view[name]}" for name, value in usual.items() if odd(view, name, value)]
    words += [f"fault {fault}" for fault in view.get("faults") or ()]
    return ", ".join(str(word) for word in words)


def odd(view: Mapping[str, Any], name: str, usual: object) -> bool:
    """Whether a field of a view says something."""
    return view.get(name, usual) not in (usual, "none")
