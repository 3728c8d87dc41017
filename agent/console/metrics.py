"""``/metrics``: the gate in figures, in the text format of Prometheus.

Rules kept here:
- the daemon is asked nothing: the picture that the link takes once a second is what is told, and
  the text is made at most once a second, however many ask;
- when the daemon does not answer there is ``gate_up 0`` and its age, and no old figure;
- labels are ids of lanes, readers and parts, and words of the program: no sentence, nobody's name.

Follows version 0.0.4 of the text format.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from starlette.requests import Request
from starlette.responses import Response

from agent import __version__
from agent.console.figures import PARTS, Figure
from agent.console.link import Link, Picture
from agent.core.view import ALARMS, EMERGENCIES, LOOPS, MODES, POSITIONS
from agent.ports import Condition

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
KEPT_S = 1.0
STALE_S = 5.0
"""A picture that is older is none, whatever the link thinks of it."""

_CONDITIONS = tuple(condition.value for condition in Condition)
_LANES: Sequence[tuple[str, str, Sequence[str], str]] = (
    ("gate_lane_position", "position", POSITIONS, "Where the arm is; 1 for the word that holds."),
    ("gate_lane_mode", "mode", MODES, "What the lane is about; 1 for the word that holds."),
    ("gate_lane_loop", "loop", LOOPS, "The loop under the arm; 1 for the word that holds."),
    ("gate_lane_alarm", "alarm", ALARMS, "Open too long; 1 for the step that was reached."),
)


class Metrics:
    """One for a console; `text` may be called from any thread."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._made_s = 0.0
        self._text = b""

    def text(self, picture: Picture) -> bytes:
        """All figures; those of a picture that is at most a second older."""
        with self._lock:
            now_s = self._now_s()
            if not self._text or now_s - self._made_s >= KEPT_S:
                self._text, self._made_s = generate_latest(_Shown(picture, now_s)), now_s
            return self._text


async def metrics(request: Request) -> Response:
    """``/metrics``. Waits for nothing, so it needs no thread of the pool."""
    link: Link = request.app.state.link
    kept: Metrics = request.app.state.metrics
    return Response(kept.text(link.picture), headers={"Content-Type": CONTENT_TYPE})


class _Shown:
    """A picture as a collector of the client library."""

    def __init__(self, picture: Picture, now_s: float) -> None:
        self._picture = picture
        self._age_s = now_s - picture.heard_s

    def collect(self) -> Iterator[Metric]:
        picture = self._picture
        up = picture.fresh and self._age_s < STALE_S
        yield GaugeMetricFamily("gate_up", "Does the daemon answer the console?", float(up))
        if picture.heard_s:
            told = "How long ago the daemon answered last."
            yield GaugeMetricFamily("gate_status_age_seconds", told, max(0.0, self._age_s))
        yield _one("gate_console_info", "The console itself.", {"version": __version__})
        if up:
            yield from _gate(picture.status)
            yield from _lanes(list(picture.lanes.values()))
            yield from _conditions(picture.parts)
            yield from _counted(picture.parts)


def _gate(status: Mapping[str, Any]) -> Iterator[Metric]:
    names = {name: str(status.get(name, "")) for name in ("estate", "gate")}
    yield _one("gate_info", "Which gate this is.", names)
    told = "Entries of the journal, by the number of the last one."
    yield CounterMetricFamily("gate_journal_entries", told, float(status["head"]["sequence"]))


def _lanes(views: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    for name, key, words, told in _LANES:
        family = GaugeMetricFamily(name, told, labels=["lane", key])
        for view in views:
            for word in words:
                family.add_metric([str(view["lane"]), word], float(view.get(key, "none") == word))
        yield family
    waiting = GaugeMetricFamily(
        "gate_lane_waiting_vehicles", "Granted, and not passed yet.", labels=["lane"]
    )
    faults = GaugeMetricFamily("gate_lane_faults", "Faults of arm and inputs.", labels=["lane"])
    for view in views:
        waiting.add_metric([str(view["lane"])], float(view["waiting"]))
        faults.add_metric([str(view["lane"])], float(len(view.get("faults", ()))))
    yield waiting
    yield faults
    emergency = GaugeMetricFamily(
        "gate_emergency", "Of the whole gate; 1 for the word that holds.", labels=["emergency"]
    )
    said = next((view.get("emergency", "none") for view in views), "none")
    for word in EMERGENCIES:
        emergency.add_metric([word], float(said == word))
    yield emergency


def _conditions(parts: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    told = "How each part is; 1 for the word that holds."
    family = GaugeMetricFamily("gate_part_condition", told, labels=["part", "condition"])
    for part in parts:
        for word in _CONDITIONS:
            family.add_metric([str(part["part"]), word], float(part["condition"] == word))
    yield family


def _counted(parts: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """Every figure of every part; those of one name stand together, as the format demands."""
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for part in parts:
        name, _, which = str(part["part"]).partition(" ")
        kind, counters = PARTS.get(name), part.get("counters") or {}
        if kind is None or bool(which) != bool(kind.label):
            continue
        for key, figure in kind.figures.items():
            if key in counters or kind.sparse:
                family = families.setdefault(figure.name, _family(figure, kind.label))
                family.add_metric([which] if which else [], float(counters.get(key, 0)))
    yield from families.values()


def _family(figure: Figure, label: str) -> GaugeMetricFamily | CounterMetricFamily:
    made = CounterMetricFamily if figure.grows else GaugeMetricFamily
    return made(figure.name, figure.tells, labels=[label] if label else [])


def _one(name: str, told: str, labels: Mapping[str, str]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=list(labels))
    family.add_metric(list(labels.values()), 1.0)
    return family
