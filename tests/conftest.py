"""Global to all tests: how hard Hypothesis searches, and their order. Fixtures live beside tests.

`GATE_PROFILE` chooses `ci` (minutes, what `make test` runs) or `nightly` (hours, `make soak`).

Coverage: every program of ours is measured in the tests that are about it (`tests/cli`,
`tests/demo`, `tests/bench`, `tests/console` …). Where whole gates stand around what is tested
their processes are not: measuring costs each of them as much as its start.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here is judged by how long it takes: the machine that runs the tests is shared.
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("GATE_PROFILE", "ci"))

_LONGEST = (
    "test_killed_at_random_moments",
    "test_the_morning_with",
    "test_what_was_promised",
    "test_every_event_comes_once",
    "tests/screen/",
    "tests/scenarios/",
    "tests/examples/",
    "tests/demo/",
    "tests/uplink/",
    "tests/bench/",
    "tests/cli/",
    "tests/store/",
)

_UNMEASURED = ("tests/screen/", "tests/scenarios/", "tests/examples/", "tests/uplink/")
_MEASURE = "COVERAGE_PROCESS_CONFIG"
_measure = os.environ.get(_MEASURE)
"""What coverage tells every Python that begins; there only where coverage is measured."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture of the test starts a process."""
    if _measure is None or item.nodeid.startswith(_UNMEASURED):
        os.environ.pop(_MEASURE, None)
    else:
        os.environ[_MEASURE] = _measure


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, the longest begin: none is left to the end alone."""
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((n for n, part in enumerate(_LONGEST) if part in item.nodeid), len(_LONGEST))


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, with a short name: sockets lie below it, whose paths have 107 bytes."""
    return tmp_path_factory.mktemp("t")
