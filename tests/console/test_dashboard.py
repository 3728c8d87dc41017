"""The dashboard that is shipped asks for nothing that is not served."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.console.metrics import Metrics
from tests.console.scraped import Scrape, everything

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "config" / "grafana" / "gate-agent.json"
DOCUMENT = ROOT / "docs" / "metrics.md"
ADDED = {"instance", "job"}
"""Labels that Prometheus itself puts on whatever it scrapes."""
SELECTOR = re.compile(r"(gate_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'\s*([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"\s*')


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def served() -> Scrape:
    return Scrape(Metrics(lambda: 100.5).text(everything()).decode())


def targets(board: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Title, expression and legend of all that a panel asks for."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


def test_every_metric_that_it_asks_for_is_served_with_the_labels_it_selects_by(
    board: dict[str, Any], served: Scrape
) -> None:
    asked = list(targets(board))
    assert len(asked) > 20
    for title, expression, _ in asked:
        found = SELECTOR.findall(expression)
        assert found, f"{title} asks for nothing of ours: {expression}"
        for name, selector in found:
            assert name in served.names, f"{title}: {name} is not served"
            matchers = [MATCHER.fullmatch(one) for one in selector.split(",") if one]
            assert all(matchers), f"{title}: {selector}"
            labels = {one[1] for one in matchers if one is not None}
            assert labels - ADDED <= served.labels(name), f"{title}: {name} has no {labels}"
            assert "instance" in labels, f"{title} does not keep to the console that was chosen"


def test_every_word_that_it_selects_by_is_one_that_is_served(
    board: dict[str, Any], served: Scrape
) -> None:
    for title, expression, _ in targets(board):
        for name, selector in SELECTOR.findall(expression):
            for label, value in MATCHER.findall(selector):
                if label in ADDED:
                    continue
                told = {one.labels[label] for one in served.samples if one.name == name}
                assert set(value.split("|")) <= told, f"{title}: {label} is never {value}"


def test_every_legend_names_labels_that_are_there(board: dict[str, Any], served: Scrape) -> None:
    for title, expression, legend in targets(board):
        there = {label for name, _ in SELECTOR.findall(expression) for label in served.labels(name)}
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= there | ADDED, title


def test_it_can_be_loaded_anywhere(board: dict[str, Any]) -> None:
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    identifiers = [panel["id"] for panel in board["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for one in [panel, *panel.get("targets", ())]:
            if "datasource" in one:
                assert one["datasource"]["uid"] == "${datasource}", panel["title"]
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "two panels lie on each other"


def test_the_document_tells_every_metric_and_no_other(served: Scrape) -> None:
    told = set(re.findall(r"\bgate_[a-z_]+\b", DOCUMENT.read_text(encoding="utf-8")))
    assert told == served.names
