from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.desk import booth_plan
from tests.rigs.commanding import Commanding


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Commanding]:
    made = Commanding(tmp_path / "ledger.db", booth_plan())
    yield made
    made.close()
