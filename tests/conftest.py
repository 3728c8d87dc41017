"""Global to all tests: how hard Hypothesis searches. Fixtures live beside the tests they serve.

`GATE_PROFILE` chooses `ci` (minutes, what `make test` runs) or `nightly` (hours, `make soak`).
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here has a deadline per example: the machine that runs the tests is shared.
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "nightly",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("GATE_PROFILE", "ci"))


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, with a short name: sockets lie below it, whose paths have 107 bytes."""
    return tmp_path_factory.mktemp("t")
