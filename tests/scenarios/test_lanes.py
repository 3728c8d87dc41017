"""Every scenario of tests/scenarios/lanes, at two sites: the whole traces are the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rigs.playing import Player
from tests.rigs.scenario import FILES, Scenario, Trace, read
from tests.rigs.sites import Apart, Folder, Together

SCENARIOS = sorted(FILES.glob("*.yaml"))


def play_apart(scenario: Scenario) -> Trace:
    """In processes."""
    with Folder() as folder, Apart(scenario.page, folder, scenario.travel) as site:
        return Player(site, scenario).play()


def play_together(scenario: Scenario) -> Trace:
    """In this process, on gpiozero's pins in memory."""
    with Folder() as folder, Together(scenario.page, folder, scenario.travel) as site:
        return Player(site, scenario).play()


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_both_gates_live_through_it_alike(file: object) -> None:
    scenario = read(FILES / f"{file}")
    with ThreadPoolExecutor(2, "site") as sites:
        apart = sites.submit(play_apart, scenario)
        together = sites.submit(play_together, scenario)
        found = [apart.result(), together.result()]
    for trace in found:
        assert trace.relays == scenario.wanted.relays
        assert trace.entries == scenario.wanted.entries
        assert trace.views == scenario.wanted.views
        assert trace.after == scenario.wanted.after
