"""Nothing of a scenario outlives it: no process, no mount."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import until
from tests.rigs.house import alive


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return {pid for pid in found if alive(pid)}


def _mounts(below: Path) -> list[str]:
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [place for place in places if Path(place).is_relative_to(below)]


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    children = _children()
    yield
    until(lambda: _children() <= children, "the end of every process that the test started")
    assert _mounts(tmp_path) == []
