"""``/metrics`` as Prometheus reads it, by the client library's own parser."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from agent.console.figures import PARTS
from agent.console.link import Picture
from agent.core.view import ALARMS, EMERGENCIES, LOOPS, MODES, POSITIONS

WORDS: Mapping[str, tuple[str, ...]] = {
    "position": POSITIONS,
    "mode": MODES,
    "loop": LOOPS,
    "alarm": ALARMS,
    "emergency": EMERGENCIES,
}


@dataclass(frozen=True)
class Sample:
    """One line: what it is called, of what, how much, and of which type its family is."""

    name: str
    labels: Mapping[str, str]
    value: float
    kind: str


class Scrape:
    """What one answer says; raises ValueError when it is not in the format."""

    def __init__(self, text: str) -> None:
        self.samples = list(self._read(text))

    def _read(self, text: str) -> Iterator[Sample]:
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                yield Sample(one.name, one.labels, one.value, family.type)

    @property
    def names(self) -> set[str]:
        """What is told at all."""
        return {one.name for one in self.samples}

    def labels(self, name: str) -> set[str]:
        """The labels of one name."""
        return {label for one in self.samples if one.name == name for label in one.labels}

    def value(self, name: str, **labels: str) -> float | None:
        """How much; None when it is not told. Fails when it is told twice."""
        found = [one.value for one in self.samples if one.name == name and one.labels == labels]
        assert len(found) < 2, f"{name} {labels} is told {len(found)} times"
        return found[0] if found else None

    def word(self, name: str, key: str, **labels: str) -> str:
        """The word that holds; fails unless exactly one of all does."""
        told = {word: self.value(name, **labels, **{key: word}) for word in WORDS[key]}
        assert None not in told.values(), told
        holds = [word for word, value in told.items() if value]
        assert len(holds) == 1, told
        return holds[0]


def everything(heard_s: float = 100.0) -> Picture:
    """A gate that has every part there is, each figure with a value of its own."""
    view = {
        "lane": "in-1",
        "position": "open",
        "mode": "held_open",
        "loop": "occupied",
        "waiting": 2,
        "faults": ["input in-1.loop: 张伟 stands on it", "relay"],
        "emergency": "lockdown",
        "alarm": "pre_alarm",
        "text": "张伟，欢迎回家。",
    }
    lanes = {"in-1": view, "out-1": {**view, "lane": "out-1", "position": "stopped", "faults": []}}
    parts: list[dict[str, object]] = [
        {"part": name, "condition": "ok", "detail": "张伟", "counters": None}
        for name in ("clock", "disk")
    ]
    number = 0
    for kind, part in PARTS.items():
        counters = {}
        for key in part.figures:
            number += 1
            counters[key] = number
        name = f"{kind} {'in-1' if part.label == 'lane' else 'in-1-rdm'}" if part.label else kind
        parts.append(
            {"part": name, "condition": "degraded", "detail": "张伟", "counters": counters}
        )
    status = {"estate": "green", "gate": "north", "head": {"sequence": 4711}}
    return Picture(True, heard_s, 1, "", lanes, parts, 4711, status)
